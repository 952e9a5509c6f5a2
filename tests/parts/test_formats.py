"""What every format of lists promises: one suite for all that the table of formats has."""

import base64
import io
import json
import os
import pickle
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qumulo_changelist.events import ignore
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Entry, Kind, State, Totals
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.formats import FORMATS, ListParameters
from qumulo_changelist.output.interface import ListFormat
from qumulo_changelist.output.list_file import ListFile, WrittenList, list_file
from qumulo_changelist.output.publication import FilledList, publish
from qumulo_changelist.runners.encode import EntryEncoder
from qumulo_changelist.scan.tally import Tally
from tests.parts.entries import deleted, gone, left_out, moved, present, unreadable, write_piece

RUN_TIME = 1_700_000_200
NOBODY = 65534

form_names = pytest.mark.parametrize("form_name", FORMATS)


class Line(NamedTuple):
    """An entry of a list, in what all formats can express."""

    state: State
    name: bytes
    kind: Kind
    moved_from: bytes = b""
    facts: tuple[int, ...] = ()
    """Size, mtime, atime, owner and group of an entry that is present."""


class Content(NamedTuple):
    """A list as it was read back."""

    lines: list[Line]
    files: int
    size: int
    unreadable: int
    deleted_files: int


def read_xml(content: bytes) -> Content:
    states = {
        "file": State.PRESENT,
        "delete-file": State.DELETED,
        "bad-dir": State.UNREADABLE,
    }
    kinds = {"F_REG": Kind.FILE, "F_DIR": Kind.DIRECTORY}
    root = ElementTree.fromstring(content)
    lines = []
    for found in root:
        state, known = states[found.tag], found.attrib
        facts = tuple(int(known[name]) for name in ("size", "mtime", "atime", "owner", "group"))
        if state is not State.PRESENT:
            assert facts == (0, RUN_TIME, RUN_TIME, 0, 0)
            facts = ()
        name, moved_from = known["name"].encode(), known.get("from", "").encode()
        lines.append(Line(state, name, kinds[known["type"]], moved_from, facts))
    names = ("scanned", "size", "bad_dir_count", "delete_count")
    return Content(lines, *(int(root.attrib[name]) for name in names))


def read_ndjson(content: bytes) -> Content:
    *lines, last = map(json.loads, content.removesuffix(b"\n").split(b"\n"))
    totals = last["totals"]
    files = totals["created"] + totals["modified"] + totals["moved"]
    numbers = (files, totals["size"], totals["unreadable"], totals["deleted"])
    return Content([_line_of_object(one) for one in lines], *numbers)


def _line_of_object(found: dict[str, Any]) -> Line:
    changes = {"deleted": State.DELETED, "unreadable": State.UNREADABLE}
    state = changes.get(found["change"], State.PRESENT)
    facts: tuple[int, ...] = ()
    if state is State.PRESENT:
        owners = (NOBODY if found[name] is None else found[name] for name in ("owner", "group"))
        facts = (found["size"], found["mtime"], found["atime"], *owners)
    name, moved_from = (_exact(found, field) for field in ("path", "moved_from"))
    return Line(state, name, Kind(found["kind"]), moved_from, facts)


def _exact(found: dict[str, Any], field: str) -> bytes:
    if exact := found.get(f"{field}_bytes"):
        return base64.b64decode(exact)
    return str(found.get(field, "")).encode()


READERS: dict[str, Callable[[bytes], Content]] = {"xml": read_xml, "ndjson": read_ndjson}


def make_form(form_name: str) -> ListFormat:
    return FORMATS[form_name].make(ListParameters("1", RUN_TIME))


def fill(file: ListFile, form: ListFormat, entries: list[Entry], cuts: list[int]) -> Totals:
    """Put entries into a list, in pieces that end at the cuts; return what it contains."""
    tally = Tally()
    for begin, end in pairwise([0, *sorted(cuts), len(entries)]):
        some = entries[begin:end]
        # Batches of several sizes.
        batches = [some[:3], *([one] for one in some[3:5]), some[5:]]
        (counted,) = EntryEncoder((form,))(batch for batch in batches if batch)
        file.add(counted.piece)
        tally.merge(counted.tally)
    return tally.totals


def write_list(form: ListFormat, entries: list[Entry], cuts: list[int], folder: object) -> bytes:
    """Return a list as it is written."""
    with list_file(os.path.join(str(folder), "formats", "list"), form) as file:
        totals = fill(file, form, entries, cuts)
        content = io.BytesIO()
        file.write(content, totals)
    return content.getvalue()


