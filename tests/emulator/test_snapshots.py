"""The snapshots of a local directory: complete, and visible in `.snapshot` as on a mount."""

from __future__ import annotations

import os
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from qumulo_emulator.errors import (
    NoSuchEntryError,
    NotADirectoryHereError,
    SnapshotNotFoundError,
)
from qumulo_emulator.local.cluster import LocalCluster
from qumulo_emulator.names import to_text
from tests.emulator.trees import lay_out


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "root", {"show": {}})


@pytest.fixture
def cluster(root: Path) -> Iterator[LocalCluster]:
    made = LocalCluster(str(root), username="admin", password="secret")
    yield made
    made.close()


def visible_state(path: Path) -> tuple[object, ...]:
    """Return what a mount shows of an entry, except for its inode and its change time."""
    found = os.lstat(path)
    target = os.readlink(path) if stat.S_ISLNK(found.st_mode) else None
    size = 0 if stat.S_ISDIR(found.st_mode) else found.st_size
    return (found.st_mode, found.st_uid, found.st_gid, size, found.st_mtime_ns, target)


def test_a_snapshot_looks_as_on_a_mount_of_a_cluster(root: Path, cluster: LocalCluster) -> None:
    show = lay_out(root / "show", {"a": 5, "empty": 0, "d": {"b": 7, "link": "../a"}})
    os.mkfifo(show / "pipe", 0o640)
    (show / "a").chmod(0o4750)
    (show / "d").chmod(0o2770)
    for number, name in enumerate(["a", "d/b", "d/link", "d", "pipe"]):
        os.utime(show / name, ns=(5, 10**18 + number), follow_symlinks=False)
    names = ["a", "empty", "d", "d/b", "d/link", "pipe"]
    expected = {name: visible_state(show / name) for name in names}
    snapshot = cluster.snapshots.take(("show",), "daily", None)
    copy = show / ".snapshot" / f"{snapshot.id}_daily"
    assert {name: visible_state(copy / name) for name in names} == expected
    assert {str(path.relative_to(copy)) for path in copy.rglob("*")} == set(names)


def test_a_snapshot_does_not_change_with_the_live_tree(root: Path, cluster: LocalCluster) -> None:
    show = lay_out(root / "show", {"a": 5, "d": {"b": 7}})
    snapshot = cluster.snapshots.take(("show",), None, None)
    (show / "a").write_bytes(b"longer than before")
    (show / "d").rename(show / "e")
    tree = cluster.tree(snapshot.id)
    assert tree.entry(("show", "a")).attributes.size == 5
    assert tree.names(("show", "d")) == ["b"]
    assert (show / ".snapshot/1_OnDemand/d/b").stat().st_size == 7


def test_hard_links_are_one_file_in_a_snapshot(root: Path, cluster: LocalCluster) -> None:
    show = lay_out(root / "show", {"a": 5})
    os.link(show / "a", show / "b")
    cluster.snapshots.take(("show",), None, None)
    copy = show / ".snapshot/1_OnDemand"
    assert (copy / "a").stat().st_ino == (copy / "b").stat().st_ino
    assert (copy / "a").stat().st_nlink == 2


@pytest.mark.parametrize(
    "name",
    [
        *(
            b"two  blanks ",
            b"&<>\"'",
            b"new\nline",
            b"-dash",
            b"%2F",
            b"\xff\xfe",
            b"\x01",
            b"n" * 255,
        ),
        *("🎬 é e\u0301 \u2028".encode(), b"back\\slash", b"*?["),
    ],
)
def test_a_snapshot_keeps_any_name(root: Path, cluster: LocalCluster, name: bytes) -> None:
    os.mkdir(os.fsencode(root / "show") + b"/" + name)
    os.close(os.open(os.fsencode(root / "show") + b"/" + name + b"/" + name, os.O_CREAT))
    number = cluster.snapshots.take(("show",), None, None).id
    text = to_text(name)
    assert cluster.tree(number).names(("show", text)) == [text]
    copy = os.fsencode(root / "show/.snapshot/1_OnDemand")
    assert os.listdir(copy + b"/" + name) == [name]


