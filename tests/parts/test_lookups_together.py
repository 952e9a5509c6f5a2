"""Lookups on a mount go side by side if they take long; their answers are those of one thread."""

import contextlib
import errno
import os
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, cast

import pytest

from qumulo_changelist.errors import MountTimeoutError
from qumulo_changelist.model import ReadFailure
from qumulo_changelist.trees import answer_time, open_directories, read_ahead
from qumulo_changelist.trees.interface import NamedEntries, Subtree, TreeRequest
from qumulo_changelist.trees.lookups import LookupThreads
from qumulo_changelist.trees.mounted import MountedTree
from tests.parts.shares import Share, count_open_descriptors, new_share
from tests.parts.tree_reading import describe, read, sizes, walked_names

SECONDS = 30
IO_ERROR = os.strerror(errno.EIO)

every_number = pytest.mark.parametrize("lookups", [1, 2, 7, 64])


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Share]:
    with new_share(str(tmp_path / "share"), Share) as made:
        yield made


@pytest.fixture(autouse=True)
def new_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_directories, "_cache", open_directories._DirectoryCache())


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat every lookup as one that takes long."""
    monkeypatch.setattr(answer_time, "_QUICK_SECONDS", 0.0)
    monkeypatch.setattr(answer_time, "_PROCESSOR_SECONDS", 1e-9)


def replace_stat(
    monkeypatch: pytest.MonkeyPatch, before: Callable[[bytes], object]
) -> Callable[..., os.stat_result]:
    """Let ``before`` be called with a name before each ``stat`` of a name in a directory."""
    usual = os.stat

    def stat(path: Any, **options: Any) -> os.stat_result:
        if "dir_fd" in options:
            before(path)
        return usual(path, **options)

    monkeypatch.setattr(os, "stat", stat)
    return usual


def mount_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "mount"]


def wait_for_threads_to_end() -> None:
    for thread in mount_threads():
        thread.join(SECONDS)
    assert mount_threads() == []


# Order


def fill(share: Share, seed: int) -> list[str]:
    """Make a tree of any shape, with names that sort around ``/``; return its directories."""
    draw = random.Random(seed)
    directories = ["/"]
    for number in range(60):
        name = draw.choice(directories) + draw.choice("a!-~z") + str(number)
        if draw.random() < 0.5:
            directories.append(f"{name}/")
            share.put(f"{name}/")
        else:
            share.put(name, size=draw.randrange(50))
    return directories


def expected_walk(share: Share, top: str) -> list[str]:
    """Return the names below a directory in the order of a list."""
    names = []
    for folder, folders, files in os.walk(share.root + top):
        below = folder[len(share.root) :].rstrip("/") + "/"
        names += [below + name for name in files] + [f"{below}{name}/" for name in folders]
    # What is in a directory comes before it.
    return sorted(names, reverse=True)


def requests_for(share: Share, directories: list[str], seed: int) -> list[TreeRequest]:
    draw = random.Random(seed)
    requests: list[TreeRequest] = [Subtree(one) for one in draw.sample(directories, 5)]
    for directory in draw.sample(directories, 10):
        names = sorted(os.listdir(share.root + directory), reverse=True)
        requests.append(NamedEntries([directory + name for name in [*names, "!gone"]]))
    draw.shuffle(requests)
    return requests


@pytest.mark.usefixtures("slow")
@every_number
@pytest.mark.parametrize("window", [1, 2, 5, 30, 1000])
@pytest.mark.parametrize("seed", range(3))
def test_the_answers_are_the_same_however_many_lookups_go_at_once(
    share, monkeypatch, lookups, window, seed
):
    directories = fill(share, seed)
    monkeypatch.setattr(read_ahead, "_NAMES_IN_A_WINDOW", window)
    monkeypatch.setattr(read_ahead, "_NAMES_FOR_A_THREAD", 1)
    monkeypatch.setattr(read_ahead, "_MAX_LISTED", window)
    monkeypatch.setattr(read_ahead, "_MAX_FILES", 3)
    requests = requests_for(share, directories, seed)

    with MountedTree(share.root, 1, max_lookups=lookups) as tree:
        answers = read(tree, *requests)
        changed_since = tree.changed_since

    entries = 0
    for request, parts in zip(requests, answers, strict=True):
        names = [name for part in parts for name in part.names]
        described = [one for part in parts for one in part.described]
        if isinstance(request, NamedEntries):
            assert names == request.names
            assert isinstance(described.pop(), ReadFailure)
            names.pop()
            entries += 1
        else:
            assert names == expected_walk(share, request.directory)
            entries += 1  # the top itself
        entries += len(names)
        assert sizes(described) == [os.lstat(share.root + name).st_size for name in names]
    assert changed_since == entries


def test_an_answer_can_be_read_after_the_next_one(share):
    share.put("/a/1", "/a/2", "/b/3")

    with MountedTree(share.root) as tree:
        answers = list(tree.read([Subtree("/b/"), Subtree("/a/"), NamedEntries(["/a/1"])]))

    assert [[part.names for part in answer] for answer in reversed(answers)] == [
        [["/a/1"]],
        [["/a/2", "/a/1"]],
        [["/b/3"]],
    ]


# The number of lookups at once


class Meeting:
    """Calls that wait for each other, after the first ones, which are made alone as samples.

    Args:
        parties: the number of calls that have to be under way at once.
    """

    def __init__(self, parties: int) -> None:
        self.most = 0
        """The greatest number of calls that were under way at once."""
        self._alone = iter(range(answer_time._MIN_SAMPLES))
        self._barrier = threading.Barrier(parties, timeout=SECONDS)
        self._has_met = threading.Event()
        self._under_way: list[None] = []

    def __call__(self, _name: object = None) -> None:
        self._under_way.append(None)
        self.most = max(self.most, len(self._under_way))
        if next(self._alone, None) is None and not self._has_met.is_set():
            self._barrier.wait()
            self._has_met.set()
        self._under_way.pop()


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("lookups", [2, 7, 64])
def test_lookups_that_take_long_go_side_by_side(share, monkeypatch, lookups):
    names = [f"/d/{number:03}" for number in reversed(range(500))]
    share.put(*names)
    meeting = Meeting(lookups)

    with MountedTree(share.root, max_lookups=lookups) as tree:
        replace_stat(monkeypatch, meeting)
        assert sizes(describe(tree, *names)) == [0] * 500

    assert meeting.most == lookups


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("how", ["one name in each", "walks", "one walk"])
def test_directories_are_opened_side_by_side(share, monkeypatch, how):
    directories = [f"/{number:03}/" for number in reversed(range(200))]
    share.put(*[f"{directory}file" for directory in directories])
    requests: dict[str, list[TreeRequest]] = {
        "one name in each": [NamedEntries([f"{directory}file"]) for directory in directories],
        "walks": [Subtree(directory) for directory in directories],
        "one walk": [Subtree("/")],
    }
    meeting, usual = Meeting(10), os.open

    def open_slowly(path: Any, *given: Any, **options: Any) -> int:
        # Not the directory of all, and not the first ones, which are opened as samples.
        if path[:1].isdigit() and path < b"150":
            meeting()
        return usual(path, *given, **options)

    with MountedTree(share.root, max_lookups=20) as tree:
        monkeypatch.setattr(os, "open", open_slowly)
        answers = read(tree, *requests[how])

    files = [name for parts in answers for part in parts for name in part.names if "f" in name]
    assert files == [f"{directory}file" for directory in directories]
    assert meeting.most >= 10


def test_lookups_that_are_quick_go_one_at_a_time(share, monkeypatch):
    monkeypatch.setattr(answer_time, "_QUICK_SECONDS", float(SECONDS))
    names = [f"/d/{number:03}" for number in reversed(range(500))]
    share.put(*names)
    threads: set[int] = set()
    replace_stat(monkeypatch, lambda _: threads.add(threading.get_ident()))

    with MountedTree(share.root, max_lookups=64) as tree:
        assert sizes(describe(tree, *names)) == [0] * 500

    assert len(threads) == 1
    assert threads != {threading.get_ident()}


def test_as_many_lookups_go_at_once_as_the_answer_time_asks_for():
    mount = answer_time.AnswerTime()
    assert mount.lookups_at_once() == 1

    for _ in range(3):
        mount.add(0.000_3)
    assert 30 < mount.lookups_at_once() < 50
    mount.add(0.000_003)
    assert mount.lookups_at_once() > 30, "one quick answer can be chance"

    mount.add(0.000_003, names=200)
    assert mount.lookups_at_once() == 1
    mount.add(0.001, names=200)
    assert 100 < mount.lookups_at_once() < 200


# Errors


@pytest.mark.usefixtures("slow")
@every_number
def test_an_error_concerns_only_its_entry(share, monkeypatch, lookups):
    names = [f"/d/{number:03}" for number in reversed(range(200))]
    share.put(*names, size=3)

    def fail(name: bytes) -> None:
        if name.endswith(b"7"):
            raise OSError(errno.EIO, IO_ERROR)

    replace_stat(monkeypatch, fail)
    with MountedTree(share.root, max_lookups=lookups) as tree:
        found = sizes(describe(tree, *names))

    assert found == [IO_ERROR if name.endswith("7") else 3 for name in names]


@pytest.mark.usefixtures("slow")
@every_number
def test_an_unexpected_error_reaches_the_caller(share, monkeypatch, lookups):
    names = [f"/d/{number:03}" for number in reversed(range(200))]
    share.put(*names)

    def fail(name: bytes) -> None:
        if name == b"050":
            raise LookupError("a mistake in the program")

    replace_stat(monkeypatch, fail)
    with (
        MountedTree(share.root, max_lookups=lookups) as tree,
        pytest.raises(LookupError, match="a mistake"),
    ):
        describe(tree, *names)
    wait_for_threads_to_end()


@pytest.mark.usefixtures("slow")
def test_a_shortage_among_many_lookups_is_made_up_for(share, monkeypatch):
    names = [f"/{number:03}/file" for number in reversed(range(200))]
    share.put(*names, size=3)
    usual, failures = os.open, iter(range(3))

    def fail(path: Any, *given: Any, **options: Any) -> int:
        if path == b"100" and next(failures, None) is not None:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return usual(path, *given, **options)

    before = count_open_descriptors()
    with MountedTree(share.root, max_lookups=64) as tree, monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        answers = read(tree, *[NamedEntries([name]) for name in names])
        assert [sizes(part.described) for (part,) in answers] == [[3]] * 200
    wait_for_threads_to_end()

    assert count_open_descriptors() == before


@pytest.mark.usefixtures("slow")
def test_open_files_stay_bounded(share, monkeypatch):
    names = [f"/{number:03}/file" for number in reversed(range(300))]
    share.put(*names)
    cache = open_directories._cache
    cache.limit = 8
    before, most = count_open_descriptors(), 0

    def count(_name: bytes) -> None:
        nonlocal most
        most = max(most, count_open_descriptors())

    with MountedTree(share.root, max_lookups=64) as tree:
        replace_stat(monkeypatch, count)
        read(tree, *[NamedEntries([name]) for name in names])
        assert count_open_descriptors() - before <= 1 + 8
    wait_for_threads_to_end()

    assert most - before <= 1 + 8 + 2 * 8 + 8  # each count opens a file of its own
    assert count_open_descriptors() == before


def test_what_is_listed_ahead_stays_bounded(share, monkeypatch):
    monkeypatch.setattr(read_ahead, "_MAX_LISTED", 50)
    monkeypatch.setattr("qumulo_changelist.trees.lookup._NAMES_BETWEEN_CHECKS", 5)
    share.put(*(f"/{a:02}/{b:02}" for a in range(20) for b in range(40)))
    most = 0

    with MountedTree(share.root) as tree:
        ahead = read_ahead.ReadAhead(tree._mount, [Subtree("/")])
        for _ in ahead:
            most = max(most, ahead._listed)

    assert 0 < most <= 50 + 40


# A mount that does not answer


class Hang:
    """A call to the mount that waits until the test is over."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.is_over = threading.Event()

    def __call__(self) -> None:
        self.has_begun.set()
        self.is_over.wait(SECONDS)


