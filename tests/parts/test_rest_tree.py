"""A snapshot as a tree, asked of the cluster an entry or a page of a directory at a time."""

import threading
from collections.abc import Container, Generator, Iterator

import pytest

from qumulo_changelist.cluster.interface import Page
from qumulo_changelist.errors import UnreachableError, UnreadableError
from qumulo_changelist.snapshot_paths import snapshot_paths
from qumulo_changelist.model import Attributes, Description, Kind, ReadFailure
from qumulo_changelist.trees.interface import DescribedEntries, NamedEntries, Subtree, TreeRequest
from qumulo_changelist.trees.rest import RestTree

PATIENCE = 30
"""Seconds after which a fake that waits gives up, so that a test fails instead of hanging."""

SIDE_BY_SIDE = 4


class FakeCluster:
    """Holds directories as dictionaries, below ``/proj`` in snapshot 7; notes what it is asked.

    Files have the sizes that are in their names, so that answers can be told apart.
    """

    def __init__(self) -> None:
        self.directories: dict[str, list[str]] = {}
        self.page = 3
        self.asked: list[str] = []
        self.limits: list[int] = []
        """Of the first pages of listings."""
        self.broken: dict[str, Exception] = {}
        self.gates: dict[str, threading.Event] = {}
        """What an answer waits for."""
        self.changed = threading.Condition()
        self.open_pages = 0

    def holds(self, directory: str, *entries: str) -> None:
        self.directories[f"/proj{directory}".rstrip("/")] = list(entries)

    def describe(self, path: str, snapshot: int) -> Attributes:
        self._note(f"describe {path}", snapshot)
        directory, _, name = path.rpartition("/")
        if name + "/" in self.directories.get(directory, ()) or path == "/proj":
            return Attributes(Kind.DIRECTORY)
        if name not in self.directories.get(directory, ()):
            raise UnreadableError("not held")
        return attributes(name)

    def pages(
        self,
        directory: str,
        snapshot: int,
        limit: int = 0,
        wanted: Container[str] | None = None,
    ) -> Generator[Page, None, None]:
        self._note(f"list {directory}", snapshot)
        if directory not in self.directories:
            raise UnreadableError("not listed")
        self.limits.append(limit)
        entries = self.directories[directory]
        self.open_pages += 1
        try:
            begin, size = 0, min(limit or self.page, self.page)
            while begin < len(entries) or begin == 0:
                if begin:
                    self._note(f"more of {directory}", snapshot)
                some = entries[begin : begin + size]
                found = {
                    name: attributes(name)
                    for name in some
                    if wanted is None or name.removesuffix("/") in wanted
                }
                yield Page(len(entries), len(some), found)
                begin, size = begin + size, self.page
        finally:
            self.open_pages -= 1

    def _note(self, what: str, snapshot: int) -> None:
        assert snapshot == 7
        with self.changed:
            self.asked.append(what)
            self.changed.notify_all()
        if gate := self.gates.get(what):
            assert gate.wait(PATIENCE)
        if what in self.broken:
            raise self.broken[what]

    def was_asked(self, what: str) -> None:
        """Wait until it was."""
        with self.changed:
            assert self.changed.wait_for(lambda: what in self.asked, PATIENCE)


def attributes(name: str) -> Attributes:
    if name.endswith("/"):
        return Attributes(Kind.DIRECTORY)
    digits = "".join(filter(str.isdigit, name))
    return Attributes(Kind.FILE, size=int(digits or 0))


@pytest.fixture
def cluster() -> FakeCluster:
    return FakeCluster()


@pytest.fixture
def tree(cluster) -> Iterator[RestTree]:
    before = set(threading.enumerate())
    with RestTree(cluster, 7, snapshot_paths("/proj"), SIDE_BY_SIDE) as opened:
        yield opened
    for thread in set(threading.enumerate()) - before:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def read(tree: RestTree, *wishes: TreeRequest) -> list[list[DescribedEntries]]:
    return [list(answer) for answer in tree.read(wishes)]


def describe(tree: RestTree, *names: str) -> list[Description]:
    ((found,),) = read(tree, NamedEntries(list(names)))
    assert found.names == list(names)
    return found.described


def sizes(described: list[Description]) -> list[int | str]:
    return [one.reason if isinstance(one, ReadFailure) else one.size for one in described]


def walked(tree: RestTree, directory: str) -> list[str]:
    (found,) = read(tree, Subtree(directory))
    return [name for part in found for name in part.names]


