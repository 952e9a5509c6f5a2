"""Moves: a file that one tree lost and the other gained is listed with its old name."""

import contextlib
import pickle
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qumulo_changelist.changes import key
from qumulo_changelist.changes.sorted_keys import SortedKeys
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Entry, Kind, Op, State
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.scan import records
from qumulo_changelist.scan.moves import CandidateFinder, MoveCandidates, pair_moves
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
from tests.parts.scanning import line_of


def can_hold(name: str) -> bool:
    return name not in UNNAMEABLE


def find_candidates(entries: Iterable[Entry]) -> MoveCandidates:
    return CandidateFinder(can_hold)([entry] for entry in entries)


def list_slices(
    slices: Iterable[list[Entry]], folder: object = "", *, limit: int = 1000, deletes: bool = True
) -> list[Entry]:
    """Return the entries that are listed for those of slices, and those that are left out."""
    with (
        contextlib.closing(SortedKeys(limit, str(folder))) as candidates,
        contextlib.closing(SortedKeys(limit, str(folder))) as settled,
    ):
        found = map(find_candidates, slices)
        batches = list(pair_moves(found, candidates, settled, deletes=deletes))
    assert all(batches)
    return [entry for batch in batches for entry in batch]


def entries(world: World, *, deletes: bool = True) -> list[Entry]:
    return list_slices([sides(world)], deletes=deletes)


def lines(world: World, *, deletes: bool = True) -> list[str]:
    """Return the lines of a list, each with the old name of a moved file."""
    return [
        line_of(entry) + f" from {entry.moved_from}" * bool(entry.moved_from)
        for entry in entries(world, deletes=deletes)
        if entry.state not in (State.GONE, State.LEFT_OUT)
    ]


def was(known: Attributes) -> Outcome:
    return Outcome(was=known)


def now(known: Attributes) -> Outcome:
    return Outcome(now=known)


# What is a move


def test_a_file_with_a_new_name_was_moved_and_its_old_name_is_not_deleted():
    assert lines({"/old": was(file("1")), "/new": now(file("1"))}) == ["file /new from /old"]


def test_a_moved_file_has_its_present_attributes():
    found = entries({"/old": was(file("1")), "/new": now(file("1"))})

    known = Attributes(Kind.FILE, 5, mtime=7, atime=8, owner=501, group=None, id="1", revision="1")
    assert found[1] == Entry(State.PRESENT, "/new", known, CREATE, moved_from="/old")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (file("1"), file("2")),
        (file("1"), file("1", size=6)),
        (file("1"), file("1", revision="2")),
        (file("1"), file("11", 5, "1")),
        # Id, size and revision, written without a blank, would be equal.
        (file("1", 23, "4"), file("12", 3, "4")),
        # It is not known which files these are.
        (file(""), file("")),
        (file("1", revision=""), file("1", revision="")),
    ],
)
def test_a_file_is_the_same_only_with_the_same_known_id_size_and_revision(before, after):
    assert lines({"/old": was(before), "/new": now(after)}) == ["deleted /old", "file /new"]


def test_a_modified_file_was_not_moved_even_if_another_name_of_it_is_gone():
    world = {"/old": was(file("1")), "/link": Outcome(None, file("1"), modified=True)}

    assert lines(world) == ["deleted /old", "file /link"]


OPS: tuple[Op, ...] = (CREATE, DELETE)


@pytest.mark.parametrize(
    "entry",
    [
        *(
            Entry(state, "/a", file("1"), op)
            for state in (State.UNREADABLE, State.LEFT_OUT, State.GONE)
            for op in OPS
        ),
        *(
            Entry(state, "/a", Attributes(kind, size=5, id="1", revision="1"), op)
            for kind in (Kind.DIRECTORY, Kind.OTHER)
            for state, op in zip((State.PRESENT, State.DELETED), OPS, strict=True)
        ),
    ],
    ids=str,
)
def test_only_present_and_deleted_regular_files_are_candidates(entry):
    assert find_candidates([entry]) == MoveCandidates([], [records.encode(entry)])


def test_a_candidate_is_grouped_by_the_file_that_it_is():
    entry = Entry(State.PRESENT, "/a", file("17", 5, "3"), CREATE)

    (candidate,) = find_candidates([entry]).candidates

    assert key.group_of(candidate) == "17 5 3"
    assert records.decode(key.without_group(candidate)) == entry


@pytest.mark.parametrize("name", UNNAMEABLE)
def test_a_name_that_the_list_cannot_hold_is_no_part_of_a_move(name):
    moved_from = lines({name: was(file("1")), "/b": now(file("1"))})
    moved_to = lines({name: now(file("1")), "/b": was(file("1"))})

    assert sorted(moved_from) == sorted([f"deleted {name}", "file /b"])
    assert sorted(moved_to) == sorted([f"file {name}", "deleted /b"])


# Several names


def test_of_several_names_the_first_became_the_first():
    world = {
        "/a2": was(file("1")),
        "/a1": was(file("1")),
        "/b2": now(file("1")),
        "/b1": now(file("1")),
    }

    assert lines(world) == ["file /b2 from /a2", "file /b1 from /a1"]


def test_a_name_without_a_counterpart_was_created_or_deleted():
    two_new = {"/b2": now(file("1")), "/b1": now(file("1")), "/a": was(file("1"))}
    two_old = {"/b": now(file("1")), "/a2": was(file("1")), "/a1": was(file("1"))}

    assert lines(two_new) == ["file /b2", "file /b1 from /a"]
    assert lines(two_old) == ["file /b from /a1", "deleted /a2"]


