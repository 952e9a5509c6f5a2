"""The base path in the two snapshots: where each has it, whether it does, and what follows."""

import pytest

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.checks.base_path import (
    SnapshotPair,
    SnapshotView,
    compare_snapshots,
    find_base,
    take_whole,
)
from qumulo_changelist.errors import (
    BasePathError,
    IncomparableError,
    ReplyError,
    SnapshotTimeError,
)
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Change, Snapshot
from qumulo_changelist.snapshot_paths import SnapshotPaths
from tests.parts.fake_cluster import FakeCluster, Tree, a_directory, a_file, a_link

OLDER, NEWER = 3, 7
EMPTY = FakeCluster({})


def older(source: str = "", source_id: str = "12", taken: int = 0) -> Snapshot:
    return Snapshot(OLDER, "", taken, source, source_id)


def newer(source: str = "", source_id: str = "12", taken: int = 0) -> Snapshot:
    return Snapshot(NEWER, "", taken, source, source_id)


# The snapshots


def test_snapshots_of_two_directories_are_refused():
    with pytest.raises(IncomparableError) as caught:
        compare_snapshots(EMPTY, Scope("/p"), older("/p", "12"), newer("", "13"))

    assert str(caught.value) == (
        "snapshot 3 is of /p (file id 12), snapshot 7 of (file id 13): "
        "these are different directories"
    )
    assert caught.value.exit_code == 65


def test_a_newer_snapshot_that_was_taken_first_is_refused():
    with pytest.raises(SnapshotTimeError) as caught:
        compare_snapshots(EMPTY, Scope("/p"), older("/p", "12", 2), newer("/p", "12", 1))

    assert str(caught.value) == "snapshot 7 was taken before snapshot 3"
    assert caught.value.exit_code == 65


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (older("/p"), newer("/p")),
        (older("/p", taken=1), newer("/p", taken=1)),
        (older("/p", taken=1), newer("/p", taken=2)),
        (older("/p", taken=2), newer("/p")),
        (older("/p"), newer("/p", taken=1)),
        (older("/"), newer("/")),
    ],
)
def test_snapshots_of_one_directory_are_compared_even_if_their_times_are_unknown(before, now):
    cluster = FakeCluster({})

    pair = compare_snapshots(cluster, Scope("/p/base"), before, now)

    assert pair == SnapshotPair(
        SnapshotView(before, SnapshotPaths("/p/base")), SnapshotView(now, SnapshotPaths("/p/base"))
    )
    assert (pair.older.has_base, pair.newer.has_base) == (True, True)
    assert not pair.base_replaced
    assert cluster.requests == []


@pytest.mark.parametrize(
    ("before", "now", "number"),
    [
        (older("/p", ""), newer("/p"), OLDER),
        (older("/p"), newer("/p", ""), NEWER),
        (older("/p", ""), newer("/p", ""), OLDER),
    ],
)
def test_a_snapshot_of_which_no_directory_is_stated_is_not_compared(before, now, number):
    cluster = FakeCluster({OLDER: {"/p": a_directory("12")}, NEWER: {"/p": a_directory("12")}})

    with pytest.raises(ReplyError) as caught:
        compare_snapshots(cluster, Scope("/p"), before, now)

    assert (
        str(caught.value) == f"the cluster does not state which directory snapshot {number} is of"
    )
    assert caught.value.exit_code == 76


def test_of_such_a_snapshot_there_is_no_full_list():
    with pytest.raises(ReplyError, match="which directory snapshot 7 is of"):
        take_whole(FakeCluster({NEWER: {"/p": a_directory("12")}}), Scope("/p"), newer("/p", ""))


def test_each_snapshot_of_a_renamed_directory_has_its_own_path():
    pair = compare_snapshots(EMPTY, Scope("/c/new/d"), older("/c/old", "12"), newer("/c/new", "12"))

    assert pair.older.base == pair.older.top_path == "/c/old/d"
    assert pair.newer.base == pair.newer.top_path == "/c/new/d"
    assert pair.older.top == pair.newer.top == "/"


@pytest.mark.parametrize("base", ["/c", "/"])
def test_above_the_directory_of_the_snapshots_that_directory_is_the_top(base):
    pair = compare_snapshots(EMPTY, Scope(base), older("/c/old", "12"), newer("/c/new", "12"))

    assert pair.older.top == pair.newer.top == {"/c": "/new/", "/": "/c/new/"}[base]
    assert pair.older.top_path == "/c/old"
    assert pair.newer.top_path == "/c/new"


