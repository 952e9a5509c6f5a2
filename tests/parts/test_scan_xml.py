"""Entries as the archiver's scan list has them: to the byte, whatever their names hold."""

from itertools import chain
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.model import DELETE, MODIFY, Attributes, Entry, Kind, Op, State, Totals
from qumulo_changelist.names import to_text
from qumulo_changelist.output.interface import Piece
from qumulo_changelist.output.scan_xml import ScanXml

RUN_TIME = 1_700_000_200
FILE = Attributes(Kind.FILE, 700, 1_700_000_100, 1_700_000_150, 501, 20)
DIRECTORY = Attributes(Kind.DIRECTORY, 512, 1_700_000_100, 1_700_000_150, 501, 20)
PRESENT, DELETED, UNREADABLE = State.PRESENT, State.DELETED, State.UNREADABLE


def present(name: str, attributes: Attributes = FILE, op: Op = MODIFY) -> Entry:
    return Entry(PRESENT, name, attributes, op)


def deleted(name: str, kind: Kind = Kind.FILE) -> Entry:
    return Entry(DELETED, name, Attributes(kind), DELETE)


def left_out(name: str) -> Entry:
    return Entry(State.LEFT_OUT, name, Attributes(Kind.OTHER), MODIFY)


def unreadable(name: str, kind: Kind = Kind.FILE) -> Entry:
    return Entry(UNREADABLE, name, Attributes(kind), MODIFY, "it is broken")


def piece(*entries: Entry, index: str = "1", size: int = 3) -> Piece:
    """Return entries as text; they come in batches of a size."""
    batches = [list(entries[begin : begin + size]) for begin in range(0, len(entries), size)]
    return ScanXml(index, RUN_TIME).piece(batches)


def lines(*entries: Entry) -> list[str]:
    """Return the lines of entries, wherever they belong, without their blanks and line ends."""
    written = piece(*entries)
    found = [
        *written.text.decode().split("\n")[:-1],
        *(line.decode() for _, line in written.elsewhere),
    ]
    return [line.strip(" \n") for line in found]


def name_in(line: str) -> str:
    """Return a name as it is written, entities and all."""
    return line.split('"')[1]


def parsed(text: bytes) -> list[str]:
    """Return the names that an XML parser gives back."""
    return [
        entry.get("name", "") for entry in ElementTree.fromstring(b"<files>" + text + b"</files>")
    ]


# To the byte


def test_the_entries_of_the_contract_are_written_to_the_byte():
    written = piece(
        present("/reel2/b.mov", Attributes(Kind.FILE, 500, 1700000100, 1700000101, 501, 20)),
        present("/reel2", Attributes(Kind.DIRECTORY, 512, 1700000100, 1700000100, 501, 20)),
        deleted("/reel1/old.mov"),
        unreadable("/reel1/locked.mov"),
        present("/c.mov", Attributes(Kind.FILE, 200, -1, 0, 4294967295, 0)),
        deleted("/b", Kind.DIRECTORY),
        unreadable("/a", Kind.DIRECTORY),
        index="12",
    )

    assert written.text.decode() == (
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


def test_of_nothing_there_is_nothing_to_tell():
    assert piece() == Piece(b"", Totals(), "", [], [], [], [])


def test_the_totals_are_those_of_the_entries():
    written = piece(
        present("/h", Attributes(Kind.FILE, 10**15)),
        present("/g", Attributes(Kind.FILE, 1)),
        present("/f", DIRECTORY),
        left_out("/e"),
        deleted("/d"),
        deleted("/c", Kind.DIRECTORY),
        unreadable("/b"),
        unreadable("/a", Kind.DIRECTORY),
    )

    assert written.totals == Totals(
        files=2,
        size=10**15 + 1,
        directories=1,
        deleted_files=1,
        deleted_directories=1,
        unreadable=2,
        unread=2,
        left_out=1,
    )


def test_a_piece_tells_the_names_that_it_begins_and_ends_with():
    written = piece(*map(present, ["/d", "/c", "/b", "/a"]), size=2)

    assert written.last == "/a"


@pytest.mark.parametrize(
    ("owner", "group", "told"),
    [
        (None, 20, 'owner="65534" group="20"'),
        (501, None, 'owner="501" group="65534"'),
        (None, None, 'owner="65534" group="65534"'),
    ],
)
@pytest.mark.parametrize("kind", [Kind.FILE, Kind.DIRECTORY])
def test_who_has_no_numeric_id_is_nobody_and_counted_once(kind, owner, group, told):
    nobodys = Attributes(kind, 5, 1, 2, owner, group)

    written = piece(present("/b", nobodys), present("/a"))

    first, _ = written.text.decode().splitlines()
    assert first == (
        f'    <file name="/b" size="5" mode="0x777"  type="{kind.value}" mtime="1" atime="2" '
        f'{told} index="1"/>'
    )
    assert written.totals.without_numeric_ids == 1
    assert written.totals.size == FILE.size + 5 * (kind is Kind.FILE)


def test_of_what_is_not_there_nobody_asks_whose_it_is():
    nobodys = Attributes(Kind.FILE, 5, 1, 2, None, None)

    written = piece(
        Entry(DELETED, "/c", nobodys, DELETE), Entry(UNREADABLE, "/b", nobodys, MODIFY, "broken")
    )

    assert written.totals == Totals(deleted_files=1, deleted_size=5, unreadable=1, unread=1)
    assert written.text.count(b'size="0"') == written.text.count(b'owner="0" group="0"') == 2


@pytest.mark.parametrize("count", [19, 20, 21, 50])
@pytest.mark.parametrize("size", [1, 3, 100])
def test_of_the_unreadable_and_the_left_out_the_first_hundred_are_told_and_all_counted(count, size):
    names = [f"/{number:03}" for number in range(count, 0, -1)]
    entries = chain.from_iterable((unreadable(name), left_out(f"{name}!")) for name in names)

    written = piece(*entries, size=size)

    assert written.unreadable == [(name, "it is broken") for name in names[:100]]
    assert written.left_out == [f"{name}!" for name in names[:100]]
    assert (written.totals.unreadable, written.totals.left_out) == (count, count)


def test_what_is_left_out_has_no_line():
    written = piece(present("/c"), left_out("/b"), left_out("/a\x01"), present("/a"))

    assert list(map(name_in, written.text.decode().splitlines())) == ["/c", "/a"]
    assert written.elsewhere == []
    assert written.totals.unreadable == 0


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
def test_a_name_is_written_so_that_parsers_give_it_back(make, name, written):
    text = piece(make(name)).text

    assert name_in(text.decode()) == written
    assert parsed(text) == [name]


@pytest.mark.parametrize("odd", ["&", "<", "\n", "\t", "\u2028", "\xa0", "é", "%", "&\n"])
def test_what_is_odd_in_one_name_changes_none_beside_it(odd):
    names = ["/d", f"/c{odd}", "/b>", "/a\r"]

    assert parsed(piece(*map(present, names), size=4).text) == names


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
        ("/\x01/%41", "/%01/%2541"),
        ("/a%01\x02", "/a%2501%02"),
    ],
)
@pytest.mark.parametrize("make", [present, deleted, unreadable])
def test_a_name_that_xml_cannot_hold_is_unreadable_and_written_in_percent(make, name, written):
    (line,) = lines(make(name))

    assert line == (
        f'<bad-dir name="{written}" size="0" mode="0x777"  type="F_REG" '
        'mtime="1700000200" atime="1700000200" owner="0" group="0" index="1"/>'
    )
    totals = piece(make(name)).totals
    assert totals == Totals(
        unreadable=1, unreadable_deleted=make is deleted, unread=make is unreadable
    )


