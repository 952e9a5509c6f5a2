"""The archiver's own configuration file: where it is, and reading it. It is never written."""

import os
import sys

from msgspec.structs import replace
from platformdirs import user_config_dir

from qumulo_changelist.config.content import parse_content
from qumulo_changelist.config.exposure import describe_readers
from qumulo_changelist.config.keys import make_settings
from qumulo_changelist.config.settings import Settings, Transport
from qumulo_changelist.errors import ConfigurationFileError
from qumulo_changelist.names import to_bytes

CONFIG_VARIABLE = "QUMULO_CHANGELIST_CONFIG"

_PATHS = {"darwin": "/Library/Preferences/com.storagedna.DNAClientServices.plist"}
_OTHER_PATH = "/etc/StorageDNA/DNAClientServices.conf"


def default_path() -> str:
    """Return where the archiver keeps its configuration on this system."""
    return _PATHS.get(sys.platform, _OTHER_PATH)


def own_path() -> str:
    """Return where this user keeps a configuration that is not the archiver's; `init` makes it."""
    return os.path.join(user_config_dir("qumulo-changelist"), "cluster.conf")


def usual_path() -> str:
    """Return the configuration to read if none is named; "" for the archiver's.

    It is that of the environment or, if the archiver has none, this user's own.
    """
    if named := os.environ.get(CONFIG_VARIABLE):
        return named
    own = own_path()
    return own if os.path.exists(own) and not os.path.exists(default_path()) else ""


def read_settings(path: str | None = None, transport: Transport | None = None) -> Settings:
    """Return the settings from the archiver's configuration.

    Args:
        path: the file; None for where the archiver keeps it on this system.
        transport: the way to the cluster; None for the configured one.

    Raises:
        ConfigurationFileError: the file cannot be read, or is in neither of the two formats.
        ConfigurationError: it lacks a key that this way to the cluster needs, or a value is
            malformed.
    """
    path = path or default_path()
    content, readers = _read(path)
    try:
        values = parse_content(content)
    except ValueError as error:
        raise ConfigurationFileError(
            f"the configuration {path} is neither an INI file nor a property list: {error}"
        ) from error
    settings = make_settings(values, path, transport)
    return replace(settings, exposed_file=path, exposed_to=readers) if readers else settings


def _read(path: str) -> tuple[bytes, str]:
    """Return the content of a file, and who else can read it."""
    try:
        with open(to_bytes(path), "rb") as file:
            return file.read(), describe_readers(os.fstat(file.fileno()))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationFileError(
            f"the configuration {path} cannot be read: {reason}"
        ) from error
