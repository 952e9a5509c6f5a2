"""Lists as CSV: exact to the byte, and reversible in names that no CSV has as they are."""

import csv
import io

import pytest

from qumulo_changelist.columns import FileBatch
from qumulo_changelist.model import CREATE, MODIFY, Attributes, Entry, Kind, Totals
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.csv_list import CsvList, escape, unescape
from tests.parts.entries import (
    DIRECTORY,
    FILE,
    PieceInMemory,
    deleted,
    gone,
    left_out,
    moved,
    present,
    unreadable,
    write_piece,
)

FORM = CsvList()
HEADER = "path,kind,change,size,mtime,atime,owner,group,moved_from,reason\r\n"

WRITTEN = {
    "/a,b": '"/a,b"',
    '/"a"': '"/""a"""',
    "/a\nb": '"/a\nb"',
    "/a\r\n": '"/a\r\n"',
    "/é🎬\u2028": "/é🎬\u2028",
    "/=1+1": "/=1+1",
    "/a\\xff": "/a\\x5cxff",
    "/a\udcff": "/a\\xff",
    "/\udce9t\udce9,": '"/\\xe9t\\xe9,"',
    "/\0\t\x1f\x7f": "/\\x00\\x09\\x1f\\x7f",
    # Lone surrogates that stand for no byte: only a cluster can have such a name.
    "/\ud800": "/\\xed\\xa0\\x80",
}
"""Names, and how they are written."""


def encode(*entries: Entry) -> str:
    return write_piece(FORM, *entries).piece.content.decode()


def test_a_list_has_a_record_for_each_entry_after_the_names_of_the_columns():
    piece = write_piece(
        FORM,
        present("/g", FILE, MODIFY),
        present("/f", FILE, CREATE),
        moved("/e", "/old, older"),
        left_out("/e"),
        present("/d", DIRECTORY),
        present("/cc", Attributes(Kind.FILE, 0, -1, 2**60, None, None)),
        deleted("/c"),
        deleted("/b", Kind.DIRECTORY),
        gone("/b"),
        unreadable("/a", Kind.DIRECTORY, "permission\ndenied"),
        unreadable("/"),
    ).piece

    assert b"".join(FORM.assemble([PieceInMemory(piece)], Totals())).decode() == (
        f"{HEADER}"
        "/g,file,modified,700,1700000100,1700000150,501,20,,\r\n"
        "/f,file,created,700,1700000100,1700000150,501,20,,\r\n"
        '/e,file,moved,700,1700000100,1700000150,501,20,"/old, older",\r\n'
        "/d,directory,modified,512,1700000100,1700000150,501,20,,\r\n"
        f"/cc,file,modified,0,-1,{2**60},,,,\r\n"
        "/c,file,deleted,,,,,,,\r\n"
        "/b,directory,deleted,,,,,,,\r\n"
        '/a,directory,unreadable,,,,,,,"permission\ndenied"\r\n'
        "/,file,unreadable,,,,,,,I/O error\r\n"
    )


@pytest.mark.parametrize("name", WRITTEN)
def test_a_name_is_quoted_and_escaped_where_csv_needs_it(name: str) -> None:
    line = f"{WRITTEN[name]},file,modified,700,1700000100,1700000150,501,20,,\r\n"

    assert encode(present(name)) == line
    ((read, *_),) = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert read == escape(name)
    assert to_bytes(unescape(read)) == to_bytes(name)


def test_no_two_names_are_written_alike():
    names = [*WRITTEN, "/a\\", "/a\\x5c", "/a\\\\", "/a\udc5c", "/\\xff", "/\udcff"]

    assert len(set(map(escape, names))) == len(names)


@pytest.mark.parametrize("names", [["/d/b", "/d/a"], ["/d/b,", "/d/a"], ["/d/b\\", "/d/a\udcff"]])
def test_files_as_columns_are_written_like_entries(names: list[str]) -> None:
    entries = [present(names[0]), deleted(names[1])]
    files = FileBatch.of(entries, "/d/")
    assert files
    writer = FORM.start_piece()

    assert writer.add(files) == []

    assert writer.finish().content.decode() == encode(*entries)


@pytest.mark.parametrize(
    ("reason", "written"),
    [
        ("=cmd|' /C calc'!A0", "\\x3dcmd|' /C calc'!A0"),
        ("+1", "\\x2b1"),
        ("-1", "\\x2d1"),
        ("@SUM(1)", "\\x40SUM(1)"),
        ("\tx", "\\x09x"),
        ("\r\nx", '"\\x0d\nx"'),
        ("1-1=0", "1-1=0"),
    ],
)
def test_no_reason_is_the_formula_of_a_spreadsheet(reason: str, written: str) -> None:
    assert encode(unreadable("/a", reason=reason)) == f"/a,file,unreadable,,,,,,,{written}\r\n"
    assert unescape(escape(reason)) == reason


@pytest.mark.parametrize("text", ["/\\", "/\\x", "/\\xg0", "/\\n", "/\\\\"])
def test_a_backslash_that_begins_no_escape_is_malformed(text: str) -> None:
    with pytest.raises(ValueError, match="a backslash is not followed by x and two digits"):
        unescape(text)
