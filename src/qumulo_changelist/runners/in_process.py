"""Slices that this process works on, one after the other."""

from collections.abc import Iterable, Iterator
from typing import Any

from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.events import Listener
from qumulo_changelist.runners.job import Product, SliceJob, SliceResult, SliceWorker, Watch


class InProcessRunner:
    """Implements :class:`~qumulo_changelist.runners.job.Runner`.

    Args:
        listener: receives the events of the run.
        watch: is given each batch of entries as it is read, and returns it.
    """

    def __init__(self, listener: Listener, watch: Watch | None = None) -> None:
        self._listener = listener
        self._watch = watch
        self._worker: SliceWorker[Any] | None = None

    def run(
        self, job: SliceJob[Product], slices: Iterable[Slice]
    ) -> Iterator[SliceResult[Product]]:
        """Yield the result of each slice; see ``Runner``."""
        self._worker = self._worker or SliceWorker(job, self._listener, self._watch)
        return map(self._worker.work, slices)

    def close(self) -> None:
        """Close the trees."""
        if self._worker:
            self._worker.close()
