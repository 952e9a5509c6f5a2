"""The proof: a list leads from the older snapshot's files to the newer one's, or is refused.

What a snapshot holds is counted here from the world itself, never from the list.
"""

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from qumulo_changelist.scan.resolve import unlisted

from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.checks.base_path import SnapshotPair, compare
from qumulo_changelist.checks.proof import Proof, prove
from qumulo_changelist.errors import ProofError, UnreadableError
from qumulo_changelist.events import Silent
from qumulo_changelist.model import (
    CREATE,
    DELETE,
    MODIFY,
    Attributes,
    Entry,
    Kind,
    Snapshot,
    State,
    Totals,
)
from qumulo_changelist.operations.changelist import FormatEntries, ListContent, fill, with_moves
from qumulo_changelist.output.interface import Piece
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.scan.moves import RecordEntries
from qumulo_changelist.scan.order import distinct
from tests.parts.outcomes import BAD, FOLDER, LINK, Outcome, World, file, is_file, sides, was_file
from tests.parts.outcomes import worlds as some_worlds

OLDER, NEWER = 3, 7
BASE = "/proj/show1"
FORM = ScanXml("1", 0)


class Counting:
    """A cluster that counts; notes what it is asked."""

    def __init__(self, counts: dict[tuple[str, int], int]) -> None:
        self._counts = counts
        self.asked: list[tuple[str, int]] = []

    def count_files_below(self, directory: str, snapshot: int) -> int:
        self.asked.append((directory, snapshot))
        return self._counts.get((directory, snapshot), 0)


class Nowhere:
    """A file of a list of which only the totals matter."""

    def add(self, piece: Piece) -> None:
        pass


def moments(source: str, base: str = BASE, older_source: str = "") -> SnapshotPair:
    """Return the two snapshots of a directory, which had another path at first perhaps."""
    older = Snapshot(OLDER, "", source=older_source or source)
    return compare(Counting({}), Scope(base), older, Snapshot(NEWER, "", source=source))


def filled(entries: Iterable[Entry], *, deletes: bool, moves: bool) -> ListContent:
    """Return what a list of what both trees say holds."""
    found = sorted(entries, key=lambda entry: entry.op == DELETE)
    batches = list(distinct(found)) if found else []
    if moves:
        parted = [RecordEntries(FORM)(batches)]
        pieces = with_moves(parted, FORM, 1000, "", deletes=deletes)
    else:
        pieces = iter([FormatEntries(FORM, deletes)(iter(batches))])
    return fill(Nowhere(), pieces, Silent())


def prove_it(what: ListContent, before: int, now: int, **unseen: dict[int, int]) -> Proof:
    """Prove against so many files in the snapshots, and so many in directories below."""
    counts = {(BASE, OLDER): before, (BASE, NEWER): now}
    for name, numbers in unseen.items():
        counts |= {(f"{BASE}/{name}", snapshot): count for snapshot, count in numbers.items()}
    return prove(Counting(counts), moments(BASE), what, mounted=False)


def holds(what: ListContent, before: int, now: int, **unseen: dict[int, int]) -> bool:
    try:
        prove_it(what, before, now, **unseen)
    except ProofError:
        return False
    return True


def counted(world: World) -> tuple[int, int]:
    """Return the files in the older and the newer snapshot; a modified one is in both."""
    before = sum(was_file(one) or (one.modified and is_file(one)) for one in world.values())
    return before, sum(map(is_file, world.values()))


def listed(world: World, *, deletes: bool = True, moves: bool = False) -> ListContent:
    return filled(sides(world), deletes=deletes, moves=moves)


# What adds up


