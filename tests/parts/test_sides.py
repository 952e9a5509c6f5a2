"""Each side of a diff: what a tree is asked for, and the entries that its answers become."""

from collections.abc import Iterable, Iterator

import pytest

from qumulo_changelist.changes.key import ChangedPaths
from qumulo_changelist.model import (
    CREATE,
    DELETE,
    MODIFY,
    Attributes,
    Description,
    Entry,
    Kind,
    Op,
    ReadFailure,
    State,
)
from qumulo_changelist.scan.requests import NamedOps
from qumulo_changelist.scan.sides import NewerSide, OlderSide
from qumulo_changelist.trees.interface import (
    GONE_REASON,
    DescribedEntries,
    NamedEntries,
    TreeRequest,
)
from tests.parts.scanning import without_filters

FILE = Attributes(Kind.FILE, size=7, mtime=1)
DIRECTORY = Attributes(Kind.DIRECTORY, size=512)
LINK = Attributes(Kind.OTHER)

NO_SIEVE = without_filters(ChangedPaths([], []))


class ScriptedTree:
    """A tree with a fixed answer for each walk and for each name; keeps the requests."""

    changed_since = 0

    def __init__(
        self,
        walks: dict[str, dict[str, Description]] | None = None,
        names: dict[str, Description] | None = None,
    ) -> None:
        self._walks = walks or {}
        self._names = names or {}
        self.requests: list[TreeRequest] = []

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        for request in wanted:
            self.requests.append(request)
            if isinstance(request, NamedEntries):
                described = [
                    self._names.get(name, ReadFailure(GONE_REASON)) for name in request.names
                ]
                yield [DescribedEntries(request.names, described)]
            else:
                found = self._walks[request.directory]
                yield [DescribedEntries([name], [described]) for name, described in found.items()]

    def names(self, directory: str) -> list[str]:
        raise NotImplementedError


def newer_entries(named_ops: list[tuple[str, Op]], tree: ScriptedTree) -> list[Entry]:
    named = NamedOps([name for name, _ in named_ops], [op for _, op in named_ops])
    return [entry for batch in NewerSide(named, tree, NO_SIEVE).entries() for entry in batch]


def unreadable(name: str, op: Op, reason: str, kind: Kind = Kind.FILE) -> Entry:
    return Entry(State.UNREADABLE, name, Attributes(kind), op, reason)


def present(name: str, known: Attributes, op: Op) -> Entry:
    return Entry(State.PRESENT, name, known, op)


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
def test_a_name_of_a_kind_other_than_the_diff_reports_is_gone(name, described, listed_as, kind, op):
    assert NewerSide.entry_for_name(name, described, op) == unreadable(
        listed_as, op, GONE_REASON, kind
    )


@pytest.mark.parametrize("op", [CREATE, MODIFY])
def test_a_link_is_left_out_whether_created_or_modified(op):
    assert NewerSide.entry_for_name("/a", LINK, op) == Entry(State.LEFT_OUT, "/a", LINK, op)


# A created directory of the newer tree


@pytest.mark.parametrize(
    ("name", "described", "expected"),
    [
        ("/d/a", LINK, Entry(State.LEFT_OUT, "/d/a", LINK, CREATE)),
        ("/d/a", ReadFailure("I/O error"), unreadable("/d/a", CREATE, "I/O error")),
        ("/d/a", DIRECTORY, unreadable("/d/a", CREATE, GONE_REASON)),
        ("/d/a/", FILE, unreadable("/d/a", CREATE, GONE_REASON, Kind.DIRECTORY)),
        ("/d/a/", DIRECTORY, None),
    ],
)
def test_names_that_a_walk_meets_were_created_with_the_directory(name, described, expected):
    tree = ScriptedTree({"/d/": {name: described, "/d/": DIRECTORY}})

    assert newer_entries([("/d/", CREATE)], tree) == ([expected] if expected else [])


def test_a_file_that_a_walk_meets_was_created_even_if_the_diff_says_modified():
    tree = ScriptedTree({"/d/": {"/d/b": FILE, "/d/a": FILE, "/d/": DIRECTORY}})

    assert newer_entries([("/d/b", MODIFY), ("/d/", CREATE)], tree) == [
        present("/d/b", FILE, CREATE),
        present("/d/a", FILE, CREATE),
    ]


@pytest.mark.parametrize(
    ("walk", "names"),
    [
        ({"/d/sub/": DIRECTORY, "/d/": DIRECTORY}, {}),
        # The walk did not meet it, so the tree is asked for it.
        ({"/d/": DIRECTORY}, {"/d/sub/": DIRECTORY}),
    ],
)
def test_a_modified_directory_below_a_created_one_is_listed(walk, names):
    tree = ScriptedTree({"/d/": walk}, names)

    assert newer_entries([("/d/sub/", MODIFY), ("/d/", CREATE)], tree) == [
        present("/d/sub", DIRECTORY, MODIFY)
    ]


