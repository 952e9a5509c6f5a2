"""A snapshot as a tree over REST: single entries or pages of directories, several at a time."""

import threading
from collections.abc import Iterator

import pytest

from qumulo_changelist.errors import UnreachableError, UnreadableError
from qumulo_changelist.model import Attributes, Kind
from qumulo_changelist.snapshot_paths import snapshot_paths
from qumulo_changelist.trees.interface import NamedEntries, Subtree
from qumulo_changelist.trees.rest import RestTree
from tests.parts.fake_snapshot import BASE, SNAPSHOT, TIMEOUT, FakeSnapshot
from tests.parts.tree_reading import describe, read, sizes, walk_in_parts, walked_names

REQUESTS_AT_ONCE = 4


@pytest.fixture
def snapshot() -> FakeSnapshot:
    return FakeSnapshot()


@pytest.fixture
def tree(snapshot: FakeSnapshot) -> Iterator[RestTree]:
    """Check as well that no thread of the tree outlives it."""
    before = set(threading.enumerate())
    with RestTree(snapshot, SNAPSHOT, snapshot_paths(BASE), REQUESTS_AT_ONCE) as opened:
        yield opened
    for thread in set(threading.enumerate()) - before:
        thread.join(TIMEOUT)
        assert not thread.is_alive()


def numbered(directory: str, count: int) -> list[str]:
    return [f"{directory}/f{number:05}" for number in range(count)]


# Single requests or a listing


def test_a_single_entry_of_a_directory_takes_one_request(snapshot, tree):
    snapshot.put("/d/a1", "/d/b2")

    assert sizes(describe(tree, "/d/a1")) == [1]
    assert snapshot.requests == ["describe /proj/d/a1"]


@pytest.mark.parametrize(
    ("name", "path"), [("/", "/proj"), ("/d/", "/proj/d"), ("/d/s/", "/proj/d/s")]
)
def test_a_directory_is_requested_without_its_slash(snapshot, tree, name, path):
    snapshot.put("/d/s/")

    assert describe(tree, name) == [Attributes(Kind.DIRECTORY)]
    assert snapshot.requests == [f"describe {path}"]


@pytest.mark.parametrize(("base", "path"), [("/", ""), ("", ""), ("/p/q", "/p/q"), ("/p/", "/p")])
def test_the_base_path_can_be_any_directory(snapshot, base, path):
    with RestTree(snapshot, SNAPSHOT, snapshot_paths(base)) as tree:
        for request in (NamedEntries(["/a"]), NamedEntries(["/"]), Subtree("/")):
            read(tree, request)

    assert snapshot.requests == [
        f"describe {path}/a", f"describe {path or '/'}", f"list {path or '/'}"
    ]  # fmt: skip


def test_a_directory_is_listed_if_many_of_its_entries_are_wanted(snapshot, tree):
    names = [*numbered("/d", 8), "/d/sub/"]
    snapshot.put(*names, "/d/unwanted")

    found = describe(tree, *reversed(names))

    assert found.pop(0) == Attributes(Kind.DIRECTORY)
    assert sizes(found) == list(range(7, -1, -1))
    assert snapshot.requests == ["list /proj/d"] + ["more of /proj/d"] * 2


def test_a_listing_ends_when_all_wanted_entries_are_known(snapshot, tree):
    snapshot.page_size = 1000
    snapshot.entries[f"{BASE}/d"] = [f"f{number:05}" for number in range(10_000)]

    assert sizes(describe(tree, *numbered("/d", 100))) == list(range(100))
    assert snapshot.requests == ["list /proj/d"]
    assert snapshot.open_listings == 0


def test_few_entries_of_a_very_large_directory_are_requested_singly(snapshot, tree):
    """A small first page shows how large the directory is."""
    snapshot.page_size = 1000
    snapshot.entries[f"{BASE}/d"] = [f"f{number:05}" for number in range(100_000)]

    assert sizes(describe(tree, "/d/f99999", "/d/f50000", "/d/f00001")) == [99999, 50000, 1]
    assert snapshot.requests[0] == "list /proj/d"
    # One of them was on the first page.
    assert sorted(snapshot.requests[1:]) == ["describe /proj/d/f50000", "describe /proj/d/f99999"]
    assert 0 < snapshot.first_page_limits[0] <= 3 * 20
    assert snapshot.open_listings == 0


