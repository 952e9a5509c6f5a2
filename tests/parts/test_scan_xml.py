"""The archiver's scan list: to the byte, and whole or not at all."""

import os
import stat
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.errors import OutputError
from qumulo_changelist.model import Attributes, Entry, Kind, State, Totals
from qumulo_changelist.output.scan_xml import scan_xml

RUN_TIME = 1_700_000_200
FILE = Attributes(Kind.FILE, 700, 1_700_000_100, 1_700_000_150, 501, 20)
DIRECTORY = Attributes(Kind.DIRECTORY, 512, 1_700_000_100, 1_700_000_150, 501, 20)
PRESENT, DELETED, UNREADABLE = State.PRESENT, State.DELETED, State.UNREADABLE


def present(name: str, attributes: Attributes = FILE) -> Entry:
    return Entry(PRESENT, name, attributes)


def deleted(name: str, kind: Kind = Kind.FILE) -> Entry:
    return Entry(DELETED, name, Attributes(kind))


def unreadable(name: str, kind: Kind = Kind.FILE) -> Entry:
    return Entry(UNREADABLE, name, Attributes(kind), "it is broken")


def piece(*entries: Entry, index: str = "1", size: int = 3) -> Piece:
    """Return entries as text; they come in batches of a size."""
    batches = [list(entries[begin : begin + size]) for begin in range(0, len(entries), size)]
    return ScanXml(index, RUN_TIME).piece(batches)


def lines(*entries: Entry) -> list[str]:
    """Return the lines of entries, wherever they belong, without their blanks and line ends."""
    written = piece(*entries)
    found = [*written.text.decode().split("\n")[:-1], *(line.decode() for _, line in written.elsewhere)]
    return [line.strip(" \n") for line in found]


def name_in(line: str) -> str:
    """Return a name as it is written, entities and all."""
    return line.split('"')[1]


def parsed(text: bytes) -> list[str]:
    """Return the names that an XML parser gives back."""
    return [entry.get("name", "") for entry in ElementTree.fromstring(b"<files>" + text + b"</files>")]


# To the byte


def test_the_list_of_the_contract_is_written_to_the_byte(path):
    write(
        path,
        present("/reel2/b.mov", Attributes(Kind.FILE, 500, 1700000100, 1700000101, 501, 20)),
        present("/reel2", Attributes(Kind.DIRECTORY, 512, 1700000100, 1700000100, 501, 20)),
        deleted("/reel1/old.mov"),
        unreadable("/reel1/locked.mov"),
        present("/c.mov", Attributes(Kind.FILE, 200, -1, 0, 4294967295, 0)),
        deleted("/b", Kind.DIRECTORY),
        unreadable("/a", Kind.DIRECTORY),
        index="12",
    )

    assert content(path).decode() == (
        '<files scanned="2" selected="2" size="700" bad_dir_count="2" delete_count="1">\n'
        '    <file name="/reel2/b.mov" size="500" mode="0x777"  type="F_REG" mtime="1700000100" '
        'atime="1700000101" owner="501" group="20" index="12"/>\n'
        '    <file name="/reel2" size="512" mode="0x777"  type="F_DIR" mtime="1700000100" '
        'atime="1700000100" owner="501" group="20" index="12"/>\n'
        '    <delete-file name="/reel1/old.mov" size="0" mode="0x777"  type="F_REG" '
        'mtime="1700000200" atime="1700000200" owner="0" group="0" index="12"/>\n'
        '    <bad-dir name="/reel1/locked.mov" size="0" mode="0x777"  type="F_REG" '
        'mtime="1700000200" atime="1700000200" owner="0" group="0" index="12"/>\n'
        '    <file name="/c.mov" size="200" mode="0x777"  type="F_REG" mtime="-1" '
        'atime="0" owner="4294967295" group="0" index="12"/>\n'
        '    <delete-file name="/b" size="0" mode="0x777"  type="F_DIR" '
        'mtime="1700000200" atime="1700000200" owner="0" group="0" index="12"/>\n'
        '    <bad-dir name="/a" size="0" mode="0x777"  type="F_DIR" '
        'mtime="1700000200" atime="1700000200" owner="0" group="0" index="12"/>\n'
        "</files>\n"
    )


def test_a_list_of_nothing_is_a_list(path):
    write(path)

    assert content(path) == (
        b'<files scanned="0" selected="0" size="0" bad_dir_count="0" delete_count="0">\n</files>\n'
    )


def test_the_totals_are_those_of_the_entries(path):
    totals = write(
        path,
        present("/g", Attributes(Kind.FILE, 10**15)),
        present("/f", Attributes(Kind.FILE, 1)),
        present("/e", DIRECTORY),
        deleted("/d"),
        deleted("/c", Kind.DIRECTORY),
        unreadable("/b"),
        unreadable("/a", Kind.DIRECTORY),
    )

    assert totals == Totals(
        files=2,
        size=10**15 + 1,
        directories=1,
        deleted_files=1,
        deleted_directories=1,
        unreadable=2,
    )
    assert content(path).startswith(
        b'<files scanned="2" selected="2" size="1000000000000001" bad_dir_count="2" '
        b'delete_count="1">\n'
    )


