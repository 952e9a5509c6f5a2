"""The diff of two snapshots: what the documentation of a real cluster promises, tree by tree."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qumulo_emulator.local.cluster import LocalCluster
from tests.emulator.trees import Tree, lay_out, remake_directory, replace_file


@pytest.fixture
def show(tmp_path: Path) -> Iterator[LocalCluster]:
    """A cluster with an empty /show."""
    (tmp_path / "show").mkdir()
    cluster = LocalCluster(str(tmp_path), username="admin", password="secret")
    yield cluster
    cluster.close()


def diff(cluster: LocalCluster, before: Tree, work: Callable[[Path], object]) -> list[str]:
    """Lay out /show, do the work on it, and return the diff of the snapshots before and after."""
    folder = lay_out(Path(cluster.root, "show"), before)
    older = cluster.snapshots.take(("show",), None, None)
    work(folder)
    newer = cluster.snapshots.take(("show",), None, None)
    return sorted(
        f"{change.operation.value} {change.path}" for change in cluster.diff(newer.id, older.id)
    )


def test_without_work_the_diff_is_empty(show: LocalCluster) -> None:
    assert diff(show, {"a": 1, "d": {"b": 1}}, lambda _: None) == []


def test_a_new_file_is_created_and_its_directory_modified(show: LocalCluster) -> None:
    assert diff(show, {"d": {}}, lambda at: (at / "d/new").write_text("x")) == [
        "CREATE /show/d/new",
        "MODIFY /show/d/",
    ]


def test_a_deleted_file_modifies_its_directory(show: LocalCluster) -> None:
    assert diff(show, {"a": 1}, lambda at: (at / "a").unlink()) == [
        "DELETE /show/a",
        "MODIFY /show/",
    ]


def test_written_data_modifies_a_file_and_not_its_directory(show: LocalCluster) -> None:
    assert diff(show, {"d": {"a": 1}}, lambda at: (at / "d/a").write_text("longer")) == [
        "MODIFY /show/d/a"
    ]


def test_data_of_the_same_size_written_right_after_a_snapshot_is_a_change(
    show: LocalCluster,
) -> None:
    for _ in range(20):
        assert diff(show, {"a": 3}, lambda at: (at / "a").write_text("abc")) == ["MODIFY /show/a"]


def test_metadata_alone_modifies_a_file(show: LocalCluster) -> None:
    assert diff(show, {"a": 1}, lambda at: (at / "a").chmod(0o600)) == ["MODIFY /show/a"]


def test_reading_modifies_nothing(show: LocalCluster) -> None:
    assert diff(show, {"a": 1, "d": {"b": 1}}, lambda at: (at / "d/b").read_bytes()) == []


def test_metadata_alone_modifies_a_directory(show: LocalCluster) -> None:
    assert diff(show, {"d": {"a": 1}}, lambda at: (at / "d").chmod(0o700)) == ["MODIFY /show/d/"]


def test_a_created_directory_stands_for_everything_below_it(show: LocalCluster) -> None:
    tree: Tree = {"a": 1, "sub": {"b": 1, "link": "b"}}
    assert diff(show, {}, lambda at: lay_out(at / "d", tree)) == [
        "CREATE /show/d/",
        "MODIFY /show/",
    ]


def test_a_deleted_directory_stands_for_everything_below_it(show: LocalCluster) -> None:
    assert diff(show, {"d": {"a": 1, "sub": {"b": 1}}}, lambda at: shutil.rmtree(at / "d")) == [
        "DELETE /show/d/",
        "MODIFY /show/",
    ]


def test_a_renamed_file_is_deleted_and_created(show: LocalCluster) -> None:
    assert diff(show, {"a": 1}, lambda at: (at / "a").rename(at / "b")) == [
        "CREATE /show/b",
        "DELETE /show/a",
        "MODIFY /show/",
    ]


def test_a_moved_directory_is_deleted_and_created_as_a_whole(show: LocalCluster) -> None:
    assert diff(show, {"d": {"a": 1}, "e": {}}, lambda at: (at / "d").rename(at / "e/d")) == [
        "CREATE /show/e/d/",
        "DELETE /show/d/",
        "MODIFY /show/",
        "MODIFY /show/e/",
    ]


def test_a_file_renamed_over_another_is_deleted_and_created_under_that_name(
    show: LocalCluster,
) -> None:
    assert diff(show, {"a": 1, "b": 2}, lambda at: (at / "a").replace(at / "b")) == [
        "CREATE /show/b",
        "DELETE /show/a",
        "DELETE /show/b",
        "MODIFY /show/",
    ]


def test_a_replaced_file_is_deleted_and_created(show: LocalCluster) -> None:
    assert diff(show, {"a": 1}, lambda at: replace_file(at / "a", 1)) == [
        "CREATE /show/a",
        "DELETE /show/a",
        "MODIFY /show/",
    ]


def test_a_file_deleted_and_created_again_is_a_new_file(show: LocalCluster) -> None:
    def work(at: Path) -> None:
        (at / "a").unlink()
        (at / "a").write_bytes(b"x")

    assert diff(show, {"a": 1}, work) == ["CREATE /show/a", "DELETE /show/a", "MODIFY /show/"]


def test_a_directory_deleted_and_created_again_is_a_new_directory(show: LocalCluster) -> None:
    assert diff(show, {"d": {"a": 1, "b": 1}}, lambda at: remake_directory(at / "d", {"a": 1})) == [
        "CREATE /show/d/",
        "DELETE /show/d/",
        "MODIFY /show/",
    ]


def test_files_that_swap_their_names_are_deleted_and_created(show: LocalCluster) -> None:
    def work(at: Path) -> None:
        (at / "a").rename(at / "c")
        (at / "b").rename(at / "a")
        (at / "c").rename(at / "b")

    assert diff(show, {"a": 1, "b": 2}, work) == [
        "CREATE /show/a",
        "CREATE /show/b",
        "DELETE /show/a",
        "DELETE /show/b",
        "MODIFY /show/",
    ]


def test_a_file_replaced_by_a_directory_is_deleted_and_the_directory_created(
    show: LocalCluster,
) -> None:
    def work(at: Path) -> None:
        (at / "a").unlink()
        lay_out(at / "a", {"b": 1})

    assert diff(show, {"a": 1}, work) == ["CREATE /show/a/", "DELETE /show/a", "MODIFY /show/"]


def test_a_new_hard_link_is_created_and_the_file_modified(show: LocalCluster) -> None:
    assert diff(show, {"a": 1, "d": {}}, lambda at: os.link(at / "a", at / "d/b")) == [
        "CREATE /show/d/b",
        "MODIFY /show/a",
        "MODIFY /show/d/",
    ]


def test_data_written_through_one_hard_link_modifies_every_path(show: LocalCluster) -> None:
    folder = lay_out(Path(show.root, "show"), {"a": 1, "d": {}})
    os.link(folder / "a", folder / "d/b")
    assert diff(show, {}, lambda at: (at / "a").write_text("longer")) == [
        "MODIFY /show/a",
        "MODIFY /show/d/b",
    ]


def test_links_and_pipes_are_created_and_deleted_like_files(show: LocalCluster) -> None:
    def work(at: Path) -> None:
        (at / "link").unlink()
        (at / "other").symlink_to("b")
        os.mkfifo(at / "pipe")

    assert diff(show, {"link": "a"}, work) == [
        "CREATE /show/other",
        "CREATE /show/pipe",
        "DELETE /show/link",
        "MODIFY /show/",
    ]


def test_taking_a_snapshot_is_not_a_change(show: LocalCluster) -> None:
    folder = lay_out(Path(show.root, "show"), {"d": {"a": 1}})
    before = os.stat(folder).st_mtime_ns
    older = show.snapshots.take(("show",), None, None)
    show.snapshots.take(("show", "d"), None, None)
    newer = show.snapshots.take(("show",), None, None)
    assert show.diff(newer.id, older.id) == []
    assert os.stat(folder).st_mtime_ns == before
