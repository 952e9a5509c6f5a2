"""Moves: what one tree lost and the other gained is paired where it is the same file."""

import pickle
from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qumulo_changelist.changes.sorted_keys import SortedKeys
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Entry, Kind, State
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.scan import moves
from qumulo_changelist.scan.moves import RecordEntries, pieces
from qumulo_changelist.scan.order import Batch
from qumulo_changelist.scan.records import read
from tests.parts.outcomes import (
    BAD,
    FOLDER,
    LINK,
    UNNAMEABLE,
    Line,
    Outcome,
    World,
    file,
    listed,
    moved,
    sides,
    worlds,
)


class Remembering:
    """A format of lists that writes nothing: a piece of it is the batches."""

    def piece(self, batches: Iterable[Batch]) -> list[Batch]:
        return list(batches)

    def can_name(self, name: str) -> bool:
        return name not in UNNAMEABLE


FORM = Remembering()


def parted(slices: Iterable[list[Entry]]) -> Iterator[moves.SliceRecords]:
    for entries in slices:
        yield RecordEntries(FORM)([entry] for entry in entries)


def made(
    slices: Iterable[list[Entry]], folder: object = "", *, limit: int = 1000, deletes: bool = True
) -> list[list[Batch]]:
    """Return the pieces."""
    is_open, settled = SortedKeys(limit, str(folder)), SortedKeys(limit, str(folder))
    try:
        return list(pieces(parted(slices), FORM, is_open, settled, deletes=deletes))
    finally:
        is_open.close()
        settled.close()


def entries(world: World, *, deletes: bool = True) -> list[Entry]:
    return [
        entry for piece in made([sides(world)], deletes=deletes) for one in piece for entry in one
    ]


def line(entry: Entry) -> Line:
    known = entry.attributes
    return Line(entry.state, entry.name, known.kind, entry.moved_from, entry.replaces)


def told(world: World, *, deletes: bool = True) -> list[str]:
    """Return what is listed, a word and a name each, and where it was moved from."""
    return [
        f"{entry.state.value} {entry.name}" + f" from {entry.moved_from}" * bool(entry.moved_from)
        for entry in entries(world, deletes=deletes)
        if entry.state not in (State.GONE, State.LEFT_OUT)
    ]


def was(known: Attributes) -> Outcome:
    return Outcome(was=known)


def now(known: Attributes) -> Outcome:
    return Outcome(now=known)


# What is a move


def test_a_file_with_another_name_was_moved_and_its_old_name_is_not_deleted():
    assert told({"/old": was(file("1")), "/new": now(file("1"))}) == ["file /new from /old"]


def test_a_moved_file_has_the_attributes_that_it_has_now():
    (new,) = [
        entry
        for entry in entries({"/old": was(file("1")), "/new": now(file("1"))})
        if entry.state is State.PRESENT
    ]

    known = Attributes(Kind.FILE, 5, mtime=7, atime=8, owner=501, group=None, id="1", revision="1")
    assert new == Entry(State.PRESENT, "/new", known, CREATE, moved_from="/old")


@pytest.mark.parametrize(
    "other", [file("2"), file("1", size=6), file("1", revision="2"), file("11", 5, "1")]
)
def test_a_file_with_another_id_size_or_revision_is_another(other):
    assert told({"/old": was(file("1")), "/new": now(other)}) == ["delete-file /old", "file /new"]


@pytest.mark.parametrize("unknown", [file(""), file("1", revision="")])
def test_where_nobody_said_which_file_it_is_it_was_not_moved(unknown):
    assert told({"/old": was(unknown), "/new": now(unknown)}) == ["delete-file /old", "file /new"]


def test_what_makes_up_one_file_is_not_mistaken_for_another():
    """The id, the size and the revision, written one behind the other, could be."""
    world = {"/old": was(file("1", 23, "4")), "/new": now(file("12", 3, "4"))}

    assert told(world) == ["delete-file /old", "file /new"]


def test_a_modified_file_was_not_moved_even_if_another_name_of_it_is_gone():
    world = {"/old": was(file("1")), "/link": Outcome(None, file("1"), modified=True)}

    assert told(world) == ["delete-file /old", "file /link"]


