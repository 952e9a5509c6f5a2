"""Threads that make all calls to a mount, so that a mount that hangs does not hold the run.

A call to a dead file server can wait in the kernel for ever, and nothing but the end of the process
ends that wait (nfs(5), "intr / nointr": only SIGKILL interrupts a pending operation). So the
threads are daemons, for which no exit waits, and whoever needs an answer waits in short waits.
"""

import contextlib
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from qumulo_changelist.errors import MountTimeoutError
from qumulo_changelist.wording import count

# Each wait is short, so that a signal ends it: see waiting.py.
_SECONDS = 0.2

_Result = TypeVar("_Result")


class Job(Protocol):
    """Something to do on a mount."""

    ended: "SimpleQueue[None]"
    """Gets an item when the job has ended."""

    def work(self) -> None:
        """Work on the job, in a thread; never raises."""

    def progress(self) -> int:
        """Return a number that grows with each answer of the mount."""

    def position(self) -> str:
        """Return the path for which the job waits."""


class LookupThreads:
    """Threads for the calls to one mount; they are started when they are needed.

    Args:
        timeout: the number of seconds that the mount may take for an answer.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._count = 0

    def call(self, function: Callable[[], _Result], path: str) -> _Result:
        """Return the result of a function, or raise its exception.

        Args:
            function: calls the mount.
            path: the path that it is called for.

        Raises:
            MountTimeoutError: the mount does not answer.
        """
        job = _Call(function, path)
        self.start(job)
        self.wait_for(job)
        if job.error:
            raise job.error
        return job.result  # type: ignore[no-any-return]

    def start(self, job: Job) -> None:
        """Let a thread work on a job.

        Raises:
            RuntimeError: the system has no room for a first thread.
        """
        self._start_threads(1)
        self._jobs.put(job)

    def add_helpers(self, job: Job, helpers: int) -> None:
        """Let further threads work on a job that one works on; fewer if there is no room."""
        with contextlib.suppress(RuntimeError):
            self._start_threads(helpers + 1)
        for _ in range(min(helpers, self._count - 1)):
            self._jobs.put(job)

    def wait_for(self, job: Job) -> None:
        """Wait until a job has ended.

        Raises:
            MountTimeoutError: the mount does not answer.
        """
        # The waits are added up. By a clock, a process that was stopped for a while, as from a
        # terminal, would find that the mount has not answered in all that time.
        waited, step = 0.0, min(_SECONDS, self._timeout)
        progress = job.progress()
        while waited < self._timeout:
            with contextlib.suppress(Empty):
                return job.ended.get(timeout=step)
            before, progress = progress, job.progress()
            waited = waited + step if progress == before else 0.0
        seconds = count(round(self._timeout), "second")
        raise MountTimeoutError(f"no answer from the mount for {seconds}: {job.position()}")

    def close(self) -> None:
        """Let the threads end, each after the call that it is in."""
        for _ in range(self._count):
            self._jobs.put(None)

    def _start_threads(self, wanted: int) -> None:
        while self._count < wanted:
            threading.Thread(target=_work, args=(self._jobs,), name="mount", daemon=True).start()
            self._count += 1


def _work(jobs: "SimpleQueue[Job | None]") -> None:
    while job := jobs.get():
        job.work()


class _Call:
    """A job of one call."""

    def __init__(self, function: Callable[[], Any], path: str) -> None:
        self.ended: SimpleQueue[None] = SimpleQueue()
        self.result: Any = None
        self.error: BaseException | None = None
        self._function = function
        self._path = path

    def work(self) -> None:
        try:
            self.result = self._function()
        except BaseException as error:  # noqa: BLE001  # the caller gets it
            self.error = error
        self.ended.put(None)

    def progress(self) -> int:
        return 0

    def position(self) -> str:
        return self._path