@pytest.mark.parametrize(("source", "top"), [("/", "/"), ("/X", "/X/")])
def test_so_it_is_if_the_base_path_is_the_root(source, top):
    pair = compare_snapshots(EMPTY, Scope("/"), older(source, "12"), newer(source, "12"))

    assert pair.older.top == pair.newer.top == top
    assert pair.newer.top_path == source


# A full list


@pytest.mark.parametrize(
    ("base", "source", "top"),
    [
        ("/c/d", "/c", "/"),
        ("/c", "/c", "/"),
        ("/c", "/c/d", "/d/"),
        ("/", "/c/d", "/c/d/"),
        ("/", "/", "/"),
        ("/c/d", "", "/"),
    ],
)
def test_a_full_list_is_of_what_the_newer_snapshot_has_at_or_below_the_base_path(base, source, top):
    cluster = FakeCluster({NEWER: {"/c/d/e": a_file("1")}})

    pair = take_whole(cluster, Scope(base), newer(source))

    assert pair.newer == SnapshotView(newer(source), SnapshotPaths(base.rstrip("/")), top)
    assert (pair.older.has_base, pair.is_full, pair.base_replaced) == (False, True, True)


def test_a_full_list_of_a_base_path_that_the_cluster_cannot_be_asked_for_is_attempted():
    cluster = FakeCluster({NEWER: {}}, unreadable=("/c/d",))

    assert take_whole(cluster, Scope("/c/d"), newer("/c")).newer.has_base


@pytest.mark.parametrize("base", ["/c/nothing", "/c/file", "/c/link", "/c2", "/C"])
def test_a_snapshot_without_the_base_path_as_a_directory_has_no_full_list(base):
    cluster = FakeCluster({NEWER: {"/c/file": a_file("1"), "/c/link": a_link()}})

    with pytest.raises(BasePathError, match=r"^snapshot 7 ") as caught:
        take_whole(cluster, Scope(base), newer("/c"))

    assert base in str(caught.value)
    assert ("Did you mean /c," in caught.value.hint) == (base in ("/c2", "/C"))


# Renamed directories


def test_an_unknown_path_is_requested_by_the_file_id():
    cluster = FakeCluster(
        {OLDER: {"/c/old": a_directory("12")}, NEWER: {"/c/new": a_directory("12")}}
    )

    pair = compare_snapshots(cluster, Scope("/c/new/d"), older("", "12"), newer("", "12"))

    assert cluster.requests == [("entry", "12", OLDER), ("entry", "12", NEWER)]
    assert pair.older == SnapshotView(older("/c/old", "12"), SnapshotPaths("/c/old/d"))
    assert pair.newer == SnapshotView(newer("/c/new", "12"), SnapshotPaths("/c/new/d"))


def test_a_path_that_the_cluster_does_not_know_either_remains_unknown():
    pair = compare_snapshots(EMPTY, Scope("/c/new/d"), older("", "12"), newer("/c/new", "12"))

    assert pair.older == SnapshotView(older("", "12"), SnapshotPaths("/c/new/d"))


def test_a_base_path_beside_the_snapshots_is_refused_with_a_suggestion():
    cluster = FakeCluster({NEWER: {"/projects/show1": a_directory()}})
    source = "/projects"

    with pytest.raises(BasePathError) as caught:
        compare_snapshots(cluster, Scope("/Projects/show1"), older(source), newer(source))

    assert str(caught.value) == (
        "the snapshots are of /projects, and the base path /Projects/show1 is neither in it nor "
        "above it"
    )
    assert caught.value.hint == (
        "Did you mean /projects/show1, which differs in upper and lower case?"
    )
    assert caught.value.exit_code == 2


def test_a_base_path_by_its_former_name_is_refused_with_both_names():
    with pytest.raises(BasePathError) as caught:
        compare_snapshots(EMPTY, Scope("/old/d"), older("/old", "12"), newer("/new", "12"))

    assert str(caught.value) == (
        "the snapshots are of /new; snapshot 3 calls it /old, and the base path /old/d is neither "
        "in it nor above it"
    )
    assert caught.value.hint == ""


# The base path in them

BASE = "/p/par/base"
HERE = {"/p/par/base": a_directory()}
NOT_HERE = {"/p/par/other": a_directory()}
A_FILE = {"/p/par/base": a_file("5")}
A_LINK = {"/p/par/base": a_link()}
INSIDE = Change(CREATE, "/p/par/base/new")
BOTH_REQUESTED = [("entry", BASE, NEWER), ("entry", BASE, OLDER)]