@pytest.fixture
def hang() -> Iterator[Hang]:
    one = Hang()
    yield one
    one.is_over.set()
    wait_for_threads_to_end()


@every_number
def test_a_lookup_without_an_answer_ends_the_run_and_is_named(share, monkeypatch, hang, lookups):
    names = [f"/d/{number:03}" for number in reversed(range(200))]
    share.put(*names)
    replace_stat(monkeypatch, lambda name: hang() if name == b"050" else None)

    with (
        MountedTree(share.root, max_lookups=lookups, timeout=0.01) as tree,
        pytest.raises(MountTimeoutError) as caught,
    ):
        describe(tree, *names)
    assert str(caught.value).endswith(f": {share.root}/d/050")


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda tree: walked_names(tree), "/d/"),
        (lambda tree: tree.names("/d/"), "/d/"),
        (lambda tree: tree.inspect_entry("/d/file", refresh=True), "/d/file"),
        (lambda tree: describe(tree, "/d/file"), "/d/file"),
    ],
)
def test_a_directory_without_an_answer_ends_the_run_and_is_named(
    share, monkeypatch, hang, call, path
):
    share.put("/d/file")
    usual = os.open

    def open_or_hang(name: Any, *given: Any, **options: Any) -> int:
        if name == b"d":
            hang()
        return usual(name, *given, **options)

    with MountedTree(share.root, timeout=0.01) as tree, monkeypatch.context() as patch:
        patch.setattr(os, "open", open_or_hang)
        with pytest.raises(MountTimeoutError) as caught:
            call(tree)
    assert str(caught.value).endswith(f": {share.root}{path}")


