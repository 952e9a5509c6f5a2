"""Counting a list: every entry counts as what it is, whether it comes alone or with others."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qumulo_changelist.model import (
    CREATE,
    DELETE,
    MODIFY,
    Attributes,
    Batch,
    Entry,
    Kind,
    Op,
    State,
    Totals,
)
from qumulo_changelist.scan import tally as module
from qumulo_changelist.scan.tally import MAX_SAMPLES, Tally
from tests.parts.outcomes import BAD, FOLDER, LINK, file

FILE = file("1", size=5)


def entry(
    state: State,
    op: Op,
    known: Attributes = FILE,
    *,
    reason: str = "",
    replaces: bool = False,
    moved_from: str = "",
) -> Entry:
    return Entry(state, "/a", known, op, reason, replaces, moved_from)


def count(*batches: Batch, **options: bool) -> Tally:
    tally = Tally(**options)
    for batch in batches:
        tally.add(batch)
    return tally


@pytest.mark.parametrize(
    ("one", "totals"),
    [
        (entry(State.PRESENT, MODIFY), Totals(files=1, size=5)),
        (entry(State.PRESENT, CREATE), Totals(1, 5, created=1, created_size=5)),
        (
            entry(State.PRESENT, CREATE, replaces=True),
            Totals(1, 5, created=1, created_size=5, replaced=1),
        ),
        (entry(State.PRESENT, CREATE, moved_from="/b"), Totals(1, 5, moved=1, moved_size=5)),
        (
            entry(State.PRESENT, CREATE, moved_from="/b", replaces=True),
            Totals(1, 5, moved=1, moved_size=5, replaced=1),
        ),
        (entry(State.PRESENT, MODIFY, FOLDER), Totals(directories=1)),
        (entry(State.DELETED, DELETE), Totals(deleted_files=1, deleted_size=5)),
        (entry(State.DELETED, DELETE, FOLDER), Totals(deleted_directories=1)),
        (entry(State.GONE, DELETE), Totals(gone_files=1)),
        (entry(State.GONE, DELETE, FOLDER), Totals()),
        (entry(State.GONE, DELETE, LINK), Totals()),
        (entry(State.LEFT_OUT, CREATE, LINK), Totals(left_out=1)),
        (entry(State.UNREADABLE, MODIFY, BAD), Totals(unreadable=1)),
        (entry(State.UNREADABLE, CREATE, BAD), Totals(unreadable=1, unreadable_created=1)),
        (
            entry(State.UNREADABLE, CREATE, BAD, replaces=True),
            Totals(unreadable=1, unreadable_created=1, replaced=1),
        ),
        (entry(State.UNREADABLE, DELETE, BAD), Totals(unreadable=1, unreadable_deleted=1)),
        (
            entry(State.UNREADABLE, MODIFY, BAD, reason="locked"),
            Totals(unreadable=1, unread_existing=1),
        ),
        (
            entry(State.UNREADABLE, DELETE, BAD, reason="locked"),
            Totals(unreadable=1, unreadable_deleted=1),
        ),
        (entry(State.UNREADABLE, CREATE, FOLDER), Totals(unreadable=1)),
        (
            entry(State.UNREADABLE, CREATE, FOLDER, replaces=True),
            Totals(unreadable=1, replaced=1),
        ),
    ],
)
def test_an_entry_counts_as_what_it_is(one, totals):
    assert count([one]).totals == totals
    assert count([one, one]).totals == totals.plus(totals)


def test_a_file_is_created_moved_or_modified():
    totals = count(
        [
            entry(State.PRESENT, MODIFY, file("1", 1)),
            entry(State.PRESENT, CREATE, file("1", 20)),
            entry(State.PRESENT, CREATE, file("1", 300), moved_from="/b"),
        ]
    ).totals

    assert (totals.files, totals.created, totals.moved, totals.modified) == (3, 1, 1, 1)
    assert (totals.size, totals.created_size, totals.moved_size) == (321, 20, 300)
    assert totals.modified_size == 1


@pytest.mark.parametrize(("owner", "group"), [(None, 0), (0, None), (None, None)])
def test_an_owner_or_group_without_a_numeric_id_is_counted_only_if_it_is_listed(owner, group):
    known = Attributes(Kind.FILE, owner=owner, group=group)

    assert count([entry(State.PRESENT, MODIFY, known)]).totals.without_numeric_ids == 1
    assert count([entry(State.DELETED, DELETE, known)]).totals.without_numeric_ids == 0


@pytest.mark.parametrize("state", [State.UNREADABLE, State.GONE])
@pytest.mark.parametrize("op", [CREATE, DELETE])
def test_whole_directories_that_cannot_be_read_are_remembered(state, op):
    batch = [
        Entry(state, "/d", FOLDER, op, "I/O error"),
        Entry(state, "/f", BAD, op, "I/O error"),
        Entry(state, "/e", FOLDER, op),
        Entry(state, "/m", FOLDER, MODIFY, "I/O error"),
    ]

    assert count(batch).unread_directories == [("/d", op)]


def test_entries_that_changed_since_the_snapshot_are_added_up():
    tally = Tally()
    tally.add_changed_since(2)
    tally.add_changed_since(3)

    assert tally.totals == Totals(changed_since=5)


def test_an_empty_tally_counts_nothing():
    assert Tally().totals == Totals()


# Names that a format cannot hold


@pytest.mark.parametrize(
    ("one", "totals"),
    [
        (entry(State.PRESENT, MODIFY), Totals(unreadable=1, unnameable=1)),
        (entry(State.PRESENT, CREATE), Totals(unreadable=1, unnameable=1, unreadable_created=1)),
        (entry(State.PRESENT, MODIFY, FOLDER), Totals(unreadable=1, unnameable=1)),
        (
            entry(State.PRESENT, CREATE, replaces=True),
            Totals(unreadable=1, unnameable=1, unreadable_created=1, replaced=1),
        ),
        (
            entry(State.DELETED, DELETE),
            Totals(unreadable=1, unnameable=1, unreadable_deleted=1),
        ),
        (
            entry(State.UNREADABLE, MODIFY, BAD, reason="locked"),
            Totals(unreadable=1, unread_existing=1),
        ),
    ],
)
def test_an_entry_that_a_format_cannot_name_counts_as_unreadable(one, totals):
    tally = Tally()
    tally.add_unnameable([one], "its name is odd")

    assert tally.totals == totals
    assert tally.unreadable == [("/a", one.reason or "its name is odd")]


# Samples


def numbered(state: State, numbers: range) -> Batch:
    return [Entry(state, f"/{number}", LINK, CREATE, "locked") for number in numbers]


def test_the_names_of_the_first_unreadable_entries_are_kept_with_their_reasons():
    tally = count(numbered(State.UNREADABLE, range(90)), numbered(State.UNREADABLE, range(90, 200)))

    assert tally.unreadable == [(f"/{number}", "locked") for number in range(MAX_SAMPLES)]
    assert tally.totals.unreadable == 200

    tally.add_unnameable([entry(State.PRESENT, CREATE)], "its name is odd")
    assert len(tally.unreadable) == MAX_SAMPLES


def test_the_names_of_the_first_entries_left_out_are_kept():
    tally = count(numbered(State.LEFT_OUT, range(90)), numbered(State.LEFT_OUT, range(90, 200)))

    assert tally.left_out == [f"/{number}" for number in range(MAX_SAMPLES)]
    assert tally.totals.left_out == 200


# Deleted files by folder


def deleted(*names: str) -> Batch:
    return [Entry(State.DELETED, name, FILE, DELETE) for name in names]


def test_deleted_files_are_counted_by_folder_if_wanted():
    batches = [
        deleted("/a/b/2", "/a/b/1"),
        deleted("/a/1", "/1"),
        [Entry(State.DELETED, "/a/b", FOLDER, DELETE)],
        [Entry(State.GONE, "/a/2", FILE, DELETE)],
        [Entry(State.PRESENT, "/a/3", FILE, CREATE)],
    ]

    assert count(*batches, by_folder=True).deleted_by_folder == {"/a/b": 2, "/a": 1, "": 1}
    assert count(*batches).deleted_by_folder == {}


def test_the_deepest_folders_are_added_to_those_that_contain_them_if_there_are_too_many(
    monkeypatch,
):
    monkeypatch.setattr(module, "_MAX_FOLDERS", 3)
    batch = deleted("/a/b/c/1", "/a/b/d/1", "/a/e/1", "/a/1", "/f/g/1")

    folders = count(batch, by_folder=True).deleted_by_folder

    assert folders == {"/a": 4, "/f": 1}


@given(
    names=st.lists(
        st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map(
            lambda name: "/" + "/".join(name)
        )
    ),
    limit=st.integers(1, 4),
)
def test_the_number_of_folders_is_limited_and_no_file_is_lost(names, limit):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MAX_FOLDERS", limit)
        one_by_one = Tally(by_folder=True)
        for name in names:
            one_by_one.merge(count(deleted(name), by_folder=True))
            assert len(one_by_one.deleted_by_folder) <= limit
        together = count(deleted(*names), by_folder=True).deleted_by_folder

    assert len(together) <= limit
    assert together.total() == one_by_one.deleted_by_folder.total() == len(names)
    for folder in together:
        assert any(name.startswith(f"{folder}/") for name in names)


# Batches


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """Any entry, mostly of a kind that is counted without a closer look."""
    ids = st.sampled_from([0, 0, 501, None])
    known = Attributes(
        draw(st.sampled_from([Kind.FILE, Kind.FILE, Kind.DIRECTORY, Kind.OTHER])),
        draw(st.integers(0, 3)),
        owner=draw(ids),
        group=draw(ids),
    )
    state = draw(st.sampled_from([State.PRESENT, State.DELETED, *State]))
    return Entry(
        state,
        draw(st.sampled_from(["/a", "/b", "/d/a"])),
        known,
        draw(st.sampled_from([CREATE, MODIFY, DELETE])),
        draw(st.sampled_from(["", "locked"])),
        state in (State.PRESENT, State.UNREADABLE) and draw(st.booleans()),
        draw(st.sampled_from(["", "", "/old"])) if state is State.PRESENT else "",
    )


def content(tally: Tally) -> tuple[object, ...]:
    return (
        tally.totals,
        tally.unreadable,
        tally.left_out,
        tally.unread_directories,
        tally.deleted_by_folder,
    )


@given(st.lists(entries(), max_size=8), st.integers(0, 8))
@settings(max_examples=200)
def test_a_batch_counts_as_its_entries_do_one_by_one(batch, cut):
    together = count(batch, by_folder=True)
    one_by_one = count(*([one] for one in batch), by_folder=True)

    merged = count(batch[:cut], by_folder=True)
    merged.merge(pickle.loads(pickle.dumps(count(batch[cut:], by_folder=True))))

    assert content(together) == content(one_by_one) == content(merged)


def test_merging_keeps_only_the_first_samples():
    first, second = (
        count(numbered(State.UNREADABLE, numbers), numbered(State.LEFT_OUT, numbers))
        for numbers in (range(60), range(60, 120))
    )
    first.add_changed_since(1)
    second.add_changed_since(2)

    first.merge(second)

    assert [name for name, _ in first.unreadable] == first.left_out
    assert first.left_out == [f"/{number}" for number in range(MAX_SAMPLES)]
    assert first.totals == Totals(
        unreadable=120, left_out=120, unread_existing=120, changed_since=3
    )


def test_merging_keeps_all_directories_that_cannot_be_read():
    tally = count([Entry(State.UNREADABLE, "/0", FOLDER, CREATE, "locked")])
    for number in range(1, 2 * MAX_SAMPLES):
        tally.merge(count([Entry(State.UNREADABLE, f"/{number}", FOLDER, CREATE, "locked")]))

    assert tally.unread_directories == [(f"/{number}", CREATE) for number in range(2 * MAX_SAMPLES)]
