"""What every format of lists promises: one suite for all that the table of formats has."""

import io
import os
import pickle
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qumulo_changelist.errors import UsageError
from qumulo_changelist.events import ignore
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Entry, Kind, State, Totals
from qumulo_changelist.names import to_bytes
from qumulo_changelist.operations.lists.places import check_places
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.output.formats import FORMATS
from qumulo_changelist.output.interface import ListFormat
from qumulo_changelist.output.list_file import ListFile, WrittenList, list_file
from qumulo_changelist.output.publication import FilledList, publish
from qumulo_changelist.runners.encode import EntryEncoder
from qumulo_changelist.scan.tally import Tally
from tests.parts.entries import (
    PieceInMemory,
    WrittenPiece,
    deleted,
    gone,
    left_out,
    moved,
    present,
    unreadable,
    write_piece,
)
from tests.parts.format_readers import NOBODY, PARAMETERS, Line, read_list

# Lists for xargs and restic are those for tar (test_name_list.py).
form_names = pytest.mark.parametrize(
    "form_name", [name for name in FORMATS if name not in ("null", "restic")]
)


def make_form(form_name: str) -> ListFormat:
    return FORMATS[form_name].make(PARAMETERS)


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


def expected_lines(form_name: str, entries: list[Entry]) -> list[Line]:
    """Return the lines in order, as far as the format can express the entries."""
    form, known = make_form(form_name), FORMATS[form_name]
    listed = [
        one
        for one in entries
        if one.state in listed_states(form_name)
        and (known.has_directories or one.attributes.kind is Kind.FILE)
        # What cannot be named is listed as unreadable, if the format has such entries.
        and (known.has_attributes or form.can_hold(one.name))
    ]
    if known.covers_deletions:
        listed = [one for one in listed if not is_covered(form_name, one, entries)]

    def place(entry: Entry) -> tuple[str, bool]:
        # By their names as they are written, readable entries first.
        is_held = form_name != "xml" or form.can_hold(entry.name)
        return (entry.name if is_held else in_percent(entry.name)), is_held

    return [expected_line(form_name, form, one) for one in sorted(listed, key=place, reverse=True)]


def listed_states(form_name: str) -> set[State]:
    known = FORMATS[form_name]
    if form_name in {other.beside for other in FORMATS.values()}:
        return {State.DELETED}
    states = {State.PRESENT}
    if known.has_deletions and not known.beside:
        states.add(State.DELETED)
    # A list of names alone is read by a tool that could not read these either.
    return states | {State.UNREADABLE} if known.has_attributes else states


def is_covered(form_name: str, entry: Entry, entries: list[Entry]) -> bool:
    """Return whether an entry was deleted below one that stands for all that was deleted there."""
    form = make_form(form_name)
    return (
        entry.state is State.DELETED
        and form.can_hold(entry.name)
        and any(
            covers(form_name, one) and entry.name.startswith(f"{one.name}/")
            for one in entries
            if form.can_hold(one.name)
        )
    )


def covers(form_name: str, entry: Entry) -> bool:
    """Return whether an entry stands for what was deleted below it."""
    # What rsync puts in the place of a directory takes the place of all that was in it.
    replaces = form_name == "rsync-deleted" and entry.state is State.PRESENT
    return is_deleted_directory(entry) or (replaces and entry.attributes.kind is Kind.FILE)


def is_deleted_directory(entry: Entry) -> bool:
    return entry.state is State.DELETED and entry.attributes.kind is Kind.DIRECTORY


def expected_line(form_name: str, form: ListFormat, entry: Entry) -> Line:
    name, kind, known = to_bytes(entry.name), entry.attributes.kind, entry.attributes
    if not form.can_hold(entry.name):
        return Line(State.UNREADABLE, in_percent(entry.name).encode(), kind)
    if entry.state is not State.PRESENT:
        return Line(entry.state, name, kind)
    owners = (NOBODY if one is None else one for one in (known.owner, known.group))
    facts = (known.size, known.mtime, known.atime, *owners)
    moved_from = to_bytes(entry.moved_from)
    line = Line(entry.state, name, kind, moved_from, facts)
    if not FORMATS[form_name].has_attributes:
        line = line._replace(facts=())
    return line if FORMATS[form_name].has_moves else line._replace(moved_from=b"")