def numbered(count: int) -> list[str]:
    return [f"f{number:05}" for number in range(count)]


# Single requests or a listing


def test_one_name_in_a_directory_is_one_single_request(cluster, tree):
    cluster.holds("/d", "a1", "b2")

    assert sizes(describe(tree, "/d/a1")) == [1]
    assert cluster.asked == ["describe /proj/d/a1"]


@pytest.mark.parametrize(
    ("name", "asked"), [("/", "/proj"), ("/d/", "/proj/d"), ("/d/s/", "/proj/d/s")]
)
def test_a_directory_is_asked_for_without_its_slash(cluster, tree, name, asked):
    cluster.holds("/", "d/")
    cluster.holds("/d", "s/")

    assert describe(tree, name) == [Attributes(Kind.DIRECTORY)]
    assert cluster.asked == [f"describe {asked}"]


@pytest.mark.parametrize(("base", "asked"), [("/", ""), ("", ""), ("/p/q", "/p/q"), ("/p/", "/p")])
def test_the_base_path_may_be_any_directory(cluster, base, asked):
    with RestTree(cluster, 7, snapshot_paths(base)) as tree:
        for wish in (NamedEntries(["/a"]), NamedEntries(["/"]), Subtree("/")):
            read(tree, wish)

    assert sorted(cluster.asked) == sorted(
        [f"describe {asked}/a", f"describe {asked or '/'}", f"list {asked or '/'}"]
    )


def test_many_of_few_are_listed(cluster, tree):
    names = numbered(9)
    cluster.holds("/d", *names, "other/")

    found = describe(tree, *(f"/d/{name}" for name in reversed(names)))

    assert sizes(found) == list(range(8, -1, -1))
    assert cluster.asked == ["list /proj/d"] + ["more of /proj/d"] * 2


def test_a_listing_ends_when_all_is_known(cluster, tree):
    cluster.page = 1000
    cluster.holds("/d", *numbered(10_000))

    assert sizes(describe(tree, *(f"/d/f{number:05}" for number in range(99, -1, -1)))) == list(
        range(99, -1, -1)
    )
    assert cluster.asked == ["list /proj/d"]
    assert cluster.open_pages == 0


def test_few_of_very_many_are_asked_for_one_by_one_after_a_small_page(cluster, tree):
    cluster.page = 1000
    cluster.holds("/d", *numbered(100_000))

    assert sizes(describe(tree, "/d/f99999", "/d/f50000", "/d/f00001")) == [99999, 50000, 1]
    assert cluster.asked[0] == "list /proj/d"
    # One of them was on the first page.
    assert sorted(cluster.asked[1:]) == ["describe /proj/d/f50000", "describe /proj/d/f99999"]
    assert 0 < cluster.limits[0] <= 3 * 20
    assert cluster.open_pages == 0


def test_the_name_of_a_directory_finds_what_the_listing_has(cluster, tree):
    cluster.holds("/d", "a1", "b/", "c3")

    assert describe(tree, "/d/c3", "/d/b/", "/d/a1") == [
        Attributes(Kind.FILE, 3),
        Attributes(Kind.DIRECTORY),
        Attributes(Kind.FILE, 1),
    ]
    assert cluster.asked == ["list /proj/d"]


# What cannot be read


def test_a_name_that_no_page_has_is_asked_for_and_told_why_it_is_not_there(cluster, tree):
    cluster.holds("/d", "a1", "c3")

    assert sizes(describe(tree, "/d/c3", "/d/b2", "/d/a1")) == [3, "not held", 1]
    assert cluster.asked == ["list /proj/d", "describe /proj/d/b2"]


def test_of_a_directory_that_cannot_be_listed_entries_are_asked_for_one_by_one(cluster, tree):
    cluster.holds("/d", "a1", "b2")
    cluster.broken["list /proj/d"] = UnreadableError("no permission")

    assert sizes(describe(tree, "/d/b2", "/d/a1", "/d/0")) == [2, 1, "not held"]
    assert sorted(cluster.asked[1:]) == [f"describe /proj/d/{name}" for name in ("0", "a1", "b2")]


def test_of_a_directory_of_which_no_more_pages_can_be_read_the_rest_is_asked_for(cluster, tree):
    cluster.holds("/d", *numbered(6))
    cluster.broken["more of /proj/d"] = UnreadableError("broken")

    assert sizes(describe(tree, *(f"/d/{name}" for name in numbered(6)))) == list(range(6))
    assert sorted(cluster.asked[2:]) == [f"describe /proj/d/f0000{number}" for number in (3, 4, 5)]


