"""What a Dask worker does for a run: the only functions of this package that it is asked to call.

A worker is a process of somebody else, with a thread for each slice that it works on at a time. It
keeps the trees of a job open from slice to slice: until the run ends the job, or has given it
nothing for a while, or there are too many others.
"""

import contextlib
import pickle
import platform
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.errors import ChangelistError, WorkerMismatchError
from qumulo_changelist.machine import garbage
from qumulo_changelist.mistakes import error_for
from qumulo_changelist.model import Batch
from qumulo_changelist.runners.job import SliceJob
from qumulo_changelist.runners.report import Report, ReportingWorker
from qumulo_changelist.trees.interface import WorkerPlace
from qumulo_changelist.version import __version__

Versions = tuple[str, str]
"""Of this package, and of Python; they have to be the same everywhere."""

_MAX_JOBS = 8
_SECONDS_TO_KEEP = 600.0
_ENDED_JOBS_TO_REMEMBER = 1000


class Crew(Struct, frozen=True):
    """The workers of a run, in the order in which it met them."""

    threads: tuple[tuple[str, int], ...] = ()
    """The address of each, and how many slices it works on at a time."""

    @property
    def count(self) -> int:
        """The number of slices that all work on at a time."""
        return sum(number for _, number in self.threads)

    def place_of(self, address: str, thread: int) -> WorkerPlace:
        """Return the place of a thread of a worker, which may have come since."""
        before = 0
        for one, number in self.threads:
            if one == address:
                return WorkerPlace(before + thread % number, max(self.count, 1))
            before += number
        return WorkerPlace(before + thread, before + thread + 1)


class Task(Struct, frozen=True):
    """A slice of a job, as it is given to a worker."""

    job_id: str
    """Different for each run."""
    job: bytes
    """The job, pickled."""
    crew: Crew
    one: Slice


class PickledTask(bytes):
    """A :class:`Task`, pickled. Dask writes to its logs what a worker failed with: not this."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"PickledTask(of {len(self)} bytes)"

    __str__ = __repr__

    @classmethod
    def of(cls, task: Task) -> "PickledTask":
        """Pickle a task."""
        return cls(pickle.dumps(task, pickle.HIGHEST_PROTOCOL))

    def content(self) -> Task:
        """Return the task."""
        task: Task = pickle.loads(self)  # noqa: S301  (the run's, over Dask's own way)
        return task


def versions() -> Versions:
    """Return the versions of this process."""
    return __version__, ".".join(platform.python_version_tuple()[:2])


def mismatch(
    worker: str, has: Versions | None, expected: Versions, scheduler: str = ""
) -> WorkerMismatchError:
    """Return the error for a process that has versions other than the expected ones.

    Args:
        worker: the address of the worker; "" if it is the scheduler.
        has: its versions; None without this package.
        expected: those of this machine.
        scheduler: the address of the scheduler, if it is that.
    """
    who = f"the worker {worker}" if worker else f"the scheduler {scheduler}"
    if has:
        text = (
            f"{who} has qumulo-changelist {has[0]} with Python {has[1]}, and this machine "
            f"{expected[0]} with Python {expected[1]}"
        )
    else:
        text = f"{who} does not have the package qumulo-changelist"
    error = WorkerMismatchError(text)
    error.address = worker
    return error


class _JobEnded(Exception):  # noqa: N818  (it is no error: nobody wants the slice any more)
    """Ends what a thread is doing for a job."""


class _KeptJob:
    """A job with the open trees of each thread that works on it."""

    def __init__(self, job: bytes) -> None:
        self._job: SliceJob[Any] = pickle.loads(job)  # noqa: S301  (the run's, over Dask's own way)
        self._lock = threading.Lock()
        self._workers: dict[int, tuple[threading.Lock, ReportingWorker[Any]]] = {}
        self._is_ended = False
        self.users = 0
        """The number of threads that work on it."""
        self.used = time.monotonic()
        """When the last one of them began, or was done."""

    def work(self, address: str, task: Task) -> Report:
        """Return the report of a slice; the worker's address is part of its place."""
        with self._lock:
            thread = threading.get_ident()
            if thread not in self._workers:
                place = task.crew.place_of(address, len(self._workers))
                worker: ReportingWorker[Any] = ReportingWorker(self._job.at(place), self._watch)
                self._workers[thread] = threading.Lock(), worker
            at_work, worker = self._workers[thread]
        with at_work:
            return worker.work(task.one)

    def end(self) -> None:
        """Let threads that work on it stop, and close the trees."""
        self._is_ended = True
        with self._lock:
            workers = list(self._workers.values())
        for at_work, worker in workers:
            with at_work:
                worker.close()

    def _watch(self, batch: Batch) -> Batch:
        if self._is_ended:
            raise _JobEnded
        return batch