CREATED_ABOVE = Change(CREATE, "/p/par/")
DELETED_ABOVE = Change(DELETE, "/p/par/")


def find(
    cluster: FakeCluster,
    *changes: Change,
    tmp_path: object,
    source: str = "/p",
    base: str = BASE,
    limit: int = 1000,
) -> tuple[SnapshotPair, list[str], tuple[bool, bool]]:
    """Find the base path.

    Returns:
        The snapshots, the keys that remain, and whether the base path was created, and deleted.
    """
    changed = ChangeSet(Scope(base), limit=limit, folder=str(tmp_path))
    for change in changes:
        changed.add([change])
    pair = compare_snapshots(cluster, Scope(base), older(source), newer(source))
    cluster.requests.clear()
    try:
        found = find_base(cluster, pair, changed)
        flags = (changed.base_created, changed.base_deleted)
        keys = [key for block in changed.drain() for key in block]
        return found, keys, flags
    finally:
        changed.close()


def cluster_with(before: Tree, now: Tree, unreadable: tuple[str, ...] = ()) -> FakeCluster:
    return FakeCluster({OLDER: before, NEWER: now}, unreadable)


@pytest.mark.parametrize("limit", [1000, 1], ids=["in memory", "spilled"])
@pytest.mark.parametrize(
    ("before", "now", "changes", "keys"),
    [
        (HERE, HERE, (CREATED_ABOVE, DELETED_ABOVE), ["/new\0C", "/\0D", "/\0C"]),
        (HERE, NOT_HERE, (CREATED_ABOVE, DELETED_ABOVE), ["/new\0C", "/\0D"]),
        (HERE, A_FILE, (CREATED_ABOVE, DELETED_ABOVE), ["/new\0C", "/\0D"]),
        (NOT_HERE, HERE, (CREATED_ABOVE, DELETED_ABOVE), ["/new\0C", "/\0C"]),
        (A_LINK, HERE, (CREATED_ABOVE, DELETED_ABOVE), ["/new\0C", "/\0C"]),
        ({}, HERE, (CREATED_ABOVE,), ["/new\0C", "/\0C"]),
        (HERE, {}, (DELETED_ABOVE,), ["/new\0C", "/\0D"]),
    ],
)
def test_after_a_change_above_the_base_path_the_snapshots_decide_what_became_of_it(
    before, now, changes, keys, limit, tmp_path
):
    cluster = cluster_with(before, now)

    found, left, flags = find(cluster, *changes, INSIDE, tmp_path=tmp_path, limit=limit)

    assert cluster.requests == BOTH_REQUESTED
    assert sorted(left, reverse=True) == sorted(keys, reverse=True)
    assert found.base_replaced
    assert (found.older.has_base, found.newer.has_base) == (before is HERE, now is HERE)
    assert flags == ("/\0C" in keys, "/\0D" in keys)


ABOVE = [(), (CREATED_ABOVE,), (DELETED_ABOVE,), (CREATED_ABOVE, DELETED_ABOVE)]
ABOVE_NAMES = ["unchanged", "created above", "deleted above", "replaced above"]


@pytest.mark.parametrize("changes", ABOVE, ids=ABOVE_NAMES)
@pytest.mark.parametrize(("before", "now"), [({}, {}), (A_FILE, NOT_HERE), (NOT_HERE, A_LINK)])
def test_a_base_path_that_is_a_directory_in_neither_snapshot_is_refused(
    before, now, changes, tmp_path
):
    with pytest.raises(BasePathError, match=r"^neither snapshot has a directory /p/par/base$"):
        find(cluster_with(before, now), *changes, tmp_path=tmp_path)


def test_a_misspelt_base_path_is_refused_with_a_suggestion(tmp_path):
    with pytest.raises(BasePathError) as caught:
        find(cluster_with(NOT_HERE, {"/p/par/Base": a_directory()}), tmp_path=tmp_path)
    assert caught.value.hint == "Did you mean /p/par/Base, which differs in upper and lower case?"

    with pytest.raises(BasePathError) as caught:
        find(cluster_with({}, {}), tmp_path=tmp_path)
    assert caught.value.hint == ""


