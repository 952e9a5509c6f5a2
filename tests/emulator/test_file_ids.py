"""Ids: an object keeps its id whatever its name is, and no other object ever gets it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from qumulo_emulator.clock import wait_until_timestamps_pass
from qumulo_emulator.errors import NoSuchEntryError
from qumulo_emulator.local import file_ids
from qumulo_emulator.local.cluster import LocalCluster
from tests.emulator.trees import lay_out


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return lay_out(tmp_path / "root", {"a": 1, "d": {"b": 1}})


def open_cluster(root: Path, state: Path | None = None) -> LocalCluster:
    return LocalCluster(
        str(root),
        username="admin",
        password="secret",
        state_directory=None if state is None else str(state),
    )


def id_of(cluster: LocalCluster, *path: str) -> int:
    return cluster.files.entry(path).attributes.id


def test_the_root_has_id_2(root: Path) -> None:
    assert id_of(open_cluster(root)) == 2


def test_a_file_keeps_its_id_when_it_is_renamed_or_moved(root: Path) -> None:
    cluster = open_cluster(root)
    number = id_of(cluster, "a")
    (root / "a").rename(root / "renamed")
    assert id_of(cluster, "renamed") == number
    (root / "renamed").rename(root / "d/moved")
    assert id_of(cluster, "d", "moved") == number


def test_an_id_is_located_at_the_current_path_of_its_file(root: Path) -> None:
    cluster = open_cluster(root)
    number = id_of(cluster, "d", "b")
    (root / "d").rename(root / "e")
    assert cluster.files.locate(str(number)) == ("e", "b")
    (root / "e/b").unlink()
    with pytest.raises(NoSuchEntryError):
        cluster.files.locate(str(number))


def test_hard_links_share_an_id(root: Path) -> None:
    cluster = open_cluster(root)
    os.link(root / "a", root / "d/also")
    assert id_of(cluster, "a") == id_of(cluster, "d", "also")


def test_a_new_file_with_a_reused_inode_number_gets_a_new_id(root: Path) -> None:
    cluster = open_cluster(root)
    reused = 0
    for _ in range(200):
        number, inode = id_of(cluster, "a"), os.stat(root / "a").st_ino
        (root / "a").unlink()
        (root / "a").write_bytes(b"x")
        reused += os.stat(root / "a").st_ino == inode
        assert id_of(cluster, "a") != number
    assert reused or os.stat(root).st_dev != os.stat("/").st_dev


def test_a_file_keeps_its_id_when_its_birth_is_long_ago_and_a_later_one_does_not_get_it(
    root: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = open_cluster(root, state)
    young = id_of(cluster, "a"), id_of(cluster, "d", "b")
    # From here on, any time of birth counts as long ago, and files are known by it alone.
    monkeypatch.setattr(file_ids, "_COARSENESS", 0)
    for _ in range(2):
        assert (id_of(cluster, "a"), id_of(cluster, "d", "b")) == young
    lay_out(root, {"c": 1})
    later = id_of(cluster, "c")
    assert later > max(young)
    cluster.close()
    cluster = open_cluster(root, state)
    for _ in range(2):
        assert (id_of(cluster, "a"), id_of(cluster, "d", "b"), id_of(cluster, "c")) == (
            *young,
            later,
        )
    for _ in range(50):
        number = id_of(cluster, "a")
        wait_until_timestamps_pass(cluster.files.entry(("a",)).attributes.changed)
        replaced = os.stat(root / "a").st_ino
        (root / "a").unlink()
        (root / "a").write_bytes(b"x")
        assert id_of(cluster, "a") > max(number, later)
        if os.stat(root / "a").st_ino == replaced:
            break
    cluster.close()


def test_ids_survive_a_restart(root: Path, state: Path) -> None:
    cluster = open_cluster(root, state)
    ids = id_of(cluster, "a"), id_of(cluster, "d"), id_of(cluster, "d", "b")
    cluster.close()
    (root / "a").rename(root / "z")
    (root / "new").write_bytes(b"x")
    cluster = open_cluster(root, state)
    assert id_of(cluster, "new") > max(ids)
    assert (id_of(cluster, "z"), id_of(cluster, "d"), id_of(cluster, "d", "b")) == ids
    cluster.close()


def test_the_id_of_a_deleted_file_is_not_issued_again_after_a_restart(
    root: Path, state: Path
) -> None:
    cluster = open_cluster(root, state)
    gone = id_of(cluster, "a")
    (root / "a").unlink()
    cluster.close()
    cluster = open_cluster(root, state)
    (root / "a").write_bytes(b"x")
    assert id_of(cluster, "a") != gone
    cluster.close()
