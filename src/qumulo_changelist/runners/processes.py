"""Processes of this machine that work on slices, and never outlive the run."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing import resource_tracker
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any, NoReturn, TypeVar

from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.errors import ChangelistError, ResourceError, WorkerError
from qumulo_changelist.events import Listener, ProcessesLeft
from qumulo_changelist.machine import garbage
from qumulo_changelist.machine.waiting import result_of
from qumulo_changelist.mistakes import error_for
from qumulo_changelist.runners.job import Product, SliceJob, SliceResult
from qumulo_changelist.runners.report import Report, ReportingWorker
from qumulo_changelist.secret import let_processes_share
from qumulo_changelist.trees.interface import WorkerPlace
from qumulo_changelist.wording import describe_signal

Item = TypeVar("Item")
Result = TypeVar("Result")

# The number of slices for each process: one more than it works on, so that it never waits.
_SLICES_PER_PROCESS = 2

_SECONDS_TO_END = 10
# A process that did not even end by itself is killed, and then given up: a call that waits in the
# kernel, such as one to a dead file server, can be impossible to end.
_SECONDS_TO_KILL = 12
_SECONDS_TO_GIVE_UP = 17
_SECONDS_BETWEEN_SIGNALS = 0.1


class ProcessRunner:
    """Processes that are ready to work on one job; implements ``Runner``.

    Args:
        count: the number of processes.
        listener: receives the events of the processes, after each slice.

    Raises:
        OSError: the system lacks what a process needs. Raised only at the start.
        RuntimeError: it has no room for a further thread. Likewise.
        ImportError: the system has no locks that processes can share. Likewise.
        WorkerError: a process ended without a result. Raised by every method but ``close``.
    """

    def __init__(self, count: int, listener: Listener) -> None:
        self._count = count
        self._listener = listener
        self._processes: list[BaseProcess] = []
        self._left: list[BaseProcess] = []
        """Processes that do not end."""
        self._executor: ProcessPoolExecutor | None = None
        self.requests_under_way = 0
        """About the number of requests that all processes have under way together."""
        try:
            self._start_all()
        except BaseException:  # also an interruption
            self._remember_started()
            self.close()
            raise

    def _start_all(self) -> None:
        let_processes_share()
        # Only this process reports an interruption, so the signal must not reach the others.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        try:
            # Starting it later would unblock SIGINT. The tracker itself ignores that signal.
            resource_tracker.ensure_running()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(self._count, context, _prepare_process)
            # Each task starts one process, as long as none is idle.
            while len(self._processes) < self._count:
                self._executor.submit(_do_nothing)
                self._remember_started()
        except BrokenExecutor as error:
            raise self._broken() from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def close(self) -> None:
        """End every process, also one that is working.

        A process that does not end, because the kernel does not let it, is left and reported. At
        its own end Python waits for it; only ``os._exit`` does not.
        """
        self._terminate()
        if self._executor:
            # The executor waits in a thread, which perhaps cannot be started.
            with contextlib.suppress(RuntimeError):
                self._executor.shutdown(wait=not self._left, cancel_futures=True)
        for process in self._processes:
            if process not in self._left:
                process.join()

    def share(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield the result of a function for each item, in any order.

        This process works on items, too, while the others have enough of them.
        """
        under_way: deque[Future[Report]] = deque()
        assert self._executor
        try:
            for item in items:
                if len(under_way) < self._count * _SLICES_PER_PROCESS:
                    under_way.append(self._executor.submit(_apply, function, item))
                else:
                    yield function(item)
                while under_way and under_way[0].done():
                    yield self._result_of(under_way.popleft())
            while under_way:
                yield self._result_of(under_way.popleft())
        except BrokenExecutor as error:
            raise self._broken() from error

    def run(
        self, job: SliceJob[Product], slices: Iterable[Slice]
    ) -> Iterator[SliceResult[Product]]:
        """Yield the result of each slice, in order; only a few slices are held at a time.

        Each process opens the trees of the first job that it gets, and keeps them open.
        """
        under_way: deque[Future[Report]] = deque()
        assert self._executor
        try:
            for one in slices:
                under_way.append(self._executor.submit(_work, job, self._count, one))
                if len(under_way) >= self._count * _SLICES_PER_PROCESS:
                    yield self._result_of(under_way.popleft())
            while under_way:
                yield self._result_of(under_way.popleft(), busy=len(under_way))
        except BrokenExecutor as error:
            raise self._broken() from error

    def _result_of(self, future: "Future[Report]", busy: int = sys.maxsize) -> Any:
        """Return the outcome of a future; ``busy`` others at most are not done yet."""
        report = result_of(future)
        self.requests_under_way = report.requests * min(self._count, busy)
        return report.deliver(self._listener)

    def _broken(self) -> WorkerError:
        # When one process is gone, the executor terminates the others, once, and waits for them.
        self._terminate()
        if self._executor:
            self._executor.shutdown(wait=not self._left)
        return WorkerError(f"a worker process {self._describe_end()}")

    def _remember_started(self) -> None:
        # Not all children of this process: a program has its own, which nobody here may end.
        started = dict(getattr(self._executor, "_processes", None) or {})
        self._processes += [one for one in started.values() if one not in self._processes]

    def _terminate(self) -> None:
        """End every process by SIGTERM, which is sent until the process is gone.

        A signal that arrives just before a process waits for a lock, as it does after each task,
        does not interrupt that wait, and Python runs its handler only afterwards.
        """
        if self._left:
            return
        left, began, seconds = self._processes, time.monotonic(), 0.0
        while left and seconds < _SECONDS_TO_GIVE_UP:
            for process in left:
                process.terminate() if seconds < _SECONDS_TO_KILL else process.kill()
            gone = wait([process.sentinel for process in left], _SECONDS_BETWEEN_SIGNALS)
            left = [process for process in left if process.sentinel not in gone]
            seconds = time.monotonic() - began
        if left:
            self._left = left
            self._listener(ProcessesLeft(tuple(process.pid or 0 for process in left)))

    def _describe_end(self) -> str:
        codes = [process.exitcode for process in self._processes]
        code = next((code for code in codes if code not in (None, 0, -signal.SIGTERM)), None)
        if code is None:
            return "was terminated"
        return describe_signal(-code) if code < 0 else f"ended with exit code {code}"


