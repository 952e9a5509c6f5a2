"""Moves: the same file under another name. What one tree lost and the other gained is paired.

A file is the same where its id, its size and its revision are. A moved directory is nothing of its
own here: its files are the same files, and are found to be, by listing what is in both places. As
it takes the whole of both sides to know, whatever was found is set aside first, sorted by what it
is; and then by name.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.changes.changeset import END
from qumulo_changelist.changes.sorted_keys import SortedKeys
from qumulo_changelist.model import CREATE, Entry, Kind, State
from qumulo_changelist.output.interface import ListFormat, Piece
from qumulo_changelist.scan.order import Batch, by_name, distinct
from qumulo_changelist.scan.records import read, written
from qumulo_changelist.scan.resolve import one_entry, unlisted

# So many entries become a piece of the list.
_IN_A_PIECE = 20_000


class SliceRecords(Struct, frozen=True):
    """What a slice of changes came to."""

    settled: list[str]
    """Records of what was not moved, whatever else there is."""
    open: list[str]
    """Records of what may have been moved, each behind what it is, and a NUL."""


class RecordEntries(Struct, frozen=True):
    """Parts what may have been moved from what was not. It can be pickled."""

    form: ListFormat

    def __call__(self, found: Iterable[Batch]) -> SliceRecords:
        """Return what was found, as records."""
        parted = SliceRecords([], [])
        for batch in found:
            for entry in batch:
                if self._may_have_moved(entry):
                    known = entry.attributes
                    what = f"{known.id} {known.size} {known.revision}"
                    parted.open.append(what + END + written(entry))
                else:
                    parted.settled.append(written(entry))
        return parted

    def _may_have_moved(self, entry: Entry) -> bool:
        known = entry.attributes
        if not known.id or not known.revision or known.kind is not Kind.FILE:
            return False
        came = entry.state is State.PRESENT and entry.op == CREATE
        return (came or entry.state is State.DELETED) and self.form.can_name(entry.name)


def pieces(
    slices: Iterable[SliceRecords],
    form: ListFormat,
    is_open: SortedKeys,
    settled: SortedKeys,
    *,
    deletes: bool,
) -> Iterator[Piece]:
    """Yield the pieces of a list that tells moves.

    Args:
        slices: what all slices of the changes came to, in any order.
        form: how entries are written.
        is_open: takes what may have been moved; empty.
        settled: takes what was decided; empty.
        deletes: whether deletions are wanted.
    """
    for parted in slices:
        settled.add(parted.settled)
        is_open.add(parted.open)
    for block in _paired(is_open.take()):
        settled.add(block)
    together: Batch = []
    for batch in by_name(_entries(settled, deletes=deletes), one_entry):
        together += batch
        if len(together) >= _IN_A_PIECE:
            yield form.piece([together])
            together = []
    if together:
        yield form.piece([together])


def _paired(blocks: Iterable[list[str]]) -> Iterator[list[str]]:
    """Yield records, those of moved files as such."""
    keys = (key for block in blocks for key in block)
    for _, group in groupby(keys, lambda key: key[: key.index(END)]):
        records = [key.partition(END)[2] for key in group]
        yield records if len(records) == 1 else [written(one) for one in _moved(records)]


def _moved(records: list[str]) -> Iterator[Entry]:
    """Yield the entries of one file, under all its names that came or went."""
    entries = sorted(map(read, set(records)), key=lambda entry: entry.name)
    came = {entry.name: entry for entry in entries if entry.state is State.PRESENT}
    went = {entry.name: entry for entry in entries if entry.state is State.DELETED}
    new, old = (sorted(one.keys() - other.keys()) for one, other in ((came, went), (went, came)))
    # A file with several names: which of them became which, nobody can know.
    for to, moved_from in zip(new, old, strict=False):
        came[to] = replace(came[to], moved_from=moved_from)
        went[moved_from] = replace(went[moved_from], state=State.GONE)
    yield from came.values()
    yield from went.values()


def _entries(settled: SortedKeys, *, deletes: bool) -> Iterator[Batch]:
    """Yield all entries, in the list's order."""
    for block in settled.take():
        entries = [read(record) for record in block]
        yield from distinct(entries if deletes else [unlisted(entry) for entry in entries])
