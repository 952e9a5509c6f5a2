"""Configuration files of the archiver, and reading them as the commands do."""

import plistlib
import tempfile
from pathlib import Path

import pytest

from qumulo_changelist.config.archiver import read_settings
from qumulo_changelist.config.settings import Settings, Transport
from qumulo_changelist.errors import ConfigurationError

NAME = "DNAClientServices.conf"

REQUIRED = {
    "QumuloClusterIP": "192.0.2.10",
    "QumuloClusterPort": "8000",
    "QumuloUsername": "archiver",
    "QumuloPassword": "hunter2",
}


def ini(**changes: str) -> str:
    """Return a configuration as an INI file, with some values changed or added."""
    values = REQUIRED | changes
    return "[General]\n" + "".join(f"{key}={value}\n" for key, value in values.items())


def plist(fmt: plistlib.PlistFormat = plistlib.FMT_XML, /, **changes: object) -> bytes:
    """Return a configuration as a property list, with some values changed or added."""
    return plistlib.dumps(REQUIRED | changes, fmt=fmt)


def read(content: str | bytes, transport: Transport | None = None) -> Settings:
    """Return the settings in a file with this content."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, NAME)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_settings(str(path), transport)


def refusal(content: str | bytes, message: str | None = None) -> ConfigurationError:
    """Return the error for a file with this content, whose message may have to match a pattern."""
    with pytest.raises(ConfigurationError, match=message) as caught:
        read(content)
    assert NAME in str(caught.value)
    assert caught.value.exit_code == 23
    return caught.value


def password(content: str | bytes) -> str:
    """Return the password in a file with this content."""
    return read(content).password.reveal()