def test_requests_for_the_entries_of_one_directory_are_combined(snapshot, tree):
    """Also if other requests lie between them."""
    snapshot.page_size = 1000
    snapshot.put(*numbered("/d", 9), "/d/sub/a")
    names = ["/d/f00008", "/d/sub/a", "/d/sub/", "/d/f00000"]

    answers = read(tree, *(NamedEntries([name]) for name in names))

    assert [part.names for (part,) in answers] == [[name] for name in names]
    assert sorted(snapshot.requests) == ["describe /proj/d/sub/a", "list /proj/d"]


# Entries that cannot be read


def test_the_reason_for_an_entry_that_is_on_no_page_is_requested(snapshot, tree):
    snapshot.put("/d/a1", "/d/c3")

    assert sizes(describe(tree, "/d/c3", "/d/b2", "/d/a1")) == [3, "not there", 1]
    assert snapshot.requests == ["list /proj/d", "describe /proj/d/b2"]


def test_the_entries_of_a_directory_that_cannot_be_listed_are_requested_singly(snapshot, tree):
    snapshot.put("/d/a1", "/d/b2")
    snapshot.errors["list /proj/d"] = UnreadableError("no permission")

    assert sizes(describe(tree, "/d/b2", "/d/a1", "/d/0")) == [2, 1, "not there"]
    assert sorted(snapshot.requests[1:]) == [
        f"describe /proj/d/{name}" for name in ("0", "a1", "b2")
    ]


def test_entries_after_a_page_that_cannot_be_read_are_requested_singly(snapshot, tree):
    snapshot.put(*numbered("/d", 6))
    snapshot.errors["more of /proj/d"] = UnreadableError("broken")

    assert sizes(describe(tree, *numbered("/d", 6))) == list(range(6))
    assert sorted(snapshot.requests[2:]) == [
        f"describe /proj/d/f0000{number}" for number in (3, 4, 5)
    ]


# Walks


def test_a_walk_lists_each_directory_once_and_requests_no_entry_singly(snapshot, tree):
    snapshot.page_size = 100
    snapshot.put("/d/reel2/sub/y1", "/d/reel2/x1", "/d/reel1/", "/d/a1")

    assert len(walked_names(tree, "/d/")) == 6
    assert sorted(snapshot.requests) == [
        "list /proj/d", "list /proj/d/reel1", "list /proj/d/reel2", "list /proj/d/reel2/sub"
    ]  # fmt: skip


def test_a_walk_continues_past_directories_that_cannot_be_read(snapshot, tree):
    snapshot.put("/d/a1", "/d/locked/", *numbered("/d/half", 6))
    snapshot.errors["list /proj/d/locked"] = UnreadableError("locked")
    snapshot.errors["more of /proj/d/half"] = UnreadableError("broken")

    assert [(part.names, sizes(part.described)) for part in walk_in_parts(tree, "/d/")] == [
        (["/d/locked/"], ["locked"]),
        (["/d/half/"], ["broken"]),
        (["/d/a1"], [1]),
    ]


def test_a_walk_continues_past_more_unreadable_directories_than_it_requests_ahead(snapshot, tree):
    directories = [f"/d/{number:02}/" for number in range(3 * REQUESTS_AT_ONCE)]
    snapshot.put("/d/a1", *directories)
    for name in directories:
        del snapshot.entries[f"{BASE}{name.removesuffix('/')}"]

    assert walked_names(tree, "/d/") == sorted(["/d/a1", *directories], reverse=True)


def test_a_walk_requests_a_limited_number_of_directories_ahead(snapshot, tree):
    snapshot.page_size = 100
    snapshot.put(*(f"/d/{number:02}/a1" for number in range(20)))
    parts = walk_in_parts(tree, "/d/")

    assert next(parts).names == ["/d/19/a1"]
    for number in (18, 17, 16):
        snapshot.wait_for(f"list /proj/d/{number}")
    assert len(snapshot.requests) <= 1 + 1 + REQUESTS_AT_ONCE

    assert len([name for part in parts for name in part.names]) == 39
    assert len(snapshot.requests) == len(set(snapshot.requests)) == 21


