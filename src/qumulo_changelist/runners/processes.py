"""Processes of this machine that work on slices, and never outlive the run."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, NoReturn

from qumulo_changelist.errors import ResourceError, WorkerError, describe_signal
from qumulo_changelist.runners.job import Product, SliceJob, SliceResult, SliceWorker
from qumulo_changelist.waiting import result_of

# Slices under way for each process: one more than it works on, so that it never waits.
_AHEAD = 2

_SECONDS_TO_END = 10
_SECONDS_TO_TERMINATE_AGAIN = 0.1


class Processes:
    """A number of processes, ready to work on one job.

    Raises:
        OSError: the system lacks what another process needs. Raised at the start alone.
        RuntimeError: it has no room for one more thread. Likewise.
        ImportError: the system has no locks that processes can share. Likewise.
        WorkerError: one ended without an answer. Raised by every method but ``close``.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._processes: list[BaseProcess] = []
        self._executor: ProcessPoolExecutor | None = None
        # An interruption is this process's to tell, so it must not reach the others.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        try:
            # Its start would let SIGINT through again, which it ignores by itself.
            resource_tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(count, context, _begin)
            # Each piece of work starts one process, as long as none is idle.
            while len(self._processes) < count:
                self._executor.submit(_ready)
                self._note_started()
        except BrokenExecutor as error:
            raise self._broken() from error
        except (OSError, ImportError, RuntimeError):
            self._note_started()
            self.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def close(self) -> None:
        """End every process, also one that is at work."""
        self._terminate()
        if self._executor:
            # It waits for them by a thread, which may be what could not be started.
            with contextlib.suppress(RuntimeError):
                self._executor.shutdown(cancel_futures=True)
        for process in self._processes:
            process.join()

    def work(
        self, job: SliceJob[Product], slices: Iterable[bytes]
    ) -> Iterator[SliceResult[Product]]:
        """Yield what each slice comes to, in order; few of them are held.

        Each process opens the trees of the first job that it gets, and keeps them: all slices must
        be of one job.
        """
        under_way: deque[Future[SliceResult[Product]]] = deque()
        assert self._executor
        try:
            for packed in slices:
                under_way.append(self._executor.submit(_work, job, packed))
                if len(under_way) >= self._count * _AHEAD:
                    yield result_of(under_way.popleft())
            while under_way:
                yield result_of(under_way.popleft())
        except BrokenExecutor as error:
            raise self._broken() from error

    def _broken(self) -> WorkerError:
        # Once one is gone, the executor terminates the others, once, and waits for them here.
        self._terminate()
        if self._executor:
            self._executor.shutdown()
        return WorkerError(f"a worker process {self._ending()}")

    def _note_started(self) -> None:
        started = multiprocessing.active_children()
        self._processes += [one for one in started if one not in self._processes]

    def _terminate(self) -> None:
        """End every process by SIGTERM, which is sent until it is gone.

        A signal that comes just before a process waits for a lock, as it does after each piece of
        work, does not interrupt that wait, and Python runs its handler only afterwards.
        """
        left = self._processes
        while left:
            for process in left:
                process.terminate()
            gone = wait([process.sentinel for process in left], _SECONDS_TO_TERMINATE_AGAIN)
            left = [process for process in left if process.sentinel not in gone]

    def _ending(self) -> str:
        codes = [process.exitcode for process in self._processes]
        code = next((code for code in codes if code not in (None, 0, -signal.SIGTERM)), None)
        if code is None:
            return "was terminated"
        return describe_signal(-code) if code < 0 else f"ended with exit code {code}"


_worker: SliceWorker[Any] | None = None
_at_work = False


class _Terminated(SystemExit):
    """Unwinds what a process is at, so that it leaves nothing behind."""


def _begin() -> None:
    """Make a process ready for work."""
    signal.signal(signal.SIGTERM, _terminated)
    try:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    except RuntimeError:
        # There is no room for one more thread. The executor would print where, line by line.
        os._exit(ResourceError.exit_code)


def _terminated(_number: int, _frame: FrameType | None) -> None:
    # The executor sends another one when it sees that one process ended: unwinding goes on.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # However long it takes to unwind, and wherever the signal came.
    watch = threading.Timer(_SECONDS_TO_END, os._exit, (1,))
    watch.daemon = True
    watch.start()
    if not _at_work:
        _end()
    raise _Terminated


def _end() -> NoReturn:
    """End this process, and whatever its trees still have under way."""
    try:
        if _worker:
            _worker.close()
    finally:
        # The executor would take an exception for an answer, and the process go on.
        os._exit(0)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however that ended."""
    parent = multiprocessing.parent_process()
    assert parent
    wait([parent.sentinel])
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


def _ready() -> None:
    """Do nothing: it makes the processes start."""


def _work(job: SliceJob[Any], packed: bytes) -> SliceResult[Any]:
    global _worker, _at_work
    try:
        _at_work = True
        if _worker is None:
            _worker = SliceWorker(job)
        return _worker(packed)
    except _Terminated:
        _end()
    finally:
        _at_work = False
