"""The archiver's scan list: exact to the byte, whatever a name contains."""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.model import DELETE, MODIFY, Attributes, Entry, Kind, State, Totals
from qumulo_changelist.names import to_text
from qumulo_changelist.output.interface import Piece
from qumulo_changelist.output.scan_xml import ScanXml
from tests.parts.entries import (
    DIRECTORY,
    PieceInMemory,
    deleted,
    gone,
    left_out,
    moved,
    present,
    unreadable,
    write_piece,
)

FORM = ScanXml("1", 1_700_000_200)

HOLDABLE = {
    "/a&b": "/a&amp;b",
    "/a<b": "/a&lt;b",
    "/a>b": "/a&gt;b",
    '/a"b': "/a&quot;b",
    "/a\tb": "/a&#9;b",
    "/a\nb": "/a&#10;b",
    "/a\rb": "/a&#13;b",
    "/&amp;": "/&amp;amp;",
    '/<&">\t\r\n': "/&lt;&amp;&quot;&gt;&#9;&#13;&#10;",
    "/it's": "/it's",
    "/ümläut 🎬": "/ümläut 🎬",
    "/a\x7f\x85\u2028b": "/a\x7f\x85\u2028b",
    "/\ufffd\ufdd0\U0001ffff": "/\ufffd\ufdd0\U0001ffff",
    "/100%": "/100%",
    "/ ": "/ ",
    "/{name}": "/{name}",
}
"""Names that XML can hold, and how an attribute contains them."""

UNHOLDABLE = {
    "/a\x00b": "/a%00b",
    "/a\x01b": "/a%01b",
    "/a\x08": "/a%08",
    "/a\x0b\x0c": "/a%0B%0C",
    "/a\x0e\x1f": "/a%0E%1F",
    "/a\ufffe": "/a%EF%BF%BE",
    "/a\uffff": "/a%EF%BF%BF",
    "/a\udcff\udc80": "/a%FF%80",
    "/a\ud800": "/a%ED%A0%80",
    "/é\udcff&\n": "/é%FF&amp;&#10;",
    "/\x01/%41": "/%01/%2541",
    "/a%01\x02": "/a%2501%02",
}
"""Names that XML cannot hold, and what is written instead."""


def encode(*entries: Entry) -> str:
    """Return the lines of entries, without those that are misplaced."""
    return write_piece(FORM, *entries).piece.content.decode()


def misplaced_line(entry: Entry) -> str:
    ((_, line),) = write_piece(FORM, entry).piece.misplaced
    return line.decode()


def written_name(line: str) -> str:
    """Return the first name in a line, entities and all."""
    return line.split('"')[1]


def parse(lines: str | bytes) -> list[str]:
    """Return the names that an XML parser finds."""
    content = lines if isinstance(lines, bytes) else lines.encode()
    root = ElementTree.fromstring(b"<files>" + content + b"</files>")
    return [entry.get("name", "") for entry in root]


def assemble(*pieces: Piece, totals: Totals | None = None) -> str:
    stored = [PieceInMemory(piece) for piece in pieces]
    return b"".join(FORM.assemble(stored, totals or Totals())).decode()


def listed_names(content: str) -> list[str]:
    return [entry.get("name", "") for entry in ElementTree.fromstring(content)]


def pieces_of(names: list[str], size: int) -> list[Piece]:
    """Return the pieces of a list of files; each has a number of names."""
    return [
        write_piece(FORM, *map(present, names[begin : begin + size])).piece
        for begin in range(0, len(names), size)
    ]


# To the byte


