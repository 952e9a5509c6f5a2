"""What every kind of tree promises, read from the same entries."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qumulo_changelist.bounds import Bounds
from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.columns import NO_FILES
from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.filters.paths import PathFilter
from qumulo_changelist.model import Description, Kind, ReadFailure
from qumulo_changelist.names import to_text
from qumulo_changelist.snapshot_paths import snapshot_paths
from qumulo_changelist.trees.identified import IdentifiedTree
from qumulo_changelist.trees.interface import (
    DescribedEntries,
    KnownListing,
    NamedEntries,
    Subtree,
    Tree,
    TreeRequest,
)
from qumulo_changelist.trees.mounted import MountedTree
from qumulo_changelist.trees.qq import QqTree
from qumulo_changelist.trees.rest import RestTree
from tests.parts.fake_snapshot import BASE, SNAPSHOT, FakeSnapshot, attributes_of, size_in
from tests.parts.shares import Share
from tests.parts.tree_reading import describe, kinds, read, sizes, walk, walk_in_parts, walked_names

Opener = Callable[..., AbstractContextManager[Tree]]


@contextlib.contextmanager
def mounted(*names: str) -> Iterator[Tree]:
    with tempfile.TemporaryDirectory() as folder:
        share = Share(f"{folder}/share")
        for name in names:
            share.put(name, size=size_in(name))
        with MountedTree(share.root) as tree:
            yield tree


@contextlib.contextmanager
def over_rest(*names: str) -> Iterator[Tree]:
    snapshot = FakeSnapshot()
    snapshot.put(*names)
    yield RestTree(snapshot, SNAPSHOT, snapshot_paths(BASE), 2)


@contextlib.contextmanager
def through_qq(*names: str) -> Iterator[Tree]:
    snapshot = FakeSnapshot()
    snapshot.put(*names)
    with QqTree(snapshot, SNAPSHOT, snapshot_paths(BASE), 2) as tree:
        yield tree


@contextlib.contextmanager
def identified(*names: str) -> Iterator[Tree]:
    with mounted(*names) as described, over_rest(*names) as known:
        yield IdentifiedTree(described, known)


@pytest.fixture(params=[mounted, over_rest, through_qq, identified])
def open_tree(request: pytest.FixtureRequest) -> Opener:
    """Opens a tree of one kind with the files and directories that it is given."""
    opener: Opener = request.param
    return opener


def test_a_walk_is_in_descending_order_with_each_directory_after_its_content(open_tree):
    names = ["/a", "/reel2/b", "/reel2/a/x", "/reel2.mov", "/reel2-old", "/reel20", "/z/"]

    with open_tree(*names) as tree:
        assert walked_names(tree) == [
            "/z/",
            "/reel20",
            "/reel2/b",
            "/reel2/a/x",
            "/reel2/a/",
            "/reel2/",
            "/reel2.mov",
            "/reel2-old",
            "/a",
        ]


components = st.binary(min_size=1, max_size=3).filter(
    lambda name: not set(name) & set(b"/\0") and name not in (b".", b"..")
)


@pytest.mark.parametrize("opener", [mounted, over_rest, through_qq, identified])
@given(paths=st.lists(st.lists(components, min_size=1, max_size=4), max_size=8))
@example(paths=[[b"a", b"b"], [b"a\xff"], [b"a."], [b"\xc3\xa9"], [b"a\n"]])
@settings(max_examples=30)
def test_a_walk_yields_every_entry_once(opener: Opener, paths: list[list[bytes]]) -> None:
    """In any tree of directories, whatever bytes their names have."""
    expected = {
        to_text(b"/" + b"/".join(path[:end]) + b"/")
        for path in paths
        for end in range(1, len(path) + 1)
    }

    with opener(*expected) as tree:
        assert walked_names(tree) == sorted(expected, reverse=True)


bounds_of_names = st.lists(st.lists(components, min_size=1, max_size=3), max_size=3).map(
    lambda paths: sorted(to_text(b"/" + b"/".join(path)) for path in paths)
)


@pytest.mark.parametrize("opener", [mounted, over_rest, through_qq])
@given(
    paths=st.lists(st.lists(components, min_size=1, max_size=4), max_size=8),
    cuts=bounds_of_names,
    is_cut_at_names=st.booleans(),
)
@example([[b"a", b"b"], [b"a."], [b"a-", b"c"], [b"a"]], ["/a-", "/a.", "/a/"], False)
@settings(max_examples=15)
def test_walks_in_adjacent_bounds_together_yield_every_entry_once(
    opener: Opener, paths: list[list[bytes]], cuts: list[str], is_cut_at_names: bool
) -> None:
    names = sorted({to_text(b"/" + b"/".join(path) + b"/x") for path in paths})
    cuts = names[::3] if is_cut_at_names else cuts

    with opener(*names) as tree:
        whole = walked_names(tree)
        for lower, upper in pairwise(["", *cuts, ""]):
            bounds = Bounds(lower, upper)
            found = [name for name, _ in walk(tree, "/", bounds)]
            listed = [name.removesuffix("/") for name in found]

            assert all(lower <= name and (name < upper or not upper) for name in listed)
            assert found == [name for name in whole if name in set(found)]
            whole = [name for name in whole if name not in set(found)]
        assert whole == []


def test_a_directory_that_is_known_is_not_listed():
    snapshot = FakeSnapshot()
    snapshot.put("/d/a1", "/d/b/c2", "/d/z3", "/e/f4")
    page = DirectoryPage(2, 2, [], NO_FILES, {"z3": attributes_of("z3"), "b/": attributes_of("b/")})
    known = KnownListing("/d/", ["/d/z3", "/d/b/"], page)

    (answer,) = read(
        RestTree(snapshot, SNAPSHOT, snapshot_paths(BASE), 2),
        Subtree("/", bounds=Bounds("/d/b"), known=known),
    )

    assert [name for part in answer for name in part.names] == [
        *("/e/f4", "/e/", "/d/z3", "/d/b/c2", "/d/b/")
    ]
    assert sorted(snapshot.requests) == [f"list {BASE}", f"list {BASE}/d/b", f"list {BASE}/e"]


def test_only_directories_that_bounds_touch_are_requested():
    snapshot = FakeSnapshot(page_size=9)
    snapshot.put("/a/1", "/b/c/2", "/b/c.d/3", "/b/x/4", "/d/5", "/e/6")
    tree = RestTree(snapshot, SNAPSHOT, snapshot_paths(BASE), 8)

    found = [name for name, _ in walk(tree, "/", Bounds("/b/c.", "/d/x"))]

    assert found == ["/d/5", "/d/", "/b/x/4", "/b/x/", "/b/c/2", "/b/c.d/3", "/b/c.d/"]
    assert sorted(snapshot.requests) == [
        f"list {BASE}{directory}" for directory in ("", "/b", "/b/c", "/b/c.d", "/b/x", "/d")
    ]


@pytest.mark.parametrize(
    ("bounds", "names"),
    [
        (Bounds("/d/a/b"), ["/d/b", "/d/a/"]),
        (Bounds("/d/a.", "/d/a/"), ["/d/a.mov"]),
        (Bounds("/d", "/d/a."), ["/d/a/", "/d/"]),
        (Bounds("", "/d/a"), ["/d/"]),
    ],
)
def test_a_directory_of_a_snapshot_that_cannot_be_read_is_described_likewise(bounds, names):
    snapshot = FakeSnapshot(page_size=9)
    snapshot.put("/d/a.mov", "/d/a/file", "/d/b")
    snapshot.errors[f"list {BASE}/d/a"] = UnreadableError("no permission")

    tree = RestTree(snapshot, SNAPSHOT, snapshot_paths(BASE), 2)

    assert [name for name, _ in walk(tree, "/", bounds)] == names


def test_a_mount_looks_up_the_names_that_are_known_without_listing(monkeypatch):
    known = KnownListing("/d/", ["/d/z3", "/d/gone", "/d/b/"])

    with mounted("/d/a1", "/d/b/c2", "/d/z3") as tree, monkeypatch.context() as patched:
        patched.setattr(os, "scandir", listed_once(os.scandir))
        (answer,) = read(tree, Subtree("/d/", bounds=Bounds("/d/b"), known=known))

    found = [
        (name, one) for part in answer for name, one in zip(part.names, part.described, strict=True)
    ]
    assert [name for name, _ in found] == ["/d/z3", "/d/gone", "/d/b/c2", "/d/b/"]
    assert isinstance(dict(found)["/d/gone"], ReadFailure)


def listed_once(scan: Callable[[int], Any]) -> Callable[[int], Any]:
    """Return a ``scandir`` that fails after its first use."""
    left = [scan]
    return lambda descriptor: left.pop()(descriptor)


def test_a_walk_can_begin_in_any_directory_and_leaves_that_out(open_tree):
    with open_tree("/a/b/c/d", "/a/b/e", "/a/bc", "/f", "/empty/") as tree:
        assert walked_names(tree, "/a/b/") == ["/a/b/e", "/a/b/c/d", "/a/b/c/"]
        assert walked_names(tree, "/empty/") == []


def test_a_walk_yields_directories_alone_and_the_files_between_them_together(open_tree):
    with open_tree("/a", "/b", "/c/x", "/c/y", "/d", "/e/", "/f/") as tree:
        assert [part.names for part in walk_in_parts(tree)] == [
            ["/f/"],
            ["/e/"],
            ["/d"],
            ["/c/y", "/c/x"],
            ["/c/"],
            ["/b", "/a"],
        ]


def test_a_walk_describes_each_entry(open_tree):
    with open_tree("/d/a1", "/d/b22", "/d/s/c333") as tree:
        names, descriptions = zip(*walk(tree, "/d/"), strict=True)

    assert names == ("/d/s/c333", "/d/s/", "/d/b22", "/d/a1")
    assert kinds(list(descriptions)) == [Kind.FILE, Kind.DIRECTORY, Kind.FILE, Kind.FILE]
    assert [sizes(list(descriptions))[position] for position in (0, 2, 3)] == [333, 22, 1]


@pytest.mark.parametrize("directory", ["/gone/", "/d/gone/", "/gone/below/", "/file/", "/file/x/"])
def test_a_walk_of_a_missing_directory_yields_only_its_failure(open_tree, directory):
    with open_tree("/d/a", "/file") as tree:
        (((name, description)),) = walk(tree, directory)

    assert name == directory
    assert isinstance(description, ReadFailure)


def test_requests_are_answered_in_their_order_with_the_names_in_theirs(open_tree):
    requests: list[TreeRequest] = [
        NamedEntries(["/c"]),
        Subtree("/b/"),
        NamedEntries(["/b/", "/a/"]),
        NamedEntries(["/a/x", "/a/none", "/a/y"]),
        NamedEntries(["/b/none"]),
        NamedEntries(["/gone/x"]),
    ]

    with open_tree("/a/x1", "/a/x", "/a/y", "/b/z", "/c") as tree:
        answers = read(tree, *requests)

    assert [[part.names for part in answer] for answer in answers] == [
        [["/c"]],
        [["/b/z"]],
        [["/b/", "/a/"]],
        [["/a/x", "/a/none", "/a/y"]],
        [["/b/none"]],
        [["/gone/x"]],
    ]


def test_without_requests_there_are_no_answers(open_tree):
    with open_tree("/a") as tree:
        assert read(tree) == []


def test_entries_of_one_directory_are_described_together(open_tree):
    with open_tree("/d/a1", "/d/b22", "/d/sub/") as tree:
        found = describe(tree, "/d/sub/", "/d/none", "/d/b22", "/d/a1")

    missing = found.pop(1)
    assert isinstance(missing, ReadFailure)
    assert kinds(found) == [Kind.DIRECTORY, Kind.FILE, Kind.FILE]
    assert sizes(found)[1:] == [22, 1]


@pytest.mark.parametrize("names", [["/gone/b"], ["/gone/b", "/gone/a"], ["/file/b", "/file/a"]])
def test_entries_of_a_missing_directory_cannot_be_read(open_tree, names):
    with open_tree("/file") as tree:
        for description in describe(tree, *names):
            assert isinstance(description, ReadFailure)


def test_the_names_in_a_directory_are_in_descending_order(open_tree):
    with open_tree("/d/a", "/d/reel2/x", "/d/reel2.mov", "/d/reel1/", "/d/é", "/e") as tree:
        assert tree.names("/d/") == ["/d/é", "/d/reel2/", "/d/reel2.mov", "/d/reel1/", "/d/a"]
        assert tree.names("/") == ["/e", "/d/"]
        for directory in ("/gone/", "/e/"):
            with pytest.raises(UnreadableError):
                tree.names(directory)


def test_a_tree_that_cannot_change_counts_no_changes(open_tree):
    with open_tree("/a", "/d/b") as tree:
        assert read(tree, NamedEntries(["/a"]), Subtree("/none/"))[0] == [
            DescribedEntries(["/a"], describe(tree, "/a"))
        ]
        assert tree.changed_since == 0


def test_a_walk_does_not_enter_excluded_directories(open_tree):
    names = [
        "/a/1",
        "/a/skip/2",
        "/a/skip/deep/3",
        "/skip/4",
        "/skip.mov",
        "/z/deep/skip/5",
        "/z/6",
    ]
    filters = PathFilter(exclude=("skip/", "!/z/deep/skip"))

    with open_tree(*names, "/z/deep/skip/5") as tree:
        ((*parts,),) = read(tree, Subtree("/", filters))

    found = [name for part in parts for name in part.names]
    assert found == sorted(found, reverse=True)
    assert set(found) == {
        *("/a/", "/a/1", "/a/skip/", "/skip/", "/skip.mov", "/z/", "/z/6", "/z/deep/"),
        *("/z/deep/skip/", "/z/deep/skip/5"),
    }


def test_a_mount_is_not_asked_what_is_in_an_excluded_directory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed: list[int] = []
    scan = os.scandir

    def record(descriptor: int) -> Any:
        listed.append(os.fstat(descriptor).st_ino)
        return scan(descriptor)

    monkeypatch.setattr(os, "scandir", record)
    with mounted("/a/1", "/skip/2", "/a/skip/3") as tree:
        read(tree, Subtree("/", PathFilter(exclude=("skip",))))
        without = len(listed)
        read(tree, Subtree("/"))
        everything = len(listed) - without

    assert (without, everything) == (2, 4)


@pytest.mark.parametrize(
    ("bounds", "names"),
    [
        (Bounds("/d/a/b"), ["/d/b", "/d/a"]),
        (Bounds("/d/a.b"), ["/d/b", "/d/a.mov", "/d/a"]),
        (Bounds("/d/a0"), ["/d/b"]),
        (Bounds("/d", "/d/a."), ["/d/a", "/d/"]),
    ],
)
def test_what_may_be_a_directory_with_names_in_bounds_is_described(bounds, names):
    snapshot = FakeSnapshot(page_size=9)
    snapshot.put("/d/a.mov", "/d/a", "/d/b")
    broken = ReadFailure("of a kind that nobody knows")
    described: dict[str, Description] = {name: attributes_of(name) for name in ("a.mov", "b")}
    described["a"] = broken
    known = KnownListing("/d/", [], DirectoryPage(3, 3, [], NO_FILES, described))
    tree = RestTree(snapshot, SNAPSHOT, snapshot_paths(BASE), 2)

    (answer,) = read(tree, Subtree("/", bounds=bounds, known=known))

    assert [name for part in answer for name in part.names] == names