def expected_line(form: ListFormat, entry: Entry) -> Line:
    name, kind, known = to_bytes(entry.name), entry.attributes.kind, entry.attributes
    if not form.can_hold(entry.name):
        return Line(State.UNREADABLE, in_percent(entry.name).encode(), kind)
    if entry.state is not State.PRESENT:
        return Line(entry.state, name, kind)
    owners = (NOBODY if one is None else one for one in (known.owner, known.group))
    facts = (known.size, known.mtime, known.atime, *owners)
    return Line(entry.state, name, kind, to_bytes(entry.moved_from), facts)


def expected_lines(form: ListFormat, entries: list[Entry]) -> list[Line]:
    """Return the lines in order: by their names as they are written, readable entries first."""
    listed = [
        one for one in entries if one.state in (State.PRESENT, State.DELETED, State.UNREADABLE)
    ]

    def place(entry: Entry) -> tuple[str, bool]:
        is_held = form.can_hold(entry.name)
        return (entry.name if is_held else in_percent(entry.name)), is_held

    return [expected_line(form, one) for one in sorted(listed, key=place, reverse=True)]


def count(lines: list[Line]) -> tuple[int, int, int, int]:
    """Return the numbers of files, their bytes, of unreadable entries and of deleted files."""
    files = [line for line in lines if line.kind is Kind.FILE]
    there = [line for line in files if line.state is State.PRESENT]
    return (
        len(there),
        sum(line.facts[0] for line in there),
        sum(line.state is State.UNREADABLE for line in lines),
        sum(line.state is State.DELETED for line in files),
    )


def in_percent(name: str) -> str:
    """Return a name that XML cannot hold as the contract states it."""
    return "".join(
        character
        if is_xml(character) and character != "%"
        else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in name
    )


def is_xml(character: str) -> bool:
    """Return whether XML 1.0 has a character (section 2.2, "Char")."""
    code = ord(character)
    return (
        code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code > 0xFFFF
    )


HOSTILE = "ab!%&<\"'\t\n\r\\\x00\x01\x1f\x7f\x85\u2028é😀\udc80\udcff\ufffe"
NAMES = st.text(st.sampled_from(HOSTILE), max_size=4).map("/{}".format)
HELD_NAMES = NAMES.filter(lambda name: all(map(is_xml, name)))
NUMBERS = st.integers(0, 2**40)
OWNERS = st.none() | st.integers(0, 2**32 - 1)
FILES = st.builds(Attributes, st.just(Kind.FILE), NUMBERS, st.integers(), NUMBERS, OWNERS, OWNERS)
DIRECTORIES = st.builds(Attributes, st.just(Kind.DIRECTORY), NUMBERS, NUMBERS, NUMBERS, OWNERS)
KINDS = st.sampled_from([Kind.FILE, Kind.DIRECTORY])


def entry_lists(names: st.SearchStrategy[str]) -> st.SearchStrategy[list[Entry]]:
    """Return any entries of a list, each name once, in descending order."""
    entries = st.one_of(
        st.builds(present, names, FILES | DIRECTORIES, st.sampled_from([CREATE, MODIFY])),
        # Only a file whose name the format can hold is part of a move (scan/moves.py).
        st.builds(moved, HELD_NAMES, HELD_NAMES, FILES),
        st.builds(Entry, st.just(State.DELETED), names, FILES | DIRECTORIES, st.just(DELETE)),
        st.builds(unreadable, names, KINDS, NAMES),
        st.builds(left_out, names),
        st.builds(gone, names, KINDS),
    )
    return st.lists(entries, max_size=16, unique_by=lambda entry: entry.name).map(descending)


