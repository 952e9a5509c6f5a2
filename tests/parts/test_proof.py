"""The proof: a list leads from the older snapshot's files to the newer one's, or is refused.

The files of a snapshot are counted here from the worlds of ``outcomes.py``, never from the list.
"""

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.checks.base_path import SnapshotPair, compare_snapshots
from qumulo_changelist.checks.proof import Proof, prove
from qumulo_changelist.errors import (
    ProofError,
    StaleProofError,
    UnprovableError,
    UnreadableError,
)
from qumulo_changelist.model import (
    CREATE,
    DELETE,
    MODIFY,
    Attributes,
    Entry,
    Kind,
    Op,
    Snapshot,
    State,
    Totals,
)
from qumulo_changelist.operations.lists.pieces import encode_with_moves
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.runners.encode import EntryEncoder, SidesEncoder
from qumulo_changelist.scan.moves import CandidateFinder
from qumulo_changelist.scan.order import sort_distinct
from qumulo_changelist.scan.tally import Tally
from tests.parts.fake_cluster import FakeCluster, UnusedCluster
from tests.parts.outcomes import BAD, FOLDER, LINK, Outcome, World, file, is_file, sides, was_file
from tests.parts.outcomes import worlds as some_worlds

OLDER, NEWER = 3, 7
BASE = "/proj/show1"
FORM = ScanXml("1", 0)


class CountingCluster(UnusedCluster):
    """A cluster that counts files, and records the requests."""

    def __init__(self, counts: dict[tuple[str, int], int]) -> None:
        self._counts = counts
        self.requests: list[tuple[str, int]] = []

    def count_files_below(self, directory: str, snapshot: int) -> int:
        self.requests.append((directory, snapshot))
        return self._counts.get((directory, snapshot), 0)


def snapshots_of(source: str, base: str = BASE, older_source: str = "") -> SnapshotPair:
    """Return both snapshots of a directory, which may have had a different path at first."""
    older = Snapshot(OLDER, source=older_source or source, source_id="12")
    newer = Snapshot(NEWER, source=source, source_id="12")
    return compare_snapshots(FakeCluster({}), Scope(base), older, newer)


def list_entries(entries: Iterable[Entry], *, deletes: bool, moves: bool) -> Tally:
    """Return what the list of the entries of both trees contains."""
    batches = []
    if both := sorted(entries, key=lambda entry: entry.op == DELETE):
        batches = list(sort_distinct(both))
    encode = EntryEncoder((FORM,))
    if moves:
        found = [CandidateFinder(FORM.can_hold)(batches)]
        pieces = list(encode_with_moves(found, encode, 1000, "", deletes=deletes))
    else:
        pieces = [SidesEncoder(encode, deletes)(iter(batches))]
    tally = Tally()
    for (piece,) in pieces:
        tally.merge(piece.tally)
    return tally


def tally_of(**numbers: int) -> Tally:
    """Return a tally with these totals."""
    tally = Tally()
    tally._counts.update(numbers)
    return tally


def with_unread(*directories: tuple[str, Op]) -> Tally:
    tally = Tally()
    tally.unread_directories += directories
    return tally


def prove_list(tally: Tally, before: int, now: int, **below: dict[int, int]) -> Proof:
    """Prove a list against numbers of files in the snapshots, and in directories of these."""
    counts = {(BASE, OLDER): before, (BASE, NEWER): now}
    for name, numbers in below.items():
        counts |= {(f"{BASE}/{name}", snapshot): files for snapshot, files in numbers.items()}
    cluster = CountingCluster(counts)
    return prove(cluster, snapshots_of(BASE), tally.totals, tally.unread_directories, mounted=False)


def is_proved(tally: Tally, before: int, now: int, **below: dict[int, int]) -> bool:
    try:
        prove_list(tally, before, now, **below)
    except ProofError:
        return False
    return True


def count_files(world: World) -> tuple[int, int]:
    """Return the numbers of files in both snapshots; a modified file is in both."""
    before = sum(was_file(one) or (one.modified and is_file(one)) for one in world.values())
    return before, sum(map(is_file, world.values()))


def list_world(world: World, *, deletes: bool = True, moves: bool = False) -> Tally:
    return list_entries(sides(world), deletes=deletes, moves=moves)


# Lists that are right, and lists that are not


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
def test_each_outcome_is_proved_with_the_right_numbers_and_no_others(
    world, before, now, deletes, moves
):
    tally = list_world(world, deletes=deletes, moves=moves)

    assert count_files(world) == (before, now)
    assert prove_list(tally, before + 5, now + 5) == Proof(before + 5, now + 5)
    assert not is_proved(tally, before + 4, now + 5)
    assert not is_proved(tally, before + 5, now + 4)


@given(world=some_worlds, others=st.integers(0, 9), deletes=st.booleans(), moves=st.booleans())
def test_any_list_is_proved_with_the_right_numbers_and_no_others(world, others, deletes, moves):
    before, now = count_files(world)

    tally = list_world(world, deletes=deletes, moves=moves)

    assert prove_list(tally, before + others, now + others) == (before + others, now + others)
    for wrong in (-1, 1):
        assert not is_proved(tally, before + others + wrong, now + others)
        assert not is_proved(tally, before + others, now + others + wrong)


