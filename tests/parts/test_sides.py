"""What the answers of a tree mean on their side of a diff, to the reason and what happened."""

from collections.abc import Iterable, Iterator

import pytest

from qumulo_changelist.changes.changeset import ChangedPaths
from qumulo_changelist.model import (
    CREATE,
    DELETE,
    MODIFY,
    Attributes,
    Description,
    Entry,
    Kind,
    ReadFailure,
    State,
)
from qumulo_changelist.scan.sides import NewerSide, OlderSide, Pairs
from qumulo_changelist.trees.interface import DescribedEntries, NamedEntries, TreeRequest

FILE = Attributes(Kind.FILE, size=7, mtime=1)
DIRECTORY = Attributes(Kind.DIRECTORY, size=512)
LINK = Attributes(Kind.OTHER)
NOT_THERE = ReadFailure("it is gone since the snapshot")


class Answers:
    """A tree with one answer for each walk, and one for each name; notes what it is asked."""

    changed_since = 0

    def __init__(
        self,
        walks: dict[str, dict[str, Description]] | None = None,
        alone: dict[str, Description] | None = None,
    ) -> None:
        self._walks = walks or {}
        self._alone = alone or {}
        self.asked: list[TreeRequest] = []

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        for wish in wanted:
            self.asked.append(wish)
            if isinstance(wish, NamedEntries):
                described = [self._alone.get(name, NOT_THERE) for name in wish.names]
                yield [DescribedEntries(wish.names, described)]
            else:
                found = self._walks[wish.directory]
                yield [DescribedEntries([name], [described]) for name, described in found.items()]

    def names(self, directory: str) -> list[str]:
        raise AssertionError(directory)


def existing(pairs: Pairs, tree: Answers) -> list[Entry]:
    return [entry for batch in NewerSide(pairs, tree).entries() for entry in batch]


def bad(name: str, op: str, reason: str, kind: Kind = Kind.FILE) -> Entry:
    return Entry(State.UNREADABLE, name, Attributes(kind), op, reason)


def nothing_deleted() -> OlderSide:
    return OlderSide(ChangedPaths([], []), Answers())


# One name of the newer tree


@pytest.mark.parametrize("op", [CREATE, MODIFY])
@pytest.mark.parametrize(
    ("name", "described", "listed_as", "kind"),
    [
        ("/a", DIRECTORY, "/a", Kind.FILE),
        ("/a/", FILE, "/a", Kind.DIRECTORY),
        ("/a/", LINK, "/a", Kind.DIRECTORY),
        ("/", FILE, "/", Kind.DIRECTORY),
    ],
)
def test_what_is_of_another_kind_than_the_diff_says_is_gone_since(
    name, described, listed_as, kind, op
):
    assert NewerSide.of_name(name, described, op) == bad(
        listed_as, op, "it is gone since the snapshot", kind
    )


@pytest.mark.parametrize("op", [CREATE, MODIFY])
def test_a_link_is_left_out_whatever_happened_to_it(op):
    assert NewerSide.of_name("/a", LINK, op) == Entry(State.LEFT_OUT, "/a", LINK, op)


# A created directory of the newer tree


@pytest.mark.parametrize(
    ("name", "described", "expected"),
    [
        ("/d/a", LINK, Entry(State.LEFT_OUT, "/d/a", LINK, CREATE)),
        ("/d/a", ReadFailure("I/O error"), bad("/d/a", CREATE, "I/O error")),
        ("/d/a", DIRECTORY, bad("/d/a", CREATE, "it is gone since the snapshot")),
        ("/d/a/", FILE, bad("/d/a", CREATE, "it is gone since the snapshot", Kind.DIRECTORY)),
        ("/d/a/", DIRECTORY, None),
    ],
)
def test_what_a_walk_finds_was_created_with_the_directory(name, described, expected):
    tree = Answers({"/d/": {name: described, "/d/": DIRECTORY}})

    assert existing([("/d/", CREATE)], tree) == ([expected] if expected else [])


def test_the_files_that_a_walk_finds_were_created_even_where_the_diff_names_one():
    tree = Answers({"/d/": {"/d/b": FILE, "/d/a": FILE, "/d/": DIRECTORY}})

    assert existing([("/d/b", MODIFY), ("/d/", CREATE)], tree) == [
        Entry(State.PRESENT, "/d/b", FILE, CREATE),
        Entry(State.PRESENT, "/d/a", FILE, CREATE),
    ]


def test_a_modified_directory_in_a_created_one_is_listed_as_any_other_is():
    tree = Answers({"/d/": {"/d/sub/": DIRECTORY, "/d/": DIRECTORY}})

    assert existing([("/d/sub/", MODIFY), ("/d/", CREATE)], tree) == [
        Entry(State.PRESENT, "/d/sub", DIRECTORY, MODIFY)
    ]


