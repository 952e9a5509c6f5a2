"""Slices on this machine: in several processes if there is enough work, else in this process."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.events import Listener, WorkersUnavailable
from qumulo_changelist.runners.in_process import InProcessRunner
from qumulo_changelist.runners.job import Product, Runner, SliceJob, SliceResult, Watch
from qumulo_changelist.shortages import is_shortage
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
    """

    def __init__(self, workers: int, listener: Listener, watch: Watch | None = None) -> None:
        self.is_parallel = workers > 1
        """Whether several processes are or could be used."""
        self._workers = workers
        self._listener = listener
        self._watch = watch
        self._runner: Runner | None = None
        self._processes: ProcessRunner | None = None

    def __enter__(self) -> "LocalRunner":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def requests_under_way(self) -> int:
        """The number of requests to the cluster that all processes have under way, about."""
        others = self._processes.requests_under_way if self._processes else 0
        return requests_under_way() + others

    def start_processes(self) -> None:
        """Start the processes, unless they have been started; they need a moment to get ready.

        Raises:
            WorkerError: a process ended before it was ready.
        """
        if not self.is_parallel or self._runner:
            return
        # Not at the top: most runs need no other process.
        from qumulo_changelist.runners.processes import ProcessRunner

        try:
            self._runner = self._processes = ProcessRunner(self._workers, self._listener)
        except (OSError, ImportError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not is_shortage(error):
                raise
            # Often a container without room in /dev/shm, where processes share their locks.
            self.is_parallel = False
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
        for item in coming:
            if self._processes:
                yield from self._processes.share(function, chain([item], coming))
            else:
                yield function(item)

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
        self._runner = self._runner or InProcessRunner(self._listener, self._watch)
        return self._runner.run(job, slices)

    def close(self) -> None:
        """End every process, also one that is working."""
        if self._runner:
            self._runner.close()
