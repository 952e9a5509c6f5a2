"""The whole way, from a cluster's diff to the pieces of a list in its file."""

import contextlib
from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct, field

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.changes.slices import cut
from qumulo_changelist.changes.sorted_keys import SortedKeys
from qumulo_changelist.changes.unfold import unfold
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.events import Listener
from qumulo_changelist.model import Op, Totals
from qumulo_changelist.output.interface import ListFile, ListFormat, Piece
from qumulo_changelist.runners.job import Product, Workers
from qumulo_changelist.scan import moves
from qumulo_changelist.scan.order import Batch, by_name
from qumulo_changelist.scan.resolve import one_entry, unlisted
from qumulo_changelist.wording import count

# For fewer changes no process is started: one is done before another is ready.
_FEW = 20_000

# A directory that was created or deleted is taken for so many changes.
_IN_A_DIRECTORY = 500

# So many unreadable entries are told one by one; all are in the list.
_TOLD = 20

# So many are remembered for the receipt, and of what is left out.
_REMEMBERED = 100


class FormatEntries(Struct, frozen=True):
    """Makes what was found a piece of a list. It can be pickled."""

    form: ListFormat
    deletes: bool
    """Whether deletions are wanted."""

    def __call__(self, found: Iterator[Batch]) -> Piece:
        """Return the piece."""
        if not self.deletes:
            found = ([unlisted(entry) for entry in batch] for batch in found)
        return self.form.piece(by_name(found, one_entry))


class ListContent(Struct):
    """What went into a list, and what did not."""

    totals: Totals = Totals()
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """Names and reasons, of the first ones."""
    left_out: list[str] = field(default_factory=list)
    """Names, of the first ones."""
    not_entered: list[tuple[str, Op]] = field(default_factory=list)
    """Directories that cannot be read, all in which was created or deleted."""


def collect(
    cluster: Cluster,
    older: int,
    newer: int,
    scope: Scope,
    changes: ChangeSet,
    listener: Listener,
    many: Callable[[], object],
) -> int:
    """Collect what differs between two snapshots at or below the base path.

    ``many`` is called, perhaps often, once there is work for several processes.

    Returns:
        How many changes are of what lies elsewhere.
    """
    elsewhere = 0
    with contextlib.closing(cluster.changes(older, newer)) as pages:
        for page in pages:
            elsewhere += len(page) - changes.add(page)
            if len(changes) >= _FEW:
                many()
    if elsewhere and not changes:
        listener.warning(
            f"of {count(elsewhere, 'change')} between the snapshots none is below the base path "
            f"{scope.base or '/'}"
        )
    listener.detail(f"{count(len(changes), 'change')} below the base path, {elsewhere} elsewhere")
    return elsewhere


def products(changes: ChangeSet, slice_size: int, workers: Workers[Product]) -> Iterator[Product]:
    """Yield what the slices of ``changes`` come to, in order."""
    if len(changes) < _FEW and workers.several:
        workers.changed_since += unfold(changes, workers.job.newer)
    if len(changes) + _IN_A_DIRECTORY * len(changes.whole) >= _FEW:
        workers.start()
    return workers.products(cut(changes.take(), slice_size, changes.whole))


def with_moves(
    parted: Iterable[moves.SliceRecords],
    form: ListFormat,
    limit: int,
    folder: str,
    *,
    deletes: bool,
) -> Iterator[Piece]:
    """Yield the pieces of a list that tells moves; see :func:`~.moves.pieces`.

    Args:
        parted: what the slices came to.
        form: how entries are written.
        limit: so many entries are held in memory; beyond that they go to disk.
        folder: where on disk.
        deletes: whether deletions are wanted.
    """
    with (
        contextlib.closing(SortedKeys(limit, folder)) as is_open,
        contextlib.closing(SortedKeys(limit, folder)) as settled,
    ):
        yield from moves.pieces(parted, form, is_open, settled, deletes=deletes)


def fill(file: ListFile, pieces: Iterable[Piece], listener: Listener) -> ListContent:
    """Put the pieces of a list into its file."""
    filled, told = ListContent(), 0
    for piece in pieces:
        file.add(piece)
        _tell(piece, max(_TOLD - told, 0), listener)
        told += piece.totals.unreadable
        filled.totals = filled.totals.plus(piece.totals)
        filled.unreadable += piece.unreadable[: _REMEMBERED - len(filled.unreadable)]
        filled.left_out += piece.left_out[: _REMEMBERED - len(filled.left_out)]
        filled.not_entered += piece.not_entered
    if told > _TOLD:
        listener.warning(f"and {told - _TOLD} more cannot be read; the list names them all")
    return filled


def _tell(piece: Piece, most: int, listener: Listener) -> None:
    for name, reason in piece.unreadable[:most]:
        listener.warning(f"cannot be read: {name!r}: {reason}")
    for name in piece.left_out:
        listener.detail(f"not listed, as no regular file: {name!r}")
