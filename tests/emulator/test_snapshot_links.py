"""`.snapshot` in every directory that a snapshot covers, with `--snapshots-everywhere`."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from qumulo_emulator.errors import DirectoryNotEmptyError
from qumulo_emulator.local.cluster import LocalCluster
from tests.emulator.trees import lay_out, remake_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qumulo_emulator.model import Snapshot


def open_cluster(root: Path, state: Path | None = None, *, everywhere: bool = True) -> LocalCluster:
    return LocalCluster(
        str(root),
        username="admin",
        password="secret",
        state_directory=None if state is None else str(state),
        snapshots_everywhere=everywhere,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "root", {"show": {"a": 1, "d": {"b": 2, "e": {"c": 3}}}, "other": {}})


@pytest.fixture
def cluster(root: Path) -> Iterator[LocalCluster]:
    with closing(open_cluster(root)) as made:
        yield made


def take(cluster: LocalCluster, *parts: str) -> Snapshot:
    return cluster.snapshots.take(parts or ("show",), "s", None)


def shown(directory: Path) -> dict[str, dict[str, int]]:
    """Return what each snapshot in `.snapshot` shows: sizes by name, 0 for directories."""
    return {
        name: {
            entry.name: 0 if entry.is_dir() else entry.stat().st_size
            for entry in os.scandir(directory / ".snapshot" / name)
        }
        for name in sorted(os.listdir(directory / ".snapshot"))
        if not name.startswith(".")
    }


def changes(cluster: LocalCluster, newer: Snapshot, older: Snapshot) -> list[str]:
    return [
        f"{change.operation.value} {change.path}" for change in cluster.diff(newer.id, older.id)
    ]


def test_every_directory_shows_its_state_in_each_snapshot(
    root: Path, cluster: LocalCluster
) -> None:
    take(cluster)
    remake_directory(root / "show/d/e", {})
    lay_out(root / "show/d", {"b": 20, "later": 1})
    take(cluster)
    assert shown(root / "show") == {"1_s": {"a": 1, "d": 0}, "2_s": {"a": 1, "d": 0}}
    assert shown(root / "show/d") == {
        "1_s": {"b": 2, "e": 0},
        "2_s": {"b": 20, "e": 0, "later": 1},
    }
    assert not (root / "other/.snapshot").exists()
    assert (root / "show/d/.snapshot/1_s/e/c").stat().st_size == 3


def test_a_directory_created_after_a_snapshot_does_not_show_it(
    root: Path, cluster: LocalCluster
) -> None:
    take(cluster)
    remake_directory(root / "show/d", {"new": 4})
    lay_out(root / "show", {"later": {}})
    assert not (root / "show/d/.snapshot").exists()
    take(cluster)
    assert shown(root / "show/d") == {"2_s": {"new": 4}}
    assert shown(root / "show/later") == {"2_s": {}}


def test_a_directory_shows_its_own_snapshots_and_those_of_its_parents(
    root: Path, cluster: LocalCluster
) -> None:
    take(cluster, "show", "d")
    cluster.snapshots.take((), "root", None)
    take(cluster, "show", "d")
    assert shown(root / "show/d") == {name: {"b": 2, "e": 0} for name in ("1_s", "2_root", "3_s")}
    assert shown(root) == {"2_root": {"show": 0, "other": 0}}
    assert shown(root / "other") == {"2_root": {}}


def test_a_moved_directory_still_shows_its_own_snapshots(root: Path, cluster: LocalCluster) -> None:
    take(cluster)
    (root / "show/d").rename(root / "other/moved")
    lay_out(root / "show", {"d": {"another": 1}})
    (root / "show").rename(root / "other/shelf")
    assert shown(root / "other/moved") == {"1_s": {"b": 2, "e": 0}}
    assert shown(root / "other/moved/e") == {"1_s": {"c": 3}}
    assert shown(root / "other/shelf") == {"1_s": {"a": 1, "d": 0}}
    assert not (root / "other/shelf/d/.snapshot").exists()


def test_the_api_and_the_diff_do_not_show_the_links(root: Path, cluster: LocalCluster) -> None:
    before = cluster.files.entry(("show", "d"))
    older = take(cluster)
    newer = take(cluster)
    assert changes(cluster, newer, older) == []
    for tree in (cluster.tree(None), cluster.tree(older.id), cluster.tree(newer.id)):
        found = tree.entry(("show", "d"))
        assert (found.child_count, found.attributes.links) == (2, before.attributes.links)
        assert sorted(tree.names(("show", "d"))) == ["b", "e"]
    lay_out(root / "show/d/e", {"new": 1})
    assert changes(cluster, take(cluster), newer) == [
        "MODIFY /show/d/e/",
        "CREATE /show/d/e/new",
    ]


def test_directories_keep_their_times_and_change_times_are_before_the_snapshot(
    root: Path, cluster: LocalCluster
) -> None:
    modified = {root / path: 10**18 + len(path) for path in ("show", "show/d", "show/d/e")}
    for path, moment in modified.items():
        os.utime(path, ns=(moment, moment))
    snapshot = take(cluster)
    for path, moment in modified.items():
        assert path.stat().st_mtime_ns == moment
        assert path.stat().st_ctime_ns < snapshot.taken
    cluster.snapshots.delete(snapshot.id)
    assert {path: path.stat().st_mtime_ns for path in modified} == modified


def test_a_change_after_the_snapshot_has_a_later_change_time(
    root: Path, cluster: LocalCluster
) -> None:
    snapshot = take(cluster)
    lay_out(root / "show/d", {"later": 1})
    assert (root / "show/d").stat().st_ctime_ns > snapshot.taken


def test_with_the_last_snapshot_every_dot_snapshot_disappears(
    root: Path, cluster: LocalCluster
) -> None:
    first, second = take(cluster), take(cluster)
    (root / "show/d").rename(root / "other/moved")
    cluster.snapshots.delete(first.id)
    assert shown(root / "other/moved/e") == {"2_s": {"c": 3}}
    cluster.snapshots.delete(second.id)
    assert not list(root.rglob(".snapshot"))


def test_a_directory_that_shows_snapshots_can_be_deleted(root: Path, cluster: LocalCluster) -> None:
    snapshot = take(cluster)
    (root / "show/d/e/c").unlink()
    cluster.editor.delete(("show", "d", "e"))
    assert not (root / "show/d/e").exists()
    assert (root / "show/d/.snapshot/1_s/e/c").exists()
    assert changes(cluster, take(cluster), snapshot) == ["MODIFY /show/d/", "DELETE /show/d/e/"]


def test_an_empty_directory_that_shows_snapshots_can_be_replaced(
    root: Path, cluster: LocalCluster
) -> None:
    take(cluster, "other")
    take(cluster)
    cluster.editor.rename(("show", "d"), (), "other", clobber=True)
    assert shown(root / "other") == {"2_s": {"b": 2, "e": 0}}
    cluster.editor.rename(("other",), (), "other", clobber=True)
    assert shown(root / "other") == {"2_s": {"b": 2, "e": 0}}
    with pytest.raises(DirectoryNotEmptyError):
        cluster.editor.rename(("other", "e"), (), "show", clobber=True)
    assert shown(root / "show") == {"2_s": {"a": 1, "d": 0}}


def test_directories_that_cannot_have_a_link_are_skipped(root: Path, cluster: LocalCluster) -> None:
    lay_out(root / "show/d/e", {".snapshot": 1})
    bottom = "/".join(["n" * 200] * 25)
    subprocess.run(["mkdir", "-p", bottom], cwd=root / "other", check=True)
    take(cluster)
    assert shown(root / "show/d") == {"1_s": {"b": 2, "e": 0}}
    deep = cluster.snapshots.take((), "deep", None)
    assert shown(root / "other/" / ("n" * 200)) == {"2_deep": {"n" * 200: 0}}
    cluster.snapshots.delete(deep.id)
    assert (root / "show/d/e/.snapshot").read_bytes() == b"x"
    # Too deep for shutil.rmtree, which pytest uses to clean up.
    subprocess.run(["rm", "-rf", root / "other"], check=True)


def test_links_survive_a_restart_and_are_removed_with_or_without_the_option(
    root: Path, tmp_path: Path
) -> None:
    with closing(open_cluster(root, tmp_path / "state")) as cluster:
        first, second = take(cluster), cluster.snapshots.take((), "root", None)
    with closing(open_cluster(root, tmp_path / "state")) as cluster:
        assert shown(root / "show/d/e") == {"1_s": {"c": 3}, "2_root": {"c": 3}}
        cluster.snapshots.delete(second.id)
    with closing(open_cluster(root, tmp_path / "state", everywhere=False)) as cluster:
        plain = cluster.snapshots.take((), "plain", None)
        assert shown(root / "show/d/e") == {"1_s": {"c": 3}}
        cluster.snapshots.delete(first.id)
        cluster.snapshots.delete(plain.id)
    assert not list(root.rglob(".snapshot"))


def test_only_the_links_of_an_earlier_emulator_are_removed_at_the_start(
    root: Path,
) -> None:
    with closing(open_cluster(root)) as cluster:
        take(cluster)
    lay_out(root / "other", {".snapshot": {"of something else": {"x": 1}, "link": "/nowhere"}})
    with closing(open_cluster(root)):
        assert list(root.rglob(".snapshot")) == [root / "other/.snapshot"]
        assert sorted(os.listdir(root / "other/.snapshot")) == ["link", "of something else"]
