"""The base path in the two snapshots: where each has it, whether it does, and what follows."""

import pytest

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.checks.base_path import SnapshotPair, SnapshotView, compare, find_base
from qumulo_changelist.errors import IncomparableError, ReplyError, UsageError
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Snapshot
from qumulo_changelist.snapshot_paths import SnapshotPaths
from tests.parts.fake_cluster import FakeCluster, a_directory, a_file, a_link

OLDER, NEWER = 3, 7
NOBODY = FakeCluster({})


def older(source: str = "", number: str = "", taken: int = 0) -> Snapshot:
    return Snapshot(OLDER, "", taken, source, number)


def newer(source: str = "", number: str = "", taken: int = 0) -> Snapshot:
    return Snapshot(NEWER, "", taken, source, number)


# The snapshots


def test_snapshots_of_two_directories_are_not_compared():
    with pytest.raises(IncomparableError) as caught:
        compare(NOBODY, Scope("/p"), older("/p", "12"), newer("", "13"))

    assert str(caught.value) == (
        "snapshot 3 is of /p (file id 12), snapshot 7 of (file id 13): these are two directories"
    )
    assert caught.value.hint == ("No list was written. Give two snapshots of the same directory.")
    assert caught.value.exit_code == 65


def test_snapshots_in_the_wrong_order_are_not_compared():
    with pytest.raises(IncomparableError) as caught:
        compare(NOBODY, Scope("/p"), older("/p", "12", 2), newer("/p", "12", 1))

    assert str(caught.value) == "snapshot 7 was taken before snapshot 3"
    assert caught.value.hint == (
        "No list was written. Give the snapshot that was taken first with --prevsnapshotid."
    )


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (older("/p"), newer("/p")),
        (older("/p", "12"), newer("/p")),
        (older("/p"), newer("/p", "12")),
        (older("/p", "12", 1), newer("/p", "12", 1)),
        (older("/p", "12", 1), newer("/p", "12", 2)),
        (older("/p", taken=2), newer("/p")),
        (older("/p"), newer("/p", taken=1)),
        (older(), newer("/p")),
        (older("/p"), newer()),
        (older(), newer()),
        (older("/"), newer("/")),
    ],
)
def test_what_is_not_known_of_snapshots_does_not_keep_them_from_being_compared(before, now):
    cluster = FakeCluster({})

    moments = compare(cluster, Scope("/p/base"), before, now)

    assert moments == SnapshotPair(
        SnapshotView(before, SnapshotPaths("/p/base")), SnapshotView(now, SnapshotPaths("/p/base"))
    )
    assert (moments.older.holds_base, moments.newer.holds_base) == (True, True)
    assert not moments.base_replaced
    assert cluster.asked == []


def test_of_a_directory_that_was_renamed_each_snapshot_has_its_own_path():
    moments = compare(NOBODY, Scope("/c/new/d"), older("/c/old", "12"), newer("/c/new", "12"))

    assert moments.older.base == moments.older.top_path == "/c/old/d"
    assert moments.newer.base == moments.newer.top_path == "/c/new/d"
    assert moments.older.top == moments.newer.top == "/"


@pytest.mark.parametrize("base", ["/c", "/"])
def test_below_a_base_path_it_is_the_directory_of_the_snapshots_that_they_hold(base):
    moments = compare(NOBODY, Scope(base), older("/c/old", "12"), newer("/c/new", "12"))

    assert moments.older.top == moments.newer.top == {"/c": "/new/", "/": "/c/new/"}[base]
    assert moments.older.top_path == "/c/old"
    assert moments.newer.top_path == "/c/new"


@pytest.mark.parametrize(("source", "top"), [("/", "/"), ("/X", "/X/")])
def test_of_the_root_it_is_the_directory_of_the_snapshots_too(source, top):
    moments = compare(NOBODY, Scope("/"), older(source, "12"), newer(source, "12"))

    assert moments.older.top == moments.newer.top == top
    assert moments.newer.top_path == source


def test_a_path_that_is_not_known_is_asked_for_by_the_id():
    cluster = FakeCluster(
        {OLDER: {"/c/old": a_directory("12")}, NEWER: {"/c/new": a_directory("12")}}
    )

    moments = compare(cluster, Scope("/c/new/d"), older("", "12"), newer("", "12"))

    assert cluster.asked == [("at", "12", OLDER), ("at", "12", NEWER)]
    assert moments.older == SnapshotView(older("/c/old", "12"), SnapshotPaths("/c/old/d"))
    assert moments.newer == SnapshotView(newer("/c/new", "12"), SnapshotPaths("/c/new/d"))


def test_a_path_that_the_cluster_does_not_know_either_stays_unknown():
    moments = compare(NOBODY, Scope("/c/new/d"), older("", "12"), newer("/c/new", "12"))

    assert moments.older == SnapshotView(older("", "12"), SnapshotPaths("/c/new/d"))