def test_an_unfinished_walk_leaves_no_thread(snapshot, tree):
    snapshot.put("/d/a/x1", "/d/b/x1", "/d/c/x1")

    assert next(walk_in_parts(tree, "/d/")).names == ["/d/c/x1"]
    # The fixture checks the threads.


# Several requests at once


def test_answers_keep_the_order_of_requests_whichever_ends_first(snapshot, tree):
    snapshot.put("/a/a1", "/a/b2", "/b/c3", "/c/d4")
    last = snapshot.gates["describe /proj/c/d4"] = threading.Event()
    first = snapshot.gates["list /proj/a"] = threading.Event()
    answers = tree.read([NamedEntries(["/a/b2", "/a/a1"]), Subtree("/b/"), NamedEntries(["/c/d4"])])
    found: list[list[str]] = []
    reading = threading.Thread(
        target=lambda: found.extend(next(iter(answer)).names for answer in answers)
    )
    reading.start()

    # All are sent before any is answered.
    for request in ("list /proj/a", "list /proj/b", "describe /proj/c/d4"):
        snapshot.wait_for(request)
    last.set()
    first.set()
    reading.join(TIMEOUT)

    assert found == [["/a/b2", "/a/a1"], ["/b/c3"], ["/c/d4"]]


def test_a_limited_number_of_requests_is_sent_before_their_answers_are_wanted(snapshot, tree):
    names = [f"/d{number}/a" for number in range(50)]
    snapshot.put(*names)

    answers = tree.read([NamedEntries([name]) for name in names])

    for answered in range(1, 40):
        (part,) = next(answers)
        assert part.names == [names[answered - 1]]
        assert answered <= len(snapshot.requests) <= answered + REQUESTS_AT_ONCE


def test_no_more_requests_than_allowed_are_under_way_at_once(snapshot, tree):
    gate = threading.Event()
    names = [f"/d{number:02}/a" for number in range(20)]
    snapshot.put(*names)
    snapshot.gates = {f"describe /proj{name}": gate for name in names}
    answers = tree.read([NamedEntries([name]) for name in names])
    reading = threading.Thread(target=lambda: [list(answer) for answer in answers])
    reading.start()

    for name in names[:REQUESTS_AT_ONCE]:
        snapshot.wait_for(f"describe /proj{name}")
    assert len(snapshot.requests) == REQUESTS_AT_ONCE
    gate.set()
    reading.join(TIMEOUT)

    assert len(snapshot.requests) == 20


def test_requests_that_send_further_requests_do_not_block_each_other(snapshot, tree):
    for number in range(30):
        snapshot.entries[f"{BASE}/{number}"] = [f"f{entry:04}" for entry in range(500)]
    requests = [NamedEntries([f"/{number}/f0499", f"/{number}/f0400"]) for number in range(30)]

    answers = read(tree, *requests)

    assert [sizes(part.described) for (part,) in answers] == [[499, 400]] * 30


# What ends a run


@pytest.mark.parametrize(
    ("request_", "failing"),
    [
        (NamedEntries(["/d/a1"]), "describe /proj/d/a1"),
        (NamedEntries(["/d/a1", "/d/b2"]), "list /proj/d"),
        (NamedEntries(["/d/x", "/d/y"]), "describe /proj/d/x"),
        (NamedEntries(numbered("", 6)), "more of /proj"),
        (Subtree("/d/"), "list /proj/d"),
        (Subtree("/d/"), "more of /proj/d/s"),
    ],
)
def test_a_request_that_the_cluster_cannot_answer_ends_the_run(snapshot, tree, request_, failing):
    snapshot.put(*numbered("", 6), "/d/a1", "/d/b2", *numbered("/d/s", 6))
    snapshot.errors[failing] = UnreachableError("no node answers")

    with pytest.raises(UnreachableError, match="no node answers"):
        read(tree, request_)
    assert snapshot.open_listings == 0
