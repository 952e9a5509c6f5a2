"""`.snapshot` in every directory that a snapshot covers, where that is asked for."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from qumulo_emulator.errors import DirectoryNotEmptyError
from qumulo_emulator.local.cluster import LocalCluster
from tests.emulator.trees import lay_out, made_anew

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qumulo_emulator.model import Snapshot


def opened(root: Path, state: Path | None = None, *, everywhere: bool = True) -> LocalCluster:
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
    with closing(opened(root)) as made:
        yield made


def taken(cluster: LocalCluster, *parts: str) -> Snapshot:
    return cluster.snapshots.take(parts or ("show",), "s", None)


def shown(directory: Path) -> dict[str, dict[str, int]]:
    """What each snapshot in a directory's `.snapshot` shows: sizes by name, 0 for a directory."""
    return {
        name: {
            entry.name: 0 if entry.is_dir() else entry.stat().st_size
            for entry in os.scandir(directory / ".snapshot" / name)
        }
        for name in sorted(os.listdir(directory / ".snapshot"))
        if not name.startswith(".")
    }


def changes(cluster: LocalCluster, newer: Snapshot, older: Snapshot) -> list[str]:
    return [f"{one.operation.value} {one.path}" for one in cluster.diff(newer.id, older.id)]


def test_every_directory_shows_itself_as_it_was(root: Path, cluster: LocalCluster) -> None:
    taken(cluster)
    made_anew(root / "show/d/e", {})
    lay_out(root / "show/d", {"b": 20, "later": 1})
    taken(cluster)
    assert shown(root / "show") == {"1_s": {"a": 1, "d": 0}, "2_s": {"a": 1, "d": 0}}
    assert shown(root / "show/d") == {
        "1_s": {"b": 2, "e": 0},
        "2_s": {"b": 20, "e": 0, "later": 1},
    }
    assert not (root / "other/.snapshot").exists()
    assert (root / "show/d/.snapshot/1_s/e/c").stat().st_size == 3


def test_a_directory_made_after_a_snapshot_is_not_in_it(root: Path, cluster: LocalCluster) -> None:
    taken(cluster)
    made_anew(root / "show/d", {"new": 4})
    lay_out(root / "show", {"later": {}})
    assert not (root / "show/d/.snapshot").exists()
    taken(cluster)
    assert shown(root / "show/d") == {"2_s": {"new": 4}}
    assert shown(root / "show/later") == {"2_s": {}}


def test_a_snapshot_of_a_directory_above_and_its_own_are_both_shown(
    root: Path, cluster: LocalCluster
) -> None:
    taken(cluster, "show", "d")
    cluster.snapshots.take((), "root", None)
    taken(cluster, "show", "d")
    assert shown(root / "show/d") == {name: {"b": 2, "e": 0} for name in ("1_s", "2_root", "3_s")}
    assert shown(root) == {"2_root": {"show": 0, "other": 0}}
    assert shown(root / "other") == {"2_root": {}}


def test_a_moved_directory_still_shows_its_own_past(root: Path, cluster: LocalCluster) -> None:
    taken(cluster)
    (root / "show/d").rename(root / "other/moved")
    lay_out(root / "show", {"d": {"another": 1}})
    (root / "show").rename(root / "other/shelf")
    assert shown(root / "other/moved") == {"1_s": {"b": 2, "e": 0}}
    assert shown(root / "other/moved/e") == {"1_s": {"c": 3}}
    assert shown(root / "other/shelf") == {"1_s": {"a": 1, "d": 0}}
    assert not (root / "other/shelf/d/.snapshot").exists()


def test_the_api_and_the_diff_see_nothing_of_it(root: Path, cluster: LocalCluster) -> None:
    before = cluster.files.entry(("show", "d"))
    older = taken(cluster)
    newer = taken(cluster)
    assert changes(cluster, newer, older) == []
    for tree in (cluster.tree(None), cluster.tree(older.id), cluster.tree(newer.id)):
        found = tree.entry(("show", "d"))
        assert (found.child_count, found.attributes.links) == (2, before.attributes.links)
        assert sorted(tree.names(("show", "d"))) == ["b", "e"]
    lay_out(root / "show/d/e", {"new": 1})
    assert changes(cluster, taken(cluster), newer) == [
        "MODIFY /show/d/e/",
        "CREATE /show/d/e/new",
    ]