def count(lines: list[Line], entries: list[Entry]) -> dict[str, int]:
    """Return the totals of a list that has these lines of these entries."""
    kinds = Counter((line.state, line.kind) for line in lines)
    files = {
        line.name: line for line in lines if line.state is State.PRESENT and line.kind is Kind.FILE
    }
    ops = Counter(
        "moved" if one.moved_from else one.op for one in entries if to_bytes(one.name) in files
    )
    return {
        "files": len(files),
        "size": sum(line.facts[0] for line in files.values() if line.facts),
        "created": ops[CREATE],
        "modified": ops[MODIFY],
        "moved": ops["moved"],
        "deleted_files": kinds[State.DELETED, Kind.FILE],
        "directories": kinds[State.PRESENT, Kind.DIRECTORY],
        "deleted_directories": kinds[State.DELETED, Kind.DIRECTORY],
        "unreadable": sum(line.state is State.UNREADABLE for line in lines),
    }


def possible_cuts(form_name: str, entries: list[Entry], cuts: list[int]) -> list[int]:
    """Return where a list can be cut: the pieces of a run keep deleted directories together."""
    return [
        cut
        for cut in cuts
        if cut <= len(entries)
        and not (
            FORMATS[form_name].covers_deletions
            and any(
                covers(form_name, later) and earlier.name.startswith(f"{later.name}/")
                for later in entries[cut:]
                for earlier in entries[:cut]
            )
        )
    ]


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


HOSTILE = "ab!%,&<\"'\t\n\r\\\x00\x01\x1f\x7f\x85\u2028é😀\udc80\udcff\ufffe"
PART = st.text(st.sampled_from(HOSTILE), min_size=1, max_size=4)
NAMES = st.lists(PART, max_size=2).map(lambda parts: "/" + "/".join(parts))
HELD_NAMES = NAMES.filter(lambda name: all(map(is_xml, name)))
NUMBERS = st.integers(0, 2**40)
OWNERS = st.none() | st.integers(0, 2**32 - 1)
# Seconds of any year that a cluster or a mount can have, and in 64 bits.
TIMES = st.integers(-(2**63), 2**63 - 1)
FILES = st.builds(Attributes, st.just(Kind.FILE), NUMBERS, TIMES, NUMBERS, OWNERS, OWNERS)
# A cluster's directories have a size; without one, a classic list could not say what they are.
SIZES = st.integers(1, 2**40)
DIRECTORIES = st.builds(Attributes, st.just(Kind.DIRECTORY), SIZES, NUMBERS, NUMBERS, OWNERS)
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

BELOW_DELETED = descending(
    [
        deleted("/gone/a"),
        deleted("/gone/deep/b"),
        deleted("/gone/deep", Kind.DIRECTORY),
        deleted("/gone/c\udcff\x01"),
        unreadable("/gone/d"),
        deleted("/gone, too", Kind.DIRECTORY),
        deleted("/gone.mov"),
        deleted("/gone", Kind.DIRECTORY),
        present("/was a directory"),
        deleted("/was a directory/e"),
    ]
)
"""What was deleted with directories; of two of them, there is an entry."""

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


@form_names
@settings(max_examples=50)
@given(entries=entry_lists(NAMES), cuts=CUTS)
@example(OF_EACH_KIND, [1, 2, 6])
@example(BELOW_DELETED, [1, 3, 5, 7, 9])
@example(descending([present(name) for name in ODD_NAMES]), [1, 3, 3])
@example(descending([deleted(name) for name in ODD_NAMES]), [])
@example([], [0])
def test_a_list_has_its_entries_in_order_and_their_totals_wherever_it_is_cut(
    tmp_path_factory, form_name, entries, cuts
):
    form, folder = make_form(form_name), tmp_path_factory.getbasetemp()

    content = write_list(form, entries, possible_cuts(form_name, entries, cuts), folder)

    found, lines = read_list(form_name, content), expected_lines(form_name, entries)
    assert found.lines == lines
    totals = count(lines, entries)
    assert found.stated == {name: totals[name] for name in found.stated}
    assert content == write_list(form, entries, [], folder)