def test_a_file_that_the_walk_did_not_meet_is_asked_for():
    tree = ScriptedTree({"/d/": {"/d/": ReadFailure("locked")}}, {"/d/a": FILE})

    assert newer_entries([("/d/a", MODIFY), ("/d/", CREATE)], tree) == [
        present("/d/a", FILE, MODIFY),
        unreadable("/d", CREATE, "locked", Kind.DIRECTORY),
    ]


def test_a_created_directory_that_the_walk_of_another_did_not_meet_is_gone():
    tree = ScriptedTree({"/d/": {"/d/": DIRECTORY}})

    assert newer_entries([("/d/sub/", CREATE), ("/d/", CREATE)], tree) == [
        unreadable("/d/sub", CREATE, GONE_REASON, Kind.DIRECTORY)
    ]


def test_a_name_that_a_walk_cannot_read_keeps_its_reason_and_others_are_still_asked_for():
    walk: dict[str, Description] = {"/d/b": ReadFailure("I/O error"), "/d/": DIRECTORY}
    tree = ScriptedTree({"/d/": walk}, {"/d/a": FILE})

    assert newer_entries([("/d/b", MODIFY), ("/d/a", MODIFY), ("/d/", CREATE)], tree) == [
        unreadable("/d/b", CREATE, "I/O error"),
        present("/d/a", FILE, MODIFY),
    ]


# Requests


def test_files_of_a_directory_are_asked_for_together_and_the_directory_after_them():
    tree = ScriptedTree()

    newer_entries([("/d/b", MODIFY), ("/d/a", CREATE), ("/d/", MODIFY), ("/c", MODIFY)], tree)
    newer_entries([("/d/b", MODIFY), ("/d/a", CREATE), ("/c", MODIFY), ("/b", MODIFY)], tree)

    assert tree.requests == [
        NamedEntries(["/d/b", "/d/a"]),
        NamedEntries(["/d/"]),
        NamedEntries(["/c"]),
        NamedEntries(["/d/b", "/d/a"]),
        NamedEntries(["/c", "/b"]),
    ]


# Faulty trees


class SkipsLastRequest(ScriptedTree):
    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        return super().read(list(wanted)[:-1])


class SkipsLastEntry(ScriptedTree):
    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        for answer in super().read(wanted):
            yield [DescribedEntries(found.names, found.described[:-1]) for found in answer]


@pytest.mark.parametrize(
    ("named_ops", "tree"),
    [
        (
            [("/d/a", MODIFY), ("/c", MODIFY)],
            SkipsLastRequest(names={"/d/a": FILE, "/c": FILE}),
        ),
        ([("/b", MODIFY), ("/a", MODIFY)], SkipsLastEntry(names={"/b": FILE, "/a": FILE})),
        ([("/d/", MODIFY)], SkipsLastEntry(names={"/d/": DIRECTORY})),
        ([("/d/", CREATE)], SkipsLastEntry(walks={"/d/": {"/d/a": FILE}})),
        (
            [("/d/sub/", CREATE), ("/d/", CREATE)],
            SkipsLastEntry(walks={"/d/": {"/d/a": FILE}}),
        ),
    ],
    ids=["a request", "files", "a directory", "a walk", "a walk with other changes"],
)
def test_a_tree_that_leaves_an_answer_out_ends_the_run(named_ops, tree):
    """Otherwise the list would silently lack an entry."""
    with pytest.raises(ValueError, match="shorter"):
        newer_entries(named_ops, tree)


# The older tree


def of_deleted_name(name: str, described: Description) -> Entry | None:
    return OlderSide.entry_for_name(name, described, DELETE)


def within_deleted_directory(name: str, described: Description) -> Entry | None:
    return OlderSide(ChangedPaths([], []), ScriptedTree(), NO_SIEVE).entry_from_walk(
        name, described, DELETE
    )


@pytest.mark.parametrize("rule", [of_deleted_name, within_deleted_directory])
def test_a_deleted_link_is_left_out(rule):
    assert rule("/a", LINK) == Entry(State.LEFT_OUT, "/a", LINK, DELETE)


@pytest.mark.parametrize("rule", [of_deleted_name, within_deleted_directory])
def test_a_deleted_file_that_was_a_directory_is_unreadable(rule):
    reason = "the diff calls it a file, but it was a directory"

    assert rule("/a", DIRECTORY) == unreadable("/a", DELETE, reason)


def test_a_deleted_directory_that_was_a_file_is_deleted_as_a_file():
    expected = Entry(State.DELETED, "/a", FILE, DELETE)

    assert within_deleted_directory("/a/", FILE) == expected


def test_a_directory_that_the_walk_of_a_deleted_one_cannot_read_keeps_its_reason():
    expected = unreadable("/d/e", DELETE, "no permission", Kind.DIRECTORY)

    assert within_deleted_directory("/d/e/", ReadFailure("no permission")) == expected
