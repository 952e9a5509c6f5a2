"""From the entries of a slice to an encoded piece of a list, and what it contains."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from qumulo_changelist.columns import FileBatch
from qumulo_changelist.filters.filters import ChangeKind
from qumulo_changelist.model import Batch, Entry, State
from qumulo_changelist.output.interface import ListFormat, StoredPiece
from qumulo_changelist.scan.order import resolve_names
from qumulo_changelist.scan.reconcile import choose_entry, hide_deletions
from qumulo_changelist.scan.sieve import is_among
from qumulo_changelist.scan.tally import Tally

# With fewer entries in a batch, the calls for it cost more than its entries.
_MIN_BATCH = 200


class CountedPiece(Struct, frozen=True):
    """A piece of a list, and what it contains."""

    piece: StoredPiece
    tally: Tally


CountedPieces = tuple[CountedPiece, ...]
"""The same entries as a piece of each list of a run."""


class EntryEncoder(Struct, frozen=True):
    """Encodes entries as a piece of each list of a run, and counts them. It can be pickled."""

    list_formats: tuple[ListFormat, ...]
    """The format of each list."""
    by_folder: bool = False
    """Whether deleted files are also counted by folder."""
    only: tuple[ChangeKind, ...] = ()
    """The kinds of changes that lists have; none for all of them."""

    def can_hold(self, name: str) -> bool:
        """Return whether every list can hold a name."""
        return all(each.can_hold(name) for each in self.list_formats)

    def __call__(self, batches: Iterable[Batch]) -> CountedPieces:
        """Return the pieces of entries that are in the order of a list, one for each name."""
        tallies = [Tally(by_folder=self.by_folder) for _ in self.list_formats]
        writers = list(map(_CountingWriter, self.list_formats, tallies))
        for batch in _join_small(self._select(batches, tallies)):
            for writer in writers:
                writer.add(batch)
        return tuple(writer.finish() for writer in writers)

    def _select(self, batches: Iterable[Batch], tallies: list[Tally]) -> Iterator[Batch]:
        """Yield what stays of the entries, and count what does not."""
        for batch in batches:
            if isinstance(batch, FileBatch) and not self.only:
                yield batch
                continue
            rows = [row for row, entry in enumerate(batch) if not self._leaves_out(entry, tallies)]
            if len(rows) == len(batch):
                yield batch
            elif rows:
                yield (
                    batch.pick(rows)
                    if isinstance(batch, FileBatch)
                    else [batch[row] for row in rows]
                )

    def _leaves_out(self, entry: Entry, tallies: list[Tally]) -> bool:
        """Return whether an entry is left out, and count it."""
        is_filtered = entry.state is State.FILTERED
        is_unwanted = bool(self.only) and not is_among(entry, self.only)
        for tally in tallies if is_filtered or is_unwanted else ():
            if is_filtered:
                tally.add([entry])
            else:
                tally.add_filtered(entry, "only")
        return is_filtered or is_unwanted


class _CountingWriter:
    """Encodes entries as a piece of one list, and counts them."""

    def __init__(self, list_format: ListFormat, tally: Tally) -> None:
        self._limitation = list_format.limitation
        self._writer = list_format.start_piece()
        self._tally = tally

    def add(self, batch: Batch) -> None:
        """Encode and count the next entries."""
        unnameable = self._writer.add(batch)
        if unnameable:
            self._tally.add_unnameable(unnameable, self._limitation)
            # What is left out can have the same name.
            counted = {(entry.name, entry.state) for entry in unnameable}
            batch = [entry for entry in batch if (entry.name, entry.state) not in counted]
        self._tally.add(batch)

    def finish(self) -> CountedPiece:
        """Return the piece."""
        return CountedPiece(self._writer.finish(), self._tally)


def _join_small(batches: Iterable[Batch]) -> Iterator[Batch]:
    """Yield the same entries in batches that are not too small, as columns where possible."""
    small: list[Entry] = []
    for batch in batches:
        if len(batch) < _MIN_BATCH:
            small += batch
        else:
            if small:
                yield FileBatch.of(small) or small
                small = []
            yield batch
        if len(small) >= _MIN_BATCH:
            yield FileBatch.of(small) or small
            small = []
    if small:
        yield FileBatch.of(small) or small


class SidesEncoder(Struct, frozen=True):
    """Encodes the entries of both sides of a diff as pieces of lists. It can be pickled."""

    encode: EntryEncoder
    deletes: bool
    """Whether deletions are wanted."""

    def __call__(self, sides: Iterator[Batch]) -> CountedPieces:
        """Return the pieces of entries in the order of a list. A name may have several entries."""
        if not self.deletes:
            sides = map(hide_deletions, sides)
        return self.encode(resolve_names(sides, choose_entry))
