"""A snapshot as a tree over REST: single entries or pages of directories, several at a time."""

import pytest

from qumulo_changelist.errors import IncompleteReplyError, UnreachableError, UnreadableError
from qumulo_changelist.model import Attributes, Kind
from qumulo_changelist.snapshot_paths import snapshot_paths
from qumulo_changelist.trees.interface import NamedEntries, Subtree
from qumulo_changelist.trees.rest import RestTree
from tests.parts.fake_snapshot import BASE, SNAPSHOT, FakeSnapshot
from tests.parts.tree_reading import describe, read, sizes, walk_in_parts, walked_names

REQUESTS_AT_ONCE = 4


@pytest.fixture
def snapshot() -> FakeSnapshot:
    return FakeSnapshot()


@pytest.fixture
def tree(snapshot: FakeSnapshot) -> RestTree:
    return tree_of(snapshot)


def tree_of(
    snapshot: FakeSnapshot, base: str = BASE, requests_at_once: int = REQUESTS_AT_ONCE
) -> RestTree:
    return RestTree(snapshot, SNAPSHOT, snapshot_paths(base), requests_at_once)


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
    tree = tree_of(snapshot, base)
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


@pytest.mark.parametrize("repeated", ["b2", "b2/"])
def test_an_entry_that_is_on_two_pages_does_not_stand_for_one_that_is_on_none(
    snapshot, tree, repeated
):
    snapshot.page_size = 2
    snapshot.put("/d/")
    snapshot.entries[f"{BASE}/d"] = ["a1", repeated, repeated, "c3"]
    snapshot.entries[f"{BASE}/d/b2"] = []

    for listing in (lambda: walked_names(tree), lambda: tree.names("/d/")):
        with pytest.raises(IncompleteReplyError, match=r"lists 3 of the 4 entries of /d/$"):
            listing()


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
    assert snapshot.requests[1:] == [f"list /proj/d/{number}" for number in (19, 18, 17, 16, 15)]
    assert snapshot.most_unanswered == REQUESTS_AT_ONCE

    assert len([name for part in parts for name in part.names]) == 39
    assert len(snapshot.requests) == len(set(snapshot.requests)) == 21


# Several requests at once


@pytest.mark.parametrize("last_first", [False, True])
def test_answers_keep_the_order_of_requests_whichever_is_answered_first(snapshot, tree, last_first):
    snapshot.answers_last_first = last_first
    snapshot.put("/a/a1", "/a/b2", "/b/c3", "/c/d4")

    answers = read(tree, NamedEntries(["/a/b2", "/a/a1"]), Subtree("/b/"), NamedEntries(["/c/d4"]))

    assert [part.names for answer in answers for part in answer] == [
        ["/a/b2", "/a/a1"], ["/b/c3"], ["/c/d4"]
    ]  # fmt: skip
    # All were sent before any was answered.
    assert snapshot.requests == ["list /proj/a", "list /proj/b", "describe /proj/c/d4"]
    assert snapshot.most_unanswered == 3


def test_a_limited_number_of_requests_is_sent_before_their_answers_are_wanted(snapshot, tree):
    names = [f"/d{number}/a" for number in range(50)]
    snapshot.put(*names)

    answers = tree.read([NamedEntries([name]) for name in names])

    for answered in range(1, 40):
        (part,) = next(answers)
        assert part.names == [names[answered - 1]]
        assert answered <= len(snapshot.requests) <= answered + REQUESTS_AT_ONCE


@pytest.mark.parametrize("last_first", [False, True])
@pytest.mark.parametrize("at_once", [1, 2, 7, 64])
def test_a_distant_cluster_gets_as_many_requests_at_once_as_are_allowed(
    snapshot, at_once, last_first
):
    snapshot.answers_last_first = last_first
    names = [f"/d{number:03}/a{number}" for number in range(300)]
    snapshot.put(*names)
    tree = tree_of(snapshot, requests_at_once=at_once)

    for number, answer in enumerate(tree.read([NamedEntries([name]) for name in names])):
        (part,) = answer
        assert (part.names, sizes(part.described)) == ([names[number]], [number])
        snapshot.idle_seconds += 1000

    assert snapshot.most_unanswered == at_once


def test_a_near_cluster_gets_few_requests_at_once(snapshot):
    names = [f"/d{number:03}/a" for number in range(300)]
    snapshot.put(*names)

    read(tree_of(snapshot, requests_at_once=64), *(NamedEntries([name]) for name in names))

    assert snapshot.most_unanswered == REQUESTS_AT_ONCE


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
