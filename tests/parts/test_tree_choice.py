"""Where a run reads both trees: on the mount, if that is known to show the base path, or not."""

from pathlib import Path
from typing import Any

import pytest

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.checks.base_path import SnapshotPair, SnapshotView
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.errors import HiddenSnapshotError
from qumulo_changelist.events import CertificateUnchecked, QqFoldersCounted
from qumulo_changelist.model import CREATE, DELETE, Change, EntryStat, Snapshot
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.operations.lists.tree_choice import TreeChoice, Trees
from qumulo_changelist.snapshot_paths import snapshot_paths
from qumulo_changelist.trees.sources import IdentifiedSource, MountSource, QqSource, RestSource
from tests.parts.conftest import RecordingListener
from tests.parts.fake_cluster import LIVE, FakeCluster, a_file

OLDER, NEWER = 3, 7
BASE = "/p/base"
GONE, NEW = Change(DELETE, f"{BASE}/gone"), Change(CREATE, f"{BASE}/new")
SETTINGS = Settings(hosts=("cluster",), port=8000, username="admin", password=Secret("x"))


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    """The base path on a mount that also shows the older snapshot."""
    (tmp_path / ".snapshot" / "3_s").mkdir(parents=True)
    (tmp_path / "kept").write_text("x")
    (tmp_path / ".snapshot" / "3_s" / "gone").write_text("xy")
    return tmp_path


def stat_of(path: Path) -> EntryStat:
    found = path.stat()
    return a_file(str(found.st_ino), found.st_size, found.st_mtime_ns)


def cluster_of(mount: Path, *, busy: bool = False, past: bool = True) -> FakeCluster:
    """Return a cluster with what the mount shows.

    Args:
        mount: the mount.
        busy: whether the share has changed since the newer snapshot.
        past: whether the mount shows the older snapshot of this cluster.
    """
    kept = stat_of(mount / "kept")
    gone = stat_of(mount / ".snapshot" / "3_s" / "gone")
    return FakeCluster(
        {
            OLDER: {f"{BASE}/gone": gone if past else a_file("5", 2, 1)},
            NEWER: {f"{BASE}/kept": a_file(kept.id, 9, 1) if busy else kept},
            LIVE: {f"{BASE}/kept": kept},
        }
    )


def choose(
    cluster: FakeCluster,
    mount: Path,
    *changes: Change,
    listener: RecordingListener | None = None,
    settings: Settings = SETTINGS,
    base_replaced: bool = False,
    has_base: bool = True,
    **wanted: Any,
) -> Trees:
    """Return the choice of trees for a request, with deletions unless it says otherwise."""
    fields: dict[str, Any] = {"mapped_path": str(mount), "deletes": True} | wanted
    request = ChangelistRequest(
        project="p", guid="g", source_index="1", base_path=BASE, older=OLDER, newer=NEWER, **fields
    )
    pair = SnapshotPair(
        SnapshotView(Snapshot(OLDER, source="/p"), snapshot_paths(BASE)),
        SnapshotView(Snapshot(NEWER, source="/p"), snapshot_paths(BASE), has_base=has_base),
        base_replaced,
    )
    changed = ChangeSet(Scope(BASE), limit=1000, folder=str(mount))
    changed.add(list(changes))
    listener = listener or RecordingListener()
    choice = TreeChoice(request, settings, cluster, pair, listener)
    trees = choice.choose(changed)
    choice.report_qq_folders(trees, changed)
    return trees


def test_deleted_files_are_read_on_a_mount_that_shows_the_newer_snapshot(mount: Path) -> None:
    cluster = cluster_of(mount)

    trees = choose(cluster, mount, GONE)

    assert trees == Trees(MountSource(str(mount)), MountSource(str(mount / ".snapshot" / "3_s")))
    assert cluster.requests == [("listing", BASE, NEWER)]


def test_on_a_busy_share_they_are_read_there_if_it_shows_the_older_snapshot(mount: Path) -> None:
    cluster = cluster_of(mount, busy=True)

    trees = choose(cluster, mount, GONE)

    assert isinstance(trees.older, MountSource)
    assert cluster.requests == [
        ("listing", BASE, NEWER),
        ("entry", f"{BASE}/kept", LIVE),
        ("listing", BASE, OLDER),
    ]


def test_a_mount_that_shows_a_different_past_is_not_read(mount: Path) -> None:
    trees = choose(cluster_of(mount, busy=True, past=False), mount, GONE)

    assert isinstance(trees.older, QqSource)


@pytest.mark.parametrize("busy", [False, True])
def test_the_past_of_a_replaced_base_path_is_not_read_on_the_mount(mount: Path, busy: bool) -> None:
    trees = choose(cluster_of(mount, busy=busy), mount, GONE, base_replaced=True)

    assert isinstance(trees.older, QqSource)


