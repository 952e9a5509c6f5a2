"""Totals of directories: what is counted, in which order, and how often a tree is read for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from qumulo_emulator.local import counting, snapshot_tree
from qumulo_emulator.running import serve_in_thread
from tests.emulator.trees import Tree, lay_out
from tests.emulator.wire import create_snapshot, file_url, get, pages

if TYPE_CHECKING:
    from pathlib import Path

    from qumulo_emulator.running import ThreadedEmulator
    from qumulo_emulator.synthetic.shapes import Shape
    from tests.emulator.wire import Client

DIRECTORY, FILE = "FS_FILE_TYPE_DIRECTORY", "FS_FILE_TYPE_FILE"


def listed(client: Client, path: str, query: str) -> list[dict[str, Any]]:
    """Return the entries of a directory, read page by page."""
    return [
        entry
        for page in pages(client, file_url(path, f"/entries/?limit=5000{query}"))
        for entry in page["files"]
    ]


def count(
    client: Client, path: str, query: str, found: dict[str, tuple[int, int]]
) -> tuple[int, int]:
    """Walk a tree, and return the number of files and directories at and below each directory."""
    files, directories = 0, 1
    for entry in listed(client, path, query):
        if entry["type"] == DIRECTORY:
            below = count(client, entry["path"], query, found)
            files, directories = files + below[0], directories + below[1]
        else:
            files += 1
    found[path] = files, directories
    return found[path]


@pytest.mark.parametrize(
    ("shape", "size"), [("mixed", 2500), ("created-small", 250), ("wide", 30), ("giant", 30)]
)
def test_a_synthetic_tree_counts_what_a_walk_of_each_snapshot_finds(
    shape: Shape, size: int
) -> None:
    with serve_in_thread(synthetic=size, shape=shape) as emulator:
        for query in ("&snapshot=1", "&snapshot=2"):
            walked: dict[str, tuple[int, int]] = {}
            count(emulator, "/synthetic/", query, walked)
            for path, expected in walked.items():
                found = get(emulator, file_url(path, f"/aggregates/?max-entries=2000{query}"))
                assert numbers(found, "total") == expected
                assert {
                    (entry["name"], entry["type"], entry["id"], numbers(entry, "num"))
                    for entry in found["files"]
                } == {
                    (entry["name"], entry["type"], entry["id"], walked.get(entry["path"], (1, 0)))
                    for entry in listed(emulator, path, query)
                }


def numbers(totals: dict[str, str], prefix: str) -> tuple[int, int]:
    """Return the number of files and of directories that an answer has."""
    return int(totals[f"{prefix}_files"]), int(totals[f"{prefix}_directories"])


@pytest.fixture
def ordered(folder: Path) -> str:
    """Return the path of a directory in which each order begins with a different entry."""
    tree: Tree = {
        "big": 100_000,
        "deep": {"1": {"2": {}}, "3": {}},
        "linked": {"a": "to", "b": "to", "c": "to"},
        "many": dict.fromkeys("abcdef", 0),
        "pipes": {},
        "tiny": 0,
    }
    lay_out(folder, tree)
    os.mkfifo(folder / "pipes/one")
    return f"/{folder.name}"


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("", ["big", "many", "deep"]),
        ("&order-by=total_blocks", ["big", "many", "deep"]),
        ("&order-by=total_datablocks", ["big", "deep", "linked"]),
        ("&order-by=total_metablocks", ["many", "deep", "linked"]),
        ("&order-by=total_files", ["many", "big", "tiny"]),
        ("&order-by=total_directories", ["deep", "linked", "many"]),
        ("&order-by=total_symlinks", ["linked", "big", "deep"]),
        ("&order-by=total_other", ["pipes", "big", "deep"]),
        ("&order-by=total_named_streams", ["big", "deep", "linked"]),
    ],
)
def test_the_largest_entries_come_first_by_what_the_client_orders_by(
    emulator: ThreadedEmulator, ordered: str, order: str, names: list[str]
) -> None:
    snapshot = f"&snapshot={create_snapshot(emulator, 'v3', ordered)['id']}"
    for query in ("", snapshot):
        url = file_url(ordered, f"/aggregates/?max-entries=3{order}{query}")
        assert [entry["name"] for entry in get(emulator, url)["files"]] == names
        none = get(emulator, file_url(ordered, f"/aggregates/?max-entries=0{order}{query}"))
        assert (none["files"], none["total_files"]) == ([], "8")


def test_a_snapshot_is_counted_once_however_many_directories_are_asked_for(
    emulator: ThreadedEmulator, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_out(folder, {f"d{number}": {"in": {"file": 0}} for number in range(30)})
    snapshot = create_snapshot(emulator, "v3", f"/{folder.name}")["id"]
    counted = []

    def count_once(top: Any) -> Any:
        counted.append(top)
        return original(top)

    original = counting.count_directories
    monkeypatch.setattr(snapshot_tree, "count_directories", count_once)
    for number in range(30):
        url = file_url(f"/{folder.name}/d{number}", f"/aggregates/?snapshot={snapshot}")
        found = get(emulator, url)
        assert [(entry["name"], entry["num_files"]) for entry in found["files"]] == [("in", "1")]
    assert len(counted) == 1


def test_a_million_entries_of_a_synthetic_directory_are_ordered_without_naming_them() -> None:
    with serve_in_thread(synthetic=10**9, shape="created-small") as emulator:
        url = file_url("/synthetic/show0000", "/aggregates/?snapshot=2&max-entries=2")
        found = get(emulator, url)
    assert (found["total_files"], found["total_directories"]) == ("1000000000", "10000001")
    assert [entry["name"] for entry in found["files"]] == ["reel00000000", "reel00000001"]


def test_all_directories_below_one_are_counted_in_one_answer(
    emulator: ThreadedEmulator, ordered: str
) -> None:
    found = get(emulator, file_url(ordered, "/recursive-aggregates/?order-by=total_files"))
    counts = {one["path"].removeprefix(ordered): one["total_directories"] for one in found}
    assert counts == {
        "/": "8",
        "/deep/": "4",
        "/deep/1/": "2",
        "/deep/1/2/": "1",
        "/deep/3/": "1",
        "/linked/": "1",
        "/many/": "1",
        "/pipes/": "1",
    }