@pytest.mark.parametrize(
    ("world", "before", "now"),
    [
        ({}, 0, 0),
        ({"/a": Outcome(None, file("1"))}, 0, 1),
        ({"/a": Outcome(file("1"), None)}, 1, 0),
        ({"/a": Outcome(None, file("1"), modified=True)}, 1, 1),
        ({"/a": Outcome(file("1"), file("2"))}, 1, 1),
        ({"/a": Outcome(file("1"), None), "/b": Outcome(None, file("1"))}, 1, 1),
        ({"/a": Outcome(file("1"), file("2")), "/b": Outcome(file("2"), file("1"))}, 2, 2),
        ({"/a": Outcome(file("1"), LINK)}, 1, 0),
        ({"/a": Outcome(LINK, file("1"))}, 0, 1),
        ({"/a": Outcome(LINK, LINK)}, 0, 0),
        ({"/a": Outcome(FOLDER, file("1"))}, 0, 1),
        ({"/a": Outcome(None, FOLDER, modified=True)}, 0, 0),
        ({"/a": Outcome(None, BAD)}, 0, 1),
        ({"/a": Outcome(file("1"), BAD)}, 1, 1),
        ({"/\1": Outcome(None, file("1"))}, 0, 1),
        ({"/\1": Outcome(file("1"), None)}, 1, 0),
        ({"/\1": Outcome(file("1"), file("2"))}, 1, 1),
    ],
)
@pytest.mark.parametrize("moves", [False, True], ids=["plain", "moves"])
@pytest.mark.parametrize("deletes", [False, True], ids=["no deletes", "deletes"])
def test_each_outcome_adds_up_and_nothing_but_it(world, before, now, deletes, moves):
    what = listed(world, deletes=deletes, moves=moves)

    assert counted(world) == (before, now)
    assert prove_it(what, before + 5, now + 5) == Proof(before + 5, now + 5)
    assert not holds(what, before + 4, now + 5)
    assert not holds(what, before + 5, now + 4)


@given(world=some_worlds, others=st.integers(0, 9), deletes=st.booleans(), moves=st.booleans())
def test_any_list_adds_up_whatever_became_of_each_name(world, others, deletes, moves):
    before, now = counted(world)

    what = listed(world, deletes=deletes, moves=moves)

    assert prove_it(what, before + others, now + others) == (before + others, now + others)
    for wrong in (-1, 1):
        assert not holds(what, before + others + wrong, now + others)
        assert not holds(what, before + others, now + others + wrong)


def counts(entry: Entry) -> bool:
    """Tell whether an entry is of a file that came or went: what is counted."""
    return entry.attributes.kind is Kind.FILE and entry.op != MODIFY


@given(world=some_worlds, deletes=st.booleans(), moves=st.booleans(), data=st.data())
def test_a_list_in_which_one_file_that_came_or_went_was_forgotten_is_refused(
    world, deletes, moves, data
):
    found = sides(world)
    candidates = [entry for entry in found if counts(entry)]
    if not candidates:
        return
    forgotten = data.draw(st.sampled_from(candidates))
    found.remove(forgotten)

    assert not holds(filled(found, deletes=deletes, moves=moves), *counted(world))


@given(
    world=some_worlds,
    deletes=st.booleans(),
    moves=st.booleans(),
    invented=st.builds(
        Entry,
        st.sampled_from([State.PRESENT, State.UNREADABLE]),
        st.just("/invented"),
        st.builds(file, st.sampled_from("129")),
        st.just(CREATE),
    )
    | st.builds(
        Entry,
        st.just(State.DELETED),
        st.just("/invented"),
        st.builds(file, st.sampled_from("129")),
        st.just(DELETE),
    ),
)
def test_a_list_in_which_one_file_that_came_or_went_was_invented_is_refused(
    world, deletes, moves, invented
):
    found = [*sides(world), invented]

    assert not holds(filled(found, deletes=deletes, moves=moves), *counted(world))


# What nobody has seen


def locked(op: str, name: str = "/locked") -> Entry:
    return Entry(State.UNREADABLE, name, Attributes(Kind.DIRECTORY), op, "I/O error")


@given(
    came=st.integers(0, 5),
    went=st.integers(0, 5),
    world=some_worlds,
    deletes=st.booleans(),
    moves=st.booleans(),
)
@example(came=2, went=0, world={}, deletes=True, moves=True)
def test_what_is_in_directories_that_cannot_be_read_is_counted_by_the_cluster(
    came, went, world, deletes, moves
):
    before, now = counted(world)
    found = [*sides(world), locked(CREATE, "/new"), locked(DELETE, "/old")]
    what = filled(found, deletes=deletes, moves=moves)
    inside = {"new": {NEWER: came, OLDER: 100}, "old": {OLDER: went, NEWER: 100}}

    assert holds(what, before + went, now + came, **inside)
    assert not holds(what, before + went + 1, now + came, **inside)
    assert not holds(what, before + went, now + came + 1, **inside)