def test_a_base_path_beside_the_snapshots_is_refused_with_what_may_be_meant():
    cluster = FakeCluster({NEWER: {"/projects/show1": a_directory()}})
    source = "/projects"

    with pytest.raises(UsageError) as caught:
        compare(cluster, Scope("/Projects/show1"), older(source), newer(source))

    assert str(caught.value) == (
        "the snapshots are of /projects, and the base path /Projects/show1 is neither in it nor "
        "above it"
    )
    assert caught.value.hint == (
        "Did you mean /projects/show1, which differs in upper and lower case?"
    )


def test_a_base_path_by_its_older_name_is_refused_with_both_names():
    with pytest.raises(UsageError) as caught:
        compare(NOBODY, Scope("/old/d"), older("/old", "12"), newer("/new", "12"))

    assert str(caught.value) == (
        "the snapshots are of /new; snapshot 3 calls it /old, and the base path /old/d is neither "
        "in it nor above it"
    )
    assert caught.value.hint == (
        "Give with -b a directory that the newer snapshot holds, by its path there."
    )


# The base path in them

BASE = "/p/par/base"
HERE = {"/p/par/base": a_directory()}
NOT_HERE = {"/p/par/other": a_directory()}
A_FILE = {"/p/par/base": a_file("5")}
A_LINK = {"/p/par/base": a_link()}
INSIDE = Change(CREATE, "/p/par/base/new")
ASKED_OF_BOTH = [("at", BASE, NEWER), ("at", BASE, OLDER)]

CAME = Change(CREATE, "/p/par/")
WENT = Change(DELETE, "/p/par/")


def find(cluster, *changes, tmp_path, source="/p", number="12", base=BASE, limit=1000):
    """Return what is found of the base path, and the changes that it leaves, in order."""
    changed = ChangeSet(Scope(base), limit=limit, folder=str(tmp_path))
    for change in changes:
        changed.add([change])
    moments = compare(cluster, Scope(base), older(source, number), newer(source, number))
    cluster.asked.clear()
    try:
        found = find_base(cluster, moments, changed)
        flags = (changed.base_created, changed.base_deleted)
        keys = [key for block in changed.take() for key in block]
        return found, keys, flags
    finally:
        changed.close()


def cluster_with(before: dict, now: dict, unreadable: tuple[str, ...] = ()) -> FakeCluster:
    return FakeCluster({OLDER: before, NEWER: now}, unreadable)


@pytest.mark.parametrize("limit", [1000, 1], ids=["in memory", "spilled"])
@pytest.mark.parametrize(
    ("before", "now", "changes", "keys"),
    [
        (HERE, HERE, (CAME, WENT), ["/new\0C", "/\0D", "/\0C"]),
        (HERE, NOT_HERE, (CAME, WENT), ["/new\0C", "/\0D"]),
        (HERE, A_FILE, (CAME, WENT), ["/new\0C", "/\0D"]),
        (NOT_HERE, HERE, (CAME, WENT), ["/new\0C", "/\0C"]),
        (A_LINK, HERE, (CAME, WENT), ["/new\0C", "/\0C"]),
        ({}, HERE, (CAME,), ["/new\0C", "/\0C"]),
        (HERE, {}, (WENT,), ["/new\0C", "/\0D"]),
    ],
)
def test_a_base_path_came_or_went_where_the_snapshots_say_so(
    before, now, changes, keys, limit, tmp_path
):
    cluster = cluster_with(before, now)

    found, left, flags = find(cluster, *changes, INSIDE, tmp_path=tmp_path, limit=limit)

    assert cluster.asked == ASKED_OF_BOTH
    assert sorted(left, reverse=True) == sorted(keys, reverse=True)
    assert found.base_replaced
    assert (found.older.holds_base, found.newer.holds_base) == (before is HERE, now is HERE)
    assert flags == ("/\0C" in keys, "/\0D" in keys)


@pytest.mark.parametrize("changes", [(), (CAME,), (WENT,), (CAME, WENT)], ids=str)
@pytest.mark.parametrize(("before", "now"), [({}, {}), (A_FILE, NOT_HERE), (NOT_HERE, A_LINK)])
def test_a_base_path_that_no_snapshot_holds_as_a_directory_is_refused(
    before, now, changes, tmp_path
):
    with pytest.raises(UsageError, match=r"^neither snapshot holds a directory /p/par/base$"):
        find(cluster_with(before, now), *changes, tmp_path=tmp_path)


def test_a_base_path_that_is_only_misspelt_is_refused_with_its_spelling(tmp_path):
    with pytest.raises(UsageError) as caught:
        find(cluster_with(NOT_HERE, {"/p/par/Base": a_directory()}), tmp_path=tmp_path)
    assert caught.value.hint == "Did you mean /p/par/Base, which differs in upper and lower case?"

    with pytest.raises(UsageError) as caught:
        find(cluster_with({}, {}), tmp_path=tmp_path)
    assert caught.value.hint == (
        "Check the base path: give a directory of the cluster, by the path that it has in the "
        "newer snapshot."
    )