@pytest.mark.parametrize(
    ("before", "now", "changes", "facts"),
    [
        (HERE, HERE, (CREATED_ABOVE,), "snapshot 3 has {0} and snapshot 7 has {0}"),
        (HERE, HERE, (DELETED_ABOVE,), "snapshot 3 has {0} and snapshot 7 has {0}"),
        (HERE, {}, (CREATED_ABOVE,), "snapshot 3 has {0} and snapshot 7 does not have {0}"),
        (HERE, {}, (), "snapshot 3 has {0} and snapshot 7 does not have {0}"),
        ({}, HERE, (DELETED_ABOVE,), "snapshot 3 does not have {0} and snapshot 7 has {0}"),
    ],
)
def test_a_diff_that_contradicts_the_snapshots_is_an_error(before, now, changes, facts, tmp_path):
    with pytest.raises(ReplyError) as caught:
        find(cluster_with(before, now), *changes, tmp_path=tmp_path)

    assert str(caught.value) == f"{facts.format(BASE)}, but the diff does not show that"


@pytest.mark.parametrize(
    ("changes", "has_base", "keys"),
    [
        ((), (True, True), []),
        ((CREATED_ABOVE,), (False, True), ["/\0C"]),
        ((DELETED_ABOVE,), (True, False), ["/\0D"]),
        ((CREATED_ABOVE, DELETED_ABOVE), (True, True), ["/\0C", "/\0D"]),
    ],
    ids=ABOVE_NAMES,
)
def test_the_diff_decides_if_the_cluster_cannot_be_asked_for_the_base_path(
    changes, has_base, keys, tmp_path
):
    cluster = cluster_with({}, {}, unreadable=(BASE,))

    found, left, _ = find(cluster, *changes, tmp_path=tmp_path)

    assert (found.older.has_base, found.newer.has_base) == has_base
    assert sorted(left) == keys
    assert found.base_replaced is bool(changes)


@pytest.mark.parametrize(
    ("unreadable", "has_base"), [("/p/old/base", (True, False)), ("/p/new/base", (False, True))]
)
def test_the_diff_decides_also_for_one_of_the_snapshots(unreadable, has_base, tmp_path):
    # They have the base path at different paths, since their directory was renamed.
    cluster = cluster_with({}, {}, unreadable=(unreadable,))
    scope = Scope("/p/new/base")
    changes = ChangeSet(scope, limit=1000, folder=str(tmp_path))
    changes.add([Change(CREATE, "/p/new/base/"), Change(DELETE, "/p/new/base/")])
    pair = compare_snapshots(cluster, scope, older("/p/old", "12"), newer("/p/new", "12"))

    found = find_base(cluster, pair, changes)

    assert (found.older.has_base, found.newer.has_base) == has_base


# What is requested


@pytest.mark.parametrize(
    "change", [INSIDE, Change(MODIFY, "/p/par/base/x"), Change(DELETE, "/p/par/base/d/")]
)
def test_nothing_is_requested_if_something_changed_below_the_base_path(change, tmp_path):
    cluster = cluster_with({}, {})

    found, _, _ = find(cluster, change, tmp_path=tmp_path)

    assert cluster.requests == []
    assert (found.older.has_base, found.newer.has_base) == (True, True)
    assert not found.base_replaced


@pytest.mark.parametrize("base", ["/p/par/base", "/p/par", "/p", "/"])
def test_nothing_is_requested_of_a_base_path_at_or_above_the_snapshots(base, tmp_path):
    cluster = cluster_with({}, {})

    find(cluster, tmp_path=tmp_path, source="/p/par/base", base=base)

    assert cluster.requests == []


@pytest.mark.parametrize(("source", "base"), [("/p", BASE), ("/", BASE), ("/p", "/p/X")])
def test_one_request_is_enough_if_nothing_changed(source, base, tmp_path):
    tree = {base: a_directory()}
    cluster = cluster_with(tree, tree)

    found, left, _ = find(cluster, tmp_path=tmp_path, source=source, base=base)

    assert cluster.requests == [("entry", base, NEWER)]
    assert (left, found.base_replaced) == ([], False)


def test_each_snapshot_of_a_renamed_directory_is_asked_for_its_own_path(tmp_path):
    cluster = FakeCluster({OLDER: {"/old/d": a_directory()}, NEWER: {}})
    scope = Scope("/new/d")
    changes = ChangeSet(scope, limit=1000, folder=str(tmp_path))
    changes.add([Change(DELETE, "/new/d/")])
    pair = compare_snapshots(cluster, scope, older("/old", "12"), newer("/new", "12"))

    found = find_base(cluster, pair, changes)

    assert cluster.requests == [("entry", "/new/d", NEWER), ("entry", "/old/d", OLDER)]
    assert (found.older.has_base, found.newer.has_base) == (True, False)
