"""The archiver's configuration: every way in which it may be written, and all that can be wrong."""

import os
import plistlib
import pwd
import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.config import archiver
from qumulo_changelist.config.archiver import default_path, read_settings
from qumulo_changelist.config.qt_settings import plain, read_section
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.errors import ConfigurationError

KEYS = {
    "QumuloClusterIP": "192.0.2.10",
    "QumuloClusterPort": "8000",
    "QumuloUsername": "archiver",
    "QumuloPassword": "hunter2",
}
SECRET = "correct-horse-battery"


def ini(**changes: str) -> str:
    """Write a configuration as Qt would, with some values changed."""
    values = KEYS | changes
    return "[General]\n" + "".join(f"{key}={value}\n" for key, value in values.items())


def plist(fmt: plistlib.PlistFormat = plistlib.FMT_XML, **changes: object) -> bytes:
    return plistlib.dumps(KEYS | changes, fmt=fmt)


Reader = Callable[[str | bytes], Settings]


@pytest.fixture
def read(tmp_path) -> Reader:
    """Read a configuration from its content."""

    def reader(content: str | bytes) -> Settings:
        path = tmp_path / "DNAClientServices.conf"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_settings(str(path))

    return reader


def password(settings: Settings) -> str:
    return settings.password.reveal()


# What an INI file may look like


def test_the_section_general_says_how_to_reach_the_cluster(read):
    settings = read(ini(FastScanWorkFolder="/var/lists", QumuloQqPath="/opt/qq"))

    assert (settings.host, settings.port) == ("192.0.2.10", 8000)
    assert (settings.username, password(settings)) == ("archiver", "hunter2")
    assert (settings.work_folder, settings.qq_path) == ("/var/lists", "/opt/qq")


def test_without_a_work_folder_lists_belong_in_tmp(read):
    assert read(ini()).work_folder == "/tmp"
    assert read(ini(FastScanWorkFolder="")).work_folder == "/tmp"


def test_without_its_path_qq_is_looked_for(read):
    assert read(ini()).qq_path == ""


PATHS = {"FastScanWorkFolder": "work_folder", "QumuloQqPath": "qq_path", "QumuloCAFile": "ca_file"}


@pytest.mark.parametrize("write", [ini, plist])
@pytest.mark.parametrize("key", PATHS)
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("~/a b/~", "/home/me/a b/~"),
        ("~", "/home/me"),
        ("~/", "/home/me"),
        ("~root/a", os.path.join(pwd.getpwnam("root").pw_dir, "a")),
        ("/a/~", "/a/~"),
        ("/a/$HOME", "/a/$HOME"),
    ],
)
def test_a_path_may_begin_with_a_home_directory(read, monkeypatch, write, key, written, meant):
    monkeypatch.setenv("HOME", "/home/me")

    assert getattr(read(write(**{key: written})), PATHS[key]) == meant


def test_a_home_that_is_the_root_directory_is_taken(read, monkeypatch):
    monkeypatch.setenv("HOME", "/")

    assert read(ini(FastScanWorkFolder="~/a")).work_folder == "/a"
    assert read(ini(FastScanWorkFolder="~")).work_folder == "/"


def test_the_home_of_somebody_without_a_variable_is_the_one_that_the_system_knows(
    read, monkeypatch
):
    monkeypatch.delenv("HOME", raising=False)

    expected = os.path.join(pwd.getpwuid(os.getuid()).pw_dir, "a")
    assert read(ini(FastScanWorkFolder="~/a")).work_folder == expected


@pytest.mark.parametrize("write", [ini, plist])
@pytest.mark.parametrize("key", PATHS)
@pytest.mark.parametrize(("home", "written"), [("", "~/a"), ("me", "~"), ("/me", "~no body/a")])
def test_where_there_is_no_home_a_path_is_refused(read, monkeypatch, write, key, home, written):
    monkeypatch.setenv("HOME", home)

    with pytest.raises(ConfigurationError, match=f"{key} in .* no home directory") as caught:
        read(write(**{key: written}))
    assert "such as /" in caught.value.hint


