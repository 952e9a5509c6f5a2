"""A format of lists: batches of entries in, bytes out."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec import Struct

from qumulo_changelist.model import Batch, Totals


class Piece(Struct, frozen=True):
    """A contiguous part of a list, encoded. It can be sent to a different process."""

    content: bytes
    last_name: str
    """The name of its last entry; "" if it has none."""
    misplaced: list[tuple[str, bytes]]
    """Encoded entries that may belong in a different piece, since the format writes their names in
    a way that sorts differently: the name as it is written, and the entry."""


class StoredPiece(Protocol):
    """A piece whose content has been set aside."""

    @property
    def last_name(self) -> str:
        """See :class:`Piece`."""

    @property
    def misplaced(self) -> list[tuple[str, bytes]]:
        """See :class:`Piece`."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the content. It can be read only once, and pieces only in their order."""


class PieceWriter(Protocol):
    """Encodes the entries of one piece."""

    def add(self, batch: Batch) -> Batch:
        """Encode the next entries, apart from those that are left out or gone.

        Returns:
            The entries that the format lists as unreadable, since it cannot hold their names.
        """

    def finish(self) -> Piece:
        """Return the piece."""


class ListFormat(Protocol):
    """How entries are written. It can be pickled."""

    @property
    def limitation(self) -> str:
        """Why some names cannot be held, in words; "" if all can."""

    def can_hold(self, name: str) -> bool:
        """Return whether the format can hold a name."""

    def start_piece(self) -> PieceWriter:
        """Return a writer for the next piece."""

    def assemble(self, pieces: Iterable[StoredPiece], totals: Totals) -> Iterator[bytes]:
        """Yield the whole list.

        Args:
            pieces: all of its pieces, in order.
            totals: what they contain.
        """
