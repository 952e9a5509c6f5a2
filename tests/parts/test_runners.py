"""Slices worked on in this process or in others, which all end when they should."""

import contextlib
import errno
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing.context import SpawnProcess

import pytest

from qumulo_changelist.errors import (
    ChangelistError,
    QqFailedError,
    UnreachableError,
    UsageError,
    WorkerError,
)
from qumulo_changelist.events import Silent
from qumulo_changelist.model import Attributes, Description, Kind
from qumulo_changelist.operations.changelist import FormatEntries
from qumulo_changelist.output.interface import Piece
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.runners import processes
from qumulo_changelist.runners.job import Pool, SliceJob, Workers
from qumulo_changelist.trees.interface import (
    DescribedEntries,
    NamedEntries,
    TreeRequest,
    TreeSource,
)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# Where the code under test would wait for ever, its test fails instead.
PATIENCE = 30

SLICES = [[f"/{number}{letter}\0M" for letter in "ba"] for number in range(9, 0, -1)]
NAMES = [key[:-2] for keys in SLICES for key in keys]


# What workers open; each travels to another process by its name


class Owned:
    """A tree that has whatever it is asked for, as files that belong to the process."""

    changed_since = 0

    def __init__(self, before: Callable[[], object] = int) -> None:
        self._before = before

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        for wish in wanted:
            assert isinstance(wish, NamedEntries)
            self._before()
            found: list[Description] = [Attributes(Kind.FILE, owner=os.getpid())] * len(wish.names)
            yield [DescribedEntries(wish.names, found)]

    def names(self, directory: str) -> list[str]:
        raise NotImplementedError


@contextlib.contextmanager
def owned() -> Iterator[Owned]:
    yield Owned()


@contextlib.contextmanager
def killed(number: int) -> Iterator[Owned]:
    os.kill(os.getpid(), number)
    yield Owned()


@contextlib.contextmanager
def ended(code: int) -> Iterator[Owned]:
    os._exit(code)
    yield Owned()


@contextlib.contextmanager
def failed(error: Exception) -> Iterator[Owned]:
    raise error
    yield Owned()


@contextlib.contextmanager
def failing(error: Exception) -> Iterator[Owned]:
    def fail() -> None:
        raise error

    yield Owned(fail)


@contextlib.contextmanager
def waiting(port: int) -> Iterator[Owned]:
    """Give a tree that says who reads it, and answers when it is told to."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"%d\n" % os.getpid())
        yield Owned(partial(connection.recv, 1))


@contextlib.contextmanager
def holding(port: int, left: str) -> Iterator[Owned]:
    """Give a tree that keeps a file while it is read, and waits in the middle of that.

    Another signal comes while it cleans up: the executor sends one when another process ended.
    """
    with socket.create_connection(("127.0.0.1", port)) as connection:

        def hold() -> None:
            try:
                with open(left, "w", encoding="utf-8"):
                    connection.sendall(b"%d\n" % os.getpid())
                connection.recv(1)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)
                os.unlink(left)

        yield Owned(hold)


class Waiting:
    """The processes that read such a tree."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(PATIENCE)
        self.open: TreeSource = partial(waiting, self._server.getsockname()[1])
        self.port = self._server.getsockname()[1]
        self._connections: list[socket.socket] = []

    def come(self, count: int) -> list[int]:
        """Wait until so many read, and return their ids."""
        found = []
        for _ in range(count):
            connection, _ = self._server.accept()
            connection.settimeout(PATIENCE)
            self._connections.append(connection)
            with connection.makefile("rb") as file:
                found.append(int(file.readline()))
        return found

    def answer(self) -> None:
        """Let all go on, to the end."""
        for connection in self._connections:
            connection.sendall(b"x" * 1000)

    def go(self) -> None:
        """Wait until all are gone, whatever they do."""
        for connection in self._connections:
            with contextlib.suppress(ConnectionError):
                assert connection.recv(1) == b""

    def close(self) -> None:
        for connection in (self._server, *self._connections):
            connection.close()


