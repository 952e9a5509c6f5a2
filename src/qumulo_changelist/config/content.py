"""The content of the archiver's configuration: from bytes to values by key.

The file belongs to another product (StorageDNA DNA Fabric), so everything in it besides our keys is
ignored. On Linux it is an INI file as Qt writes them, on macOS a property list. Its content shows
which of the two it is.
"""

import codecs
from collections.abc import Mapping

from qumulo_changelist.config.qt_settings import read_section

SECTION = "General"

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PROPERTY_LIST = (b"bplist", b"<?xml", b"<!doctype plist", b"<plist")


def parse_content(content: bytes) -> Mapping[str, object]:
    """Return the values of our section, by key in lower case.

    Raises:
        ValueError: the content is in neither format, or damaged. The reason contains no value.
    """
    text = content.removeprefix(codecs.BOM_UTF8).lstrip()
    if text[:64].lower().startswith(_PROPERTY_LIST):
        return _parse_property_list(text)
    return _parse_ini(content)


def _parse_property_list(content: bytes) -> dict[str, object]:
    # Not at the top: they load slowly, and only macOS has property lists.
    import plistlib
    from xml.parsers.expat import ExpatError

    try:
        tree = plistlib.loads(content)
    except ExpatError as error:
        raise ValueError(f"it is damaged: {error}") from error
    except (ValueError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        # The message of plistlib may contain a value of the file, and so the password.
        raise ValueError("it is damaged") from error
    if not isinstance(tree, dict):
        raise ValueError("it is not a dictionary")  # noqa: TRY004 - of a file, not an argument
    values: dict[str, object] = {}
    # Qt on macOS leaves the section out. Other programs write it as a dictionary, or before a dot.
    section = SECTION.lower()
    for key, value in tree.items():
        name = str(key).lower()
        if name == section and isinstance(value, dict):
            values.update((str(inner).lower(), entry) for inner, entry in value.items())
        else:
            values[name.removeprefix(f"{section}.")] = value
    return values


def _parse_ini(content: bytes) -> Mapping[str, object]:
    if content.startswith(_UTF_16):
        text = content.decode("utf-16")
    elif b"\0" in content:
        raise ValueError("it contains binary data")
    else:
        # Bytes of a different encoding matter only in a value of ours, which is checked for them.
        text = content.decode("utf-8-sig", "surrogateescape")
    return read_section(text, SECTION)
