"""How far a list is: counted where the work is done, and reported a few times a second."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.columns import FileBatch
from qumulo_changelist.events import Listener, Progressed, Stage, StageBegun
from qumulo_changelist.model import DELETE, Batch, Kind, State, Totals

_SECONDS_BETWEEN_REPORTS = 0.2


class ProgressMeter:
    """Counts what was done for a list, and reports it.

    Args:
        listener: receives a ``StageBegun`` for each stage, and ``Progressed`` in between.
        path: the directory of the cluster that the list is about.
        clock: returns the time in seconds.
    """

    def __init__(
        self, listener: Listener, path: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._listener, self._path, self._clock = listener, path, clock
        self.requests: Callable[[], int] = lambda: 0
        """Returns the number of requests under way."""
        self._changes = self._done = self._files = self._size = 0
        self._in_all: int | None = None
        self._files_of_slice = self._size_of_slice = 0
        self._most_files = self._most_size = 0
        self._slices: deque[int] = deque()
        self._next_report = 0.0

    def begin(self, stage: Stage) -> None:
        """Report that something else begins, after the last numbers of what ends."""
        if self._changes or self._done or self._files:
            self._report()
        self._listener(StageBegun(stage, self._path))

    def add_changes(self, number: int) -> None:
        """Count changes that were read from the diff."""
        self._changes += number
        self._report_at_times()

    def expect(self, changes: int) -> None:
        """Set the number of changes to work on; it may be a little too high."""
        self._in_all = changes
        self._report()

    def count_slices(self, slices: Iterable[Slice]) -> Iterator[Slice]:
        """Yield slices, and remember the number of changes in each until it is worked on."""
        for one in slices:
            self._slices.append(one.changes)
            yield one

    def end_slice(self) -> None:
        """Count the changes of the next slice as worked on; slices end in their order."""
        self._done += self._slices.popleft()
        self._report_at_times()

    def watch(self, batch: Batch) -> Batch:
        """Count entries that were read, of a piece that is not complete yet; return them."""
        if isinstance(batch, FileBatch):
            if DELETE not in batch.ops:
                self._files_of_slice += len(batch)
                self._size_of_slice += sum(batch.columns.sizes)
        else:
            for entry in batch:
                if entry.state is State.PRESENT and entry.attributes.kind is Kind.FILE:
                    self._files_of_slice += 1
                    self._size_of_slice += entry.attributes.size
        self._report_at_times()
        return batch

    def add_piece(self, totals: Totals) -> None:
        """Count what a complete piece contains, in place of what was seen of it before."""
        self._files += totals.files
        self._size += totals.size
        self._files_of_slice = self._size_of_slice = 0
        self._report_at_times()

    def _report_at_times(self) -> None:
        now = self._clock()
        if now >= self._next_report:
            self._next_report = now + _SECONDS_BETWEEN_REPORTS
            self._report()

    def _report(self) -> None:
        # With moves, all entries are read before the first piece is complete.
        self._most_files = max(self._most_files, self._files + self._files_of_slice)
        self._most_size = max(self._most_size, self._size + self._size_of_slice)
        self._listener(
            Progressed(
                changes=self._changes,
                changes_done=self._done if self._in_all is None else min(self._done, self._in_all),
                changes_in_all=self._in_all,
                files=self._most_files,
                size=self._most_size,
                requests=self.requests(),
            )
        )
