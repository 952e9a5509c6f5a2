"""A mount, with what the cluster knows its files by: only where both show the same file."""

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.model import Attributes, Description, Kind, ReadFailure
from qumulo_changelist.trees.identified import IdentifiedTree
from qumulo_changelist.trees.interface import DescribedEntries, NamedEntries, Subtree, TreeRequest

MOUNTED = Attributes(Kind.FILE, size=5, mtime=100, atime=200, owner=501, group=20)
KNOWN = Attributes(Kind.FILE, size=5, mtime=100, id="17", revision="3")
BOTH = Attributes(Kind.FILE, 5, 100, 200, 501, 20, "17", "3")
FOLDER = Attributes(Kind.DIRECTORY, size=512, mtime=100)
BROKEN = ReadFailure("I/O error")


class FakeTree:
    """Has an entry for each name; answers a walk in parts of so many names, or a directory."""

    def __init__(self, content: dict[str, Description], together: int = 1000) -> None:
        self._content = content
        self._together = together
        self.changed_since = 0
        self.read_to_its_end = True

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        for wish in wanted:
            yield (
                self._some(wish.names)
                if isinstance(wish, NamedEntries)
                else self._all(wish.directory)
            )

    def names(self, directory: str) -> list[str]:
        if directory not in self._content and directory != "/":
            raise UnreadableError("not there")
        return sorted([name for name in self._content if name.startswith(directory)], reverse=True)

    def _some(self, names: list[str]) -> list[DescribedEntries]:
        return [
            DescribedEntries(
                names, [self._content.get(name, ReadFailure("gone")) for name in names]
            )
        ]

    def _all(self, directory: str) -> Iterator[DescribedEntries]:
        below = [name for name in self.names(directory) if name != directory]
        part: list[str] = []
        for name in [*below, ""]:
            if part and (not name or name[-1] == "/" or len(part) == self._together):
                yield DescribedEntries(part, [self._content[one] for one in part])
                part = []
            if name.endswith("/"):
                yield DescribedEntries([name], [self._content[name]])
            elif name:
                part.append(name)


def described(
    mounted: dict[str, Description], known: dict[str, Description], *wanted: TreeRequest
) -> list[dict[str, Description]]:
    """Return what each wish is answered with."""
    tree = IdentifiedTree(FakeTree(mounted), FakeTree(known))
    return [
        {
            name: one
            for found in answer
            for name, one in zip(found.names, found.described, strict=True)
        }
        for answer in tree.read(wanted)
    ]


def one(mounted: Description, known: Description | None) -> Description:
    """Return what a file is described by."""
    there = {"/a": known} if known else {}
    ((found,),) = IdentifiedTree(FakeTree({"/a": mounted}), FakeTree(there)).read(
        [NamedEntries(["/a"])]
    )
    return found.described[0]


def test_a_file_that_both_show_has_the_attributes_of_the_mount_and_the_id_of_the_cluster():
    assert one(MOUNTED, KNOWN) == BOTH


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
def test_where_the_live_share_moved_on_or_the_cluster_does_not_tell_a_file_has_no_id(known):
    assert one(MOUNTED, known) == MOUNTED


def test_times_and_owners_that_only_the_mount_shows_make_no_difference():
    other = Attributes(Kind.FILE, 5, 100, atime=1, owner=None, group=7, id="17", revision="3")

    assert one(MOUNTED, other) == BOTH


def test_what_cannot_be_read_on_the_mount_stays_so_whatever_the_cluster_knows():
    assert one(BROKEN, KNOWN) == BROKEN


def test_each_wish_is_answered_in_its_turn():
    mounted = {"/a": MOUNTED, "/d/": FOLDER, "/d/b": MOUNTED, "/d/a": MOUNTED, "/c": BROKEN}
    known = {"/a": KNOWN, "/d/": FOLDER, "/d/a": KNOWN, "/d/z": KNOWN}

    assert described(
        mounted, known, NamedEntries(["/d/b", "/d/a"]), Subtree("/d/"), NamedEntries(["/c", "/a"])
    ) == [
        {"/d/b": MOUNTED, "/d/a": BOTH},
        {"/d/b": MOUNTED, "/d/a": BOTH},
        {"/c": BROKEN, "/a": BOTH},
    ]


def test_of_no_wishes_there_are_no_answers():
    assert described({"/a": MOUNTED}, {"/a": KNOWN}) == []


def test_a_directory_that_only_one_of_both_can_read_is_no_obstacle():
    class Locked(FakeTree):
        def _all(self, directory: str) -> Iterator[DescribedEntries]:
            yield DescribedEntries([directory], [BROKEN])

    content = {"/d/": FOLDER, "/d/a": MOUNTED}
    (shown,) = IdentifiedTree(FakeTree(content), Locked(content)).read([Subtree("/d/")])
    (hidden,) = IdentifiedTree(Locked(content), FakeTree(content)).read([Subtree("/d/")])

    assert list(shown) == [DescribedEntries(["/d/a"], [MOUNTED])]
    assert list(hidden) == [DescribedEntries(["/d/"], [BROKEN])]


paths = st.lists(st.sampled_from(["/a", "/a!", "/a/b", "/a/c/d", "/b", "/b/c", "/😀", "/\udcff"]))


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Description]:
    """A tree: its directories are those that hold something."""
    files = set(draw(paths))
    above = {name[: end + 1] for name in files for end in range(1, len(name)) if name[end] == "/"}
    content: dict[str, Description] = dict.fromkeys(above, FOLDER)
    for name in files:
        if name + "/" not in above:
            number = draw(st.integers(1, 2))
            content[name] = Attributes(Kind.FILE, size=number, id=str(number), revision="1")
    return content


@given(mounted=trees(), known=trees(), together=st.integers(1, 3), others=st.integers(1, 3))
def test_any_two_trees_are_laid_side_by_side_name_by_name(mounted, known, together, others):
    shown = {
        name: Attributes(Kind.FILE, size=one.size) if one.kind is Kind.FILE else one
        for name, one in mounted.items()
    }
    tree = IdentifiedTree(FakeTree(shown, together), FakeTree(known, others))

    (answer,) = tree.read([Subtree("/")])
    found = {
        name: one for part in answer for name, one in zip(part.names, part.described, strict=True)
    }

    assert list(found) == sorted(mounted, reverse=True)
    assert found == {
        name: one if known.get(name) == one else shown[name] for name, one in mounted.items()
    }


def test_names_and_what_moved_on_are_the_mounts():
    mounted, known = FakeTree({"/b": MOUNTED, "/a": MOUNTED}), FakeTree({"/c": KNOWN})
    tree = IdentifiedTree(mounted, known)
    mounted.changed_since, known.changed_since = 3, 5

    assert tree.names("/") == ["/b", "/a"]
    assert tree.changed_since == 3
    with pytest.raises(UnreadableError):
        tree.names("/c/")