@pytest.mark.parametrize("write", [ini, plist])
@pytest.mark.parametrize(
    "written",
    [
        "$HOME/scans",
        "${HOME}/scans",
        "scans",
        "./scans",
        "../scans",
        "file:///scans",
        "%h",
    ],
)
def test_a_work_folder_that_is_not_absolute_is_refused(read, write, written):
    with pytest.raises(ConfigurationError, match=r"FastScanWorkFolder in .* absolute") as caught:
        read(write(FastScanWorkFolder=written))
    assert caught.value.exit_code == 23
    assert repr(written) in str(caught.value)
    assert "such as /" in caught.value.hint


@pytest.mark.parametrize("key", PATHS)
@pytest.mark.parametrize("written", [r"/a\0b", r"~\0b"])
def test_a_path_with_a_nul_is_refused(read, key, written):
    with pytest.raises(ConfigurationError, match=f"{key} in "):
        read(ini(**{key: written}))


@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase])
def test_section_and_keys_are_read_in_any_case(read, change):
    content = "[" + change("General") + "]\n"
    content += "".join(f"{change(key)}={value}\n" for key, value in KEYS.items())

    assert password(read(content)) == "hunter2"


def test_other_sections_are_another_matter(read):
    content = f"[Other]\nQumuloPassword=theirs\n{ini()}[Later]\nQumuloPassword=theirs\n"

    assert password(read(content)) == "hunter2"


def test_other_keys_are_passed_over(read):
    assert password(read(ini(Colour="blue", Sizes=r"@Variant(\0\0\0\x1)"))) == "hunter2"