def test_dot_snapshot_is_hidden_from_everything_that_the_cluster_lists(
    root: Path, cluster: LocalCluster
) -> None:
    lay_out(root / "show", {"a": 5, "d": {}})
    cluster.snapshots.take(("show", "d"), None, None)
    number = cluster.snapshots.take(("show",), None, None).id
    assert (root / "show/d/.snapshot").is_dir()
    for tree in (cluster.tree(None), cluster.tree(number)):
        assert sorted(tree.names(("show",))) == ["a", "d"]
        assert tree.names(("show", "d")) == []
        assert tree.entry(("show", "d")).child_count == 0
        with pytest.raises(NoSuchEntryError):
            tree.entry(tree.locate("/show/.snapshot"))


def test_a_tree_may_be_deeper_than_the_longest_path(root: Path, cluster: LocalCluster) -> None:
    depth = 700
    fd = os.open(root / "show", os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("deeper", dir_fd=fd)
        fd, last = os.open("deeper", os.O_RDONLY, dir_fd=fd), fd
        os.close(last)
    os.close(os.open("bottom", os.O_CREAT, dir_fd=fd))
    assert depth * len("deeper/") > os.pathconf(fd, "PC_PATH_MAX")
    os.close(fd)
    first = cluster.snapshots.take(("show",), None, None)
    assert cluster.tree(first.id).names(("show", *["deeper"] * depth)) == ["bottom"]
    os.rename(root / "show/deeper", root / "show/other")
    second = cluster.snapshots.take(("show",), None, None)
    changes = {
        (change.operation.value, change.path) for change in cluster.diff(second.id, first.id)
    }
    assert changes == {
        ("DELETE", "/show/deeper/"),
        ("CREATE", "/show/other/"),
        ("MODIFY", "/show/"),
    }
    cluster.snapshots.delete(first.id)
    cluster.snapshots.delete(second.id)
    assert not (root / "show/.snapshot").exists()
    # Too deep for shutil.rmtree, which pytest uses to clean up.
    subprocess.run(["rm", "-rf", root / "show"], check=True)


def test_a_snapshot_with_read_only_directories_can_be_deleted(
    root: Path, cluster: LocalCluster
) -> None:
    show = lay_out(root / "show", {"locked": {"inner": {"a": 1}}, "open": {"b": 1}})
    (show / "locked/inner").chmod(0o500)
    (show / "locked").chmod(0o555)
    number = cluster.snapshots.take(("show",), None, None).id
    cluster.snapshots.delete(number)
    assert not (show / ".snapshot").exists()
    with pytest.raises(SnapshotNotFoundError):
        cluster.snapshots.get(number)
    (show / "locked").chmod(0o755)
    (show / "locked/inner").chmod(0o755)


def test_only_directories_have_snapshots(root: Path, cluster: LocalCluster) -> None:
    lay_out(root, {"file": 1, "link": "show"})
    for name in ("file", "link"):
        with pytest.raises(NotADirectoryHereError):
            cluster.snapshots.take((name,), None, None)


def test_snapshots_taken_at_the_same_time_are_all_complete(
    root: Path, cluster: LocalCluster
) -> None:
    lay_out(root / "show", {str(number): 1 for number in range(200)})
    threads = [
        threading.Thread(target=cluster.snapshots.take, args=(("show",), None, None))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [snapshot.id for snapshot in cluster.snapshots.all()] == [1, 2, 3, 4]
    for number in range(1, 5):
        assert len(list((root / f"show/.snapshot/{number}_OnDemand").iterdir())) == 200


def test_snapshots_survive_a_restart(root: Path, tmp_path: Path) -> None:
    def open_cluster() -> LocalCluster:
        return LocalCluster(
            str(root), username="a", password="b", state_directory=str(tmp_path / "state")
        )

    lay_out(root / "show", {"a": 1, "d": {"b": 1}})
    cluster = open_cluster()
    older = cluster.snapshots.take(("show",), "daily", None)
    deleted = cluster.snapshots.take(("show",), None, None)
    cluster.snapshots.delete(deleted.id)
    cluster.close()
    (root / "show/new").write_bytes(b"x")
    cluster = open_cluster()
    assert cluster.snapshots.all() == [older]
    newer = cluster.snapshots.take(("show",), None, None)
    assert newer.id == deleted.id + 1
    assert [
        (change.operation.value, change.path) for change in cluster.diff(newer.id, older.id)
    ] == [
        ("MODIFY", "/show/"),
        ("CREATE", "/show/new"),
    ]
    cluster.close()