def test_why_a_name_is_written_in_percent_is_told():
    written = piece(present("/c"), unreadable("/\x01"), present("/\x02", DIRECTORY))

    (broken, unheard_of) = written.unreadable
    assert broken == ("/\x01", "it is broken")
    assert unheard_of[0] == "/\x02"
    assert "no XML file" in unheard_of[1]
    assert 'type="F_DIR"' in lines(present("/\x02", DIRECTORY))[0]


def test_a_line_with_percent_belongs_elsewhere_under_its_name_as_written():
    written = piece(present("/b"), present("/a\x01&"), present("/a"))

    assert parsed(written.text) == ["/b", "/a"]
    ((name, line),) = written.elsewhere
    assert name == "/a%01&"
    assert parsed(line) == ["/a%01&"]
    assert written.last == "/a"


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
        if can_be_held(character) and character != "%"
        else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in name
    )


@given(st.lists(names, unique=True, max_size=12), st.integers(1, 12))
@example(["/&amp;lt;", "/&#10;", "/\n", "/a\x01", "/a&copy", "/&lt", "/\x1f\r"], 3)
def test_any_names_are_given_back_in_order_those_in_percent_elsewhere(names, size):
    names.sort(reverse=True)

    written = piece(*map(present, names), size=size)

    held = [name for name in names if all(map(can_be_held, name))]
    others = [in_percent(name) for name in names if name not in held]
    assert parsed(written.text) == held
    assert [name for name, _ in written.elsewhere] == others
    assert [parsed(line) for _, line in written.elsewhere] == [[name] for name in others]
    assert (written.totals.files, written.totals.unreadable) == (len(held), len(others))
    assert written.text.count(b"\n") == len(held)


@given(
    st.binary(max_size=6) | st.text(st.sampled_from("a%0125F\x01\x02"), max_size=8).map(str.encode)
)
@example(b"a%01\x02")
@example(b"a\x01\x02")
@example(b"%25\xff")
def test_a_name_in_percent_can_be_read_back_so_no_two_are_written_alike(name):
    written = piece(present("/\x01" + to_text(name)))

    ((_, line),) = written.elsewhere
    (read,) = parsed(line)
    assert unquote_to_bytes(read) == b"/\x01" + name


@given(st.lists(names, unique=True, max_size=12), st.integers(0, 12), st.integers(1, 5))
def test_two_pieces_laid_end_to_end_are_the_one_of_all(names, cut, size):
    names.sort(reverse=True)
    entries = [present(name) for name in names]

    one, two, both = piece(*entries[:cut]), piece(*entries[cut:]), piece(*entries, size=size)

    assert one.text + two.text == both.text
    assert one.totals.plus(two.totals) == both.totals
    assert one.elsewhere + two.elsewhere == both.elsewhere
