"""A mount with the cluster's ids and revisions: only where both show the same file."""

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.model import Attributes, Description, Kind, ReadFailure
from qumulo_changelist.trees.identified import IdentifiedTree
from qumulo_changelist.trees.interface import DescribedEntries, NamedEntries, Subtree, TreeRequest
from tests.parts.tree_reading import describe, read, walk

MOUNTED = Attributes(Kind.FILE, size=5, mtime=100, atime=200, owner=501, group=20)
KNOWN = Attributes(Kind.FILE, size=5, mtime=100, id="17", revision="3")
BOTH = Attributes(Kind.FILE, 5, 100, 200, 501, 20, "17", "3")
FOLDER = Attributes(Kind.DIRECTORY, size=512, mtime=100)
BROKEN = ReadFailure("I/O error")


class FakeTree:
    """A tree with a description for each name.

    Args:
        content: the descriptions.
        max_files: the number of files that a walk yields together.
    """

    def __init__(self, content: dict[str, Description], max_files: int = 1000) -> None:
        self._content = content
        self._max_files = max_files
        self.changed_since = 0

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        for request in wanted:
            if isinstance(request, NamedEntries):
                absent = ReadFailure("not there")
                descriptions = [self._content.get(name, absent) for name in request.names]
                yield [DescribedEntries(request.names, descriptions)]
            else:
                yield self._walk(request.directory)

    def names(self, directory: str) -> list[str]:
        if directory not in self._content and directory != "/":
            raise UnreadableError("not there")
        return sorted([name for name in self._content if name.startswith(directory)], reverse=True)

    def _walk(self, directory: str) -> Iterator[DescribedEntries]:
        files: list[str] = []
        for name in [*self.names(directory), ""]:
            if files and (not name or name[-1] == "/" or len(files) == self._max_files):
                yield DescribedEntries(files, [self._content[file] for file in files])
                files = []
            if name.endswith("/") and name != directory:
                yield DescribedEntries([name], [self._content[name]])
            elif name and name != directory:
                files.append(name)


class LockedTree(FakeTree):
    """A tree of which no directory can be walked."""

    def _walk(self, directory: str) -> Iterator[DescribedEntries]:
        yield DescribedEntries([directory], [BROKEN])


def identify(mounted: Description, known: Description | None) -> Description:
    """Return the description of a file from what the mount and the cluster show of it."""
    content = {"/a": known} if known else {}
    (description,) = describe(IdentifiedTree(FakeTree({"/a": mounted}), FakeTree(content)), "/a")
    return description


@pytest.mark.parametrize(
    "known",
    [
        KNOWN,
        Attributes(Kind.FILE, 5, 100, atime=1, owner=None, group=7, id="17", revision="3"),
    ],
    ids=["through qq", "over REST"],
)
def test_a_file_has_the_attributes_of_the_mount_and_the_identity_of_the_cluster(known):
    assert identify(MOUNTED, known) == BOTH


@pytest.mark.parametrize(
    "known",
    [
        Attributes(Kind.FILE, size=6, mtime=100, id="17", revision="3"),
        Attributes(Kind.FILE, size=5, mtime=101, id="17", revision="3"),
        Attributes(Kind.OTHER, size=5, mtime=100, id="17", revision="3"),
        Attributes(Kind.DIRECTORY, size=5, mtime=100, id="17", revision="3"),
        Attributes(Kind.FILE, size=5, mtime=100),
        BROKEN,
        ReadFailure("no usable owner", known=KNOWN),
        None,
    ],
)
def test_a_file_that_differs_on_the_cluster_has_no_identity(known):
    assert identify(MOUNTED, known) == MOUNTED


def test_an_entry_that_the_mount_cannot_read_stays_unreadable():
    assert identify(BROKEN, KNOWN) == BROKEN


def test_each_request_is_answered_with_the_entries_of_the_mount():
    mounted: dict[str, Description] = {
        "/a": MOUNTED, "/d/": FOLDER, "/d/b": MOUNTED, "/d/a": MOUNTED, "/c": BROKEN
    }  # fmt: skip
    known: dict[str, Description] = {"/a": KNOWN, "/d/": FOLDER, "/d/a": KNOWN, "/d/z": KNOWN}
    tree = IdentifiedTree(FakeTree(mounted), FakeTree(known))

    answers = read(tree, NamedEntries(["/d/b", "/d/a"]), Subtree("/d/"), NamedEntries(["/c", "/a"]))

    assert answers == [
        [DescribedEntries(["/d/b", "/d/a"], [MOUNTED, BOTH])],
        [DescribedEntries(["/d/b", "/d/a"], [MOUNTED, BOTH])],
        [DescribedEntries(["/c", "/a"], [BROKEN, BOTH])],
    ]


def test_if_only_one_tree_can_walk_a_directory_the_mount_decides():
    content: dict[str, Description] = {"/d/": FOLDER, "/d/a": MOUNTED}

    tree = IdentifiedTree(FakeTree(content), LockedTree(content))
    assert list(walk(tree, "/d/")) == [("/d/a", MOUNTED)]

    tree = IdentifiedTree(LockedTree(content), FakeTree(content))
    assert list(walk(tree, "/d/")) == [("/d/", BROKEN)]


paths = st.lists(st.sampled_from(["/a", "/a!", "/a/b", "/a/c/d", "/b", "/b/c", "/😀", "/\udcff"]))


@st.composite
def contents(draw: st.DrawFn) -> dict[str, Attributes]:
    """Return a tree in which every directory has an entry."""
    files = set(draw(paths))
    above = {name[: end + 1] for name in files for end in range(1, len(name)) if name[end] == "/"}
    content = dict.fromkeys(above, FOLDER)
    for name in files:
        if name + "/" not in above:
            number = draw(st.integers(1, 2))
            content[name] = Attributes(Kind.FILE, size=number, id=str(number), revision="1")
    return content


@given(contents(), contents(), st.integers(1, 3), st.integers(1, 3))
def test_walks_of_any_two_trees_are_merged_name_by_name(
    mounted: dict[str, Attributes],
    known: dict[str, Attributes],
    mounted_together: int,
    known_together: int,
) -> None:
    shown: dict[str, Description] = {
        name: Attributes(Kind.FILE, size=one.size) if one.kind is Kind.FILE else one
        for name, one in mounted.items()
    }
    tree = IdentifiedTree(FakeTree(shown, mounted_together), FakeTree({**known}, known_together))

    assert list(walk(tree)) == [
        (name, mounted[name] if known.get(name) == mounted[name] else shown[name])
        for name in sorted(mounted, reverse=True)
    ]


def test_names_and_changes_are_those_of_the_mount():
    mounted, known = FakeTree({"/b": MOUNTED, "/a": MOUNTED}), FakeTree({"/c": KNOWN})
    tree = IdentifiedTree(mounted, known)
    mounted.changed_since, known.changed_since = 3, 5

    assert tree.names("/") == ["/b", "/a"]
    assert tree.changed_since == 3
    with pytest.raises(UnreadableError):
        tree.names("/c/")