def test_names_are_paired_in_the_order_of_their_bytes():
    world = {"/😀": was(file("1")), "/\ue000": was(file("1")), "/b": now(file("1"))}

    assert lines(world) == ["deleted /😀", "file /b from /\ue000"]


def test_a_name_that_the_file_kept_is_no_move():
    """As if its directory was deleted and created again, and the file linked into it again."""
    world = {
        "/d/a": Outcome(file("1"), file("1")),
        "/old": was(file("1")),
        "/new": now(file("1")),
    }

    assert lines(world) == ["file /new from /old", "file /d/a"]


def test_two_files_that_swapped_names_are_both_moved():
    world = {"/a": Outcome(file("1"), file("2")), "/b": Outcome(file("2"), file("1"))}

    assert lines(world) == ["file /b from /a", "file /a from /b"]
    assert all(entry.replaces for entry in entries(world))


def test_files_that_each_took_the_name_of_the_next_are_all_moved():
    world = {
        "/a": was(file("1")),
        "/b": Outcome(file("2"), file("1")),
        "/c": Outcome(file("3"), file("2")),
        "/d": now(file("3")),
    }

    assert lines(world) == ["file /d from /c", "file /c from /b", "file /b from /a"]
    assert [entry.name for entry in entries(world) if entry.state is State.GONE] == ["/a"]


def test_a_file_moved_over_another_one_replaces_it():
    world = {"/a": was(file("1")), "/b": Outcome(file("2"), file("1"))}

    assert lines(world) == ["file /b from /a"]
    assert [entry.replaces for entry in entries(world)] == [True, False]


@pytest.mark.parametrize("other", [LINK, FOLDER])
def test_only_a_regular_file_is_replaced(other):
    world = {"/a": was(file("1")), "/b": Outcome(other, file("1"))}

    assert lines(world) == ["file /b from /a"]
    assert not any(entry.replaces for entry in entries(world))


def test_a_link_in_the_place_of_a_moved_file_is_left_out():
    world = {"/a": Outcome(file("1"), LINK), "/b": now(file("1"))}

    assert [(one.state, one.name, one.moved_from) for one in entries(world)] == [
        (State.PRESENT, "/b", "/a"),
        (State.LEFT_OUT, "/a", ""),
        (State.GONE, "/a", ""),
    ]


def test_a_file_is_moved_even_if_its_old_name_cannot_be_read_now():
    world = {"/a": Outcome(file("1"), BAD), "/b": now(file("1"))}

    assert lines(world) == ["file /b from /a", "bad /a"]


def test_moves_are_listed_even_if_deletions_are_not_wanted():
    world = {"/a": was(file("1")), "/b": now(file("1")), "/c": was(file("2")), "/d": was(FOLDER)}

    assert lines(world, deletes=False) == ["file /b from /a"]
    assert lines(world) == ["deleted dir /d", "deleted /c", "file /b from /a"]


# Any world


@given(
    world=worlds,
    shuffled=st.none() | st.randoms(use_true_random=False),
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
def test_any_world_is_listed_as_the_definition_of_a_move_says(
    tmp_path_factory, world, shuffled, cuts, limit, deletes
):
    found = sides(world)
    if shuffled:
        shuffled.shuffle(found)
    slices = [found[start:end] for start, end in pairwise([0, *sorted(cuts), len(found)])]

    out = list_slices(slices, tmp_path_factory.getbasetemp(), limit=limit, deletes=deletes)

    assert [
        Line(one.state, one.name, one.attributes.kind, one.moved_from, one.replaces)
        for one in out
        # No list counts links that are gone.
        if (one.state, one.attributes.kind) != (State.GONE, Kind.OTHER)
    ] == listed(world, deletes=deletes)


@given(worlds)
def test_only_moved_names_differ_from_a_list_without_moves(world):
    moved_from = moved(world)

    def without_id(known: Attributes | None) -> Attributes | None:
        is_file = known and known.kind is Kind.FILE and known is not BAD
        return file("", known.size) if known and is_file else known

    plain = {
        name: Outcome(without_id(one.was), without_id(one.now), one.modified)
        for name, one in world.items()
    }

    expected = []
    for line in lines(plain):
        word, name = line.rsplit(" ", 1)
        if word != "deleted" or name not in moved_from.values():
            expected.append(line + f" from {moved_from.get(name)}" * (name in moved_from))
    assert lines(world) == expected


def test_no_entries_are_no_batches():
    assert list_slices([]) == list_slices([[], []]) == []


def test_a_name_at_the_border_of_two_blocks_is_still_one_entry(monkeypatch):
    monkeypatch.setattr("qumulo_changelist.changes.sorted_keys._BLOCK_SIZE", 1)
    world = {"/a": Outcome(file("1"), file("2")), "/b": Outcome(file("2"), file("1"))}

    assert lines(world) == ["file /b from /a", "file /a from /b"]


def test_what_divides_entries_and_its_result_can_be_pickled():
    batch = [Entry(State.PRESENT, "/a", file("1"), op) for op in (CREATE, MODIFY)]
    find = CandidateFinder(ScanXml("1", 0).can_hold)

    found = pickle.loads(pickle.dumps(find))([batch])

    assert pickle.loads(pickle.dumps(found)) == found == find([batch])
