"""The work on slices: what all slices of a list have in common, and how one is worked on."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, Protocol, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from qumulo_changelist.changes import key
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.columns import FileBatch
from qumulo_changelist.events import Listener
from qumulo_changelist.filters.tally import FilterTally
from qumulo_changelist.model import Batch
from qumulo_changelist.scan.reconcile import read_sides
from qumulo_changelist.scan.requests import Extent
from qumulo_changelist.scan.sieve import EntrySieve, SliceSieve
from qumulo_changelist.scan.unread import UnreadDirectories
from qumulo_changelist.trees.interface import TreeSource, WorkerPlace

Product = TypeVar("Product")

Watch = Callable[[Batch], Batch]
"""Is given each batch of entries as it is read, and returns it unchanged."""

Finish = Callable[[Iterator[Batch]], Product]
"""Makes the product of a slice from its entries."""


class SliceJob(Struct, Generic[Product], frozen=True):
    """What all slices of a list have in common. It can be pickled."""

    newer: TreeSource
    older: TreeSource | None
    """None if it is not needed."""
    finish: Finish[Product]
    identified: TreeSource | None = None
    """The newer tree with the cluster's ids, see :func:`~.reconcile.read_sides`."""
    sieve: EntrySieve = EntrySieve()
    """The filters."""
    keeper: "Keeper[Product] | None" = None
    """Where products are kept; None to send each back as it is."""
    renewed: "Callable[[], SliceJob[Product]] | None" = None
    """Returns the same with a new session for the workers; None if they get none. It does not
    travel."""

    def at(self, place: WorkerPlace) -> "SliceJob[Product]":
        """Return the same for one of several workers, which reaches the trees in its own way."""
        return replace(
            self,
            newer=self.newer.at(place),
            older=self.older and self.older.at(place),
            identified=self.identified and self.identified.at(place),
        )


class SliceResult(Struct, Generic[Product], frozen=True):
    """The outcome of one slice."""

    product: Product
    changed_since: int
    """The number of entries that turned out to be no longer as the newer snapshot has them."""
    left_out: FilterTally
    """What filters have left out."""
    was_kept: bool = False
    """Whether an earlier run made it."""
    not_kept: str = ""
    """Why it could not be kept for a later run; "" if it could, or if none is to have it."""
    unread: UnreadDirectories = field(default_factory=UnreadDirectories)
    """The directories that could not be read."""
    failures: int = 0
    """About the number of entries that could not be read."""


class Keeper(Protocol[Product]):
    """Keeps the results of slices where others find them. It can be pickled."""

    def find(self, one: Slice, listener: Listener) -> SliceResult[Product] | None:
        """Return what is kept of a slice; None if it has to be made."""

    def keep(
        self, one: Slice, result: SliceResult[Product], *, is_whole: bool
    ) -> SliceResult[Product]:
        """Keep the result of a slice.

        Args:
            one: the slice.
            result: its result.
            is_whole: whether everything in it could be read; if not, it may be different next time.

        Returns:
            The result, whose product refers to what is kept and can be read only as long as that.
        """


class SliceWorker(Generic[Product]):
    """Works on slices one after the other; the trees stay open in between.

    Args:
        job: what to do.
        listener: receives the events of the run.
        watch: is given each batch of entries as it is read, and returns it.
    """

    def __init__(
        self, job: SliceJob[Product], listener: Listener, watch: Watch | None = None
    ) -> None:
        self._finish = job.finish
        self._sieve = job.sieve
        self._watch = watch
        self._keeper = job.keeper
        self._listener = listener
        with contextlib.ExitStack() as stack:
            self._newer, self._older, self._identified = (
                stack.enter_context(source.open(listener)) if source else None
                for source in (job.newer, job.older, job.identified)
            )
            self._stack = stack.pop_all()

    def work(self, one: Slice) -> SliceResult[Product]:
        """Return the result of a slice; it is made unless it is kept."""
        if not self._keeper:
            return self._make(one)
        if found := self._keeper.find(one, self._listener):
            return found
        made = self._make(one)
        is_whole = not (made.failures or made.unread.unlisted)
        return self._keeper.keep(one, made, is_whole=is_whole)

    def _make(self, one: Slice) -> SliceResult[Product]:
        before = self._changed_since()
        assert self._newer
        sieve, unread = SliceSieve(self._sieve, key.unpack(one.packed)), UnreadDirectories()
        entries = read_sides(
            sieve,
            self._newer,
            self._older,
            self._identified,
            newer_extent=Extent(one.bounds, one.newer_known),
            older_extent=Extent(one.bounds, one.older_known),
            unread=unread,
        )
        failures = _Failures()
        for watch in filter(None, (self._watch, failures.look)):
            entries = map(watch, entries)
        product = self._finish(entries)
        changed_since = self._changed_since() - before
        return SliceResult(
            product, changed_since, sieve.tally, unread=unread, failures=failures.seen
        )

    def close(self) -> None:
        """Close the trees."""
        self._stack.close()

    def _changed_since(self) -> int:
        return sum(tree.changed_since for tree in (self._newer, self._identified) if tree)


class _Failures:
    """Counts the entries that could not be read."""

    def __init__(self) -> None:
        self.seen = 0

    def look(self, batch: Batch) -> Batch:
        """Look at a batch, and return it."""
        # Columns have only files that could be read.
        if not isinstance(batch, FileBatch):
            self.seen += sum(1 for entry in batch if entry.reason)
        return batch


class Runner(Protocol):
    """Where slices are worked on."""

    def run(
        self, job: SliceJob[Product], slices: Iterable[Slice]
    ) -> Iterator[SliceResult[Product]]:
        """Yield the result of each slice, in order. A runner works on one job only."""

    def close(self) -> None:
        """End all work, also what is under way."""


class RemoteRunner(Runner, Protocol):
    """Works on slices, and nothing else, in processes that this machine does not start."""

    requests_under_way: int
    """About the number of requests to the cluster that they have under way together."""