def test_a_list_may_be_long(path):
    count = 10_000

    totals = write(path, *(present(f"/{number:05}") for number in range(count, 0, -1)))

    lines = content(path).splitlines()
    assert totals.files == count == len(lines) - 2
    assert [int(line.split(b'"')[1][1:]) for line in lines[1:-1]] == list(range(count, 0, -1))


# Names


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("/a&b", "/a&amp;b"),
        ("/a<b", "/a&lt;b"),
        ("/a>b", "/a&gt;b"),
        ('/a"b', "/a&quot;b"),
        ("/a\tb", "/a&#9;b"),
        ("/a\nb", "/a&#10;b"),
        ("/a\rb", "/a&#13;b"),
        ("/&amp;", "/&amp;amp;"),
        ('/<&">\t\r\n', "/&lt;&amp;&quot;&gt;&#9;&#13;&#10;"),
        ("/it's", "/it's"),
        ("/ümläut 🎬", "/ümläut 🎬"),
        ("/a\x7f\x85\u2028b", "/a\x7f\x85\u2028b"),
        ("/\ufffd\ufdd0\U0001ffff", "/\ufffd\ufdd0\U0001ffff"),
        ("/100%", "/100%"),
        ("/ ", "/ "),
        ("/{name}", "/{name}"),
    ],
)
@pytest.mark.parametrize("make", [present, deleted, unreadable])
def test_a_name_is_written_so_that_parsers_give_it_back(path, make, name, written):
    (line,) = listed(path, make(name))

    assert line.split(b'"')[1] == written.encode()
    assert ElementTree.fromstring(content(path))[0].get("name") == name


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("/a\x00b", "/a%00b"),
        ("/a\x01b", "/a%01b"),
        ("/a\x08", "/a%08"),
        ("/a\x0b\x0c", "/a%0B%0C"),
        ("/a\x0e\x1f", "/a%0E%1F"),
        ("/a\ufffe", "/a%EF%BF%BE"),
        ("/a\uffff", "/a%EF%BF%BF"),
        ("/a\udcff\udc80", "/a%FF%80"),
        ("/a\ud800", "/a%ED%A0%80"),
        ("/é\udcff&\n", "/é%FF&amp;&#10;"),
        ("/\x01/%41", "/%01/%41"),
    ],
)
@pytest.mark.parametrize("make", [present, deleted, unreadable])
def test_a_name_that_xml_cannot_hold_is_unreadable_and_written_in_percent(
    path, make, name, written
):
    (line,) = listed(path, make(name))

    assert line.decode() == (
        f'<bad-dir name="{written}" size="0" mode="0x777"  type="F_REG" '
        'mtime="1700000200" atime="1700000200" owner="0" group="0" index="1"/>'
    )
    assert content(path).startswith(
        b'<files scanned="0" selected="0" size="0" bad_dir_count="1" delete_count="0">'
    )


def test_whoever_adds_an_entry_is_told_how_it_was_written(path):
    with scan_xml(path, index="1", run_time=RUN_TIME) as writer:
        assert writer.add(present("/a")) == present("/a")
        assert writer.add(unreadable("/\x01")).reason == "it is broken"
        entry = writer.add(present("/\x02", DIRECTORY))

    assert entry.state is UNREADABLE
    assert entry.attributes.kind is Kind.DIRECTORY
    assert "no XML file" in entry.reason


def test_names_written_in_percent_stand_where_they_sort_as_written(path):
    names = ["/é", "/b", "/a\udcff", "/a\x01", "/a!", "/a", "/\x02/é", "/\x02/&", "/\udc80"]

    lines = listed(path, *map(present, sorted(names, reverse=True)))

    assert [line.split(b'"')[1].decode() for line in lines] == [
        "/é",
        "/b",
        "/a%FF",
        "/a%01",
        "/a!",
        "/a",
        "/%80",
        "/%02/é",
        "/%02/&amp;",
    ]


names = st.text(st.characters(codec="utf-8") | st.sampled_from("\t\n\r&<>\"'\x01\udcff/%;#")).map(
    "/{}".format
)


def can_be_held(character: str) -> bool:
    """Tell what XML 1.0 says in section 2.2, "Char"."""
    code = ord(character)
    return (
        code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code > 0xFFFF
    )


def in_percent(name: str) -> str:
    return "".join(
        character
        if can_be_held(character)
        else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in name
    )


@given(st.lists(names, unique=True, max_size=12))
@example(["/&amp;lt;", "/&#10;", "/\n", "/a\x01", "/a&copy", "/&lt", "/\x1f\r"])
def test_any_list_is_well_formed_and_gives_its_names_back_in_order(tmp_path_factory, names):
    path = str(tmp_path_factory.getbasetemp() / "any" / "1-files.xml")

    totals = write(path, *map(present, sorted(names, reverse=True)))

    found = [entry.get("name") for entry in ElementTree.fromstring(content(path))]
    held = [name for name in names if all(map(can_be_held, name))]
    assert found == sorted(map(in_percent, names), reverse=True)
    assert (totals.files, totals.unreadable) == (len(held), len(names) - len(held))
    assert content(path).count(b"\n") == len(names) + 2


