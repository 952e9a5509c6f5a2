"""Counting a list: every entry counts as what it is, whether it comes alone or with many."""

import pytest
from hypothesis import given, settings

from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Entry, Kind, State, Totals
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.scan.tally import Tally
from tests.parts.outcomes import BAD, FOLDER, LINK, file, sides, worlds


def entry(state: State, op: str, known: Attributes, **more: object) -> Entry:
    return Entry(state, "/a", known, op, **more)


def counted(*entries: Entry) -> Totals:
    tally = Tally()
    for one in entries:
        tally.add_entry(one)
    return tally.totals()


FILE = file("1", size=5)


@pytest.mark.parametrize(
    ("one", "totals"),
    [
        (entry(State.PRESENT, MODIFY, FILE), Totals(files=1, size=5)),
        (entry(State.PRESENT, CREATE, FILE), Totals(1, 5, created=1, created_size=5)),
        (
            entry(State.PRESENT, CREATE, FILE, replaces=True),
            Totals(1, 5, created=1, created_size=5, replaced=1),
        ),
        (
            entry(State.PRESENT, CREATE, FILE, moved_from="/b"),
            Totals(1, 5, moved=1, moved_size=5),
        ),
        (
            entry(State.PRESENT, CREATE, FILE, moved_from="/b", replaces=True),
            Totals(1, 5, moved=1, moved_size=5, replaced=1),
        ),
        (entry(State.PRESENT, MODIFY, FOLDER), Totals(directories=1)),
        (entry(State.DELETED, DELETE, FILE), Totals(deleted_files=1, deleted_size=5)),
        (entry(State.DELETED, DELETE, FOLDER), Totals(deleted_directories=1)),
        (entry(State.GONE, DELETE, FILE), Totals(gone_files=1)),
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
        (entry(State.UNREADABLE, MODIFY, BAD, reason="locked"), Totals(unreadable=1, unread=1)),
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
    assert counted(one) == totals
    assert counted(one, one) == totals.plus(totals)


def test_of_files_that_are_there_each_is_created_moved_or_modified():
    totals = counted(
        entry(State.PRESENT, MODIFY, file("1", 1)),
        entry(State.PRESENT, CREATE, file("1", 20)),
        entry(State.PRESENT, CREATE, file("1", 300), moved_from="/b"),
    )

    assert (totals.files, totals.created, totals.moved, totals.modified) == (3, 1, 1, 1)
    assert (totals.size, totals.created_size, totals.moved_size) == (321, 20, 300)
    assert totals.modified_size == 1


@pytest.mark.parametrize(("owner", "group"), [(None, 0), (0, None), (None, None)])
def test_whoever_has_no_numeric_id_is_counted_where_it_is_listed(owner, group):
    known = Attributes(Kind.FILE, owner=owner, group=group)

    assert counted(entry(State.PRESENT, MODIFY, known)).without_numeric_ids == 1
    assert counted(entry(State.DELETED, DELETE, known)).without_numeric_ids == 0


@pytest.mark.parametrize("state", [State.UNREADABLE, State.GONE])
@pytest.mark.parametrize("op", [CREATE, DELETE])
def test_directories_that_were_not_entered_are_remembered(state, op):
    tally = Tally()
    tally.add_entry(Entry(state, "/d", FOLDER, op, "I/O error"))
    tally.add_entry(Entry(state, "/f", BAD, op, "I/O error"))
    tally.add_entry(Entry(state, "/e", FOLDER, op))
    tally.add_entry(Entry(state, "/m", FOLDER, MODIFY, "I/O error"))

    assert tally.not_entered == [("/d", op)]


def test_what_was_counted_elsewhere_counts_as_well():
    tally = Tally()
    tally.add(files=2, size=7)
    tally.add(files=1)
    tally.add_entry(entry(State.PRESENT, MODIFY, FILE))

    assert tally.totals() == Totals(files=4, size=12)


def test_nothing_is_counted_of_nothing():
    assert Tally().totals() == Totals()


@given(worlds)
@settings(max_examples=50)
def test_many_entries_at_once_count_as_they_do_one_by_one(world):
    """What nearly all entries are is counted together while it is written."""
    form = ScanXml("1", 0)
    entries = sorted(sides(world), key=lambda entry: entry.name, reverse=True)
    # As one batch holds no name twice.
    batches = [
        [one for one in entries if (one.op == DELETE) == is_deletion] for is_deletion in (0, 1)
    ]
    together = form.piece(batch for batch in batches if batch).totals
    alone = Totals()
    for one in entries:
        alone = alone.plus(form.piece([[one]]).totals)

    assert together == alone
    nameable = [one for one in entries if form.can_name(one.name)]
    assert form.piece([[one] for one in nameable]).totals == counted(*nameable)
