"""A shortage on this machine: a mounted tree uses less, or ends the run; no entry is unreadable."""

import errno
import os
import resource
from collections.abc import Callable
from typing import Any

import pytest

from qumulo_changelist.errors import ResourceError
from qumulo_changelist.model import Kind
from qumulo_changelist.trees import open_directories
from qumulo_changelist.trees.interface import NamedEntries, Subtree
from qumulo_changelist.trees.mounted import MountedTree
from tests.parts.shares import count_open_descriptors, make_deep_path, room_for
from tests.parts.tree_reading import describe, kinds, read, walk, walked_names

SHORTAGES = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS]
every_shortage = pytest.mark.parametrize("number", SHORTAGES, ids=errno.errorcode.get)

FOLDERS = 150
EVERYTHING = {"/new/": Kind.DIRECTORY} | {
    f"/new/{number:03}/{name}": kind
    for number in range(FOLDERS)
    for name, kind in (("sub/file", Kind.FILE), ("sub/", Kind.DIRECTORY), ("", Kind.DIRECTORY))
}


@pytest.fixture(autouse=True)
def new_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a cache that no earlier shortage has shrunk."""
    monkeypatch.setattr(open_directories, "_cache", open_directories._DirectoryCache())


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Make folders with a file each, and a snapshot of them."""
    root = tmp_path_factory.mktemp("share")
    for top in ("", ".snapshot/7_a/"):
        for number in range(FOLDERS):
            folder = root / f"{top}new/{number:03}/sub"
            folder.mkdir(parents=True)
            (folder / "file").touch()
    return str(root)


def walk_kinds(tree: MountedTree, directory: str = "/") -> dict[str, object]:
    """Return the kind of everything below a directory, or why it cannot be read."""
    return {name: kinds([found])[0] for name, found in walk(tree, directory)}


# Fewer descriptors than a tree would keep open


@pytest.mark.parametrize("room", [4, 5, 9, 30])
def test_a_walk_with_few_descriptors_finds_everything(share, room):
    with room_for(room), MountedTree(share) as tree:
        assert walk_kinds(tree) == EVERYTHING


def test_the_trees_of_a_process_share_few_descriptors(share):
    with room_for(12), MountedTree(share) as live:
        with MountedTree(live.find_snapshot(7) or "") as snapshot:
            parts = iter(next(iter(live.read([Subtree("/")]))))
            live_names: set[str] = set()
            for name, kind in walk_kinds(snapshot).items():
                assert kind is EVERYTHING[name]
                part = next(parts, None)
                live_names.update(part.names if part else ())
            live_names.update(name for part in parts for name in part.names)
        assert live_names == EVERYTHING.keys()
        assert live.find_snapshot(7)
        assert live.names("/new/149/") == ["/new/149/sub/"]


def test_a_path_of_many_levels_needs_few_descriptors(tmp_path):
    make_deep_path(str(tmp_path), "deep", 300)

    with room_for(5), MountedTree(str(tmp_path)) as tree:
        assert len(walked_names(tree)) == 301
        assert kinds(describe(tree, "/deep" * 300 + "/")) == [Kind.DIRECTORY]


def test_a_tree_keeps_open_only_a_part_of_what_the_process_may_open(share, monkeypatch):
    before = count_open_descriptors()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before + 64, limits[1]))
    try:
        monkeypatch.setattr(open_directories, "_cache", open_directories._DirectoryCache())
        with MountedTree(share) as tree:
            assert walk_kinds(tree) == EVERYTHING
            assert count_open_descriptors() <= before + 1 + (before + 64) // 8
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


# Shortages that pass, and shortages that stay


def let_fail(monkeypatch: pytest.MonkeyPatch, call: str, number: int, times: int) -> None:
    """Let a function of ``os`` succeed once, then fail this number of times."""
    usual, calls = getattr(os, call), iter(range(times + 1))

    def fail(*given: Any, **options: Any) -> Any:
        if next(calls, None) in (0, None):
            return usual(*given, **options)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)


CALLS: dict[str, Callable[[MountedTree], object]] = {
    "open": lambda tree: walk_kinds(tree, "/new/000/"),
    "scandir": lambda tree: [tree.names("/new/"), walk_kinds(tree, "/new/000/")],
    "stat": lambda tree: read(tree, NamedEntries(["/new/001/", "/new/000/"])),
    "fstat": lambda tree: [walk_kinds(tree, "/new/000/"), read(tree, NamedEntries(["/"]))],
    "listdir": lambda tree: [tree.find_snapshot(6), tree.find_snapshot(7)],
}


@every_shortage
@pytest.mark.parametrize("call", CALLS)
def test_a_shortage_that_passes_changes_no_result(share, monkeypatch, call, number):
    with MountedTree(share, 1) as tree:
        expected = CALLS[call](tree), tree.changed_since
    with MountedTree(share, 1) as tree:
        let_fail(monkeypatch, call, number, 1)
        assert (CALLS[call](tree), tree.changed_since) == expected


@every_shortage
@pytest.mark.parametrize("call", CALLS)
def test_a_shortage_that_stays_ends_the_run(share, monkeypatch, call, number):
    with MountedTree(share, 1) as tree, monkeypatch.context() as patch:
        let_fail(patch, call, number, 1000)
        with pytest.raises(ResourceError, match=os.strerror(number)) as caught:
            CALLS[call](tree)
    assert caught.value.number == number


def test_too_few_descriptors_for_any_work_end_the_run(share):
    with room_for(2), MountedTree(share) as tree:
        with pytest.raises(ResourceError, match="Too many open files"):
            walk_kinds(tree)
        with MountedTree(share), pytest.raises(ResourceError):
            MountedTree(share)


def test_no_descriptor_stays_open_after_a_shortage(share, monkeypatch):
    before = count_open_descriptors()

    with MountedTree(share) as tree, monkeypatch.context() as patch:
        let_fail(patch, "scandir", errno.EMFILE, 1000)
        with pytest.raises(ResourceError):
            walk_kinds(tree)

    assert count_open_descriptors() == before
