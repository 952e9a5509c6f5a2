"""The pieces that a run keeps: what they depend on, and the number that an earlier run has made."""

import contextlib
import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from qumulo_changelist.checks.base_path import SnapshotPair
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import DeletionLimitError, ProofError
from qumulo_changelist.events import Listener, PiecesPerishable, PiecesReused
from qumulo_changelist.names import to_text
from qumulo_changelist.operations.lists.keeping.copies import PieceCopies
from qumulo_changelist.operations.lists.keeping.folder import KeptFolder
from qumulo_changelist.operations.lists.keeping.pages import identify_snapshot
from qumulo_changelist.operations.lists.keeping.piece_sets import PieceSet, remove_set, use_set
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.output.formats import FORMATS, ListParameters, formats_of_lists
from qumulo_changelist.runners.job import SliceResult
from qumulo_changelist.runners.piece_codec import ProductCodec
from qumulo_changelist.runners.piece_keeper import PieceKeeper
from qumulo_changelist.version import __version__

Product = TypeVar("Product")

_PACKAGE = __name__.partition(".")[0]


@contextlib.contextmanager
def keep_pieces(
    request: ChangelistRequest,
    settings: Settings,
    pair: SnapshotPair,
    folder: KeptFolder | None,
    listener: Listener,
) -> Iterator["KeptPieces"]:
    """Keep the pieces of a run for a ``with`` block, and longer if a later run may use them.

    None does after a check has refused the list.

    Args:
        request: what is listed, and the folder for pieces; without one, this machine keeps copies
            for a later run.
        settings: how the cluster is reached.
        pair: both snapshots.
        folder: where copies are kept; None to keep none.
        listener: receives the events of the run.

    Raises:
        PiecesError: the folder cannot be used.
    """
    reason = _why_perishable(request, pair)
    fingerprint = identify_list(request, settings, pair)
    snapshots = request.older, request.newer
    copies: PieceCopies | None = None
    used: PieceSet | None = None
    with contextlib.ExitStack() as stack:
        if request.pieces is not None:
            if reason and request.resume:
                listener(PiecesPerishable(reason))
            lasts = request.resume and not reason
            used = stack.enter_context(
                use_set(request.pieces, fingerprint, snapshots, listener, lasts=lasts)
            )
        elif folder and not request.scheduler and not reason:
            copies = PieceCopies(folder, fingerprint, snapshots, stack, listener)
        kept = KeptPieces(used, copies, fingerprint, listener)
        try:
            yield kept
        except (DeletionLimitError, ProofError):
            kept.remove()  # they would lead to the same list, which was refused
            raise


class KeptPieces:
    """The kept pieces of one run."""

    def __init__(
        self,
        used: PieceSet | None,
        copies: PieceCopies | None,
        fingerprint: bytes,
        listener: Listener,
    ) -> None:
        used = copies.used if copies else used
        self.run_time = used.run_time if used else int(time.time())
        """When the run began that kept the first of them, in seconds since the epoch."""
        self._set, self._copies = used, copies
        self._fingerprint = fingerprint
        self._listener = listener

    def keeper(
        self, codec: ProductCodec[Product], pair: SnapshotPair
    ) -> PieceKeeper[Product] | None:
        """Return what keeps products of one kind; None if nothing is kept."""
        # If the base path is gone, the mapped path shows nothing of a snapshot.
        if not self._set or not pair.newer.has_base:
            return None
        # Other machines may have a different locale.
        folder = to_text(os.fsencode(self._set.path))
        keeps_copies = self._copies is not None
        return PieceKeeper(folder, self._fingerprint, codec, self._set.lasts, keeps_copies)

    def count(self, results: Iterable[SliceResult[Product]]) -> Iterator[SliceResult[Product]]:
        """Yield the same results, and report how many of them an earlier run has made."""
        reused = slices = 0
        for result in results:
            slices += 1
            reused += result.was_kept
            if self._copies:
                self._copies.look(result.not_kept)
            yield result
        if reused:
            self._listener(PiecesReused(reused, slices))

    def remove(self) -> None:
        """Remove all of them."""
        if self._set:
            remove_set(self._set.path, self._listener)


def identify_list(request: ChangelistRequest, settings: Settings, pair: SnapshotPair) -> bytes:
    """Return a hash of all that pieces depend on, apart from their slices.

    Numbers of workers and the like are not part of it, nor is the time at which a run begins.
    """
    values = (
        __version__,
        # A cluster has no identity but its addresses, and when which snapshots were taken.
        (sorted(settings.hosts), settings.port, settings.transport),
        [(*identify_snapshot(each.snapshot), each.paths) for each in (pair.older, pair.newer)],
        (request.older, request.newer, request.base_path, request.mapped_path, request.metadata),
        (request.source_index, request.formats, request.deletes, request.moves, request.verify),
        (request.filters, request.filters.at(pair.newer.snapshot.taken)),
        request.max_deletes is not None,
    )
    return hashlib.sha256(repr(values).encode("utf-8", "surrogatepass")).digest()


def _why_perishable(request: ChangelistRequest, pair: SnapshotPair) -> str:
    """Return why no later run may use the pieces of this one; "" if it may."""
    if request.metadata == "mount":
        return "the live share can change"
    used = [pair.newer] if pair.is_full else [pair.older, pair.newer]
    if not all(each.snapshot.taken for each in used):
        return "the cluster does not say when the snapshots were taken"
    for name in formats_of_lists(request.formats):
        made = FORMATS[name].make(ListParameters(request.source_index, 0))
        if type(made).__module__.partition(".")[0] != _PACKAGE:
            return f"the format {name} is not one of this package"
    return ""