def test_entries_are_written_as_the_contract_states():
    written = write_piece(
        ScanXml("12", 1_700_000_200),
        present("/reel2/b.mov", Attributes(Kind.FILE, 500, 1700000100, 1700000101, 501, 20)),
        present("/reel2", Attributes(Kind.DIRECTORY, 512, 1700000100, 1700000100, 501, 20)),
        deleted("/reel1/old.mov"),
        unreadable("/reel1/locked.mov"),
        present("/c.mov", Attributes(Kind.FILE, 200, -1, 0, 4294967295, 0)),
        deleted("/b", Kind.DIRECTORY),
        unreadable("/a", Kind.DIRECTORY),
    )

    assert written.piece.content.decode() == (
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
    )


def test_a_list_is_its_pieces_after_a_line_that_counts_them():
    line = (
        'size="700" mode="0x777"  type="F_REG" mtime="1700000100" atime="1700000150" owner="501" '
        'group="20" index="1"/>\n'
    )
    totals = Totals(
        files=3,
        size=2100,
        created=1,
        directories=4,
        deleted_files=5,
        deleted_directories=6,
        unreadable=7,
        left_out=8,
    )

    assert assemble(*pieces_of(["/c", "/b", "/a"], 2), totals=totals) == (
        '<files scanned="3" selected="3" size="2100" bad_dir_count="7" delete_count="5">\n'
        f'    <file name="/c" {line}    <file name="/b" {line}    <file name="/a" {line}</files>\n'
    )


@pytest.mark.parametrize("number_of_pieces", [0, 1, 2])
def test_a_list_without_entries_is_a_list(number_of_pieces):
    assert assemble(*[write_piece(FORM).piece] * number_of_pieces) == (
        '<files scanned="0" selected="0" size="0" bad_dir_count="0" delete_count="0">\n</files>\n'
    )


def test_a_moved_file_has_its_former_name_as_well():
    assert encode(moved("/b", '/a "old" & \n')) == (
        '    <file name="/b" from="/a &quot;old&quot; &amp; &#10;" size="700" mode="0x777"  '
        'type="F_REG" mtime="1700000100" atime="1700000150" owner="501" group="20" index="1"/>\n'
    )


@pytest.mark.parametrize(
    ("owner", "group", "written"),
    [
        (None, 20, 'owner="65534" group="20"'),
        (501, None, 'owner="501" group="65534"'),
        (None, None, 'owner="65534" group="65534"'),
    ],
)
@pytest.mark.parametrize(("kind", "kind_word"), [(Kind.FILE, "F_REG"), (Kind.DIRECTORY, "F_DIR")])
def test_an_owner_without_a_numeric_id_is_written_as_nobody(kind, kind_word, owner, group, written):
    assert encode(present("/b", Attributes(kind, 5, 1, 2, owner, group))) == (
        f'    <file name="/b" size="5" mode="0x777"  type="{kind_word}" mtime="1" atime="2" '
        f'{written} index="1"/>\n'
    )


def test_an_entry_that_is_not_there_has_neither_size_nor_owner():
    known = Attributes(Kind.FILE, 5, 1, 2, None, None)
    former = Entry(State.DELETED, "/c", known, DELETE)
    broken = Entry(State.UNREADABLE, "/b", known, MODIFY, "I/O error")

    content = encode(former, broken)

    assert content.count('size="0"') == content.count('owner="0" group="0"') == 2


def test_what_is_left_out_has_no_line():
    written = write_piece(
        FORM, present("/c"), left_out("/b"), gone("/a\x02"), left_out("/a\x01"), present("/a")
    )

    assert parse(written.piece.content) == ["/c", "/a"]
    assert (written.piece.misplaced, written.unnameable) == ([], [])


# Names


@pytest.mark.parametrize(("name", "written"), HOLDABLE.items())
@pytest.mark.parametrize("make", [present, deleted, unreadable])
def test_a_parser_reads_a_name_as_it_is(make: Callable[[str], Entry], name, written):
    content = encode(make(name))

    assert FORM.can_hold(name)
    assert written_name(content) == written
    assert parse(content) == [name]