@pytest.mark.parametrize(
    ("before", "now", "changes", "held"),
    [
        (HERE, HERE, (CAME,), "snapshot 3 holds {0} and snapshot 7 holds {0}"),
        (HERE, HERE, (WENT,), "snapshot 3 holds {0} and snapshot 7 holds {0}"),
        (HERE, {}, (CAME,), "snapshot 3 holds {0} and snapshot 7 does not hold {0}"),
        (HERE, {}, (), "snapshot 3 holds {0} and snapshot 7 does not hold {0}"),
        ({}, HERE, (WENT,), "snapshot 3 does not hold {0} and snapshot 7 holds {0}"),
    ],
)
def test_a_diff_that_says_otherwise_than_the_snapshots_makes_no_sense(
    before, now, changes, held, tmp_path
):
    with pytest.raises(ReplyError) as caught:
        find(cluster_with(before, now), *changes, tmp_path=tmp_path)

    assert str(caught.value) == f"{held.format(BASE)}, but the diff does not show that"


@pytest.mark.parametrize(
    ("changes", "holds", "keys"),
    [
        ((), (True, True), []),
        ((CAME,), (False, True), ["/\0C"]),
        ((WENT,), (True, False), ["/\0D"]),
        ((CAME, WENT), (True, True), ["/\0C", "/\0D"]),
    ],
)
def test_of_a_base_path_that_the_cluster_cannot_be_asked_for_the_diff_decides(
    changes, holds, keys, tmp_path
):
    cluster = cluster_with({}, {}, unreadable=(BASE,))

    found, left, _ = find(cluster, *changes, tmp_path=tmp_path)

    assert (found.older.holds_base, found.newer.holds_base) == holds
    assert sorted(left) == keys
    assert found.base_replaced is bool(changes)


@pytest.mark.parametrize(
    ("unknown", "known", "holds"),
    [("/p/old/base", {}, (True, False)), ("/p/new/base", {}, (False, True))],
)
def test_what_one_snapshot_does_not_say_the_diff_does(unknown, known, holds, tmp_path):
    # The two ask by different paths, since the directory of the snapshots was renamed.
    cluster = FakeCluster({OLDER: known, NEWER: known}, (unknown,))
    changes = ChangeSet(Scope("/p/new/base"), limit=1000, folder=str(tmp_path))
    changes.add([Change(CREATE, "/p/new/base/"), Change(DELETE, "/p/new/base/")])
    moments = compare(cluster, Scope("/p/new/base"), older("/p/old", "12"), newer("/p/new", "12"))

    found = find_base(cluster, moments, changes)

    assert (found.older.holds_base, found.newer.holds_base) == holds


# Which questions are asked


@pytest.mark.parametrize(
    "change", [INSIDE, Change(MODIFY, "/p/par/base/x"), Change(DELETE, "/p/par/base/d/")]
)
def test_where_something_changed_below_the_base_path_nothing_is_asked(change, tmp_path):
    cluster = cluster_with({}, {})

    found, _, _ = find(cluster, change, tmp_path=tmp_path)

    assert cluster.asked == []
    assert (found.older.holds_base, found.newer.holds_base) == (True, True)
    assert not found.base_replaced


@pytest.mark.parametrize("base", ["/p/par/base", "/p/par", "/p", "/"])
def test_of_a_base_path_at_or_above_the_directory_of_the_snapshots_nothing_is_asked(base, tmp_path):
    cluster = cluster_with({}, {})

    find(cluster, tmp_path=tmp_path, source="/p/par/base", base=base)

    assert cluster.asked == []


@pytest.mark.parametrize("source", ["/p", "/"])
def test_a_base_path_below_the_directory_of_the_snapshots_is_asked_for(source, tmp_path):
    cluster = cluster_with({"/p/X": a_directory()}, {"/p/X": a_directory()})

    find(cluster, tmp_path=tmp_path, source=source, base="/p/X")

    assert cluster.asked == [("at", "/p/X", NEWER)]


def test_where_nothing_changed_one_question_is_enough(tmp_path):
    cluster = cluster_with(HERE, HERE)

    found, left, _ = find(cluster, tmp_path=tmp_path)

    assert cluster.asked == [("at", BASE, NEWER)]
    assert (left, found.base_replaced) == ([], False)


def test_where_it_is_unknown_whether_the_snapshots_are_of_one_directory_both_are_asked(tmp_path):
    cluster = cluster_with({}, HERE)

    with pytest.raises(ReplyError, match="snapshot 3 does not hold"):
        find(cluster, tmp_path=tmp_path, number="")

    assert cluster.asked == ASKED_OF_BOTH


def test_of_a_directory_that_was_renamed_each_is_asked_by_its_own_path(tmp_path):
    cluster = FakeCluster({OLDER: {"/old/d": a_directory()}, NEWER: {}})
    changes = ChangeSet(Scope("/new/d"), limit=1000, folder=str(tmp_path))
    changes.add([Change(DELETE, "/new/d/")])
    moments = compare(cluster, Scope("/new/d"), older("/old", "12"), newer("/new", "12"))

    found = find_base(cluster, moments, changes)

    assert cluster.asked == [("at", "/new/d", NEWER), ("at", "/old/d", OLDER)]
    assert (found.older.holds_base, found.newer.holds_base) == (True, False)
