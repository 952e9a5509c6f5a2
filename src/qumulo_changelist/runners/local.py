"""Slices on this machine, in several processes if there is enough work; or elsewhere."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.events import Listener, WorkersUnavailable
from qumulo_changelist.machine.shortages import is_shortage
from qumulo_changelist.runners.in_process import InProcessRunner
from qumulo_changelist.runners.job import (
    Product,
    RemoteRunner,
    Runner,
    SliceJob,
    SliceResult,
    Watch,
)
from qumulo_changelist.runners.scheduler import Scheduler
from qumulo_changelist.under_way import requests_under_way

if TYPE_CHECKING:
    from qumulo_changelist.runners.processes import ProcessRunner

Item = TypeVar("Item")
Result = TypeVar("Result")


class LocalRunner:
    """Works on the slices of one job. Processes start only when there is work for them.

    Args:
        workers: the number of processes; 1 for this process alone.
        listener: receives the events of the run.
        watch: is given each batch of entries that this process reads, and returns it.
        elsewhere: works on the slices instead; the processes then only share what else there is.
    """

    def __init__(
        self,
        workers: int,
        listener: Listener,
        watch: Watch | None = None,
        elsewhere: RemoteRunner | None = None,
    ) -> None:
        self._workers = workers
        self._can_start = workers > 1
        self._listener = listener
        self._watch = watch
        self._runner: Runner | None = None
        self._processes: ProcessRunner | None = None
        self._elsewhere = elsewhere
        self._is_sharing = False

    def __enter__(self) -> "LocalRunner":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def is_parallel(self) -> bool:
        """Whether several processes are or could be used."""
        return self._can_start or self._elsewhere is not None

    @property
    def requests_under_way(self) -> int:
        """The number of requests to the cluster that all processes have under way, about."""
        others = self._processes.requests_under_way if self._processes else 0
        elsewhere = self._elsewhere.requests_under_way if self._elsewhere else 0
        return requests_under_way() + others + elsewhere

    def start_processes(self) -> None:
        """Start the processes, unless they have been started; they need a moment to get ready.

        None start while there is nothing for them to do, since slices are worked on elsewhere.

        Raises:
            WorkerError: a process ended before it was ready.
        """
        has_work = self._is_sharing or not self._elsewhere
        if not self._can_start or self._runner or not has_work:
            return
        # Not at the top: most runs need no other process.
        from qumulo_changelist.runners.processes import ProcessRunner

        try:
            self._runner = self._processes = ProcessRunner(self._workers, self._listener)
        except (OSError, ImportError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not is_shortage(error):
                raise
            # Often a container without room in /dev/shm, where processes share their locks.
            self._can_start = False
            reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
            self._listener(WorkersUnavailable(reason))

    def share(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield the result of a function for each item, in any order.

        Args:
            function: can be pickled, like the items and the results.
            items: once processes have been started, these work on further items, too.

        Raises:
            WorkerError: a process ended without a result.
        """
        coming = iter(items)
        self._is_sharing = True
        for item in coming:
            if self._processes:
                yield from self._processes.share(function, chain([item], coming))
            else:
                yield function(item)
        self._is_sharing = False

    def run(
        self, job: SliceJob[Product], slices: Iterable[Slice]
    ) -> Iterator[SliceResult[Product]]:
        """Yield the result of each slice of changes, in order.

        Args:
            job: what to do; the same for all slices of this runner.
            slices: the changes.

        Raises:
            WorkerError: a process ended without a result.
        """
        if self._elsewhere:
            if self._processes:
                self._processes.close()
            return self._elsewhere.run(job, slices)
        self._runner = self._runner or InProcessRunner(self._listener, self._watch)
        return self._runner.run(job, slices)

    def close(self) -> None:
        """End every process, also one that is working."""
        try:
            if self._elsewhere:
                self._elsewhere.close()
        finally:
            if self._runner:
                self._runner.close()


def open_runner(
    workers: int,
    scheduler: Scheduler | None,
    listener: Listener,
    watch: Watch | None = None,
) -> LocalRunner:
    """Return what works on the slices of one job, on this machine or on a scheduler's workers.

    Args:
        workers: the number of processes of this machine; 1 for this process alone.
        scheduler: the scheduler, which is connected to at once; None for this machine alone.
        listener: receives the events of the run.
        watch: is given each batch of entries that this process reads, and returns it.

    Raises:
        SchedulerError: the scheduler does not answer.
        WorkerMismatchError: one of its workers has other versions than this machine.
    """
    if not scheduler:
        return LocalRunner(workers, listener, watch)
    # Not at the top: Dask takes long to load.
    from qumulo_changelist.runners.dask import DaskRunner

    return LocalRunner(workers, listener, watch, DaskRunner(scheduler, listener))