@pytest.mark.parametrize("odd", ["&", "<", "\n", "\t", "\u2028", "\xa0", "é", "%", "&\n"])
def test_an_odd_name_changes_no_other_name(odd):
    names = ["/d", f"/c{odd}", "/b>", "/a\r"]

    assert parse(encode(*map(present, names))) == names


@pytest.mark.parametrize(("name", "written"), UNHOLDABLE.items())
@pytest.mark.parametrize("make", [present, deleted, unreadable])
def test_a_name_that_xml_cannot_hold_is_unreadable_and_written_in_percent(
    make: Callable[[str], Entry], name, written
):
    entry = make(name)

    assert not FORM.can_hold(name)
    assert misplaced_line(entry) == (
        f'    <bad-dir name="{written}" size="0" mode="0x777"  type="F_REG" '
        'mtime="1700000200" atime="1700000200" owner="0" group="0" index="1"/>\n'
    )
    assert write_piece(FORM, entry).unnameable == [entry]


def test_entries_that_xml_cannot_hold_are_returned_as_they_are():
    odd = present("/\x02", DIRECTORY)

    written = write_piece(FORM, present("/c"), unreadable("/\x01"), odd, present("/\r"))

    assert written.unnameable == [unreadable("/\x01"), odd]
    assert "no XML file" in FORM.limitation
    assert 'type="F_DIR"' in misplaced_line(odd)


def test_a_line_in_percent_is_misplaced_under_its_name_as_written():
    piece = write_piece(FORM, present("/b"), present("/a\x01&"), present("/a")).piece

    assert parse(piece.content) == ["/b", "/a"]
    ((name, line),) = piece.misplaced
    assert name == "/a%01&"
    assert parse(line) == ["/a%01&"]


@given(
    st.binary(max_size=6) | st.text(st.sampled_from("a%0125F\x01\x02"), max_size=8).map(str.encode)
)
@example(b"a%01\x02")
@example(b"a\x01\x02")
@example(b"%25\xff")
def test_a_name_in_percent_can_be_decoded_so_no_two_are_written_alike(name):
    (written,) = parse(misplaced_line(present("/\x01" + to_text(name))))

    assert unquote_to_bytes(written) == b"/\x01" + name


# The place of names in percent


def test_names_in_percent_stand_where_they_sort_as_written():
    names = ["/é", "/b", "/a\udcff", "/a\x01", "/a!", "/a", "/\x02/é", "/\x02/&", "/\udc80"]

    content = assemble(*pieces_of(sorted(names, reverse=True), 9))

    assert listed_names(content) == [
        "/é", "/b", "/a%FF", "/a%01", "/a!", "/a", "/%80", "/%02/é", "/%02/&"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("odd", "written"),
    [
        ("/z\x01", "/z%01"),
        ("/f\x01", "/f%01"),
        ("/e\udcff", "/e%FF"),
        ("/c\uffff", "/c%EF%BF%BF"),
        ("/\udcff", "/%FF"),
        ("/\x02", "/%02"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_they_stand_there_before_after_and_within_pieces(odd, written, size):
    plain = ["/f", "/e", "/d", "/cz", "/c", "/a"]

    content = assemble(*pieces_of(sorted([*plain, odd], reverse=True), size))

    assert listed_names(content) == sorted([*plain, written], reverse=True)


@pytest.mark.parametrize(("odd", "written"), [("/a\x01", "/a%01"), ("/a\udcff", "/a%FF")])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_file_that_has_the_written_name_comes_first(odd, written, size):
    content = assemble(*pieces_of(sorted(["/b", odd, written, "/a"], reverse=True), size))

    assert listed_names(content) == ["/b", written, written, "/a"]
    assert [line.split()[0] for line in content.splitlines()[2:4]] == ["<file", "<bad-dir"]


def test_a_list_may_contain_only_names_in_percent():
    content = assemble(*pieces_of(["/b\x01", "/\udcff", "/\x01"], 2))

    assert listed_names(content) == ["/b%01", "/%FF", "/%01"]
