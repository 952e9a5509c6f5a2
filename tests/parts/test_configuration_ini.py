"""The archiver's configuration as an INI file, also one that a person edited."""

from collections.abc import Callable

import pytest

from tests.parts.configuration_files import REQUIRED, ini, password, read, refusal


def test_the_section_general_contains_the_settings() -> None:
    settings = read(ini(FastScanWorkFolder="/var/lists", QumuloQqPath="/opt/qq"))

    assert (settings.host, settings.port) == ("192.0.2.10", 8000)
    assert (settings.username, settings.password.reveal()) == ("archiver", "hunter2")
    assert (settings.work_folder, settings.qq_path) == ("/var/lists", "/opt/qq")


# Sections and keys


@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase])
def test_case_makes_no_difference_in_sections_and_keys(change: Callable[[str], str]) -> None:
    content = "[" + change("General") + "]\n"
    content += "".join(f"{change(key)}={value}\n" for key, value in REQUIRED.items())

    assert password(content) == "hunter2"


def test_other_sections_and_other_keys_are_ignored() -> None:
    section = ini(Colour="blue", Sizes=r"@Variant(\0\0\0\x1)")
    content = f"[Other]\nQumuloPassword=theirs\n{section}[Later]\nQumuloPassword=theirs\n"

    assert password(content) == "hunter2"


def test_keys_before_the_first_section_are_in_general() -> None:
    assert password(ini().removeprefix("[General]\n") + "[Other]\nColour=blue\n") == "hunter2"


def test_the_last_of_equal_keys_counts() -> None:
    assert password(ini() + "QUMULOPASSWORD=later\nqumulopassword=last\n") == "last"


def test_the_last_of_equal_keys_counts_across_sections_of_the_same_name() -> None:
    content = ini() + "[GENERAL]\nQumuloPassword=later\n[General]\nQumuloPassword=last\n"

    assert password(content) == "last"


# Lines


@pytest.mark.parametrize(
    "line",
    [
        "a line without a value",
        "= no key",
        "==",
        "[",
        "]",
        "[]",
        "[[",
        ":",
        ": colon",
        "    indented",
        "\tQumuloNothing = 1",
        "\x0c",
        "key",
        "%(QumuloPassword)s = %(nothing)s",
        "\u2028",
        "<<<<<<< HEAD",
        "{",
    ],
)
def test_a_malformed_line_is_ignored(line: str) -> None:
    first, rest = ini().split("\n", 1)

    settings = read(f"{first}\n{line}\n{rest}{line}\n")

    assert (settings.host, settings.port) == ("192.0.2.10", 8000)
    assert (settings.username, settings.password.reveal()) == ("archiver", "hunter2")


@pytest.mark.parametrize("sign", [";", "#"])
def test_a_line_can_be_a_comment(sign: str) -> None:
    content = ini().replace("\n", f"\n{sign}QumuloPassword=old\n  {sign} QumuloPassword=older\n")

    assert password(content) == "hunter2"


def test_an_indented_line_does_not_continue_the_value_before_it() -> None:
    assert password(ini() + "    QumuloNothing\n        more\n") == "hunter2"


def test_blanks_around_sections_keys_and_values_are_ignored() -> None:
    content = "  [ General ]  \n"
    content += "".join(f"\t{key}  =  {value} \t\n" for key, value in REQUIRED.items())

    settings = read(content)

    assert (settings.host, settings.username) == ("192.0.2.10", "archiver")
    assert settings.password.reveal() == "hunter2"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_can_end_as_on_any_system(end: str) -> None:
    content = ini().replace("\n", end)

    assert password(content) == "hunter2"
    assert password(content.removesuffix(end)) == "hunter2"


# Encodings


def test_the_file_can_begin_with_a_byte_order_mark() -> None:
    assert password(b"\xef\xbb\xbf" + ini().encode()) == "hunter2"


def test_the_file_can_be_utf_16_with_a_byte_order_mark() -> None:
    assert password(ini(QumuloPassword="señor").encode("utf-16")) == "señor"


def test_keys_of_others_can_have_a_different_encoding() -> None:
    assert password(ini().encode() + "Straße=Zürich\n".encode("latin-1")) == "hunter2"


@pytest.mark.parametrize("key", [*REQUIRED, "FastScanWorkFolder", "QumuloQqPath"])
def test_a_value_of_ours_in_a_different_encoding_is_refused(key: str) -> None:
    refusal(ini(**{key: "Zürich"}).encode("latin-1"), rf"{key} in .*UTF-8")


# Values that a person typed


@pytest.mark.parametrize(
    "typed",
    [
        "100%",
        "%(QumuloUsername)s",
        "%%",
        "a#b",
        "a #b",
        "#ab",
        "a;b",
        "a ; b",
        ";ab",
        "a=b",
        "=",
        "a==",
        "a:b",
        "a,b,c",
        "it's",
        "'quoted'",
        'a"b',
        '"a',
        'a"',
        '"a"b',
        '"',
        "a b",
        "${HOME}",
        "$(id)",
        "`id`",
        "pässwörd",
        "密码🔑",
        "[General]",
        "a\\zb",
        "C:\\Users",
        "ends\\",
        "a\u2028b",
        "a\x85b",
        "a\xa0b",
        "a\x1cb",
        "@home",
        "me@home",
        "***",
    ],
)
def test_a_password_is_taken_as_it_was_typed(typed: str) -> None:
    assert password(ini(QumuloPassword=typed)) == typed


@pytest.mark.parametrize("comment", [" ; the cluster", "\t# the cluster"])
def test_a_comment_can_follow_a_value_that_contains_no_comment_sign(comment: str) -> None:
    for key in ("QumuloClusterIP", "QumuloClusterPort", "QumuloUsername"):
        settings = read(ini(**{key: REQUIRED[key] + comment}))

        assert (settings.host, settings.port) == ("192.0.2.10", 8000)
        assert settings.username == "archiver"


@pytest.mark.parametrize("key", ["QumuloClusterIP", "QumuloUsername"])
@pytest.mark.parametrize("typed", [r"\0", r"\n", r"\x1b", r"CORP\alice"])
def test_a_control_character_in_a_host_or_a_user_is_refused(key: str, typed: str) -> None:
    error = refusal(ini(**{key: typed}), f"{key} in .* control character")

    assert "backslash" in error.hint


def test_a_user_of_a_windows_domain_is_written_with_two_backslashes() -> None:
    assert read(ini(QumuloUsername=r"CORP\\alice")).username == r"CORP\alice"