class _Jobs:
    """The jobs that this worker keeps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _KeptJob] = OrderedDict()
        self._ended: deque[str] = deque(maxlen=_ENDED_JOBS_TO_REMEMBER)
        self._will_look = False
        """Whether a timer runs already: one is enough for all jobs."""

    @contextlib.contextmanager
    def use(self, task: Task) -> Iterator[_KeptJob]:
        """Yield the job of a task, which is kept as long as anybody uses it.

        Raises:
            _JobEnded: the run has ended it.
        """
        with self._lock:
            if task.job_id in self._ended:
                raise _JobEnded
            if task.job_id not in self._kept:
                self._kept[task.job_id] = _KeptJob(task.job)
                self._look_later()
            job = self._kept[task.job_id]
            self._kept.move_to_end(task.job_id)
            self._count_user(job, 1)
            unwanted = self._take_unwanted()
        try:
            _end_all(unwanted)
            yield job
        finally:
            with self._lock:
                self._count_user(job, -1)

    def end(self, job_id: str) -> None:
        """Close a job for ever."""
        with self._lock:
            self._ended.append(job_id)
            kept = self._kept.pop(job_id, None)
        if kept:
            # Whoever asked for it does not wait for what a thread is doing.
            threading.Thread(target=kept.end, daemon=True).start()

    def _count_user(self, job: _KeptJob, number: int) -> None:
        job.users += number
        job.used = time.monotonic()

    def _take_unwanted(self) -> list[_KeptJob]:
        """Take out jobs that nobody has used for long, or that are too many."""
        now = time.monotonic()
        idle = [one for one, job in self._kept.items() if not job.users]
        old = [one for one in idle if now - self._kept[one].used >= _SECONDS_TO_KEEP]
        many = idle[: max(len(self._kept) - _MAX_JOBS, 0)]
        return [self._kept.pop(one) for one in dict.fromkeys(old + many)]

    def _look_later(self) -> None:
        if self._will_look:
            return
        self._will_look = True
        now = time.monotonic()
        idle_since = min((job.used for job in self._kept.values() if not job.users), default=now)
        timer = threading.Timer(idle_since + _SECONDS_TO_KEEP - now, self._close_old)
        timer.daemon = True
        timer.start()

    def _close_old(self) -> None:
        with self._lock:
            self._will_look = False
            unwanted = self._take_unwanted()
            if self._kept:
                self._look_later()
        _end_all(unwanted)


def _end_all(jobs: list[_KeptJob]) -> None:
    for job in jobs:
        job.end()


_jobs = _Jobs()


def work(expected: Versions, task: PickledTask) -> bytes:
    """Return the report of a slice, pickled.

    Of a worker whose versions are not the expected ones, it is an error.

    Args:
        expected: the versions of the run, see :func:`versions`.
        task: the slice, and its job.
    """
    from distributed import get_worker

    if versions() != expected:
        error = mismatch(get_worker().address, versions(), expected)
        return pickle.dumps(Report(error, []))
    garbage.search_rarely()
    given = task.content()
    try:
        with _jobs.use(given) as job:
            report = job.work(get_worker().address, given)
    except _JobEnded:
        return b""
    except Exception as error:  # noqa: BLE001  (its message may contain a secret)
        report = Report(error_for(error), [])
    if isinstance(report.outcome, ChangelistError):
        report.outcome.worker = get_worker().address
    return pickle.dumps(report, pickle.HIGHEST_PROTOCOL)


def end_job(job_id: str) -> None:
    """Stop the work on a job that this worker may keep, and close its trees."""
    _jobs.end(job_id)
