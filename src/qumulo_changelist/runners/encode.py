"""From the entries of a slice to an encoded piece of a list, and what it contains."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from qumulo_changelist.columns import FileBatch
from qumulo_changelist.model import Batch, Entry
from qumulo_changelist.output.interface import ListFormat, Piece
from qumulo_changelist.scan.order import resolve_names
from qumulo_changelist.scan.reconcile import choose_entry, hide_deletions
from qumulo_changelist.scan.tally import Tally

# With fewer entries in a batch, the calls for it cost more than its entries.
_MIN_BATCH = 200


class CountedPiece(Struct, frozen=True):
    """A piece of a list, and what it contains."""

    piece: Piece
    tally: Tally


class EntryEncoder(Struct, frozen=True):
    """Encodes entries as a piece of a list, and counts them. It can be pickled."""

    list_format: ListFormat
    by_folder: bool = False
    """Whether deleted files are also counted by folder."""

    def __call__(self, batches: Iterable[Batch]) -> CountedPiece:
        """Return the piece of entries that are in the list's order, one for each name."""
        writer, tally = self.list_format.start_piece(), Tally(by_folder=self.by_folder)
        for batch in _join_small(batches):
            unnameable = writer.add(batch)
            if unnameable:
                tally.add_unnameable(unnameable, self.list_format.limitation)
                # What is left out can have the same name.
                counted = {(entry.name, entry.state) for entry in unnameable}
                batch = [entry for entry in batch if (entry.name, entry.state) not in counted]
            tally.add(batch)
        return CountedPiece(writer.finish(), tally)


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
    """Encodes the entries of both sides of a diff as a piece of a list. It can be pickled."""

    encode: EntryEncoder
    deletes: bool
    """Whether deletions are wanted."""

    def __call__(self, sides: Iterator[Batch]) -> CountedPiece:
        """Return the piece of entries in the list's order. A name may have several entries."""
        if not self.deletes:
            sides = map(hide_deletions, sides)
        return self.encode(resolve_names(sides, choose_entry))