def is_counted(entry: Entry) -> bool:
    """Return whether an entry is of a file that was created or deleted."""
    return entry.attributes.kind is Kind.FILE and entry.op != MODIFY


@given(world=some_worlds, deletes=st.booleans(), moves=st.booleans(), data=st.data())
def test_a_list_that_lacks_one_created_or_deleted_file_is_refused(world, deletes, moves, data):
    entries = sides(world)
    candidates = [entry for entry in entries if is_counted(entry)]
    if not candidates:
        return
    entries.remove(data.draw(st.sampled_from(candidates)))

    assert not is_proved(list_entries(entries, deletes=deletes, moves=moves), *count_files(world))


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
def test_a_list_with_one_created_or_deleted_file_too_many_is_refused(
    world, deletes, moves, invented
):
    entries = [*sides(world), invented]

    assert not is_proved(list_entries(entries, deletes=deletes, moves=moves), *count_files(world))


# Directories that cannot be read


def locked(op: Op, name: str = "/locked") -> Entry:
    return Entry(State.UNREADABLE, name, Attributes(Kind.DIRECTORY), op, "I/O error")


@given(
    created=st.integers(0, 5),
    deleted=st.integers(0, 5),
    world=some_worlds,
    deletes=st.booleans(),
    moves=st.booleans(),
)
@example(created=2, deleted=0, world={}, deletes=True, moves=True)
def test_the_cluster_counts_what_is_in_directories_that_cannot_be_read(
    created, deleted, world, deletes, moves
):
    before, now = count_files(world)
    entries = [*sides(world), locked(CREATE, "/new"), locked(DELETE, "/old")]
    tally = list_entries(entries, deletes=deletes, moves=moves)
    below = {"new": {NEWER: created, OLDER: 100}, "old": {OLDER: deleted, NEWER: 100}}

    assert is_proved(tally, before + deleted, now + created, **below)
    assert not is_proved(tally, before + deleted + 1, now + created, **below)
    assert not is_proved(tally, before + deleted, now + created + 1, **below)


def test_an_unreadable_directory_that_was_only_modified_changes_no_number():
    tally = list_entries([locked(MODIFY)], deletes=True, moves=False)

    assert is_proved(tally, 5, 5, locked={NEWER: 3, OLDER: 2})


@pytest.mark.parametrize("moves", [False, True])
def test_a_file_in_whose_place_is_an_unreadable_directory_is_deleted(moves):
    former = Entry(State.DELETED, "/locked", file("1"), DELETE)
    tally = list_entries([locked(CREATE), former], deletes=True, moves=moves)

    assert prove_list(tally, 1, 3, locked={NEWER: 3})
    assert not is_proved(tally, 2, 3, locked={NEWER: 3})


@pytest.mark.parametrize("moves", [False, True])
def test_files_of_a_directory_that_was_replaced_by_an_unreadable_one_are_gone(moves):
    gone = [Entry(State.GONE, f"/locked/{name}", file(name), DELETE) for name in ("1", "2")]
    tally = list_entries([locked(CREATE), *gone], deletes=True, moves=moves)

    assert tally.totals.gone_files == 2
    assert prove_list(tally, 2, 3, locked={NEWER: 3})
    assert not is_proved(tally, 2, 4, locked={NEWER: 3})


# What is requested


def requests(pair: SnapshotPair, tally: Tally | None = None) -> list[tuple[str, int]]:
    cluster, tally = CountingCluster({}), tally or Tally()
    prove(cluster, pair, tally.totals, tally.unread_directories, mounted=True)
    return cluster.requests