def test_a_modified_directory_that_the_walk_did_not_meet_is_asked_for_by_itself():
    tree = Answers({"/d/": {"/d/": DIRECTORY}}, {"/d/sub/": DIRECTORY})

    assert existing([("/d/sub/", MODIFY), ("/d/", CREATE)], tree) == [
        Entry(State.PRESENT, "/d/sub", DIRECTORY, MODIFY)
    ]


def test_a_file_that_the_walk_did_not_meet_is_asked_for_by_itself():
    locked = {"/d/": ReadFailure("locked")}

    assert existing(
        [("/d/a", MODIFY), ("/d/", CREATE)], Answers({"/d/": locked}, {"/d/a": FILE})
    ) == [
        Entry(State.PRESENT, "/d/a", FILE, MODIFY),
        bad("/d", CREATE, "locked", Kind.DIRECTORY),
    ]


def test_a_created_directory_in_a_created_one_that_the_walk_did_not_meet_is_gone():
    tree = Answers({"/d/": {"/d/": DIRECTORY}})

    assert existing([("/d/sub/", CREATE), ("/d/", CREATE)], tree) == [
        bad("/d/sub", CREATE, "it is gone since the snapshot", Kind.DIRECTORY)
    ]


def test_what_a_walk_cannot_read_keeps_its_reason_and_keeps_no_other_name_from_being_asked_for():
    walked = {"/d/b": ReadFailure("I/O error"), "/d/": DIRECTORY}
    tree = Answers({"/d/": walked}, {"/d/a": FILE})

    assert existing([("/d/b", MODIFY), ("/d/a", MODIFY), ("/d/", CREATE)], tree) == [
        bad("/d/b", CREATE, "I/O error"),
        Entry(State.PRESENT, "/d/a", FILE, MODIFY),
    ]


# What a tree is asked


def test_the_files_of_one_directory_are_asked_for_together_and_the_directory_after_them():
    tree = Answers()

    existing([("/d/b", MODIFY), ("/d/a", CREATE), ("/d/", MODIFY), ("/c", MODIFY)], tree)
    existing([("/d/b", MODIFY), ("/d/a", CREATE), ("/c", MODIFY), ("/b", MODIFY)], tree)

    assert tree.asked == [
        NamedEntries(["/d/b", "/d/a"]),
        NamedEntries(["/d/"]),
        NamedEntries(["/c"]),
        NamedEntries(["/d/b", "/d/a"]),
        NamedEntries(["/c", "/b"]),
    ]


class Forgetful(Answers):
    """A tree that leaves the last wish without an answer."""

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        *most, _ = wanted
        return super().read(most)


def test_a_tree_that_leaves_a_wish_unanswered_ends_the_run_and_makes_no_shorter_list():
    with pytest.raises(ValueError, match="shorter"):
        existing([("/d/a", MODIFY), ("/c", MODIFY)], Forgetful(alone={"/d/a": FILE, "/c": FILE}))


class ShortOfOne(Answers):
    """Forgets to describe the last entry of each answer."""

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        for answer in super().read(wanted):
            yield [DescribedEntries(found.names, found.described[:-1]) for found in answer]


@pytest.mark.parametrize(
    ("pairs", "tree"),
    [
        ([("/b", MODIFY), ("/a", MODIFY)], ShortOfOne(alone={"/b": FILE, "/a": FILE})),
        ([("/d/", MODIFY)], ShortOfOne(alone={"/d/": DIRECTORY})),
        ([("/d/", CREATE)], ShortOfOne(walks={"/d/": {"/d/a": FILE}})),
    ],
    ids=["files", "a directory", "a walk"],
)
def test_a_tree_that_leaves_an_entry_undescribed_ends_the_run_and_makes_no_shorter_list(
    pairs, tree
):
    with pytest.raises(ValueError, match="shorter"):
        existing(pairs, tree)


# The older tree


def test_a_link_that_was_deleted_is_left_out_of_the_deletions():
    left_out = Entry(State.LEFT_OUT, "/a", LINK, DELETE)

    assert OlderSide.of_name("/a", LINK, DELETE) == left_out
    assert nothing_deleted().within("/a", LINK, DELETE) == left_out


def test_a_file_that_was_a_directory_cannot_be_read_of_the_older_tree():
    was_directory = bad("/a", DELETE, "the diff calls it a file, but it was a directory")

    assert OlderSide.of_name("/a", DIRECTORY, DELETE) == was_directory
    assert nothing_deleted().within("/a", DIRECTORY, DELETE) == was_directory


def test_a_directory_that_turns_out_to_have_been_a_file_is_deleted_as_a_file():
    assert nothing_deleted().within("/a/", FILE, DELETE) == Entry(State.DELETED, "/a", FILE, DELETE)


def test_what_a_walk_of_a_deleted_directory_cannot_read_says_why():
    assert nothing_deleted().within("/d/e/", ReadFailure("no permission"), DELETE) == bad(
        "/d/e", DELETE, "no permission", Kind.DIRECTORY
    )
