"""Ids: the same while a file lives, wherever it goes, and never another file's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qumulo_emulator.cluster import Cluster

if TYPE_CHECKING:
    from pathlib import Path


def id_of(cluster: Cluster, *parts: str) -> int:
    return cluster.files.entry(parts).attributes.id


def test_the_root_is_2(cluster: Cluster) -> None:
    assert id_of(cluster) == 2


def test_an_id_is_kept_when_a_file_is_written_renamed_and_moved(
    cluster: Cluster, root: Path
) -> None:
    (root / "a").write_text("a")
    (root / "folder").mkdir()
    before = id_of(cluster, "a")
    (root / "a").write_text("changed")
    (root / "a").rename(root / "b")
    (root / "b").rename(root / "folder" / "c")
    assert id_of(cluster, "folder", "c") == before


def test_hard_links_share_one_id(cluster: Cluster, root: Path) -> None:
    (root / "a").write_text("a")
    os.link(root / "a", root / "b")
    assert id_of(cluster, "a") == id_of(cluster, "b")


def test_a_new_file_in_an_old_inode_has_a_new_id(cluster: Cluster, root: Path) -> None:
    (root / "a").write_text("a")
    inode, number = (root / "a").stat().st_ino, id_of(cluster, "a")
    (root / "a").unlink()
    seen = {number}
    for count in range(20_000):
        path = root / f"new{count}"
        path.touch()
        fresh = id_of(cluster, path.name)
        assert fresh not in seen
        seen.add(fresh)
        if path.stat().st_ino == inode:
            break


def test_a_file_made_anew_at_once_never_has_the_id_of_the_last(
    cluster: Cluster, root: Path
) -> None:
    seen = set()
    for _ in range(200):
        (root / "a").touch()
        seen.add(id_of(cluster, "a"))
        (root / "a").unlink()
    assert len(seen) == 200


def test_an_id_leads_to_where_the_file_is_now(cluster: Cluster, root: Path) -> None:
    (root / "folder").mkdir()
    (root / "a").write_text("a")
    number = id_of(cluster, "a")
    (root / "a").rename(root / "folder" / "b")
    (root / "folder").rename(root / "moved")
    assert cluster.files.locate(str(number)) == ("moved", "b")


def test_ids_survive_a_restart_with_a_state(root: Path, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    for name in ("a", "b", "c"):
        (root / name).write_text(name)

    def ids() -> dict[str, int]:
        with_state = Cluster(str(root), username="u", password="p", state_directory=state)
        try:
            return {name: id_of(with_state, name) for name in sorted(os.listdir(root))}
        finally:
            with_state.close()

    first = ids()
    (root / "b").unlink()
    (root / "a").rename(root / "z")
    (root / "new").write_text("new")
    second = ids()
    assert second["z"] == first["a"]
    assert second["c"] == first["c"]
    assert second["new"] not in first.values()