@pytest.fixture
def readers() -> Iterator[Waiting]:
    with contextlib.closing(Waiting()) as made:
        yield made


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    assert multiprocessing.active_children() == []


def job(newer: TreeSource, older: TreeSource | None = None) -> SliceJob:
    return SliceJob(newer, older, FormatEntries(ScanXml("1", 0), deletes=True))


class Warnings(Silent):
    """Listens, and keeps the warnings."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def warning(self, fact: str) -> None:
        self.heard.append(fact)


def pool(count: int) -> Pool:
    return Pool(count, Silent())


def names_in(pieces: Iterable[Piece]) -> list[str]:
    return re.findall(r'name="(.*?)"', "".join(piece.text.decode() for piece in pieces))


def owners_in(pieces: Iterable[Piece]) -> set[int]:
    found = re.findall(r'owner="(.*?)"', "".join(piece.text.decode() for piece in pieces))
    return set(map(int, found))


def work(newer: TreeSource, count: int, older: TreeSource | None = None) -> list[Piece]:
    with Workers(job(newer, older), pool(count)) as workers:
        workers.start()
        return list(workers.products(SLICES))


both = pytest.mark.parametrize("count", [1, 2])


# Pieces


@both
def test_pieces_come_in_the_order_of_their_slices(count):
    pieces = work(owned, count)

    assert [piece.totals.files for piece in pieces] == [2] * len(SLICES)
    assert names_in(pieces) == NAMES


@both
def test_no_slices_make_no_pieces(count):
    with Workers(job(owned), pool(count)) as workers:
        workers.start()
        assert list(workers.products([])) == []


def test_one_works_in_this_process():
    assert owners_in(work(owned, 1)) == {os.getpid()}


def test_several_work_elsewhere_side_by_side(readers):
    numbers: list[int] = []

    def slices() -> Iterator[list[str]]:
        yield from SLICES[:2]
        numbers.extend(readers.come(2))
        readers.answer()

    with Workers(job(readers.open), pool(2)) as workers:
        workers.start()
        pieces = list(workers.products(slices()))

    assert names_in(pieces) == NAMES[:4]
    assert owners_in(pieces) == set(numbers)
    assert os.getpid() not in numbers


def test_several_that_are_not_started_work_here():
    with Workers(job(owned), pool(2)) as workers:
        assert owners_in(workers.products(SLICES)) == {os.getpid()}


@both
def test_deletions_are_read_in_the_older_tree(count):
    with Workers(job(owned, owned), pool(count)) as workers:
        workers.start()
        (piece,) = workers.products([["/b\0M", "/a\0D"]])

    assert (piece.totals.files, piece.totals.deleted_files) == (1, 1)


@pytest.mark.parametrize(("count", "most"), [(1, 1), (2, 4)])
def test_few_slices_are_taken_ahead_of_the_pieces(count, most):
    taken = 0

    def slices() -> Iterator[list[str]]:
        nonlocal taken
        for keys in SLICES:
            taken += 1
            yield keys

    with Workers(job(owned), pool(count)) as workers:
        workers.start()
        pieces = workers.products(slices())
        for given in range(1, 5):
            next(pieces)
            assert taken <= given - 1 + most


def test_trees_stay_open_from_slice_to_slice_until_the_end():
    told: list[str] = []

    @contextlib.contextmanager
    def noted(name: str) -> Iterator[Owned]:
        told.append(f"open {name}")
        yield Owned()
        told.append(f"close {name}")

    with Workers(job(partial(noted, "newer"), partial(noted, "older")), pool(1)) as workers:
        assert told == []
        assert len(list(workers.products(SLICES))) == len(SLICES)
        assert told == ["open newer", "open older"]
    assert told[2:] == ["close older", "close newer"]


# Errors


@pytest.mark.parametrize(
    ("newer", "told"),
    [
        (partial(killed, signal.SIGKILL), "a worker process was killed by signal SIGKILL"),
        (partial(killed, signal.SIGABRT), "a worker process was killed by signal SIGABRT"),
        (partial(ended, 3), "a worker process ended with exit code 3"),
        (partial(killed, signal.SIGTERM), "a worker process was terminated"),
    ],
)
def test_a_process_that_dies_is_told(newer, told):
    with pytest.raises(WorkerError) as caught:
        work(newer, 2)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    "error",
    [
        UsageError("the mapped path is not there", hint="mount it"),
        UnreachableError("no node answers"),
        QqFailedError("qq failed", exit_code=9, said="no"),
    ],
)
@pytest.mark.parametrize("how", [failed, failing])
@both
def test_an_error_that_ends_a_run_arrives_as_itself(count, how, error):
    with pytest.raises(ChangelistError) as caught:
        work(partial(how, error), count)

    assert type(caught.value) is type(error)
    assert str(caught.value) == str(error)
    assert vars(caught.value) == vars(error)
    assert caught.value.exit_code == error.exit_code


# The end


def test_leaving_the_block_ends_also_processes_that_are_at_work(readers):
    def slices() -> Iterator[list[str]]:
        yield from SLICES[:2]
        readers.come(2)
        raise KeyboardInterrupt

    def run() -> None:
        with Workers(job(readers.open), pool(2)) as workers:
            workers.start()
            list(workers.products(slices()))

    with pytest.raises(KeyboardInterrupt):
        run()
    readers.go()
    assert multiprocessing.active_children() == []


def test_leaving_the_block_without_any_work_leaves_no_process_either():
    with Workers(job(owned), pool(2)) as workers:
        workers.start()

    assert multiprocessing.active_children() == []


def test_all_processes_start_at_once():
    with Workers(job(owned), pool(3)) as workers:
        workers.start()
        assert len(multiprocessing.active_children()) == 3
        workers.start()
        assert len(multiprocessing.active_children()) == 3


INTERRUPTED = """
import os, signal, sys
from tests.parts import test_workers as here

