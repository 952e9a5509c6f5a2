r"""The INI files that Qt's QSettings writes, and that people edit by hand.

The standard library reads the structure: sections, keys and comments. Qt's way of writing values is
decoded here: ``"a;b"`` is quoted, ``\x41`` and ``\n`` are escapes, and a leading ``@`` is doubled
(Qt's documentation, class QSettings, "IniFormat"). What Qt would never write was typed by a person,
such as a bare ``;``, ``#``, ``%`` or quote in a password. That is taken literally.
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

_MAX_HALF = 0xFFFF


def read_section(text: str, section: str) -> dict[str, str]:
    """Return the values of one section, by key in lower case.

    Upper and lower case make no difference in names of sections and keys, as in Qt and on Windows.
    Of equal keys, the last one counts. Keys before the first section belong to ``General``, as in
    Qt. A section that is not there is empty, and a malformed line is ignored: the file is another
    product's.
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
    # An indented line would continue the value before it.
    lines = (line.strip() for line in _LINE_END.split(text))
    # Sections whose names differ only in case are one section.
    lines = (line.lower() if line.startswith("[") else line for line in lines)
    parser.read_file(["[general]", *(line for line in lines if not line.startswith("="))])
    values: dict[str, str] = {}
    for name in parser.sections():
        if name.strip() == section.lower():
            values.update((key, decode_value(value or "")) for key, value in parser.items(name))
    return values


def decode_value(written: str) -> str:
    """Return the value that the text after a key's ``=`` represents."""
    written = written.strip()
    quoted = _QUOTED.fullmatch(written)
    text = _ESCAPE.sub(_unescape, quoted[1] if quoted else written)
    # Escapes above U+FFFF come as two UTF-16 halves. A lone half is kept: it may represent a byte
    # that is not UTF-8, which the caller has to refuse.
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    if text.startswith("@@"):
        return text[1:]
    if text.startswith("@ByteArray(") and text.endswith(")"):
        return text[len("@ByteArray(") : -1]
    return text


def encode_value(text: str) -> str:
    r"""Return what to write after a key's ``=`` so that :func:`decode_value` returns the text.

    It is always quoted. Only control characters are escaped, since the file is UTF-8; Qt reads a
    hexadecimal digit after ``\x41`` as a part of the escape, so such a digit is escaped, too.
    """
    written = []
    after_escape = False
    for character in f"@{text}" if text.startswith("@") else text:
        is_hexadecimal = after_escape and character in "0123456789abcdefABCDEF"
        after_escape = is_hexadecimal or not character.isprintable()
        if after_escape and ord(character) > _MAX_HALF:
            high, low = divmod(ord(character) - 0x10000, 0x400)
            written.append(f"\\x{0xD800 + high:x}\\x{0xDC00 + low:x}")
        elif after_escape:
            written.append(f"\\x{ord(character):x}")
        else:
            written.append(f"\\{character}" if character in '"\\' else character)
    return f'"{"".join(written)}"'


def _unescape(escape: re.Match[str]) -> str:
    hexadecimal, octal, single = escape.groups()
    if hexadecimal or octal:
        return chr(min(int(hexadecimal, 16) if hexadecimal else int(octal, 8), 0x10FFFF))
    # Before any other character, a backslash was typed by a person, and is kept.
    return _SINGLE.get(single, escape[0])