@pytest.mark.parametrize(
    ("source", "base", "counted"),
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
def test_both_snapshots_are_counted_at_the_base_path_or_at_their_directory(source, base, counted):
    assert requests(snapshots_of(source, base)) == [(counted, OLDER), (counted, NEWER)]


@pytest.mark.parametrize(
    ("base", "older_path", "newer_path"),
    [
        ("/shelf/show", "/proj/show", "/shelf/show"),
        ("/shelf/show/reel", "/proj/show/reel", "/shelf/show/reel"),
        ("/shelf", "/proj/show", "/shelf/show"),
        ("/", "/proj/show", "/shelf/show"),
    ],
)
def test_each_snapshot_is_counted_at_its_own_path(base, older_path, newer_path):
    pair = snapshots_of("/shelf/show", base, older_source="/proj/show")

    assert requests(pair) == [(older_path, OLDER), (newer_path, NEWER)]


def test_nothing_is_requested_of_a_snapshot_without_the_base_path():
    older, newer = snapshots_of("/proj")[:2]

    assert requests(SnapshotPair(older._replace(has_base=False), newer)) == [(BASE, NEWER)]
    assert requests(SnapshotPair(older, newer._replace(has_base=False))) == [(BASE, OLDER)]


def test_an_unreadable_directory_is_counted_in_the_snapshot_that_has_it():
    tally = with_unread(("/a b", DELETE), ("/c", CREATE))

    assert requests(snapshots_of("/", "/"), tally)[2:] == [("/a b", OLDER), ("/c", NEWER)]
    renamed = snapshots_of("/shelf", "/shelf/show", older_source="/proj")
    assert requests(renamed, tally)[2:] == [("/proj/show/a b", OLDER), ("/shelf/show/c", NEWER)]


# What must have been read


@pytest.mark.parametrize(
    ("totals", "is_enough"),
    [
        (Totals(), True),
        (Totals(unreadable=1, unread_existing=1), False),
        (Totals(files=1, unreadable=1, unread_existing=1), True),
        (Totals(directories=1, unreadable=1, unread_existing=1), True),
        (Totals(files=1, directories=1, unreadable=3, unread_existing=3), False),
        # What XML cannot name was read, and what is deleted is not on the mount.
        (Totals(unreadable=3), True),
        (Totals(deleted_files=9, unreadable=1, unread_existing=1), False),
    ],
)
def test_a_mount_that_could_mostly_not_be_read_proves_nothing(totals, is_enough):
    cluster = CountingCluster({(BASE, OLDER): totals.deleted_files})
    pair = snapshots_of(BASE)

    prove(cluster, pair, totals, [], mounted=False)
    if is_enough:
        prove(cluster, pair, totals, [], mounted=True)
        return
    with pytest.raises(StaleProofError, match=f"{totals.unread_existing} could not be read"):
        prove(cluster, pair, totals, [], mounted=True)
    with pytest.raises(UnprovableError):  # a snapshot on the mount, which has not changed since
        prove(cluster, pair, totals, [], mounted=True, live=False)


def test_the_error_states_how_many_entries_could_not_be_read():
    totals = Totals(files=1, directories=2, unreadable=4, unread_existing=4)

    with pytest.raises(ProofError) as caught:
        prove(CountingCluster({}), snapshots_of(BASE), totals, [], mounted=True)

    assert str(caught.value) == (
        "the list cannot be proved: of 7 created or modified entries, 4 could not be read"
    )


# What the error states


def refuse(tally: Tally, before: int, now: int, **below: dict[int, int]) -> ProofError:
    with pytest.raises(ProofError) as caught:
        prove_list(tally, before, now, **below)
    return caught.value


def test_it_states_all_parts_of_the_sum():
    tally = tally_of(
        files=9,
        created=5,
        moved=3,
        replaced=2,
        deleted_files=4,
        gone_files=1,
        unreadable_created=7,
        unreadable_deleted=6,
    )

    error = refuse(tally, 100, 99)

    assert str(error) == (
        "the list does not add up: 100 files below /proj/show1 in snapshot 3, +5 created, "
        "+3 moved there, +7 created but unreadable, -2 replacing other files, -4 deleted, "
        "-1 gone without being listed, -6 deleted but unreadable, would be 102 in snapshot 7, "
        "which has 99: 3 too many"
    )
    assert error.exit_code == 5


def test_it_states_that_a_list_changes_nothing():
    assert str(refuse(Tally(), 10, 12)) == (
        "the list does not add up: 10 files below /proj/show1 in snapshot 3, none changed, "
        "would be 10 in snapshot 7, which has 12: 2 too few"
    )


def test_it_states_what_the_cluster_counts_in_unreadable_directories():
    tally = with_unread(("/new", CREATE), ("/old", DELETE))

    assert str(refuse(tally, 10, 9, new={NEWER: 1}, old={OLDER: 3})) == (
        "the list does not add up: 10 files below /proj/show1 in snapshot 3, none changed, "
        "-2 in directories that cannot be read, would be 8 in snapshot 7, which has 9: 1 too few"
    )


def test_a_file_that_the_newer_snapshot_lacks_is_one_too_many():
    assert str(refuse(tally_of(created=1), 0, 0)).endswith("which has 0: 1 too many")


def test_it_is_a_different_error_if_the_live_share_changed_since_the_snapshot():
    assert type(refuse(tally_of(changed_since=1), 1, 2)) is StaleProofError
    assert type(refuse(Tally(), 1, 2)) is ProofError


def test_nothing_is_proved_if_the_cluster_cannot_count():
    class FailingCluster(UnusedCluster):
        def count_files_below(self, directory: str, snapshot: int) -> int:
            raise UnreadableError("its name is not Unicode")

    with pytest.raises(UnprovableError, match="cannot be proved: its name is not Unicode"):
        prove(FailingCluster(), snapshots_of("/", "/\udcff"), Totals(), [], mounted=True)


def test_only_created_and_deleted_files_count():
    totals = Totals(
        files=3,
        size=10,
        directories=5,
        deleted_directories=6,
        unreadable=7,
        left_out=8,
        changed_since=9,
    )

    assert prove_list(tally_of(**totals._asdict()), 4, 4) == Proof(4, 4)
