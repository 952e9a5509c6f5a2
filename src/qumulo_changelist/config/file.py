"""The file that the archiver's configuration is: from bytes to values by key.

The file belongs to another product (StorageDNA DNA Fabric): whatever it holds besides our keys is
left alone. On Linux it is an INI file as Qt writes them, on macOS a property list; which of the two
a file is, its content says.
"""

import codecs
import plistlib
from collections.abc import Mapping
from xml.parsers.expat import ExpatError

from qumulo_changelist.config.qt_settings import read_section

SECTION = "General"


def values(content: bytes) -> Mapping[str, object]:
    """Return the values of the section by key in lower case.

    Raises:
        ValueError: the content is of neither kind, or damaged; says why, and holds no value.
    """
    return _property_list(content) if _is_property_list(content) else _ini(content)


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
