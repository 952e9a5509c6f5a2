"""A snapshot as a tree, on a cluster that answers with whole directories and trees."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from qumulo_changelist.errors import AbsentError, QqFailedError, UnreadableError
from qumulo_changelist.model import Attributes, Description, Kind, ReadFailure
from qumulo_changelist.snapshot_paths import snapshot_paths
from qumulo_changelist.trees import qq
from qumulo_changelist.trees.interface import NamedEntries, Subtree, TreeRequest
from qumulo_changelist.trees.qq import QqTree
from tests.parts.fake_snapshot import BASE, SNAPSHOT, TIMEOUT, FakeSnapshot
from tests.parts.tree_reading import describe, failures_in, kinds, read, walk, walked_names

FIVE_WALKS = [Subtree(f"/{name}/") for name in "edcba"]


@pytest.fixture
def snapshot() -> FakeSnapshot:
    return FakeSnapshot()


def tree_of(snapshot: FakeSnapshot, base: str = BASE, processes_at_once: int = 1) -> QqTree:
    return QqTree(snapshot, SNAPSHOT, snapshot_paths(base), processes_at_once)


@pytest.fixture
def tree(snapshot: FakeSnapshot) -> Iterator[QqTree]:
    with tree_of(snapshot) as opened:
        yield opened


# Queries and answers


def test_all_requested_entries_of_a_directory_take_one_query(snapshot, tree):
    """Also if other requests lie between them."""
    snapshot.put("/d/c", "/d/b/a", "/d/aa/", "/d/a")
    requests: list[TreeRequest] = [
        NamedEntries(["/d/c"]),
        NamedEntries(["/d/b/a"]),
        NamedEntries(["/d/b/"]),
        Subtree("/d/aa/"),
        NamedEntries(["/d/a", "/d/none"]),
    ]

    answers = read(tree, *requests)

    assert [kinds(part.described) for answer in answers for part in answer] == [
        [Kind.FILE],
        [Kind.FILE],
        [Kind.DIRECTORY],
        [Kind.FILE, "snapshot 7 does not hold it"],
    ]
    assert snapshot.requests == ["directory /proj/d", "directory /proj/d/b", "walk /proj/d/aa"]


@pytest.mark.parametrize(("base", "path"), [("/proj", "/proj"), ("/proj/", "/proj"), ("/", "/")])
def test_the_base_path_can_be_any_directory(snapshot, base, path):
    snapshot.put("/d/a")
    snapshot.entries["/"] = ["d/"]
    snapshot.entries["/d"] = ["a"]

    with tree_of(snapshot, base) as tree:
        assert kinds(describe(tree, "/d/")) == [Kind.DIRECTORY]
        assert tree.names("/") == ["/d/"]
        assert walked_names(tree) == ["/d/a", "/d/"]
        assert walked_names(tree, "/d/") == ["/d/a"]
    below = f"{path.removesuffix('/')}/d"
    assert snapshot.requests == [
        f"directory {path}", f"directory {path}", f"walk {path}", f"walk {below}"
    ]  # fmt: skip


def test_an_entry_is_described_as_the_cluster_describes_it(snapshot, tree, monkeypatch):
    unknown = ReadFailure("no usable type")
    link = Attributes(Kind.OTHER, id="5")
    answer: dict[str, Description] = {"a": unknown, "b": link}
    monkeypatch.setattr(snapshot, "directory", lambda *_: answer)
    monkeypatch.setattr(snapshot, "walk", lambda *_: {"/proj/d/a": unknown, "/proj/d/b": link})

    assert describe(tree, "/d/b", "/d/a") == [link, unknown]
    assert list(walk(tree, "/d/")) == [("/d/b", link), ("/d/a", unknown)]


def test_no_query_is_sent_before_its_answer_is_wanted(snapshot, tree):
    snapshot.put("/d/a", "/e/")
    answers = tree.read([NamedEntries(["/d/a"]), Subtree("/e/")])

    next(answers)
    assert snapshot.requests == ["directory /proj/d"]
    list(next(answers))
    assert snapshot.requests[1:] == ["walk /proj/e"]


@pytest.mark.parametrize("name", ["/d\udcff", "/\ud800", "/d\0"])
def test_a_name_that_the_cluster_cannot_be_asked_for_is_unreadable(snapshot, tree, name):
    (reason,) = kinds(describe(tree, f"{name}/a"))

    assert "not Unicode" in str(reason)
    assert failures_in(tree, f"{name}/") == {f"{name}/": reason}
    with pytest.raises(UnreadableError, match="not Unicode"):
        tree.names(f"{name}/")
    assert snapshot.requests == []


def test_a_walk_that_the_cluster_cannot_do_has_the_reason_of_the_cluster(snapshot, tree):
    snapshot.errors["walk /proj/d"] = UnreadableError("the cluster does not say")

    assert failures_in(tree, "/d/") == {"/d/": "the cluster does not say"}


def test_a_directory_that_the_snapshot_does_not_have_has_no_entries(snapshot, tree):
    """Such as a directory that the live share got later, if the snapshot is asked for ids."""
    assert kinds(describe(tree, "/new/b", "/new/a")) == ["snapshot 7 does not hold it"] * 2
    assert snapshot.requests == ["directory /proj/new"]
    with pytest.raises(AbsentError):
        tree.names("/new/")


def test_a_query_that_the_cluster_cannot_answer_ends_the_run(snapshot, tree):
    snapshot.errors["directory /proj/d"] = QqFailedError("Error 500")

    with pytest.raises(QqFailedError):
        describe(tree, "/d/a")


# Several queries at once


class MeetingSnapshot(FakeSnapshot):
    """Has one file in each directory; answers walks only when a number of them are under way."""

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self.put(*(f"/{name}/file" for name in "xedca"))
        self.errors["walk /proj/b"] = QqFailedError("Error 500")
        self.meeting = threading.Barrier(at_once)
        self.under_way = self.most_under_way = 0
        self._lock = threading.Lock()

    def walk(self, path: str, snapshot: int) -> dict[str, Description]:
        with self._lock:
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        self.meeting.wait(TIMEOUT)
        with self._lock:
            self.under_way -= 1
        return super().walk(path, snapshot)


def test_queries_are_under_way_at_once_and_answered_in_order():
    snapshot = MeetingSnapshot(at_once=2)

    with tree_of(snapshot, processes_at_once=2) as tree:
        answers = read(tree, Subtree("/d/"), Subtree("/c/"), NamedEntries(["/x/file"]))

    assert [part.names for (part,) in answers] == [["/d/file"], ["/c/file"], ["/x/file"]]
    assert snapshot.most_under_way == 2


def test_a_query_that_fails_ends_the_run_when_its_answer_is_wanted():
    snapshot = MeetingSnapshot(at_once=4)

    with tree_of(snapshot, processes_at_once=4) as tree:
        answers = tree.read(FIVE_WALKS[:4])
        assert [next(iter(next(answers))).names for _ in "edc"] == [
            ["/e/file"],
            ["/d/file"],
            ["/c/file"],
        ]
        with pytest.raises(QqFailedError):
            next(answers)


def test_no_more_queries_than_allowed_are_under_way_at_once():
    snapshot = MeetingSnapshot(at_once=1)

    with tree_of(snapshot, processes_at_once=2) as tree:
        for _ in tree.read([Subtree(f"/c{number}/") for number in range(50)]):
            pass

    assert snapshot.most_under_way <= 2


class InstantExecutor:
    """Runs everything in the calling thread."""

    def __init__(self, *_: object) -> None:
        pass

    def submit(self, work: Any, *arguments: object) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(work(*arguments))
        return done


@pytest.mark.parametrize(("limit", "sent"), [(1, 1), (5, 1), (6, 2), (10, 2), (11, 3), (100, 3)])
def test_nothing_is_sent_ahead_while_many_entries_are_unread(snapshot, monkeypatch, limit, sent):
    """Each walk finds five entries, and three queries may be under way."""
    snapshot.put(*(f"/{name}/{number}" for name in "edcba" for number in range(5)))
    monkeypatch.setattr(qq, "_MAX_UNREAD", limit)
    monkeypatch.setattr(qq, "ThreadPoolExecutor", InstantExecutor)
    answers = tree_of(snapshot, processes_at_once=3).read(FIVE_WALKS)

    next(answers)
    assert len(snapshot.requests) == sent

    assert sum(1 for _ in answers) == 4
    assert len(snapshot.requests) == 5


class StalledSnapshot(FakeSnapshot):
    """Answers the first walk; the others wait until it is closed."""

    def walk(self, path: str, snapshot: int) -> dict[str, Description]:
        found = super().walk(path, snapshot)
        if path != "/proj/e":
            assert self.closed.wait(TIMEOUT)
            raise QqFailedError("it was ended", exit_code=143)
        return found


def test_queries_under_way_end_with_the_tree_and_no_other_begins():
    snapshot = StalledSnapshot()
    snapshot.put(*(request.directory for request in FIVE_WALKS))
    threads = set(threading.enumerate())

    with tree_of(snapshot, processes_at_once=2) as tree:
        answers = tree.read(FIVE_WALKS)
        next(answers)
        snapshot.wait_for("walk /proj/d")

    assert snapshot.requests == ["walk /proj/e", "walk /proj/d"]
    assert set(threading.enumerate()) <= threads
