"""Slices that this process works on, one after the other."""

from collections.abc import Iterable, Iterator
from typing import Any

from qumulo_changelist.events import Listener
from qumulo_changelist.runners.job import Product, SliceJob, SliceResult, SliceWorker


class InProcessRunner:
    """Implements :class:`~qumulo_changelist.runners.job.Runner`.

    Args:
        listener: receives what happens.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._worker: SliceWorker[Any] | None = None

    def run(
        self, job: SliceJob[Product], packed: Iterable[bytes]
    ) -> Iterator[SliceResult[Product]]:
        """Yield the result of each slice; see ``Runner``."""
        self._worker = self._worker or SliceWorker(job, self._listener)
        return map(self._worker.work, packed)

    def close(self) -> None:
        """Close the trees."""
        if self._worker:
            self._worker.close()