def test_a_directory_that_cannot_be_read_and_was_there_before_means_nothing():
    what = filled([locked(MODIFY)], deletes=True, moves=False)

    assert holds(what, 5, 5, locked={NEWER: 3, OLDER: 2})


def test_a_file_that_gave_way_to_a_directory_that_cannot_be_read_is_one_less():
    went = Entry(State.DELETED, "/locked", file("1"), DELETE)

    for moves in (False, True):
        what = filled([locked(CREATE), went], deletes=True, moves=moves)
        assert prove_it(what, 1, 3, locked={NEWER: 3})
        assert not holds(what, 2, 3, locked={NEWER: 3})


@pytest.mark.parametrize("moves", [False, True])
def test_files_of_which_nobody_can_say_what_is_there_now_are_gone_and_counted(moves):
    """As they were in a directory that was made anew and cannot be read."""
    gone = [
        unlisted(Entry(State.DELETED, f"/locked/{name}", file(name), DELETE)) for name in ("1", "2")
    ]
    what = filled([locked(CREATE), *gone], deletes=True, moves=moves)

    assert what.totals.gone_files == 2
    assert prove_it(what, 2, 3, locked={NEWER: 3})
    assert not holds(what, 2, 4, locked={NEWER: 3})


# What is asked


def asked(both: SnapshotPair, what: ListContent | None = None) -> list[tuple[str, int]]:
    cluster = Counting({})
    prove(cluster, both, what or ListContent(), mounted=True)
    return cluster.asked


@pytest.mark.parametrize(
    ("source", "base", "counted_at"),
    [
        ("/proj", BASE, BASE),
        (BASE, BASE, BASE),
        ("/", BASE, BASE),
        ("", BASE, BASE),
        (f"{BASE}/reel1", BASE, f"{BASE}/reel1"),
        ("/", "/", "/"),
        ("", "/", "/"),
        ("/proj", "/", "/proj"),
    ],
)
def test_both_snapshots_are_counted_where_they_meet_the_base_path(source, base, counted_at):
    assert asked(moments(source, base)) == [(counted_at, OLDER), (counted_at, NEWER)]


@pytest.mark.parametrize(
    ("base", "older_path", "newer_path"),
    [
        ("/shelf/show", "/proj/show", "/shelf/show"),
        ("/shelf/show/reel", "/proj/show/reel", "/shelf/show/reel"),
        ("/shelf", "/proj/show", "/shelf/show"),
        ("/", "/proj/show", "/shelf/show"),
    ],
)
def test_each_snapshot_is_counted_at_the_path_that_it_has(base, older_path, newer_path):
    both = moments("/shelf/show", base, older_source="/proj/show")

    assert asked(both) == [(older_path, OLDER), (newer_path, NEWER)]


def test_a_snapshot_that_does_not_hold_the_base_path_has_no_files_and_is_not_asked():
    older, newer, _ = moments("/proj")

    assert asked(SnapshotPair(older._replace(holds_base=False), newer)) == [(BASE, NEWER)]
    assert asked(SnapshotPair(older, newer._replace(holds_base=False))) == [(BASE, OLDER)]


def test_a_directory_that_cannot_be_read_is_asked_for_in_the_snapshot_that_has_it():
    what = ListContent(not_entered=[("/a b", DELETE), ("/c", CREATE)])

    assert asked(moments("/", "/"), what)[2:] == [("/a b", OLDER), ("/c", NEWER)]
    renamed = moments("/shelf", "/shelf/show", older_source="/proj")
    assert asked(renamed, what)[2:] == [("/proj/show/a b", OLDER), ("/shelf/show/c", NEWER)]


# What was read


