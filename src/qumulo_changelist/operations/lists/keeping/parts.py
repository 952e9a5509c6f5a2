"""What a run keeps for one after it: the pages of its diff, and the pieces of its lists."""

import contextlib
from collections.abc import Iterator
from typing import NamedTuple

from qumulo_changelist.checks.base_path import SnapshotPair
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.events import Listener
from qumulo_changelist.operations.lists.keeping.folder import KeptFolder
from qumulo_changelist.operations.lists.keeping.pages import KeptPages, keep_pages
from qumulo_changelist.operations.lists.keeping.pieces import KeptPieces, keep_pieces
from qumulo_changelist.operations.lists.request import ChangelistRequest


class KeptParts(NamedTuple):
    """What one run keeps."""

    pieces: KeptPieces
    pages: KeptPages | None
    """None if no pages are kept."""

    def remove(self) -> None:
        """Remove all of it, once the lists are in their places."""
        self.pieces.remove()
        if self.pages:
            self.pages.remove()


@contextlib.contextmanager
def keep_parts(
    request: ChangelistRequest, settings: Settings, pair: SnapshotPair, listener: Listener
) -> Iterator[KeptParts]:
    """Keep parts for a ``with`` block, and longer if a later run may use them.

    Args:
        request: what is listed, and whether anything is kept.
        settings: how the cluster is reached.
        pair: both snapshots.
        listener: receives the events of the run.

    Raises:
        PiecesError: the folder that the request names for pieces cannot be used.
    """
    folder = KeptFolder() if request.resume else None
    with (
        keep_pieces(request, settings, pair, folder, listener) as pieces,
        keep_pages(folder, settings, pair, listener) as pages,
    ):
        yield KeptParts(pieces, pages)