def test_a_single_name_that_is_not_there_is_told(cluster, tree):
    assert describe(tree, "/gone/a") == [ReadFailure("not held")]


# Walks


def test_a_walk_descends_with_a_directory_behind_its_content(cluster, tree):
    cluster.holds("/d", "reel2.mov", "reel2/", "a1", "z26", "reel1/")
    cluster.holds("/d/reel2", "sub/", "x1")
    cluster.holds("/d/reel2/sub", "y1", "y2", "y3", "y4")
    cluster.holds("/d/reel1")

    assert walked(tree, "/d/") == [
        "/d/z26",
        "/d/reel2/x1",
        "/d/reel2/sub/y4",
        "/d/reel2/sub/y3",
        "/d/reel2/sub/y2",
        "/d/reel2/sub/y1",
        "/d/reel2/sub/",
        "/d/reel2/",
        "/d/reel2.mov",
        "/d/reel1/",
        "/d/a1",
    ]
    assert not any(what.startswith("describe") for what in cluster.asked)


def test_a_walk_describes_what_it_finds(cluster, tree):
    cluster.holds("/", "d/", "a1")
    cluster.holds("/d", "b2")

    assert read(tree, Subtree("/")) == [
        [
            DescribedEntries(["/d/b2"], [Attributes(Kind.FILE, 2)]),
            DescribedEntries(["/d/"], [Attributes(Kind.DIRECTORY)]),
            DescribedEntries(["/a1"], [Attributes(Kind.FILE, 1)]),
        ]
    ]


def test_a_walk_goes_on_beside_what_cannot_be_read(cluster, tree):
    cluster.holds("/d", "a1", "locked/", "half/")
    cluster.holds("/d/half", *numbered(6))
    cluster.broken["more of /proj/d/half"] = UnreadableError("broken")

    (found,) = read(tree, Subtree("/d/"))

    assert [(part.names, sizes(part.described)) for part in found] == [
        (["/d/locked/"], ["not listed"]),
        (["/d/half/"], ["broken"]),
        (["/d/a1"], [1]),
    ]


def test_a_walk_goes_on_behind_more_unreadable_directories_than_it_asks_for_ahead(cluster, tree):
    below = [f"{number:02}/" for number in range(3 * SIDE_BY_SIDE)]
    cluster.holds("/d", "a1", *below)

    assert walked(tree, "/d/") == sorted(["/d/a1", *[f"/d/{name}" for name in below]])[::-1]


def test_a_walk_of_what_cannot_be_listed_finds_that_alone(cluster, tree):
    assert read(tree, Subtree("/gone/")) == [
        [DescribedEntries(["/gone/"], [ReadFailure("not listed")])]
    ]


def test_a_walk_asks_for_the_next_directories_ahead_but_not_for_all(cluster, tree):
    below = [f"{number:02}/" for number in range(20)]
    cluster.page = 100
    cluster.holds("/d", *below)
    for name in below:
        cluster.holds(f"/d/{name}", "a1")
    (answer,) = tree.read([Subtree("/d/")])
    found = iter(answer)

    assert next(found).names == ["/d/19/a1"]
    for number in (18, 17, 16):
        cluster.was_asked(f"list /proj/d/{number}")
    assert len(cluster.asked) <= 1 + 1 + SIDE_BY_SIDE

    rest = [name for part in found for name in part.names]
    assert len(rest) == 39
    assert len(cluster.asked) == len(set(cluster.asked)) == 21


def test_names_are_those_of_one_directory_in_descending_order(cluster, tree):
    cluster.holds("/d", "reel2.mov", "reel2/", "a1", "z26", "reel1/")

    assert tree.names("/d/") == ["/d/z26", "/d/reel2/", "/d/reel2.mov", "/d/reel1/", "/d/a1"]
    with pytest.raises(UnreadableError, match="not listed"):
        tree.names("/gone/")


# Side by side


