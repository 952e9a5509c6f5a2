"""Running slices on an executor: here, in processes of this machine, or wherever one can."""

import contextlib
import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Self

from msgspec import Struct

from qumulo_changelist.errors import WorkerError, killed_by
from qumulo_changelist.output.interface import ListFormat, Piece
from qumulo_changelist.scan.changeset import pack, unpack
from qumulo_changelist.scan.resolve import resolve
from qumulo_changelist.trees.interface import OpenTree

# Slices under way for each worker: one more than it works on, so that it never waits.
_AHEAD = 2


class Job(Struct, frozen=True):
    """What all slices of a list have in common. It can be pickled."""

    newer: OpenTree
    older: OpenTree | None
    """None where deletions are not wanted."""
    form: ListFormat


class Worker:
    """Turns slices into pieces; the trees stay open from one to the next."""

    def __init__(self, job: Job) -> None:
        self._form = job.form
        self._open = contextlib.ExitStack()
        self._newer = self._open.enter_context(job.newer())
        self._older = self._open.enter_context(job.older()) if job.older else None

    def __call__(self, packed: bytes) -> Piece:
        """Return the piece of a list that a slice of changes stands for."""
        return self._form.piece(resolve(unpack(packed), self._newer, self._older))

    def close(self) -> None:
        """Let go of the trees."""
        self._open.close()


class Workers:
    """Runs slices, in this process or in others.

    Args:
        job: what to do with them.
        count: so many processes; 1 for none but this.
    """

    def __init__(self, job: Job, count: int) -> None:
        self.job = job
        self.several = count > 1
        self._count = count
        self._here: Worker | None = None
        self._executor: Executor | None = None
        self._processes: list[BaseProcess] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End every process, also one that is at work."""
        if self._here:
            self._here.close()
        if self._executor:
            for process in self._processes:
                process.terminate()
            # It waits for them.
            self._executor.shutdown(cancel_futures=True)

    def start(self) -> None:
        """Start the processes, since there is work for them; it takes them a moment."""
        if self._count == 1 or self._executor:
            return
        # Not at the top: most runs need no other process.
        from concurrent.futures import ProcessPoolExecutor

        # An interruption is this process's to tell, so it must not reach the others.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        try:
            # Its start would let SIGINT through again, which it ignores by itself.
            resource_tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            self._executor = ProcessPoolExecutor(
                self._count, multiprocessing.get_context("spawn"), _begin, (self.job,)
            )
            # Each piece of work starts one process, as long as none is idle.
            while len(self._processes) < self._count:
                self._executor.submit(_ready)
                self._processes = multiprocessing.active_children()
        except BrokenExecutor as error:
            raise WorkerError(f"a worker process {self._ending()}") from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def pieces(self, slices: Iterable[list[str]]) -> Iterator[Piece]:
        """Yield the piece for each slice, in order; few of them are held.

        Raises:
            WorkerError: a process ended without an answer.
        """
        if self._executor is None:
            self._here = self._here or Worker(self.job)
            for keys in slices:
                yield self._here(pack(keys))
            return
        under_way: deque[Future[Piece]] = deque()
        try:
            for keys in slices:
                under_way.append(self._executor.submit(_work, pack(keys)))
                if len(under_way) >= self._count * _AHEAD:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenExecutor as error:
            # Once one is gone, the executor terminates the others, and waits for them here.
            self._executor.shutdown()
            raise WorkerError(f"a worker process {self._ending()}") from error

    def _ending(self) -> str:
        codes = [process.exitcode for process in self._processes]
        code = next((code for code in codes if code not in (None, 0, -signal.SIGTERM)), None)
        if code is None:
            return "was terminated"
        return killed_by(-code) if code < 0 else f"ended with exit code {code}"


_job: Job | None = None
_worker: Worker | None = None


def _begin(job: Job) -> None:
    """Make a process ready for work."""
    global _job
    _job = job
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however that ended."""
    parent = multiprocessing.parent_process()
    assert parent
    wait([parent.sentinel])
    signal.raise_signal(signal.SIGTERM)


def _ready() -> None:
    """Do nothing: it makes the processes start."""


def _work(packed: bytes) -> Piece:
    global _worker
    if _worker is None:
        assert _job
        _worker = Worker(_job)
    return _worker(packed)
