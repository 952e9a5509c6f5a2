"""The archiver's own configuration, read but never written.

The file belongs to another product (StorageDNA DNA Fabric): whatever it holds besides our keys is
left alone. On Linux it is an INI file as Qt writes them, on macOS a property list; which of the two
a file is, its content says.
"""

import codecs
import plistlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers.expat import ExpatError

from qumulo_changelist.errors import ConfigurationError
from qumulo_changelist.model import to_bytes
from qumulo_changelist.qt_settings import read_section

SECTION = "General"
DEFAULT_WORK_FOLDER = "/tmp"
DEFAULT_PATHS = {"darwin": "/Library/Preferences/com.storagedna.DNAClientServices.plist"}
DEFAULT_PATH = "/etc/StorageDNA/DNAClientServices.conf"
REQUIRED = ("QumuloClusterIP", "QumuloClusterPort", "QumuloUsername", "QumuloPassword")

_TRAILING_COMMENT = re.compile(r"\s+[;#].*", re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f]")


class Secret:
    """Text that shows itself only when asked to."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(***)"

    def reveal(self) -> str:
        """Return the text."""
        return self._text


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach the cluster, and where lists belong."""

    host: str
    port: int
    username: str
    password: Secret
    work_folder: str = DEFAULT_WORK_FOLDER
    qq_path: str = ""
    """Where ``qq`` is; empty means on the PATH."""


def default_path() -> str:
    """Return where the archiver keeps its configuration on this system."""
    return DEFAULT_PATHS.get(sys.platform, DEFAULT_PATH)


def load(path: str) -> Settings:
    """Read the settings from the archiver's configuration.

    Raises:
        ConfigurationError: it is missing, unreadable, of neither kind, or lacks a key.
    """
    try:
        with open(to_bytes(path), "rb") as file:
            content = file.read()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(
            f"the configuration {path} cannot be read: {reason}",
            hint="Name the archiver's configuration with --config or QUMULO_CHANGELIST_CONFIG, "
            "and let this user read it.",
        ) from error
    try:
        values = _property_list(content) if _is_property_list(content) else _ini(content)
    except ValueError as error:
        raise ConfigurationError(
            f"the configuration {path} is neither an INI file nor a property list: {error}",
            hint="Restore the archiver's configuration, or name another with --config.",
        ) from error
    return _settings(values, path)


def _is_property_list(content: bytes) -> bool:
    start = content.removeprefix(codecs.BOM_UTF8).lstrip()[:64].lower()
    return start.startswith((b"bplist", b"<?xml", b"<!doctype plist", b"<plist"))


def _property_list(content: bytes) -> dict[str, object]:
    try:
        tree = plistlib.loads(content.removeprefix(codecs.BOM_UTF8).lstrip())
    except ExpatError as error:
        raise ValueError(f"it is damaged: {error}") from error
    except (ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        # What plistlib says may hold a value of the file, and so the password.
        raise ValueError("it is damaged") from error
    if not isinstance(tree, dict):
        raise plistlib.InvalidFileException("it holds no dictionary")
    values: dict[str, object] = {}
    # Qt on macOS leaves the section out; others write it as a dictionary or before a dot.
    for key, value in tree.items():
        name = str(key).lower()
        if name == SECTION.lower() and isinstance(value, dict):
            values.update((str(inner).lower(), entry) for inner, entry in value.items())
        else:
            values[name.removeprefix(f"{SECTION.lower()}.")] = value
    return values


def _ini(content: bytes) -> Mapping[str, object]:
    if b"\0" in content and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("it holds binary data")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = content.decode("utf-16")
    else:
        # Bytes of another encoding matter only where they stand in a value of ours.
        text = content.decode("utf-8-sig", "surrogateescape")
    return read_section(text, SECTION)


def _settings(values: Mapping[str, object], path: str) -> Settings:
    missing = [key for key in REQUIRED if not _text(values, key, path)]
    if missing:
        raise ConfigurationError(
            f"the configuration {path} lacks {', '.join(missing)}",
            hint=f"Add what is missing to its section [{SECTION}].",
        )
    return Settings(
        host=_bare(values, "QumuloClusterIP", path),
        port=_port(_bare(values, "QumuloClusterPort", path), path),
        username=_bare(values, "QumuloUsername", path),
        password=_password(_text(values, "QumuloPassword", path), path),
        work_folder=_text(values, "FastScanWorkFolder", path) or DEFAULT_WORK_FOLDER,
        qq_path=_text(values, "QumuloQqPath", path),
    )


def _text(values: Mapping[str, object], key: str, path: str) -> str:
    value = values.get(key.lower(), "")
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ConfigurationError(f"{key} in {path} is neither text nor a number")
    text = str(value)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ConfigurationError(
            f"{key} in {path} is not written in UTF-8", hint="Save the file as UTF-8."
        )
    return text


def _bare(values: Mapping[str, object], key: str, path: str) -> str:
    # Only values that cannot hold a comment sign themselves may be followed by a comment.
    text = _TRAILING_COMMENT.sub("", _text(values, key, path))
    if _CONTROL.search(text):
        raise ConfigurationError(
            f"{key} in {path} holds a control character",
            hint=r"A backslash in a name is written twice: DOMAIN\\user.",
        )
    return text


def _port(text: str, path: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise ConfigurationError(
            f"QumuloClusterPort in {path} is {text!r}, not a port",
            hint="Give the port of the cluster's REST API, a number up to 65535; usually 8000.",
        )
    return int(text)


def _password(text: str, path: str) -> Secret:
    # qq reads one line; anything behind its end would be cut off without a word.
    if "\n" in text or "\r" in text or "\0" in text:
        raise ConfigurationError(
            f"QumuloPassword in {path} holds a line end, which qq cannot be given",
            hint=r"A backslash in a password is written twice: \\n for a backslash and an n.",
        )
    return Secret(text)