def descending(entries: list[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.name, reverse=True)


CUTS = st.lists(st.integers(0, 16), max_size=4)
"""Where pieces end; between two equal cuts there is a piece without entries."""

ODD_NAMES = ["/a%01", "/a\x01", "/a%", "/a%%", "/a!", "/a%3", "/a\n", "/\x1f/&", "/b\udcff", "/a"]
OF_EACH_KIND = descending(
    [
        present("/present", Attributes(Kind.FILE, 2**40, -1, 0, None, 20)),
        moved("/moved", "/from <here>"),
        present("/directory", Attributes(Kind.DIRECTORY, 5)),
        deleted("/deleted"),
        deleted("/deleted directory", Kind.DIRECTORY),
        unreadable("/unreadable", reason="no \udcff"),
        left_out("/left out"),
        left_out("/left out \x01"),
        gone("/gone"),
    ]
)


def test_this_suite_can_read_every_format():
    assert READERS.keys() == FORMATS.keys()


@form_names
@settings(max_examples=50)
@given(entries=entry_lists(NAMES), cuts=CUTS)
@example(OF_EACH_KIND, [1, 2, 6])
@example(descending([present(name) for name in ODD_NAMES]), [1, 3, 3])
@example(descending([deleted(name) for name in ODD_NAMES]), [])
@example([], [0])
def test_a_list_has_its_entries_in_order_and_their_totals_wherever_it_is_cut(
    tmp_path_factory, form_name, entries, cuts
):
    form, folder = make_form(form_name), tmp_path_factory.getbasetemp()

    content = write_list(form, entries, [cut for cut in cuts if cut <= len(entries)], folder)

    lines = expected_lines(form, entries)
    assert READERS[form_name](content) == Content(lines, *count(lines))
    assert content == write_list(form, entries, [], folder)
    assert content.endswith(b"\n")


@settings(max_examples=50)
@given(entries=entry_lists(HELD_NAMES))
@example(OF_EACH_KIND)
def test_all_formats_agree_on_the_same_entries(tmp_path_factory, entries):
    folder = tmp_path_factory.getbasetemp()

    first, *others = (
        READERS[form_name](write_list(make_form(form_name), entries, [], folder))
        for form_name in FORMATS
    )

    assert others == [first] * len(others)


@form_names
@settings(max_examples=50)
@given(entries=entry_lists(NAMES))
def test_a_format_returns_the_listed_entries_whose_names_it_cannot_hold(form_name, entries):
    form = make_form(form_name)

    written = write_piece(form, *entries)

    listed = [one for one in entries if one.state not in (State.LEFT_OUT, State.GONE)]
    assert written.unnameable == [one for one in listed if not form.can_hold(one.name)]
    assert form.limitation or not written.unnameable


@form_names
@pytest.mark.parametrize("batch_size", [1, 3000, 9000])
def test_a_large_piece_is_what_small_pieces_are_together(form_name, batch_size):
    form = make_form(form_name)
    entries = [present(f"/{number:04}") for number in range(8999, -1, -1)]

    content = write_piece(form, *entries, batch_size=batch_size).piece.content

    small = (write_piece(form, *entries[begin : begin + 1000]) for begin in range(0, 9000, 1000))
    assert content == b"".join(written.piece.content for written in small)
    assert content.count(b"\n") == 9000


@form_names
@pytest.mark.parametrize("last", [present("/a"), present("/a\x01"), deleted("/a"), left_out("/a")])
def test_a_piece_has_the_name_of_its_last_entry(form_name, last):
    form = make_form(form_name)

    assert write_piece(form, present("/c"), present("/b"), last).piece.last_name == last.name
    assert write_piece(form).piece.last_name == ""


@form_names
def test_a_format_and_its_pieces_can_be_sent_to_another_process(form_name):
    form = make_form(form_name)
    piece = write_piece(form, *OF_EACH_KIND, present("/\x01")).piece

    assert pickle.loads(pickle.dumps(form)) == form
    assert pickle.loads(pickle.dumps(piece)) == piece


@form_names
def test_a_list_that_was_cut_off_cannot_be_read(tmp_path, form_name):
    content = write_list(make_form(form_name), OF_EACH_KIND, [], tmp_path)
    lines = content.splitlines(keepends=True)

    assert READERS[form_name](b"".join(lines)).files == 2
    for end in range(len(lines)):
        with pytest.raises((ElementTree.ParseError, ValueError, KeyError)):
            READERS[form_name](b"".join(lines[:end]))


@form_names
def test_a_list_is_published_whole_or_not_at_all(tmp_path, form_name):
    form, path = make_form(form_name), str(tmp_path / f"1-files.{form_name}")

    def interrupt(_: WrittenList) -> bytes:
        raise KeyboardInterrupt

    def publish_list(entries: list[Entry], make_receipt: Callable[[WrittenList], bytes]) -> None:
        with list_file(path, form) as file:
            publish([FilledList(file, fill(file, form, entries, [1]), make_receipt)], ignore)

    publish_list(OF_EACH_KIND, lambda written: written.sha256.encode())
    published = {name: Path(tmp_path, name).read_bytes() for name in os.listdir(tmp_path)}
    with pytest.raises(KeyboardInterrupt):
        publish_list([present("/new")], interrupt)

    assert len(published) == 2
    assert published[f"1-files.{form_name}"] == write_list(form, OF_EACH_KIND, [], tmp_path / "x")
    assert {name: Path(tmp_path, name).read_bytes() for name in published} == published
    assert sorted(os.listdir(tmp_path)) == sorted([*published, "x"])