@pytest.mark.parametrize("kind", [Kind.DIRECTORY, Kind.OTHER])
def test_only_regular_files_are_moved(kind):
    known = Attributes(kind, size=5, id="1", revision="1")
    found = RecordEntries(FORM)(
        [[Entry(State.PRESENT, "/new", known, CREATE), Entry(State.DELETED, "/old", known, DELETE)]]
    )

    assert found.open == []
    assert len(found.settled) == 2


@pytest.mark.parametrize("state", [State.UNREADABLE, State.LEFT_OUT, State.GONE])
@pytest.mark.parametrize("op", [CREATE, DELETE])
def test_what_cannot_be_read_or_nobody_can_say_more_of_was_not_moved(state, op):
    found = RecordEntries(FORM)([[Entry(state, "/a", file("1"), op)]])

    assert (found.open, list(map(read, found.settled))) == (
        [],
        [Entry(state, "/a", file("1"), op)],
    )


def test_what_may_have_been_moved_stands_behind_what_it_is():
    entry = Entry(State.PRESENT, "/a", file("17", 5, "3"), CREATE)

    (record,) = RecordEntries(FORM)([[entry]]).open

    assert record.partition("\0")[0] == "17 5 3"
    assert read(record.partition("\0")[2]) == entry


@pytest.mark.parametrize("name", UNNAMEABLE)
def test_a_name_that_the_list_cannot_hold_is_neither_moved_from_nor_moved_to(name):
    came = told({name: was(file("1")), "/b": now(file("1"))})
    went = told({name: now(file("1")), "/b": was(file("1"))})

    assert sorted(came) == sorted([f"delete-file {name}", "file /b"])
    assert sorted(went) == sorted([f"file {name}", "delete-file /b"])


# Several names


def test_of_several_names_the_first_became_the_first():
    world = {
        "/a2": was(file("1")),
        "/a1": was(file("1")),
        "/b2": now(file("1")),
        "/b1": now(file("1")),
    }

    assert told(world) == ["file /b2 from /a2", "file /b1 from /a1"]


def test_a_name_too_many_was_created_or_deleted():
    two = {"/b2": now(file("1")), "/b1": now(file("1")), "/a": was(file("1"))}
    one = {"/b": now(file("1")), "/a2": was(file("1")), "/a1": was(file("1"))}

    assert told(two) == ["file /b2", "file /b1 from /a"]
    assert told(one) == ["file /b from /a1", "delete-file /a2"]


def test_names_are_first_by_their_bytes():
    world = {"/😀": was(file("1")), "/\ue000": was(file("1")), "/b": now(file("1"))}

    assert told(world) == ["delete-file /😀", "file /b from /\ue000"]


def test_a_name_that_the_file_kept_is_no_move():
    """As where its directory was deleted and made anew, and it was linked into it again."""
    world = {
        "/d/a": Outcome(file("1"), file("1")),
        "/old": was(file("1")),
        "/new": now(file("1")),
    }

    assert told(world) == ["file /new from /old", "file /d/a"]


def test_two_files_that_swapped_their_names_are_both_moved():
    world = {"/a": Outcome(file("1"), file("2")), "/b": Outcome(file("2"), file("1"))}

    assert told(world) == ["file /b from /a", "file /a from /b"]
    assert all(entry.replaces for entry in entries(world))


def test_files_that_took_each_others_place_in_turn_are_all_moved():
    world = {
        "/a": was(file("1")),
        "/b": Outcome(file("2"), file("1")),
        "/c": Outcome(file("3"), file("2")),
        "/d": now(file("3")),
    }

    assert told(world) == ["file /d from /c", "file /c from /b", "file /b from /a"]
    assert [entry.name for entry in entries(world) if entry.state is State.GONE] == ["/a"]


def test_a_file_moved_over_another_is_moved_and_the_other_replaced():
    world = {"/a": was(file("1")), "/b": Outcome(file("2"), file("1"))}

    assert told(world) == ["file /b from /a"]
    assert [entry.replaces for entry in entries(world)] == [True, False]


@pytest.mark.parametrize("other", [LINK, FOLDER])
def test_what_is_no_file_is_not_replaced(other):
    world = {"/a": was(file("1")), "/b": Outcome(other, file("1"))}

    assert told(world) == ["file /b from /a"]
    assert not any(entry.replaces for entry in entries(world))