_worker: ReportingWorker[Any] | None = None
_at_work = False


class _TerminationExit(SystemExit):
    """Ends what a process is doing, so that nothing remains of it."""


def _prepare_process() -> None:
    """Prepare a process for work."""
    signal.signal(signal.SIGTERM, _handle_sigterm)
    sys.unraisablehook = _handle_unraisable
    garbage.search_rarely()
    try:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    except RuntimeError:
        # There is no room for a further thread. The executor would print a traceback.
        os._exit(ResourceError.exit_code)


def _handle_sigterm(_number: int, _frame: FrameType | None) -> None:
    # The executor sends SIGTERM again when it sees that a process ended: unwinding goes on.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # Unwinding can take long, depending on where the signal arrived.
    watch = threading.Timer(_SECONDS_TO_END, os._exit, (1,))
    watch.daemon = True
    watch.start()
    if not _at_work:
        _end_process()
    raise _TerminationExit


def _handle_unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """Wait for the next SIGTERM if Python dropped the exception of this one.

    Python prints and drops an exception that is raised in the callback of a weak reference, such as
    those of its import locks. SIGTERM is sent until the process is gone.
    """
    if unraisable.exc_type is _TerminationExit:
        signal.signal(signal.SIGTERM, _handle_sigterm)
    else:
        sys.__unraisablehook__(unraisable)


def _end_process() -> NoReturn:
    """End this process, and what its trees still have under way."""
    try:
        if _worker:
            _worker.close()
    finally:
        # The executor would report an exception as the task's result, and keep the process.
        os._exit(0)


def _end_with_parent() -> None:
    """End this process when the process that started it is gone, for whatever reason."""
    parent = multiprocessing.parent_process()
    assert parent
    wait([parent.sentinel])
    while True:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
        time.sleep(_SECONDS_BETWEEN_SIGNALS)


def _do_nothing() -> None:
    """Make a process start."""


def _work(job: SliceJob[Any], count: int, one: Slice) -> Report:
    """Return the report of a slice; ``count`` processes share the work."""
    global _worker, _at_work
    try:
        _at_work = True
        if _worker is None:
            _worker = ReportingWorker(job.at(_place_among(count)))
        return _worker.work(one)
    except _TerminationExit:
        _end_process()
    except Exception as error:  # noqa: BLE001  (its message may contain a secret)
        return Report(error_for(error), [])
    finally:
        _at_work = False


def _place_among(count: int) -> WorkerPlace:
    # The names of processes are numbered in the order in which they were started.
    number = multiprocessing.current_process().name.rpartition("-")[2]
    return WorkerPlace(int(number) % count, count)


def _apply(function: Callable[[Any], Any], item: Any) -> Report:
    global _at_work
    try:
        _at_work = True
        return Report(function(item), [])
    except ChangelistError as error:
        return Report(error, [])
    except _TerminationExit:
        _end_process()
    except Exception as error:  # noqa: BLE001  (its message may contain a secret)
        return Report(error_for(error), [])
    finally:
        _at_work = False
