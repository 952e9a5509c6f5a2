"""Lists as newline-delimited JSON: exact to the byte, and exact in names that are not UTF-8."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Entry, Kind, State, Totals
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.ndjson import Ndjson
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

FORM = Ndjson()
CONTRACT = Path(__file__).resolve().parents[2] / "docs" / "scan-list.md"

NOT_UTF8 = {
    "/a\udcff": "/a\ufffd",
    "/\udce9t\udce9": "/\ufffdt\ufffd",
    "/é\udcc3": "/é\ufffd",
    "/\ud800": "/\ufffd\ufffd\ufffd",
}
"""Names that are not UTF-8, and what people see instead."""

HOSTILE = [
    "/a\nb",
    "/a\r\n",
    "/\0\x01\x1f\x7f\x85\u2028",
    '/"\\',
    "/\uffff\ufffe",
    "/é🎬",
    "/%41&<",
]
"""Other names that are hard to write."""

ALL_KINDS = [
    present("/g", FILE, MODIFY),
    present("/f", FILE, CREATE),
    moved("/e", "/old"),
    present("/d", DIRECTORY),
    deleted("/c"),
    deleted("/b", Kind.DIRECTORY),
    unreadable("/a", Kind.DIRECTORY, "permission denied"),
    unreadable("/"),
]


def create(name: str) -> Entry:
    return present(name, op=CREATE)


def encode(*entries: Entry) -> str:
    return write_piece(FORM, *entries).piece.content.decode()


def read(entry: Entry) -> dict[str, Any]:
    """Return what a reader of JSON gets of an entry."""
    found: dict[str, Any] = json.loads(encode(entry))
    return found


def test_each_entry_is_an_object_on_a_line():
    facts = '"size":700,"mtime":1700000100,"atime":1700000150,"owner":501,"group":20'

    assert encode(*ALL_KINDS) == (
        f'{{"path":"/g","kind":"file","change":"modified",{facts}}}\n'
        f'{{"path":"/f","kind":"file","change":"created",{facts}}}\n'
        f'{{"path":"/e","kind":"file","change":"moved",{facts},"moved_from":"/old"}}\n'
        '{"path":"/d","kind":"directory","change":"modified","size":512,"mtime":1700000100,'
        '"atime":1700000150,"owner":501,"group":20}\n'
        '{"path":"/c","kind":"file","change":"deleted"}\n'
        '{"path":"/b","kind":"directory","change":"deleted"}\n'
        '{"path":"/a","kind":"directory","change":"unreadable","reason":"permission denied"}\n'
        '{"path":"/","kind":"file","change":"unreadable","reason":"I/O error"}\n'
    )


def test_the_example_of_the_contract_is_what_is_written():
    facts = Attributes(Kind.FILE, 500, 1_700_000_100, 1_700_000_100, 501, 20)
    entries = [
        present("/reel2/b.mov", facts),
        deleted("/reel1/old.mov"),
        unreadable("/reel1/locked.mov", reason="Permission denied"),
    ]
    totals = Totals(files=1, size=500, deleted_files=1, unreadable=1)

    pieces = [PieceInMemory(write_piece(FORM, *entries).piece)]
    content = b"".join(FORM.assemble(pieces, totals)).decode()

    documented = CONTRACT.read_text(encoding="utf-8").splitlines()
    assert content.splitlines() == [
        line.strip() for line in documented if line.startswith('    {"')
    ]


def test_what_is_left_out_or_gone_has_no_line():
    assert encode(left_out("/c"), gone("/b"), gone("/a", Kind.DIRECTORY), left_out("/\udcff")) == ""


def test_an_owner_without_a_numeric_id_is_null():
    nobodys = Attributes(Kind.FILE, 5, 1, 2, None, None)

    assert read(present("/a", nobodys)) == {
        "path": "/a",
        "kind": "file",
        "change": "modified",
        "size": 5,
        "mtime": 1,
        "atime": 2,
        "owner": None,
        "group": None,
    }


@pytest.mark.parametrize("state", [State.DELETED, State.UNREADABLE])
def test_an_entry_that_is_not_there_has_no_attributes(state):
    known = Attributes(Kind.FILE, 5, 1, 2, None, 20)

    assert read(Entry(state, "/a", known, DELETE)).keys() <= {"path", "kind", "change", "reason"}


@pytest.mark.parametrize("number", [0, -1, -(2**40), 2**63, 10**30])
def test_numbers_are_exact(number):
    found = read(present("/a", Attributes(Kind.FILE, number, number, number, number, number)))

    assert {found[name] for name in ("size", "mtime", "atime", "owner", "group")} == {number}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("make", [present, deleted, unreadable])
def test_any_utf_8_name_is_one_line_and_comes_back(make, name):
    content = encode(make(name))

    assert content.count("\n") == 1
    assert json.loads(content)["path"] == name
    assert "path_bytes" not in json.loads(content)


@pytest.mark.parametrize(("name", "shown"), NOT_UTF8.items())
@pytest.mark.parametrize("make", [present, create, deleted, unreadable])
def test_a_name_that_is_not_utf_8_is_exact_in_base64(make, name, shown):
    found = read(make(name))

    assert found["path"] == shown
    assert base64.b64decode(found["path_bytes"]) == to_bytes(name)
    assert found | {"path": "/plain"} == read(make("/plain")) | {"path_bytes": found["path_bytes"]}


@pytest.mark.parametrize(("name", "shown"), NOT_UTF8.items())
def test_so_is_the_name_that_a_moved_file_had(name, shown):
    found = read(moved("/new", name))

    assert found["moved_from"] == shown
    assert base64.b64decode(found["moved_from_bytes"]) == to_bytes(name)
    assert "moved_from_bytes" not in read(moved("/new", "/old"))


def test_a_name_that_is_not_utf_8_changes_no_other_name():
    names = ["/d", "/c\udcff", "/b", "/a"]

    lines = encode(*map(present, names)).splitlines()

    assert ["path_bytes" in line for line in lines] == [False, True, False, False]


def test_a_reason_may_be_any_text():
    assert read(unreadable("/a", reason='no "\udcff"\n'))["reason"] == 'no "\ufffd"\n'


def test_every_name_can_be_held():
    names = [*HOSTILE, *NOT_UTF8]

    assert all(map(FORM.can_hold, names))
    written = write_piece(FORM, *map(present, names))
    assert (written.unnameable, written.piece.misplaced) == ([], [])
    assert FORM.limitation == ""


def test_the_last_line_has_the_totals():
    totals = Totals(
        files=60,
        size=6000,
        created=10,
        created_size=1000,
        moved=20,
        moved_size=2000,
        replaced=3,
        directories=4,
        deleted_files=5,
        deleted_size=500,
        deleted_directories=6,
        gone_files=7,
        unreadable=8,
        left_out=9,
    )
    pieces = [PieceInMemory(write_piece(FORM, present(name)).piece) for name in ("/b", "/a")]

    *lines, last = b"".join(FORM.assemble(pieces, totals)).splitlines()

    assert [json.loads(line)["path"] for line in lines] == ["/b", "/a"]
    assert last.decode() == (
        '{"totals":{"created":10,"modified":30,"moved":20,"deleted":5,"modified_directories":4,'
        '"deleted_directories":6,"unreadable":8,"size":6000}}'
    )