def test_answers_come_in_the_order_of_wishes_whatever_order_requests_end_in(cluster, tree):
    cluster.holds("/a", "a1", "b2")
    cluster.holds("/b", "c3")
    cluster.holds("/c", "d4")
    last = cluster.gates["describe /proj/c/d4"] = threading.Event()
    first = cluster.gates["list /proj/a"] = threading.Event()
    answers = tree.read([NamedEntries(["/a/b2", "/a/a1"]), Subtree("/b/"), NamedEntries(["/c/d4"])])
    found: list[list[str]] = []
    reading = threading.Thread(
        target=lambda: found.extend(next(iter(answer)).names for answer in answers)
    )
    reading.start()

    # All were begun before any was answered.
    for what in ("list /proj/a", "list /proj/b", "describe /proj/c/d4"):
        cluster.was_asked(what)
    last.set()
    first.set()
    reading.join(PATIENCE)

    assert found == [["/a/b2", "/a/a1"], ["/b/c3"], ["/c/d4"]]


def test_wishes_are_asked_for_ahead_but_not_all_of_them(cluster, tree):
    names = [f"/d{number}/a" for number in range(50)]
    for name in names:
        cluster.holds(name.removesuffix("/a"), "a")

    answers = tree.read([NamedEntries([name]) for name in names])
    for given in range(1, 40):
        (found,) = next(answers)
        assert found.names == [names[given - 1]]
        assert given <= len(cluster.asked) <= given + SIDE_BY_SIDE


def test_what_is_wished_of_one_directory_is_asked_for_together_whatever_lies_between(cluster, tree):
    cluster.page = 1000
    cluster.holds("/d", *numbered(9), "sub/")
    cluster.holds("/d/sub", "a")

    answers = read(
        tree,
        NamedEntries(["/d/f00008"]),
        NamedEntries(["/d/sub/a"]),
        NamedEntries(["/d/sub/"]),
        NamedEntries(["/d/f00000"]),
    )

    assert [names for (found,) in answers for names in found.names] == [
        "/d/f00008",
        "/d/sub/a",
        "/d/sub/",
        "/d/f00000",
    ]
    assert sorted(cluster.asked) == ["describe /proj/d/sub/a", "list /proj/d"]


def test_no_more_requests_are_under_way_at_once_than_said(cluster, tree):
    gate = threading.Event()
    names = [f"/{name}/a" for name in numbered(20)]
    for name in names:
        cluster.holds(name.removesuffix("/a"), "a")
    cluster.gates = {f"describe /proj{name}": gate for name in names}
    answers = tree.read([NamedEntries([name]) for name in names])
    reading = threading.Thread(target=lambda: [list(answer) for answer in answers])
    reading.start()

    for name in names[:SIDE_BY_SIDE]:
        cluster.was_asked(f"describe /proj{name}")
    assert len(cluster.asked) == SIDE_BY_SIDE
    gate.set()
    reading.join(PATIENCE)

    assert len(cluster.asked) == 20


def test_many_wishes_for_many_entries_do_not_wait_for_each_other(cluster, tree):
    for number in range(30):
        cluster.holds(f"/{number}", *numbered(5000))
    wishes = [NamedEntries([f"/{number}/f04999", f"/{number}/f04000"]) for number in range(30)]

    answers = read(tree, *wishes)

    assert [sizes(found.described) for (found,) in answers] == [[4999, 4000]] * 30


# What ends a run


@pytest.mark.parametrize(
    ("wish", "what"),
    [
        (NamedEntries(["/d/a1"]), "describe /proj/d/a1"),
        (NamedEntries(["/d/a1", "/d/b2"]), "list /proj/d"),
        (NamedEntries(["/d/x", "/d/y"]), "describe /proj/d/x"),
        (NamedEntries([f"/{name}" for name in numbered(6)]), "more of /proj"),
        (Subtree("/d/"), "list /proj/d"),
        (Subtree("/d/"), "more of /proj/d/s"),
    ],
)
def test_what_the_cluster_cannot_answer_ends_the_run(cluster, tree, wish, what):
    cluster.holds("/", *numbered(6))
    cluster.holds("/d", "a1", "b2", "s/")
    cluster.holds("/d/s", *numbered(6))
    cluster.broken[what] = UnreachableError("no node answers")

    with pytest.raises(UnreachableError, match="no node answers"):
        read(tree, wish)
    assert cluster.open_pages == 0


def test_a_walk_that_is_left_leaves_no_thread(cluster, tree):
    cluster.holds("/d", "a/", "b/", "c/")
    for name in "abc":
        cluster.holds(f"/d/{name}", "x1")
    (answer,) = tree.read([Subtree("/d/")])

    assert next(iter(answer)).names == ["/d/c/x1"]
    # The fixture sees that none is left.