before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
with here.contextlib.closing(here.Waiting()) as readers:
    def slices():
        yield from here.SLICES[:2]
        for number in readers.come(2):
            os.kill(number, signal.SIGINT)
        readers.answer()

    with here.Workers(here.job(readers.open), here.pool(2)) as workers:
        workers.start()
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
        print(*here.names_in(workers.products(slices())))
"""


def test_an_interruption_is_not_for_the_processes_to_tell():
    # In a process of its own, since it matters what was started there before.
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert (done.stdout, done.stderr) == (" ".join(NAMES[:4]) + "\n", "")


KILLED = """
import sys
import threading
from tests.parts import test_workers as here

newer = here.partial(here.waiting, int(sys.argv[1]))
with here.Workers(here.job(newer), here.pool(2)) as workers:
    workers.start()
    list(workers.products(here.SLICES))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_processes_end_with_the_one_that_started_them_however_that_ended(readers, number):
    command = [sys.executable, "-c", KILLED, str(readers.port)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as parent:
        readers.come(2)
        parent.send_signal(number)
        assert parent.wait(PATIENCE) == -number

    readers.go()


def test_what_a_worker_is_at_is_cleaned_up_when_the_run_ends_before_it(readers, tmp_path):
    left = str(tmp_path / "left")

    def slices() -> Iterator[list[str]]:
        yield from SLICES[:1]
        readers.come(1)
        assert os.path.exists(left)
        raise KeyboardInterrupt

    def run() -> None:
        job = SliceJob(
            partial(holding, readers.port, left), None, FormatEntries(ScanXml("1", 0), deletes=True)
        )
        with Workers(job, pool(2)) as workers:
            workers.start()
            list(workers.products(slices()))

    with pytest.raises(KeyboardInterrupt):
        run()
    readers.go()
    assert not os.path.exists(left)


def test_a_process_that_dies_before_all_have_started_is_told(monkeypatch):
    class Patient(ProcessPoolExecutor):
        def submit(self, *arguments: object) -> Future:
            submitted = super().submit(*arguments)
            submitted.exception(PATIENCE)
            return submitted

    monkeypatch.setattr(processes, "ProcessPoolExecutor", Patient)
    monkeypatch.setattr(processes, "_begin", partial(signal.raise_signal, signal.SIGKILL))

    with (
        pytest.raises(WorkerError, match=r"terminated|killed by signal SIGKILL"),
        Workers(job(owned), pool(2)) as workers,
    ):
        workers.start()


HANGING = """
import signal, threading
from qumulo_changelist.events import Silent
from qumulo_changelist.scan import processes

processes._SECONDS_TO_END, processes._at_work = 0.01, True
signal.signal(signal.SIGTERM, processes._terminated)
try:
    signal.raise_signal(signal.SIGTERM)
finally:
    threading.Event().wait(20)
"""


def test_cleaning_up_that_does_not_end_ends_with_the_process():
    # In a process of its own, since it is this process that ends.
    ended = subprocess.run([sys.executable, "-c", HANGING], cwd=ROOT, timeout=PATIENCE, check=False)

    assert ended.returncode == 1


LACKS = [
    OSError(errno.EAGAIN, "Resource temporarily unavailable"),
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EROFS, "Read-only file system"),
    FileNotFoundError(errno.ENOENT, "No such file or directory"),
    ImportError("This platform lacks a functioning sem_open implementation"),
]