def test_lists_of_all_formats_state_their_totals_apart_from_those_without_room_for_them(tmp_path):
    stated = {
        form_name: set(read_list(form_name, write_list(make_form(form_name), [], [], tmp_path))[1])
        for form_name in FORMATS
    }

    in_xml = {"files", "size", "unreadable", "deleted_files"}
    assert stated["csv"] == set()
    assert stated["ndjson"] == stated["parquet"] == set(count([], []))
    assert stated["xml"] == stated["xml-classic"] == in_xml


@settings(max_examples=50)
@given(entries=entry_lists(NAMES))
def test_formats_return_the_listed_entries_whose_names_they_cannot_hold(entries):
    for form_name, known in FORMATS.items():
        form = make_form(form_name)

        written = write_piece(form, *entries)

        listed = [
            one
            for one in entries
            if one.state in listed_states(form_name)
            and (known.has_directories or one.attributes.kind is Kind.FILE)
        ]
        assert written.unnameable == [one for one in listed if not form.can_hold(one.name)]
        assert form.limitation or not written.unnameable


@form_names
@pytest.mark.parametrize("batch_size", [1, 9000])
def test_a_list_of_one_large_piece_is_that_of_small_ones(tmp_path, form_name, batch_size):
    form = make_form(form_name)
    entries = [present(f"/{number:04}") for number in range(4499, -1, -1)]
    totals = Totals(files=len(entries), size=700 * len(entries))

    def assemble(*pieces: WrittenPiece) -> bytes:
        return b"".join(form.assemble([PieceInMemory(each.piece) for each in pieces], totals))

    content = assemble(write_piece(form, *entries, batch_size=batch_size))

    small = [write_piece(form, *entries[begin : begin + 1000]) for begin in range(0, 4500, 1000)]
    assert content == assemble(*small)
    assert len(read_list(form_name, content).lines) == len(expected_lines(form_name, entries))


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


WITH_TOTALS = [
    form_name
    for form_name in FORMATS
    if read_list(form_name, b"".join(make_form(form_name).assemble([], Totals()))).stated
]
"""Of lists in the other formats, only the receipt shows that they are whole."""


@pytest.mark.parametrize("form_name", WITH_TOTALS)
def test_a_list_that_states_totals_cannot_be_read_if_it_was_cut_off(tmp_path, form_name):
    content = write_list(make_form(form_name), OF_EACH_KIND, [], tmp_path)
    ends = [end for end, byte in enumerate(content) if byte == ord("\n")]

    for end in [0, 10, len(content) // 2, *ends[:-1]]:
        with pytest.raises((ElementTree.ParseError, ValueError, KeyError, OSError)):
            read_list(form_name, content[:end])


@form_names
def test_a_list_is_published_whole_or_not_at_all(tmp_path, form_name):
    name = f"1-files.{FORMATS[form_name].ending}"
    form, path = make_form(form_name), str(tmp_path / name)

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
    assert published[name] == write_list(form, OF_EACH_KIND, [], tmp_path / "x")
    assert {name: Path(tmp_path, name).read_bytes() for name in published} == published
    assert sorted(os.listdir(tmp_path)) == sorted([*published, "x"])


def test_no_list_of_a_run_takes_the_place_of_a_receipt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(FORMATS, "mine", FORMATS["ndjson"]._replace(ending="json"))
    request = ChangelistRequest(
        project="a", guid="g", base_path="/a", older=1, newer=2, formats=("xml", "mine")
    )

    with pytest.raises(UsageError, match=r"two files of a run cannot be the same: .*1-files\.json"):
        check_places(str(tmp_path), request)