def test_if_nothing_was_deleted_the_older_snapshot_is_not_compared(mount: Path) -> None:
    cluster = cluster_of(mount, busy=True)

    choose(cluster, mount, NEW)

    assert ("listing", BASE, OLDER) not in cluster.requests


@pytest.mark.parametrize("deletes", [False, True])
def test_if_nothing_changed_nothing_is_asked(mount: Path, deletes: bool) -> None:
    cluster = cluster_of(mount, busy=True)

    choose(cluster, mount, deletes=deletes)

    assert cluster.requests == []


def test_if_deletions_are_not_wanted_the_older_snapshot_is_not_needed(mount: Path) -> None:
    cluster = cluster_of(mount, busy=True)

    trees = choose(cluster, mount, GONE, deletes=False)

    assert trees.older is None
    assert ("listing", BASE, OLDER) not in cluster.requests


def test_of_a_deleted_base_path_nothing_is_read_in_the_newer_snapshot(mount: Path) -> None:
    cluster = cluster_of(mount)

    trees = choose(cluster, mount, GONE, metadata="snapshot", has_base=False, base_replaced=True)

    assert trees.newer == MountSource(str(mount))
    assert cluster.requests == []


def test_a_mount_without_the_newer_snapshot_is_refused(mount: Path) -> None:
    with pytest.raises(HiddenSnapshotError, match="does not show snapshot 7 under"):
        choose(cluster_of(mount), mount, GONE, metadata="snapshot")


def test_of_both_trees_as_many_requests_are_under_way_as_a_node_takes(mount: Path) -> None:
    trees = choose(cluster_of(mount), mount, GONE, metadata="rest", page_size=5)

    for source in trees[:2]:
        assert isinstance(source, RestSource)
        assert (source.requests_at_once, source.page_size) == (128, 5)
    assert not trees.through_qq


def test_for_moves_the_mount_gets_its_ids_from_the_cluster(mount: Path) -> None:
    trees = choose(cluster_of(mount), mount, GONE, NEW, moves=True)

    assert isinstance(trees.identified, IdentifiedSource)
    assert trees.identified.described == trees.newer == MountSource(str(mount))
    assert isinstance(trees.identified.identified, QqSource)
    assert isinstance(trees.older, QqSource)


@pytest.mark.parametrize("transport", ["qq", "rest"])
def test_an_unchecked_certificate_is_reported_if_only_the_trees_are_read_over_rest(
    mount: Path, listener: RecordingListener, transport: Any
) -> None:
    """Over REST alone, opening the cluster has reported it already."""
    unchecked = Settings(
        hosts=("a",), port=1, username="u", password=Secret("x"), transport=transport,
        verify_tls=False,
    )  # fmt: skip

    choose(cluster_of(mount), mount, listener=listener, settings=unchecked, metadata="rest")

    assert listener.events == [CertificateUnchecked()] * (transport == "qq")


# How many folders are read through qq


def qq_folders(
    mount: Path, deleted: int, created: int = 1, **wanted: Any
) -> QqFoldersCounted | None:
    """Return what is reported of deleted and created folders on a mount without their past."""
    listener = RecordingListener()
    changes = [Change(CREATE, f"{BASE}/new{at}/") for at in range(created)]
    changes += [Change(DELETE, f"{BASE}/{at}/") for at in range(deleted)]
    cluster = cluster_of(mount, busy=True, past=False)
    choose(cluster, mount, *changes, listener=listener, **({"deletes": False} | wanted))
    return next(iter(listener.of(QqFoldersCounted)), None)


def test_deleted_folders_are_counted_before_they_are_read_through_qq(mount: Path) -> None:
    expected = QqFoldersCounted(folders=5, at_once=4, mount_helps=True)

    assert qq_folders(mount, 5, deletes=True, workers=2) == expected
    assert qq_folders(mount, 5, verify=True, workers=2) == expected


def test_for_moves_created_folders_count_too_and_no_mount_helps(mount: Path) -> None:
    expected = QqFoldersCounted(folders=4, at_once=4, mount_helps=False)

    assert qq_folders(mount, 3, moves=True, workers=2) == expected


@pytest.mark.parametrize(
    ("deleted", "created", "wanted"),
    [(0, 1, "deletes"), (30, 1, ""), (30, 0, "moves"), (0, 30, "moves")],
    ids=["nothing deleted", "not wanted", "nothing created", "nothing deleted for moves"],
)
def test_if_nothing_is_read_through_qq_nothing_is_reported(
    mount: Path, deleted: int, created: int, wanted: str
) -> None:
    assert qq_folders(mount, deleted, created, **({wanted: True} if wanted else {})) is None


@pytest.mark.parametrize(("workers", "at_once"), [(1, 2), (4, 8), (8, 8), (16, 16)])
def test_each_process_has_two_of_qq_at_the_same_time_within_a_limit(
    mount: Path, workers: int, at_once: int
) -> None:
    reported = qq_folders(mount, 1, deletes=True, workers=workers)

    assert reported
    assert reported.at_once == at_once