@pytest.mark.parametrize("first", [True, False], ids=["none", "one"])
@pytest.mark.parametrize("lack", LACKS, ids=str)
def test_where_processes_cannot_be_started_this_one_does_the_work_and_says_why(
    monkeypatch, first, lack
):
    start = SpawnProcess.start
    started: list[SpawnProcess] = []

    def refused(process: SpawnProcess) -> None:
        if first or started:
            raise lack
        started.append(process)
        start(process)

    listener = Warnings()
    monkeypatch.setattr(SpawnProcess, "start", refused)

    with Workers(job(owned), Pool(2, listener)) as workers:
        workers.start()
        workers.start()
        pieces = list(workers.products(SLICES))

    assert names_in(pieces) == NAMES
    assert owners_in(pieces) == {os.getpid()}
    reason = str(lack).rpartition("] ")[2]
    assert listener.heard == [
        f"no worker process can be started, so this one works alone: {reason}"
    ]
    assert not any(process.is_alive() for process in started)


def test_where_processes_have_no_locks_to_share_this_one_does_the_work(monkeypatch):
    # As without /dev/shm: the first lock is refused, before any process is started.
    def refused(*_: object) -> None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    listener = Warnings()
    monkeypatch.setattr("multiprocessing.synchronize._multiprocessing.SemLock", refused)

    with Workers(job(owned), Pool(2, listener)) as workers:
        workers.start()
        assert owners_in(workers.products(SLICES)) == {os.getpid()}

    assert len(listener.heard) == 1


def test_where_there_is_no_room_for_a_thread_this_process_works_alone_and_no_other_stays(
    monkeypatch,
):
    # A process is started before the thread that gives it work.
    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    listener = Warnings()
    with Workers(job(owned), Pool(2, listener)) as workers:
        with monkeypatch.context() as patched:
            patched.setattr("concurrent.futures.process._ExecutorManagerThread.start", refused)
            workers.start()
        assert owners_in(workers.products(SLICES)) == {os.getpid()}

    assert listener.heard == [
        "no worker process can be started, so this one works alone: can't start new thread"
    ]
    assert not multiprocessing.active_children()


def test_a_process_without_room_for_a_thread_ends_without_a_traceback():
    code = """
import threading
from qumulo_changelist.scan import processes
def refused(_thread):
    raise RuntimeError("can't start new thread")
threading.Thread.start = refused
processes._begin()
"""

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=PATIENCE)

    assert (done.returncode, done.stderr) == (71, b"")