def test_a_link_in_the_place_of_a_moved_file_does_not_delete_it():
    world = {"/a": Outcome(file("1"), LINK), "/b": now(file("1"))}

    assert told(world) == ["file /b from /a"]
    assert [line(entry) for entry in entries(world)][1:] == [
        Line(State.LEFT_OUT, "/a", Kind.OTHER),
        Line(State.GONE, "/a", Kind.FILE),
    ]


def test_a_moved_file_whose_old_name_cannot_be_read_now_is_moved_all_the_same():
    world = {"/a": Outcome(file("1"), BAD), "/b": now(file("1"))}

    assert told(world) == ["file /b from /a", "bad-dir /a"]


def test_where_deletions_are_not_wanted_files_are_moved_and_nothing_is_deleted():
    world = {"/a": was(file("1")), "/b": now(file("1")), "/c": was(file("2")), "/d": was(FOLDER)}

    assert told(world, deletes=False) == ["file /b from /a"]
    assert told(world) == ["delete-file /d", "delete-file /c", "file /b from /a"]


# Any world


@given(
    world=worlds,
    shuffled=st.randoms(use_true_random=False),
    cuts=st.lists(st.integers(0, 20), max_size=4),
    limit=st.integers(1, 5) | st.just(1000),
    deletes=st.booleans(),
)
@example(
    world={"/a": was(file("1")), "/b": now(file("1")), "/c": now(file("1"))},
    shuffled=None,
    cuts=[1],
    limit=1,
    deletes=True,
)
@settings(max_examples=150)
def test_any_names_of_any_files_lead_to_the_moves_that_the_definition_says(
    tmp_path_factory, world, shuffled, cuts, limit, deletes
):
    found = sides(world)
    if shuffled:
        shuffled.shuffle(found)
    bounds = [0, *sorted(cuts), len(found)]
    slices = [found[start:end] for start, end in pairwise(bounds)]

    out = made(slices, tmp_path_factory.getbasetemp(), limit=limit, deletes=deletes)

    lines = [line(entry) for piece in out for batch in piece for entry in batch]
    # Nobody cares for a link that is gone.
    lines = [one for one in lines if (one.state, one.kind) != (State.GONE, Kind.OTHER)]
    assert lines == listed(world, deletes=deletes)


@given(worlds)
def test_nothing_but_what_is_moved_differs_from_a_list_without_moves(world):
    came_from = moved(world)

    def without_numeric_ids(known: Attributes | None) -> Attributes | None:
        is_known = known and known.kind is Kind.FILE and known is not BAD
        return file("", known.size) if is_known else known

    plain = {
        name: Outcome(without_numeric_ids(one.was), without_numeric_ids(one.now), one.modified)
        for name, one in world.items()
    }

    expected = []
    for one in told(plain):
        word, name = one.split(" ", 1)
        if word != "delete-file" or name not in came_from.values():
            expected.append(one + f" from {came_from.get(name)}" * (name in came_from))
    assert told(world) == expected


# Pieces


def test_of_no_slices_and_of_empty_ones_there_is_no_piece():
    assert made([]) == []
    assert made([[], []]) == []


def test_a_piece_is_no_smaller_than_asked_for_but_for_the_last(monkeypatch, tmp_path):
    monkeypatch.setattr(moves, "_IN_A_PIECE", 3)
    world = {f"/{number}": now(file(str(number))) for number in range(10, 18)}

    out = made([[entry] for entry in sides(world)], tmp_path, limit=2)

    names = [[entry.name for batch in piece for entry in batch] for piece in out]
    assert [name for piece in names for name in piece] == sorted(world, reverse=True)
    assert all(len(piece) >= 3 for piece in names[:-1])


def test_a_name_at_the_border_of_two_blocks_is_still_one_entry(monkeypatch):
    monkeypatch.setattr("qumulo_changelist.changes.sorted_keys._BLOCK", 1)
    world = {"/a": Outcome(file("1"), file("2")), "/b": Outcome(file("2"), file("1"))}

    assert told(world) == ["file /b from /a", "file /a from /b"]


def test_what_parts_can_be_pickled():
    parting = RecordEntries(ScanXml("1", 0))

    assert pickle.loads(pickle.dumps(parting)) == parting
    entry = Entry(State.PRESENT, "/a", file("1"), MODIFY)
    assert pickle.loads(pickle.dumps(parting([[entry]]))) == parting([[entry]])