@pytest.mark.parametrize(
    ("totals", "proved"),
    [
        (Totals(), True),
        (Totals(unreadable=1, unread=1), False),
        (Totals(files=1, unreadable=1, unread=1), True),
        (Totals(directories=1, unreadable=1, unread=1), True),
        (Totals(files=1, directories=1, unreadable=3, unread=3), False),
        # What XML cannot name was read, and what is deleted is not on the mount.
        (Totals(unreadable=3), True),
        (Totals(deleted_files=9, unreadable=1, unread=1), False),
    ],
)
def test_a_mount_of_which_most_could_not_be_read_proves_nothing(totals, proved):
    counted = {(BASE, OLDER): totals.deleted_files}

    def try_to(*, mounted: bool) -> None:
        prove(Counting(counted), moments(BASE), ListContent(totals), mounted=mounted)

    try_to(mounted=False)
    if proved:
        try_to(mounted=True)
        return
    with pytest.raises(ProofError, match=f"{totals.unread} could not be read") as caught:
        try_to(mounted=True)
    assert "--metadata snapshot or rest" in caught.value.hint


def test_of_how_many_entries_most_could_not_be_read_is_said():
    what = ListContent(Totals(files=1, directories=2, unreadable=4, unread=4))

    with pytest.raises(ProofError) as caught:
        prove(Counting({}), moments(BASE), what, mounted=True)

    assert str(caught.value) == (
        "the list cannot be proved: of 7 created or modified entries, 4 could not be read"
    )


# What is said


def difference(totals: Totals, before: int, now: int) -> ProofError:
    with pytest.raises(ProofError) as caught:
        prove_it(ListContent(totals), before, now)
    return caught.value


def test_what_does_not_add_up_is_said_with_all_its_parts():
    error = difference(
        Totals(
            files=9,
            created=5,
            moved=3,
            replaced=2,
            deleted_files=4,
            gone_files=1,
            unreadable_created=7,
            unreadable_deleted=6,
        ),
        100,
        99,
    )

    assert str(error) == (
        "the list does not add up: 100 files below /proj/show1 in snapshot 3, +5 created, "
        "+3 moved there, +7 created but unreadable, -2 in the place of others, -4 deleted, "
        "-1 gone without being listed, -6 deleted but unreadable, would be 102 in snapshot 7, "
        "which has 99: 3 too many"
    )
    assert error.exit_code == 5


def test_where_the_list_says_nothing_that_is_said():
    assert str(difference(Totals(), 10, 12)) == (
        "the list does not add up: 10 files below /proj/show1 in snapshot 3, none changed, "
        "would be 10 in snapshot 7, which has 12: 2 too few"
    )


def test_what_the_cluster_counts_in_directories_that_cannot_be_read_is_said():
    what = ListContent(not_entered=[("/new", CREATE), ("/old", DELETE)])

    with pytest.raises(ProofError) as caught:
        prove_it(what, 10, 9, new={NEWER: 1}, old={OLDER: 3})

    assert str(caught.value) == (
        "the list does not add up: 10 files below /proj/show1 in snapshot 3, none changed, "
        "-2 in directories that cannot be read, would be 8 in snapshot 7, which has 9: 1 too few"
    )


def test_one_file_that_the_newer_snapshot_lacks_is_one_too_many():
    assert str(difference(Totals(created=1), 0, 0)).endswith("which has 0: 1 too many")


def test_a_live_share_that_moved_on_or_hard_links_may_be_why():
    assert "--metadata snapshot or rest" in difference(Totals(changed_since=1), 1, 2).hint
    assert "hard links" in difference(Totals(), 1, 2).hint
    assert "No list was published" in difference(Totals(), 1, 2).hint


def test_where_the_cluster_cannot_be_asked_nothing_is_proved():
    class Mute:
        def count_files_below(self, directory: str, snapshot: int) -> int:
            raise UnreadableError("its name is not Unicode")

    with pytest.raises(ProofError, match="cannot be proved: its name is not Unicode"):
        prove(Mute(), moments("/", "/\udcff"), ListContent(), mounted=True)


def test_what_a_list_counts_beside_files_that_came_or_went_means_nothing():
    totals = Totals(
        files=3,
        size=10,
        directories=5,
        deleted_directories=6,
        unreadable=7,
        left_out=8,
        changed_since=9,
    )

    assert prove_it(ListContent(totals), 4, 4) == Proof(4, 4)
