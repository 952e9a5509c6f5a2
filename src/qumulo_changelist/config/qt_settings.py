r"""The INI files that Qt's QSettings writes, and that people edit by hand.

The structure (sections, keys, comments) is left to the standard library; what Qt adds is the way
values are written: ``"a;b"`` quoted, ``\x41`` and ``\n`` escaped, a leading ``@`` doubled (Qt's
documentation, class QSettings, "IniFormat"). Where a person wrote what Qt never would, such as a
bare ``;``, ``#``, ``%`` or quote inside a password, the text stands for itself.
"""

import re
from configparser import RawConfigParser

_LINE_END = re.compile(r"\r\n|\r|\n")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:[;#].*)?', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]+)|([0-7]{1,3})|(.))", re.DOTALL)
_SINGLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    '"': '"', "?": "?", "'": "'", "\\": "\\",
}  # fmt: skip


def read_section(text: str, section: str) -> dict[str, str]:
    """Return the values of one section by lower-case key; the last of equal keys wins.

    Section names and keys are compared without regard to case, as Windows and Qt do. Keys before
    the first section belong to ``General``, as in Qt. An absent section is empty, and a line that
    means nothing is passed over: the file is another product's.
    """
    parser = RawConfigParser(
        delimiters=("=",),
        comment_prefixes=("#", ";"),
        strict=False,
        allow_no_value=True,
        empty_lines_in_values=False,
        default_section="",
        interpolation=None,
    )
    # Without their indentation no line can pass for the continuation of the one before.
    lines = (line.strip() for line in _LINE_END.split(text))
    # With their names in lower case, sections that differ only in that are one section.
    lines = (line.lower() if line.startswith("[") else line for line in lines)
    parser.read_file(["[general]", *(line for line in lines if not line.startswith("="))])
    found: dict[str, str] = {}
    for name in parser.sections():
        if name.strip() == section.lower():
            found.update((key, plain(value or "")) for key, value in parser.items(name))
    return found


def plain(value: str) -> str:
    """Return what a value as written in the file stands for."""
    value = value.strip()
    quoted = _QUOTED.fullmatch(value)
    text = _ESCAPE.sub(_unescape, quoted[1] if quoted else value)
    # Escapes above U+FFFF come as two UTF-16 halves. A lone half stays what it is: it may stand
    # for a byte that is not UTF-8, which the caller wants to know of.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if text.startswith("@@"):
        return text[1:]
    if text.startswith("@ByteArray(") and text.endswith(")"):
        return text[len("@ByteArray(") : -1]
    return text


def _unescape(escape: re.Match[str]) -> str:
    hexadecimal, octal, single = escape.groups()
    if hexadecimal or octal:
        return chr(min(int(hexadecimal, 16) if hexadecimal else int(octal, 8), 0x10FFFF))
    # A backslash before anything else was typed by a person: it means itself.
    return _SINGLE.get(single, escape[0])