def test_a_mount_that_cannot_be_opened_in_time_ends_the_run(share, monkeypatch, hang):
    usual = os.open

    def open_or_hang(name: Any, *given: Any, **options: Any) -> int:
        hang()
        return usual(name, *given, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", open_or_hang)
        with pytest.raises(MountTimeoutError, match=share.root):
            MountedTree(share.root, timeout=0.01)


class SlowJob:
    """A job that ends after a number of waits in vain, and makes progress in some of them."""

    def __init__(self, waits: int, progress_after: Callable[[int], bool]) -> None:
        self.ended = cast("SimpleQueue[None]", self)
        self._waits, self._progress_after = waits, progress_after
        self._waited = 0
        self._progress = 0

    def get(self, timeout: float) -> None:
        self._waited += 1
        self._progress += self._progress_after(self._waited)
        if self._waited < self._waits:
            raise Empty

    def work(self) -> None: ...

    def progress(self) -> int:
        return self._progress

    def position(self) -> str:
        return "/mnt/file"


def test_each_answer_begins_the_time_anew():
    threads = LookupThreads(timeout=2)  # about ten waits of 0.2 seconds

    threads.wait_for(SlowJob(9, lambda _: False))
    threads.wait_for(SlowJob(100, lambda waited: waited % 8 == 0))
    for never in (SlowJob(12, lambda _: False), SlowJob(100, lambda waited: waited < 50)):
        with pytest.raises(MountTimeoutError, match="for 2 seconds: /mnt/file"):
            threads.wait_for(never)


# Interruption


@pytest.mark.usefixtures("slow")
@every_number
def test_an_interruption_leaves_no_thread_and_no_open_file(share, monkeypatch, hang, lookups):
    names = [f"/d/{number:03}" for number in reversed(range(200))]
    share.put(*names)
    before = count_open_descriptors()
    replace_stat(monkeypatch, lambda name: hang() if name == b"050" else None)

    def interrupt(*_: object) -> None:
        hang.has_begun.wait(SECONDS)
        raise KeyboardInterrupt

    with (
        contextlib.suppress(KeyboardInterrupt),
        MountedTree(share.root, max_lookups=lookups) as tree,
    ):
        monkeypatch.setattr(tree._threads, "wait_for", interrupt)
        describe(tree, *names)
    hang.is_over.set()
    wait_for_threads_to_end()

    assert count_open_descriptors() == before
