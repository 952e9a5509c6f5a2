"""Values in an INI file as Qt writes them: they are read as they were meant."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.config.qt_settings import decode_value, read_section

SINGLE_ESCAPES = dict(zip('\a\b\f\n\r\t\v"\\', 'abfnrtv"\\', strict=True))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"\x41", "A"),
        (r"\x41\x42", "AB"),
        (r"\xe9", "é"),
        (r"\xd83d\xdd11", "🔑"),
        ('"a;b"', "a;b"),
        ('"a,b"', "a,b"),
        ('"a=b"', "a=b"),
        ('" a "', " a "),
        ('"a;b" ; a comment', "a;b"),
        ('"a;b" # a comment', "a;b"),
        (r'"a\"b;c"', 'a"b;c'),
        (r"\"a\"", '"a"'),
        (r"a\\b", r"a\b"),
        (r"a\\nb", r"a\nb"),
        (r'"a\\"', "a\\"),
        (r"a\tb", "a\tb"),
        (r"\101", "A"),
        ("@@home", "@home"),
        ("@ByteArray(secret)", "secret"),
        ('"@ByteArray(a;b)"', "a;b"),
        ('""', ""),
    ],
)
def test_a_value_is_decoded(written: str, meant: str) -> None:
    assert decode_value(written) == meant


def written_by_qt(value: str, *, utf_8: bool = False) -> str:
    """Return a value as QSettings writes it (Qt's documentation, QSettings, "IniFormat")."""
    if value.startswith("@"):
        value = f"@{value}"
    written, digit_would_belong_to_escape = "", False
    for character in value if utf_8 else utf_16_units(value):
        if digit_would_belong_to_escape and character in "0123456789abcdefABCDEF":
            written += f"\\x{ord(character):x}"
            continue
        digit_would_belong_to_escape = False
        if character in SINGLE_ESCAPES:
            written += "\\" + SINGLE_ESCAPES[character]
        elif character == "\0":
            written, digit_would_belong_to_escape = written + "\\0", True
        elif character < " " or (character >= "\x7f" and not utf_8):
            written, digit_would_belong_to_escape = written + f"\\x{ord(character):x}", True
        else:
            written += character
    if set(value) & set(";,=") or value.startswith(" ") or value.endswith(" "):
        return f'"{written}"'
    return written


def utf_16_units(value: str) -> list[str]:
    data = value.encode("utf-16-be")
    return [chr(data[at] << 8 | data[at + 1]) for at in range(0, len(data), 2)]


def read_value(written: str) -> str:
    content = f"[General]\nColour=blue\nQumuloPassword={written}\nSize=1\n"
    return read_section(content, "General")["qumulopassword"]


def test_these_tests_write_as_qt_does() -> None:
    assert written_by_qt('a;"b"\t\0001🔑e@') == r'"a;\"b\"\t\0\x31\xd83d\xdd11\x65@"'


any_value = st.text(st.characters(exclude_categories=["Cs"]))


@given(value=any_value)
@example(value=' ;"\\x41@')
@example(value="🔑1")
@example(value="@home")
@example(value="\x001")
@example(value="\n")
def test_any_value_that_qt_writes_is_read_as_it_was(value: str) -> None:
    assert read_value(written_by_qt(value)) == value


@given(value=any_value.filter(lambda value: value.strip(" ") == value.strip()))
@example(value="über;€🔑")
def test_any_value_that_a_newer_qt_writes_in_utf_8_is_read_as_it_was(value: str) -> None:
    assert read_value(written_by_qt(value, utf_8=True)) == value


plain_value = st.text(
    st.characters(exclude_characters='\r\n\0"\\', exclude_categories=["Cs"]), min_size=1
).filter(lambda text: text == text.strip() and not text.startswith(("@", "=")))


@given(typed=plain_value)
@example(typed="a\x1cb")
@example(typed="a;b # c % d")
def test_any_value_without_quotes_and_backslashes_is_taken_as_it_was_typed(typed: str) -> None:
    assert read_value(typed) == typed
