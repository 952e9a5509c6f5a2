"""A live share that changes after the snapshot: its entries are read as they are, and counted."""

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qumulo_changelist.bounds import Bounds
from qumulo_changelist.model import Description, Kind, ReadFailure
from qumulo_changelist.trees import read_ahead
from qumulo_changelist.trees.interface import GONE_REASON, NamedEntries, Subtree, TreeRequest
from qumulo_changelist.trees.mounted import MountedTree
from tests.parts.scanning import touches
from tests.parts.shares import Share, new_share, ordinary_user
from tests.parts.tree_reading import describe, failures_in, walk, walked_names

SECOND = 1_000_000_000
NOT_THERE = os.strerror(errno.ENOENT)
NO_PERMISSION = os.strerror(errno.EACCES)

FILES = NamedEntries(["/d/f", "/d/e"])
CREATED = {
    "/created/z": "file 3",
    "/created/sub/b": "file 3",
    "/created/sub/": "directory",
    "/created/a": "file 3",
}
"""What a walk of the created directory finds, if nothing changes."""


class LiveShare(Share):
    """A share with some entries, and the moment of its snapshot."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.put("/created/a", "/created/sub/b", "/created/z", "/d/e", "/d/f", size=3)
        self.link("/d/link", "e")
        self.since = self._moment_between_changes()

    def _moment_between_changes(self) -> int:
        """Return a moment that no change so far is later than, and every future change is."""
        probe = f"{self.root}.probe"
        Path(probe).touch()
        moment = os.stat(probe).st_ctime_ns
        while os.stat(probe).st_ctime_ns == moment:
            os.utime(probe)
        return moment

    def read(self, *requests: TreeRequest) -> tuple[dict[str, str], int]:
        """Return every entry in short, and the number of changed entries that were counted."""
        with MountedTree(self.root, self.since) as tree:
            found = {
                name: in_short(description)
                for answer in tree.read(requests)
                for part in answer
                for name, description in zip(part.names, part.described, strict=True)
            }
            return found, tree.changed_since

    def replace_with_link(self, name: str) -> None:
        self.move(name, "/elsewhere")
        self.link(name, "elsewhere")

    def replace_with_pipe(self, name: str) -> None:
        os.unlink(self.path(name))
        os.mkfifo(self.path(name))

    def replace_file_with_directory(self, name: str) -> None:
        os.unlink(self.path(name))
        self.put(f"{name}/inside")

    def replace_directory_with_file(self, name: str) -> None:
        shutil.rmtree(self.path(name))
        self.put(name)


def in_short(description: Description) -> str:
    if isinstance(description, ReadFailure):
        return description.reason
    if description.kind is Kind.FILE:
        return f"file {description.size}"
    return str(description.kind.value)


@pytest.fixture
def share(tmp_path: Path) -> Iterator[LiveShare]:
    root = str(tmp_path / "share")
    with new_share(root, LiveShare) as made:
        yield made


# Entries that are requested by name


def test_an_unchanged_share_counts_nothing(share):
    requests = [
        Subtree("/created/"),
        NamedEntries(["/d/link", "/d/f", "/d/e"]),
        NamedEntries(["/d/"]),
        NamedEntries(["/"]),
    ]

    found, changed_since = share.read(*requests)

    assert list(found) == [*CREATED, "/d/link", "/d/f", "/d/e", "/d/", "/"]
    assert GONE_REASON not in found.values()
    assert changed_since == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda share: os.unlink(share.path("/d/f")), GONE_REASON),
        (lambda share: share.move("/d/f", "/d/g"), GONE_REASON),
        (lambda share: share.put("/d/f", size=30), "file 30"),
        (lambda share: os.utime(share.path("/d/f"), (1, 1)), "file 3"),
        (lambda share: os.chmod(share.path("/d/f"), 0o600), "file 3"),
        (lambda share: os.link(share.path("/d/f"), share.path("/second")), "file 3"),
        (lambda share: share.move("/created/a", "/d/f"), "file 3"),
        (lambda share: share.replace_file_with_directory("/d/f"), "directory"),
        (lambda share: share.replace_with_link("/d/f"), "other"),
        (lambda share: share.replace_with_pipe("/d/f"), "other"),
    ],
    ids=[
        "deleted", "renamed", "grown", "touched", "chmod", "second name", "replaced",
        "became a directory", "became a link", "became a pipe",
    ],
)  # fmt: skip
def test_a_changed_file_is_read_as_it_is_and_counted(share, change, expected):
    change(share)

    assert share.read(FILES) == ({"/d/f": expected, "/d/e": "file 3"}, 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda share: shutil.rmtree(share.path("/d")),
        lambda share: share.move("/d", "/moved"),
        lambda share: share.replace_with_link("/d"),
        lambda share: share.replace_directory_with_file("/d"),
    ],
    ids=["deleted", "renamed", "became a link", "became a file"],
)
def test_every_requested_entry_of_a_missing_directory_is_gone_and_counted(share, change):
    change(share)

    assert share.read(FILES) == ({"/d/f": GONE_REASON, "/d/e": GONE_REASON}, 2)


def test_a_directory_that_became_a_file_is_read_as_a_file(share):
    share.replace_directory_with_file("/d")

    assert share.read(NamedEntries(["/d/"])) == ({"/d/": "file 0"}, 1)


def test_a_file_that_the_file_server_no_longer_knows_is_gone(share, monkeypatch):
    def fail(*_args: Any, **_options: Any) -> os.stat_result:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr("os.stat", fail)

    assert share.read(FILES) == ({"/d/f": GONE_REASON, "/d/e": GONE_REASON}, 2)


def test_an_entry_without_permission_is_not_gone(share):
    os.chmod(share.path("/d"), 0)

    with MountedTree(share.root, share.since) as tree, ordinary_user():
        assert describe(tree, "/d/f", "/d/e") == [ReadFailure(NO_PERMISSION)] * 2
        assert failures_in(tree, "/d/") == {"/d/": NO_PERMISSION}
        assert tree.changed_since == 0


# Walks of created directories


@pytest.mark.parametrize(
    "change",
    [
        lambda share: shutil.rmtree(share.path("/created")),
        lambda share: share.move("/created", "/moved"),
        lambda share: share.replace_with_link("/created"),
        lambda share: share.replace_directory_with_file("/created"),
    ],
    ids=["deleted", "renamed", "became a link", "became a file"],
)
def test_a_directory_that_is_missing_before_its_walk_is_gone_and_counted_once(share, change):
    change(share)

    assert share.read(Subtree("/created/")) == ({"/created/": GONE_REASON}, 1)


def test_a_new_entry_of_a_created_directory_is_counted_together_with_the_directory(share):
    share.put("/created/new", size=7)

    assert share.read(Subtree("/created/")) == (CREATED | {"/created/new": "file 7"}, 2)


def test_directories_that_are_walked_in_several_parts_are_counted_once(share):
    share.put("/created/new", "/created/sub/new", "/created/sub.new")
    cuts = ["/created/sub/b", "/created/sub.", "/created/new", ""]

    for top in ("/created/", "/gone/"):
        bounds = [Bounds(*both) for both in zip(cuts, ["", *cuts], strict=False)]
        parts = [share.read(Subtree(top, bounds=one))[1] for one in bounds if touches(one, top)]

        assert sum(parts) == share.read(Subtree(top))[1] > 0


@pytest.mark.parametrize("name", ["/created/a", "/created/sub/b"])
def test_an_entry_missing_from_a_created_directory_counts_as_a_change_of_the_directory(share, name):
    os.unlink(share.path(name))

    found, changed_since = share.read(Subtree("/created/"))

    assert found == {other: what for other, what in CREATED.items() if other != name}
    assert changed_since == 1


def test_entries_that_disappear_during_a_walk_are_gone_and_counted(share, monkeypatch):
    monkeypatch.setattr(read_ahead, "_NAMES_IN_A_WINDOW", 1)
    monkeypatch.setattr(read_ahead, "_NAMES_FOR_A_THREAD", 1)
    with MountedTree(share.root, share.since) as tree:
        found = walk(tree, "/created/")
        assert next(found)[0] == "/created/z"
        before = tree.changed_since

        share.move("/created/sub", "/moved")
        os.unlink(share.path("/created/a"))

        assert [*found] == [
            ("/created/sub/", ReadFailure(GONE_REASON)),
            ("/created/a", ReadFailure(GONE_REASON)),
        ]
        assert (before, tree.changed_since) == (0, 2)


@pytest.mark.parametrize("directory", ["/created/", "/created/sub/"])
def test_a_changed_directory_is_counted_when_its_names_are_read(share, directory):
    with MountedTree(share.root, share.since) as tree:
        tree.names(directory)
        assert tree.changed_since == 0
    share.put(f"{directory}new")
    with MountedTree(share.root, share.since) as tree:
        tree.names(directory)
        assert tree.changed_since == 1


# The moment of the snapshot


@pytest.mark.parametrize("offset", [0, 1, 500_000_000, 999_999_999])
def test_a_change_counts_if_it_is_a_nanosecond_or_more_after_the_snapshot(
    share, monkeypatch, offset
):
    second = 1_700_000_000
    changed = second * SECOND + offset
    fields = list(os.stat(share.path("/d/f")))
    fields[stat.ST_CTIME] = second
    status = os.stat_result(fields, {"st_ctime_ns": changed})
    monkeypatch.setattr("os.stat", lambda *_args, **_options: status)

    counts = {}
    for difference in (-3 * SECOND, -SECOND, -1, 0, 1, SECOND):
        with MountedTree(share.root, changed + difference) as tree:
            describe(tree, "/d/f")
            counts[difference] = tree.changed_since

    assert counts == {-3 * SECOND: 1, -SECOND: 1, -1: 1, 0: 0, 1: 0, SECOND: 0}


def test_a_directory_that_cannot_change_counts_nothing_and_gives_the_reasons_of_the_system(share):
    with MountedTree(share.root) as tree:
        assert describe(tree, "/gone", "/d")[0] == ReadFailure(NOT_THERE)
        assert failures_in(tree, "/none/") == {"/none/": NOT_THERE}
        assert walked_names(tree, "/d/") == ["/d/link", "/d/f", "/d/e"]
        assert tree.changed_since == 0