def test_times_of_directories_stay_and_none_changed_later_than_the_snapshot(
    root: Path, cluster: LocalCluster
) -> None:
    modified = {root / path: 10**18 + len(path) for path in ("show", "show/d", "show/d/e")}
    for path, moment in modified.items():
        os.utime(path, ns=(moment, moment))
    snapshot = taken(cluster)
    for path, moment in modified.items():
        assert path.stat().st_mtime_ns == moment
        assert path.stat().st_ctime_ns < snapshot.taken
    cluster.snapshots.delete(snapshot.id)
    assert {path: path.stat().st_mtime_ns for path in modified} == modified


def test_what_changes_after_the_answer_changed_later_than_the_snapshot(
    root: Path, cluster: LocalCluster
) -> None:
    snapshot = taken(cluster)
    lay_out(root / "show/d", {"later": 1})
    assert (root / "show/d").stat().st_ctime_ns > snapshot.taken


def test_with_the_last_snapshot_all_is_as_before(root: Path, cluster: LocalCluster) -> None:
    first, second = taken(cluster), taken(cluster)
    (root / "show/d").rename(root / "other/moved")
    cluster.snapshots.delete(first.id)
    assert shown(root / "other/moved/e") == {"2_s": {"c": 3}}
    cluster.snapshots.delete(second.id)
    assert not list(root.rglob(".snapshot"))


def test_a_directory_is_deleted_though_snapshots_are_shown_in_it(
    root: Path, cluster: LocalCluster
) -> None:
    snapshot = taken(cluster)
    (root / "show/d/e/c").unlink()
    cluster.editor.delete(("show", "d", "e"))
    assert not (root / "show/d/e").exists()
    assert (root / "show/d/.snapshot/1_s/e/c").exists()
    assert changes(cluster, taken(cluster), snapshot) == ["MODIFY /show/d/", "DELETE /show/d/e/"]


def test_an_empty_directory_is_replaced_though_snapshots_are_shown_in_it(
    root: Path, cluster: LocalCluster
) -> None:
    taken(cluster, "other")
    taken(cluster)
    cluster.editor.rename(("show", "d"), (), "other", clobber=True)
    assert shown(root / "other") == {"2_s": {"b": 2, "e": 0}}
    cluster.editor.rename(("other",), (), "other", clobber=True)
    assert shown(root / "other") == {"2_s": {"b": 2, "e": 0}}
    with pytest.raises(DirectoryNotEmptyError):
        cluster.editor.rename(("other", "e"), (), "show", clobber=True)
    assert shown(root / "show") == {"2_s": {"a": 1, "d": 0}}


def test_what_no_link_can_lead_to_is_passed_over(root: Path, cluster: LocalCluster) -> None:
    lay_out(root / "show/d/e", {".snapshot": 1})
    bottom = "/".join(["n" * 200] * 25)
    subprocess.run(["mkdir", "-p", bottom], cwd=root / "other", check=True)
    taken(cluster)
    assert shown(root / "show/d") == {"1_s": {"b": 2, "e": 0}}
    deep = cluster.snapshots.take((), "deep", None)
    assert shown(root / "other/" / ("n" * 200)) == {"2_deep": {"n" * 200: 0}}
    cluster.snapshots.delete(deep.id)
    assert (root / "show/d/e/.snapshot").read_bytes() == b"x"
    # Too deep for Python's own ways to clean up.
    subprocess.run(["rm", "-rf", root / "other"], check=True)


def test_it_survives_a_restart_and_ends_with_or_without_the_option(
    root: Path, tmp_path: Path
) -> None:
    with closing(opened(root, tmp_path / "state")) as cluster:
        first, second = taken(cluster), cluster.snapshots.take((), "root", None)
    with closing(opened(root, tmp_path / "state")) as cluster:
        assert shown(root / "show/d/e") == {"1_s": {"c": 3}, "2_root": {"c": 3}}
        cluster.snapshots.delete(second.id)
    with closing(opened(root, tmp_path / "state", everywhere=False)) as cluster:
        plain = cluster.snapshots.take((), "plain", None)
        assert shown(root / "show/d/e") == {"1_s": {"c": 3}}
        cluster.snapshots.delete(first.id)
        cluster.snapshots.delete(plain.id)
    assert not list(root.rglob(".snapshot"))


def test_what_an_emulator_that_is_gone_has_left_is_removed_at_the_start_and_nothing_else(
    root: Path,
) -> None:
    with closing(opened(root)) as cluster:
        taken(cluster)
    lay_out(root / "other", {".snapshot": {"of something else": {"x": 1}, "link": "/nowhere"}})
    with closing(opened(root)):
        assert list(root.rglob(".snapshot")) == [root / "other/.snapshot"]
        assert sorted(os.listdir(root / "other/.snapshot")) == ["link", "of something else"]