@pytest.mark.parametrize(
    "line",
    [
        "a line that says nothing",
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
def test_an_odd_line_harms_nothing(read, line):
    first, rest = ini().split("\n", 1)
    content = f"{first}\n{line}\n{rest}{line}\n"

    settings = read(content)

    assert (settings.host, settings.port) == ("192.0.2.10", 8000)
    assert (settings.username, password(settings)) == ("archiver", "hunter2")


@pytest.mark.parametrize("sign", [";", "#"])
def test_a_line_may_be_a_comment(read, sign):
    content = ini().replace("\n", f"\n{sign}QumuloPassword=old\n  {sign} QumuloPassword=older\n")

    assert password(read(content)) == "hunter2"


def test_blanks_around_keys_and_values_do_not_count(read):
    content = "  [General]  \n" + "".join(f"\t{key}  =  {KEYS[key]} \t\n" for key in KEYS)

    settings = read(content)

    assert (settings.host, settings.username) == ("192.0.2.10", "archiver")
    assert password(settings) == "hunter2"


def test_blanks_in_the_brackets_of_the_section_do_not_count(read):
    assert password(read(ini().replace("[General]", "[ General ]"))) == "hunter2"


def test_an_indented_line_continues_no_value(read):
    assert password(read(ini() + "    QumuloNothing\n        more\n")) == "hunter2"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(read, end):
    assert password(read(ini().replace("\n", end).encode())) == "hunter2"


def test_the_last_line_needs_no_end(read):
    assert password(read(ini().rstrip("\n"))) == "hunter2"


def test_a_byte_order_mark_may_come_first(read):
    assert password(read(b"\xef\xbb\xbf" + ini().encode())) == "hunter2"


def test_a_file_may_be_utf_16_with_its_mark(read):
    assert password(read(ini(QumuloPassword="señor").encode("utf-16"))) == "señor"


def test_keys_before_the_first_section_are_general_ones(read):
    assert password(read(ini().removeprefix("[General]\n") + "[Other]\nColour=blue\n")) == "hunter2"


def test_the_last_of_equal_keys_counts(read):
    assert password(read(ini() + "QUMULOPASSWORD=later\nqumulopassword=last\n")) == "last"


def test_the_last_of_equal_keys_counts_over_sections_of_one_name(read):
    content = ini() + "[GENERAL]\nQumuloPassword=later\n[General]\nQumuloPassword=last\n"

    assert password(read(content)) == "last"


def test_other_keys_may_be_of_another_encoding(read):
    content = ini().encode() + "Straße=Zürich\n".encode("latin-1")

    assert password(read(content)) == "hunter2"


@pytest.mark.parametrize("key", [*KEYS, "FastScanWorkFolder", "QumuloQqPath"])
def test_a_value_of_ours_in_another_encoding_is_refused_not_guessed_at(read, key):
    content = ini(**{key: "Zürich"}).encode("latin-1")

    with pytest.raises(ConfigurationError, match=rf"{key} in .*UTF-8"):
        read(content)


# What people type


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
def test_a_password_may_hold(read, typed):
    assert password(read(ini(QumuloPassword=typed))) == typed


plainly_typed = st.text(
    st.characters(exclude_characters='\r\n\0"\\', exclude_categories=("Cs",)), min_size=1
).filter(lambda text: text == text.strip() and not text.startswith(("@", "=")))


@given(typed=plainly_typed)
@example(typed="a\x1cb")
@example(typed="a;b # c % d")
def test_a_password_that_is_typed_plainly_stands_for_itself(typed):
    content = f"[General]\nQumuloPassword={typed}\nColour=blue\n"

    assert read_section(content, "General")["qumulopassword"] == typed


@pytest.mark.parametrize("comment", [" ; the cluster", "\t# the cluster"])
@pytest.mark.parametrize("key", ["QumuloClusterIP", "QumuloClusterPort", "QumuloUsername"])
def test_a_comment_may_follow_what_can_hold_no_comment_sign(read, key, comment):
    settings = read(ini(**{key: KEYS[key] + comment}))

    assert (settings.host, settings.port) == ("192.0.2.10", 8000)
    assert settings.username == "archiver"


# What Qt writes


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
def test_what_qt_writes_is_read_as_it_was_meant(written, meant):
    assert plain(written) == meant


def written_by_qt(value: str, *, utf_8: bool = False) -> str:
    """Write a value as QSettings does (Qt's documentation, QSettings, "IniFormat")."""
    if value.startswith("@"):
        value = f"@{value}"
    written, digit_would_belong_to_escape = "", False
    for character in value if utf_8 else as_utf_16_units(value):
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


SINGLE_ESCAPES = dict(zip('\a\b\f\n\r\t\v"\\', 'abfnrtv"\\', strict=True))


def as_utf_16_units(value: str) -> list[str]:
    data = value.encode("utf-16-be")
    return [chr(data[at] << 8 | data[at + 1]) for at in range(0, len(data), 2)]


def test_the_writer_of_these_tests_writes_as_qt_does():
    assert written_by_qt('a;"b"\t\0001🔑e@') == r'"a;\"b\"\t\0\x31\xd83d\xdd11\x65@"'


any_value = st.text(st.characters(exclude_categories=("Cs",)))


@given(value=any_value)
@example(value=' ;"\\x41@')
@example(value="🔑1")
@example(value="@home")
@example(value="\x001")
@example(value="\n")
def test_any_password_that_qt_writes_reads_back_the_same(value):
    content = f"[General]\nColour=blue\nQumuloPassword={written_by_qt(value)}\nSize=1\n"

    assert read_section(content, "General")["qumulopassword"] == value


@given(value=any_value.filter(lambda value: value.strip(" ") == value.strip()))
@example(value="über;€🔑")
def test_any_password_that_a_newer_qt_writes_as_utf_8_reads_back_the_same(value):
    written = written_by_qt(value, utf_8=True)
    content = f"[General]\nColour=blue\nQumuloPassword={written}\nSize=1\n"

    assert read_section(content, "General")["qumulopassword"] == value


# Property lists


@pytest.mark.parametrize("fmt", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_a_property_list_is_read_on_any_system(read, fmt):
    settings = read(plist(fmt, FastScanWorkFolder="/var/lists"))

    assert (settings.host, settings.port) == ("192.0.2.10", 8000)
    assert (settings.username, password(settings)) == ("archiver", "hunter2")
    assert settings.work_folder == "/var/lists"


def test_a_property_list_may_begin_with_a_byte_order_mark_or_blanks(read):
    assert password(read(b"\xef\xbb\xbf" + plist())) == "hunter2"
    assert password(read(b"\n  " + plist())) == "hunter2"


@pytest.mark.parametrize("fmt", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_the_port_of_a_property_list_may_be_a_number(read, fmt):
    assert read(plist(fmt, QumuloClusterPort=8443)).port == 8443


@pytest.mark.parametrize("value", [True, False, 8000.5, [8000], {"port": 8000}])
def test_what_is_neither_text_nor_number_is_no_port(read, value):
    with pytest.raises(ConfigurationError, match=r"QumuloClusterPort in .* neither text nor a n"):
        read(plist(QumuloClusterPort=value))


def test_the_keys_of_a_property_list_may_be_in_a_dictionary_named_general(read):
    assert password(read(plistlib.dumps({"General": KEYS, "Other": {"a": 1}}))) == "hunter2"


def test_the_keys_of_a_property_list_may_carry_their_section_before_a_dot(read):
    dotted = {f"General.{key}": value for key, value in KEYS.items()}

    assert password(read(plistlib.dumps(dotted))) == "hunter2"


def test_a_password_in_a_property_list_stands_for_itself(read):
    typed = r'100%;#"\x41\n@@ <&>'

    assert password(read(plist(QumuloPassword=typed))) == typed
    assert password(read(plist(plistlib.FMT_BINARY, QumuloPassword=typed))) == typed


def test_a_password_in_a_property_list_may_be_data_or_a_number(read):
    assert password(read(plist(QumuloPassword="pässwörd".encode()))) == "pässwörd"
    assert password(read(plist(QumuloPassword=12345))) == "12345"


def test_other_values_of_a_property_list_may_be_anything(read):
    assert password(read(plist(Colours=["blue"], On=True, Ratio=0.5, Data=b"\xff"))) == "hunter2"


def damaged_plists() -> Iterator[object]:
    for fmt in (plistlib.FMT_XML, plistlib.FMT_BINARY):
        content = plist(fmt)
        for end in range(7, len(content) - 8, 11):
            yield pytest.param(content[:end], id=f"{fmt.name}-{end}")
    for inside in (
        "<dict><key>a</key><date>yesterday</date></dict>",
        "<dict><key>a</key><integer>many</integer></dict>",
        "<dict><key>a</key><data>!</data></dict>",
        "<dict><key>a</key></dict>",
        "<dict><string>a</string></dict>",
        "<dict><unheard-of/></dict>",
        "<array/>",
        "<string>text</string>",
        "<key>a</key>",
        "</dict>",
        "",
    ):
        yield pytest.param(f"<plist>{inside}</plist>".encode(), id=inside or "nothing")


@pytest.mark.parametrize("content", list(damaged_plists()))
def test_a_damaged_property_list_is_told(read, content):
    with pytest.raises(ConfigurationError):
        read(content)


@given(start=st.sampled_from([b"bplist00", b"<?xml", b"<plist>", b"[General]\n"]), rest=st.binary())
def test_no_content_ends_in_anything_but_a_plain_error(tmp_path_factory, start, rest):
    path = tmp_path_factory.getbasetemp() / "anything.conf"
    path.write_bytes(start + rest)

    with pytest.raises(ConfigurationError, match=re.escape(str(path))):
        read_settings(str(path))


# What can be wrong


def test_a_missing_file_is_named(tmp_path):
    path = str(tmp_path / "nowhere.conf")

    with pytest.raises(ConfigurationError, match=f"{re.escape(path)}.*No such file") as caught:
        read_settings(path)
    assert caught.value.exit_code == 23
    assert "--config" in hint_for(caught.value, makes_list=True)


def test_a_folder_is_no_configuration(tmp_path):
    with pytest.raises(ConfigurationError, match=f"{re.escape(str(tmp_path))}.*Is a directory"):
        read_settings(str(tmp_path))


def test_a_path_that_no_system_knows_is_told():
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_settings("a\0b")


@pytest.mark.parametrize("content", [b"", b"\0", b"[General]", b"\x7fELF\0\0", b"{}", b"\xff\xfea"])
def test_a_file_of_another_kind_is_told(read, content):
    with pytest.raises(ConfigurationError, match=r"DNAClientServices\.conf"):
        read(content)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "write",
    [
        lambda key: ini().replace(f"{key}={KEYS[key]}\n", ""),
        lambda key: ini(**{key: ""}),
        lambda key: ini(**{key: "   "}),
        lambda key: ini(**{key: '""'}),
        lambda key: ini().replace(f"{key}={KEYS[key]}\n", f"{key}\n"),
        lambda key: plist(**{key: ""}),
        lambda key: plistlib.dumps({name: KEYS[name] for name in KEYS if name != key}),
    ],
    ids=["absent", "empty", "blank", "quotes", "no-value", "plist-empty", "plist-absent"],
)
def test_a_required_key_that_is_missing_or_empty_is_named(read, key, write):
    with pytest.raises(ConfigurationError, match=rf"DNAClientServices\.conf lacks {key}$") as error:
        read(write(key))
    assert "[General]" in error.value.hint


def test_all_that_is_missing_is_named_at_once(read):
    with pytest.raises(ConfigurationError, match=f"lacks {', '.join(KEYS)}"):
        read("[General]\n")


@pytest.mark.parametrize(
    "port", ["0", "65536", "-1", "8000.0", "https", "8 000", "٨٠٠٠", "²", "0x1f40", "1" * 5000]
)
def test_what_is_no_port_is_told(read, port):
    with pytest.raises(ConfigurationError, match=r"QumuloClusterPort in .* not a port"):
        read(ini(QumuloClusterPort=port))


@pytest.mark.parametrize("port", ["1", "443", "65535", "08000"])
def test_a_port_is_a_number_up_to_65535(read, port):
    assert read(ini(QumuloClusterPort=port)).port == int(port)


@pytest.mark.parametrize("end", [r"\n", r"\r", r"\xa", r"\0"])
def test_a_password_that_qq_would_cut_off_is_refused(read, end):
    with pytest.raises(ConfigurationError, match=r"QumuloPassword in .* line end") as caught:
        read(ini(QumuloPassword=f"{SECRET}{end}x"))
    assert SECRET not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize("key", ["QumuloClusterIP", "QumuloUsername"])
@pytest.mark.parametrize("character", [r"\0", r"\n", r"\x1b", r"CORP\alice"])
def test_a_control_character_in_a_host_or_a_name_is_told(read, key, character):
    with pytest.raises(ConfigurationError, match=f"{key} in .* control character") as caught:
        read(ini(**{key: character}))
    assert "backslash" in caught.value.hint


def test_a_name_of_a_windows_domain_is_written_with_two_backslashes(read):
    assert read(ini(QumuloUsername=r"CORP\\alice")).username == r"CORP\alice"


# REST


def test_the_way_to_the_cluster_is_qq_unless_it_is_said(read):
    assert read(ini()).transport == "qq"
    assert read(ini(QumuloTransport="")).transport == "qq"
    assert read(ini(QumuloTransport="REST ; direct")).transport == "rest"
    assert read(ini(QumuloTransport="qq")).transport == "qq"


def test_who_calls_may_decide_the_way_to_the_cluster(tmp_path):
    path = tmp_path / "a.conf"
    path.write_text(ini(QumuloTransport="qq"))

    assert read_settings(str(path), "rest").transport == "rest"
    assert read_settings(str(path), None).transport == "qq"


@pytest.mark.parametrize("written", ["10.0.0.1,10.0.0.2", "10.0.0.1;10.0.0.2", "10.0.0.1 10.0.0.2"])
@pytest.mark.parametrize("comment", ["", " ; the nodes", " # the nodes"])
def test_several_nodes_may_be_named(read, written, comment):
    settings = read(ini(QumuloClusterIP=written + comment))

    assert settings.hosts == ("10.0.0.1", "10.0.0.2")
    assert settings.host == "10.0.0.1"


@pytest.mark.parametrize(
    "written", ['"10.0.0.1, 10.0.0.2"', "10.0.0.1, 10.0.0.2", ",10.0.0.1,,10.0.0.2,"]
)
def test_several_nodes_may_be_named_as_qt_does(read, written):
    assert read(ini(QumuloClusterIP=written)).hosts == ("10.0.0.1", "10.0.0.2")


def test_several_nodes_may_be_an_array_of_a_property_list(read):
    assert read(plist(QumuloClusterIP=["10.0.0.1", "b.example"])).hosts == ("10.0.0.1", "b.example")


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("fe80::1", "fe80::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[fe80::1%en0.1]", "fe80::1%en0.1"),
        ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ("node_1.a.", "node_1.a."),
        ("a", "a"),
        ("10.0.0.3.example", "10.0.0.3.example"),
        ("10.0.0.03", "10.0.0.03"),
        ("cafe", "cafe"),
    ],
)
def test_a_node_is_an_address_or_a_name(read, written, host):
    assert read(ini(QumuloClusterIP=f"{written},10.0.0.2")).hosts == (host, "10.0.0.2")
    assert read(plist(QumuloClusterIP=[written, "10.0.0.2"])).hosts == (host, "10.0.0.2")


NO_HOSTS = [
    "https://a",
    "https://a:8000/api",
    "https://[::1]",
    "a/b",
    "a:8000",
    "10.0.0.1:8000",
    "cafe:8000",
    "::1:",
    "[::1]:8000",
    "[::1",
    "::1]",
    "[]",
    "[10.0.0.1]",
    "[a]",
    "1:2:3",
    "fe80::1%",
    "fe80::1%a/b",
    "fe80::1%a%b",
    "fe80::1::2",
    "10.0.0.256",
    "10.0.0.1.1",
    "me@a",
    "a..b",
    "ü.example",
    "a" * 64,
]


@pytest.mark.parametrize("host", NO_HOSTS)
def test_what_is_no_host_is_refused_with_what_belongs_elsewhere(read, host):
    for content in (ini(QumuloClusterIP=host), plist(QumuloClusterIP=f"10.0.0.2, {host}")):
        with pytest.raises(ConfigurationError, match=r"QumuloClusterIP in .*DNACli") as caught:
            read(content)
        assert repr(host) in str(caught.value)
        for told in ("QumuloClusterPort", "without https://"):
            assert told in caught.value.hint


def test_commas_alone_name_no_host(read):
    with pytest.raises(ConfigurationError, match=r"QumuloClusterIP in .* no address"):
        read(ini(QumuloClusterIP=","))


def test_a_way_to_the_cluster_that_nobody_knows_is_told(read):
    with pytest.raises(ConfigurationError, match=r"QumuloTransport in .* is 'ssh'") as caught:
        read(ini(QumuloTransport="ssh"))
    assert "qq or rest" in caught.value.hint


ONLY_TOKEN = ini(QumuloAccessToken=f"access-v1:{SECRET}==", QumuloUsername="", QumuloPassword="")


def test_with_an_access_token_rest_needs_no_password(read):
    settings = read(ONLY_TOKEN + "QumuloTransport=rest\n")

    assert settings.access_token.reveal() == f"access-v1:{SECRET}=="
    assert SECRET not in repr(settings)
    assert read(ini()).access_token is None


def test_an_access_token_is_not_for_qq(read):
    with pytest.raises(ConfigurationError, match="lacks QumuloUsername, QumuloPassword") as caught:
        read(ONLY_TOKEN)
    assert "QumuloTransport=rest" in caught.value.hint
    assert SECRET not in f"{caught.value} {caught.value.hint}"


def test_rest_without_a_token_needs_a_password(read):
    with pytest.raises(ConfigurationError, match="lacks QumuloPassword"):
        read(ini(QumuloTransport="rest", QumuloPassword=""))


@pytest.mark.parametrize("token", [f"{SECRET} x", f"{SECRET}é", f"{SECRET}\\n"])
def test_what_can_be_no_token_is_told_and_not_shown(read, token):
    with pytest.raises(ConfigurationError, match="QumuloAccessToken in ") as caught:
        read(ini(QumuloAccessToken=token))
    assert SECRET not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


@pytest.mark.parametrize(
    "written", ["AB" * 32, ":".join(["ab"] * 32), ":".join(["aB"] * 32) + " ; the cluster"]
)
def test_a_fingerprint_is_64_digits_with_or_without_colons_in_any_case(read, written):
    assert read(ini(QumuloCertificateFingerprint=written)).fingerprint == "ab" * 32


@pytest.mark.parametrize("written", ["ab" * 20, "ab" * 33, "xy" * 32, "sha256"])
def test_what_is_no_fingerprint_is_told(read, written):
    with pytest.raises(ConfigurationError, match=r"QumuloCertificateFingerprint in .* no SHA-256"):
        read(ini(QumuloCertificateFingerprint=written))


@pytest.mark.parametrize("written", ["false", "No", "0", "FALSE # for now"])
def test_verification_can_be_turned_off(read, written):
    assert read(ini(QumuloVerifyTLS=written)).verify_tls is False
    assert read(plist(QumuloVerifyTLS=False)).verify_tls is False


@pytest.mark.parametrize("written", ["true", "Yes", "1", ""])
def test_verification_is_on_otherwise(read, written):
    assert read(ini(QumuloVerifyTLS=written)).verify_tls is True
    assert read(plist(QumuloVerifyTLS=True)).verify_tls is True
    assert read(ini()).verify_tls is True


@pytest.mark.parametrize("written", ["off", "nope", "2"])
def test_what_is_neither_true_nor_false_is_told(read, written):
    with pytest.raises(ConfigurationError, match=f"QumuloVerifyTLS in .* is '{written}'"):
        read(ini(QumuloVerifyTLS=written))


def test_the_authorities_are_a_path(read):
    assert read(ini(QumuloCAFile="/etc/a b/ca #1.pem")).ca_file == "/etc/a b/ca #1.pem"
    assert read(ini()).ca_file == ""


# Secrets


def test_settings_do_not_show_the_password(read):
    settings = read(ini(QumuloPassword=SECRET))

    for shown in (repr(settings), str(settings), f"{settings.password}", f"{settings.password!r}"):
        assert SECRET not in shown
    assert password(settings) == SECRET


def test_a_secret_shows_itself_only_when_asked_to():
    secret = Secret(SECRET)

    assert SECRET not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == SECRET


@pytest.mark.parametrize(
    "content",
    [
        ini(QumuloPassword=SECRET, QumuloClusterPort="none"),
        ini(QumuloPassword=SECRET, QumuloClusterIP=""),
        ini(QumuloPassword=SECRET, QumuloUsername="\\0"),
        ini(QumuloPassword=SECRET + "\\n"),
        ini(QumuloPassword=SECRET + "é").encode("latin-1"),
        ini(QumuloPassword=SECRET).encode() + b"\0",
        ini(QumuloPassword=SECRET).encode("utf-16")[:-1],
        ini(QumuloPassword=SECRET).replace("QumuloPassword=", "QumuloPassword "),
        plist(QumuloPassword=[SECRET]),
        plist(QumuloPassword=SECRET)[:-20],
        plist().replace(b"<string>hunter2</string>", f"<integer>{SECRET}</integer>".encode()),
        plist().replace(b"<string>hunter2</string>", f"<data>{SECRET}!</data>".encode()),
        plist().replace(b"<string>hunter2</string>", f"<real>{SECRET}</real>".encode()),
        plist().replace(b"<string>hunter2</string>", f"<{SECRET}/>".encode()),
    ],
)
def test_no_message_holds_the_password(read, content):
    with pytest.raises(ConfigurationError) as caught:
        read(content)

    assert SECRET not in f"{caught.value} {caught.value.hint} {caught.value!r}"


# Where it is looked for


@pytest.mark.parametrize(
    ("system", "path"),
    [
        ("linux", "/etc/StorageDNA/DNAClientServices.conf"),
        ("darwin", "/Library/Preferences/com.storagedna.DNAClientServices.plist"),
        ("freebsd13", "/etc/StorageDNA/DNAClientServices.conf"),
    ],
)
def test_the_configuration_is_looked_for_where_the_archiver_keeps_it(monkeypatch, system, path):
    monkeypatch.setattr(archiver.sys, "platform", system)

    assert default_path() == path
