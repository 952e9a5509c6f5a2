"""Where a run reads what is deleted: on the mount, as soon as that is known to be the base path."""

import argparse
from pathlib import Path

import pytest

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.checks.base_path import SnapshotPair, SnapshotView
from qumulo_changelist.cli.trees import sources
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.errors import UsageError
from qumulo_changelist.events import Silent
from qumulo_changelist.snapshot_paths import snapshot_paths
from qumulo_changelist.model import CREATE, DELETE, Change, Snapshot
from qumulo_changelist.trees.interface import Tree
from qumulo_changelist.trees.mounted import MountedTree
from tests.parts.fake_cluster import LIVE, FakeCluster, a_file

OLDER, NEWER = 3, 7
BASE = "/p/base"
GONE, NEW = Change(DELETE, f"{BASE}/gone"), Change(CREATE, f"{BASE}/new")
SETTINGS = Settings(hosts=("cluster",), port=8000, username="admin", password=Secret("x"))


@pytest.fixture
def mount(tmp_path: Path) -> Path:
    """The base path on a mount that shows its older snapshot; the cluster holds the same."""
    (tmp_path / ".snapshot" / "3_s").mkdir(parents=True)
    (tmp_path / "kept").write_text("x")
    (tmp_path / ".snapshot" / "3_s" / "gone").write_text("xy")
    return tmp_path


def known(path: Path):
    found = path.stat()
    return a_file(str(found.st_ino), found.st_size, found.st_mtime_ns)


def cluster_of(mount: Path, *, busy: bool, past: bool = True) -> FakeCluster:
    kept = known(mount / "kept")
    gone = known(mount / ".snapshot" / "3_s" / "gone")
    return FakeCluster(
        {
            OLDER: {f"{BASE}/gone": gone if past else a_file("5", 2, 1)},
            NEWER: {f"{BASE}/kept": a_file(kept.id, 9, 1) if busy else kept},
            LIVE: {f"{BASE}/kept": kept},
        }
    )


def opened(
    cluster: FakeCluster,
    mount: Path,
    *changes: Change,
    base_replaced: bool = False,
    holds_base: bool = True,
    metadata: str = "mount",
    deletes: bool = True,
) -> tuple[Tree, Tree | None]:
    """Return both trees; what would be read through ``qq`` is not started by this."""
    options = argparse.Namespace(
        mappedpath=str(mount),
        metadata=metadata,
        deletes=deletes,
        moves=False,
        verify=False,
        workers=1,
        page_size=0,
        older=OLDER,
        newer=NEWER,
    )
    moments = SnapshotPair(
        SnapshotView(Snapshot(OLDER, "", source="/p"), snapshot_paths(BASE)),
        SnapshotView(Snapshot(NEWER, "", source="/p"), snapshot_paths(BASE), holds_base=holds_base),
        base_replaced,
    )
    changed = ChangeSet(Scope(BASE), limit=1000, folder=str(mount))
    changed.add(list(changes))
    found = sources(SETTINGS, cluster, moments, changed, options, Silent())
    with found.newer() as newer:
        if not found.older:
            return newer, None
        with found.older() as older:
            return newer, older


def test_what_is_deleted_is_read_on_a_mount_that_shows_the_newer_snapshot(mount):
    cluster = cluster_of(mount, busy=False)

    _, older = opened(cluster, mount, GONE)

    assert isinstance(older, MountedTree)
    assert cluster.asked == [("into", BASE, NEWER)]


def test_on_a_busy_share_it_is_read_there_if_the_mount_shows_the_older_snapshot(mount):
    cluster = cluster_of(mount, busy=True)

    _, older = opened(cluster, mount, GONE)

    assert isinstance(older, MountedTree)
    assert cluster.asked == [
        ("into", BASE, NEWER),
        ("at", f"{BASE}/kept", LIVE),
        ("into", BASE, OLDER),
    ]


def test_a_mount_that_shows_another_past_is_not_read(mount):
    _, older = opened(cluster_of(mount, busy=True, past=False), mount, GONE)

    assert not isinstance(older, MountedTree)


@pytest.mark.parametrize("busy", [False, True])
def test_the_past_of_a_base_path_that_was_replaced_is_not_that_of_the_mount(mount, busy):
    _, older = opened(cluster_of(mount, busy=busy), mount, GONE, base_replaced=True)

    assert older
    assert not isinstance(older, MountedTree)


def test_where_nothing_was_deleted_the_older_snapshot_is_not_looked_at(mount):
    cluster = cluster_of(mount, busy=True)

    opened(cluster, mount, NEW)

    assert ("into", BASE, OLDER) not in cluster.asked


@pytest.mark.parametrize("deletes", [False, True])
def test_where_nothing_changed_nothing_is_asked(mount, deletes):
    cluster = cluster_of(mount, busy=True)

    opened(cluster, mount, deletes=deletes)

    assert cluster.asked == []


def test_where_deletions_are_not_wanted_the_older_snapshot_is_of_no_interest(mount):
    cluster = cluster_of(mount, busy=True)

    _, older = opened(cluster, mount, GONE, deletes=False)

    assert older is None
    assert ("into", BASE, OLDER) not in cluster.asked


def test_of_a_base_path_that_is_gone_nothing_is_read_in_the_newer_snapshot(mount):
    cluster = cluster_of(mount, busy=False)

    is_gone = {"holds_base": False, "base_replaced": True}
    newer, _ = opened(cluster, mount, GONE, metadata="snapshot", **is_gone)

    assert isinstance(newer, MountedTree)
    assert cluster.asked == []
    with pytest.raises(UsageError, match="does not show snapshot 7 under"):
        opened(cluster, mount, GONE, metadata="snapshot")
