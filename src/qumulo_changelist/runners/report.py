"""What a worker reports of a slice: its result or its error, and what happened meanwhile."""

from collections import deque
from typing import Any, Generic

from msgspec import Struct

from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.errors import ChangelistError
from qumulo_changelist.events import Event, Listener
from qumulo_changelist.model import Batch
from qumulo_changelist.runners.job import Product, SliceJob, SliceWorker, Watch
from qumulo_changelist.under_way import Peak


class Report(Struct, frozen=True):
    """What a process sends back after a slice, or an item that was shared. It can be pickled."""

    outcome: Any
    """A ``ChangelistError`` ends the run."""
    events: list[Event]
    """What the process reported while it worked on it."""
    requests: int = 0
    """The greatest number of requests that it had under way meanwhile, as far as it was seen."""

    def deliver(self, listener: Listener) -> Any:
        """Return the outcome, after its events, or raise it if it is an error."""
        for event in self.events:
            listener(event)
        if isinstance(self.outcome, ChangelistError):
            raise self.outcome
        return self.outcome


class ReportingWorker(Generic[Product]):
    """Works on slices one after the other; opens the trees for the first, and keeps them open.

    Args:
        job: what to do.
        watch: is given each batch of entries as it is read, and returns it.
    """

    def __init__(self, job: SliceJob[Product], watch: Watch | None = None) -> None:
        self._job = job
        self._also_watch = watch
        self._worker: SliceWorker[Product] | None = None
        self._requests = Peak()
        self._events: deque[Event] = deque()

    def work(self, one: Slice) -> Report:
        """Return the report of a slice."""
        try:
            if self._worker is None:
                self._worker = SliceWorker(self._job, self._events.append, self._watch)
            return Report(self._worker.work(one), self._take_events(), self._requests.take())
        except ChangelistError as error:
            return Report(error, self._take_events())

    def close(self) -> None:
        """Close the trees."""
        if self._worker:
            self._worker.close()

    def _watch(self, batch: Batch) -> Batch:
        self._requests.look(batch)
        return self._also_watch(batch) if self._also_watch else batch

    def _take_events(self) -> list[Event]:
        # Threads may add events meanwhile.
        return [self._events.popleft() for _ in range(len(self._events))]
