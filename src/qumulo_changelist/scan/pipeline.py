"""The whole way, from a cluster's diff to a published list."""

import contextlib

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.model import Totals
from qumulo_changelist.output.interface import ListFile, Piece
from qumulo_changelist.progress import Listener
from qumulo_changelist.scan.changeset import ChangeSet
from qumulo_changelist.scan.scope import Scope
from qumulo_changelist.scan.slices import cut
from qumulo_changelist.scan.unfold import unfold
from qumulo_changelist.scan.workers import Workers

# For fewer changes no process is started: one is done before another is ready.
_FEW = 20_000

# A directory that was created or deleted is taken for so many changes.
_IN_A_DIRECTORY = 500

# So many unreadable entries are told one by one; all are in the list.
_TOLD = 20


def collect(
    cluster: Cluster,
    older: int,
    newer: int,
    scope: Scope,
    changes: ChangeSet,
    workers: Workers,
    listener: Listener,
) -> None:
    """Collect what differs between two snapshots at or below the base path."""
    elsewhere = 0
    with contextlib.closing(cluster.changes(older, newer)) as pages:
        for page in pages:
            elsewhere += len(page) - changes.add(page)
            if len(changes) >= _FEW:
                workers.start()
    if elsewhere and not changes:
        listener.warning(
            f"none of the {elsewhere} changes between the snapshots is of what is below the base "
            f"path {scope.base or '/'}"
        )
    listener.detail(f"{len(changes)} changes below the base path, {elsewhere} that do not count")


def write_list(
    changes: ChangeSet, slice_size: int, workers: Workers, file: ListFile, listener: Listener
) -> Totals:
    """Write and publish the list of ``changes``."""
    told = 0
    if len(changes) < _FEW and workers.several:
        unfold(changes, workers.job.newer)
    if len(changes) + _IN_A_DIRECTORY * len(changes.whole) >= _FEW:
        workers.start()
    for piece in workers.pieces(cut(changes.take(), slice_size, changes.whole)):
        file.add(piece)
        _tell(piece, max(_TOLD - told, 0), listener)
        told += piece.totals.unreadable
    totals = file.publish()
    if told > _TOLD:
        listener.warning(f"and {told - _TOLD} more cannot be read; the list names them all")
    return totals


def _tell(piece: Piece, most: int, listener: Listener) -> None:
    for name, reason in piece.unreadable[:most]:
        listener.warning(f"cannot be read: {name!r}: {reason}")
    for name in piece.left_out:
        listener.detail(f"not listed, as no regular file: {name!r}")
