"""Slices on this machine: in several processes if there is enough work, else in this process."""

from collections.abc import Iterable, Iterator

from qumulo_changelist.changes import key
from qumulo_changelist.events import Listener, WorkersUnavailable
from qumulo_changelist.runners.in_process import InProcessRunner
from qumulo_changelist.runners.job import Product, Runner, SliceJob, SliceResult
from qumulo_changelist.shortages import is_shortage


class LocalRunner:
    """Works on the slices of one job. Processes start only when there is work for them.

    Args:
        workers: the number of processes; 1 for none but this one.
        listener: receives what happens.
    """

    def __init__(self, workers: int, listener: Listener) -> None:
        self.is_parallel = workers > 1
        """Whether several processes work, or could."""
        self._workers = workers
        self._listener = listener
        self._runner: Runner | None = None

    def __enter__(self) -> "LocalRunner":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
            self._runner = ProcessRunner(self._workers, self._listener)
        except (OSError, ImportError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not is_shortage(error):
                raise
            # Often a container without room in /dev/shm, where processes share their locks.
            self.is_parallel = False
            reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
            self._listener(WorkersUnavailable(reason))

    def run(
        self, job: SliceJob[Product], slices: Iterable[list[str]]
    ) -> Iterator[SliceResult[Product]]:
        """Yield the result of each slice of changes, in order.

        Args:
            job: what to do; the same for all slices of this runner.
            slices: keys of changes.

        Raises:
            WorkerError: a process ended without a result.
        """
        self._runner = self._runner or InProcessRunner(self._listener)
        return self._runner.run(job, map(key.pack, slices))

    def close(self) -> None:
        """End every process, also one that is working."""
        if self._runner:
            self._runner.close()
