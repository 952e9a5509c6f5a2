"""A format of lists: batches of entries in, bytes out; and a list that is read again."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import BinaryIO, Protocol

from msgspec import Struct

from qumulo_changelist.model import Batch, Kind, Op, State, Totals


class Piece(Struct, frozen=True):
    """A contiguous part of a list, encoded. It can be sent to a different process."""

    content: bytes
    last_name: str
    """The name of its last entry; "" if it has none."""
    misplaced: list[tuple[str, bytes]]
    """Encoded entries that may belong in a different piece, since the format writes their names in
    a way that sorts differently: the name as it is written, and the entry."""
    covered: int = 0
    """The number of deleted files that are left out, since their directory's entry covers them."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the content; see :class:`StoredPiece`."""
        yield self.content


class StoredPiece(Protocol):
    """A piece whose content has been set aside."""

    @property
    def last_name(self) -> str:
        """See :class:`Piece`."""

    @property
    def misplaced(self) -> list[tuple[str, bytes]]:
        """See :class:`Piece`."""

    @property
    def covered(self) -> int:
        """See :class:`Piece`."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the content. It can be read only once, and pieces only in their order."""


class PieceWriter(Protocol):
    """Encodes the entries of one piece."""

    def add(self, batch: Batch) -> Batch:
        """Encode the next entries: those of a state that the format lists.

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


class ListedEntry(Struct, frozen=True, gc=False):
    """An entry of a list that is read again."""

    name: str
    """As the list has it; see :meth:`ListReader.written_name`."""
    state: State
    """``PRESENT``, ``DELETED`` or ``UNREADABLE``."""
    kind: Kind
    """``FILE`` or ``DIRECTORY``."""
    op: Op | None = None
    """What happened to an entry that is there; None if the format does not say."""
    size: int = 0
    """In bytes; 0 for an entry that is deleted or unreadable, or if the format does not say."""
    moved_from: str = ""
    """The name that a file had that was only moved, as the list has it."""
    reason: str = ""
    """Why it is unreadable; "" if the format does not say."""
    mtime: int | None = None
    """When its data last changed, in seconds since the epoch; None if the list does not say that,
    as of an entry that is deleted or unreadable."""


class ListCounts(Struct, frozen=True):
    """What a list contains, or is said to contain; None for what is not said."""

    files: int | None = None
    """Regular files that are there: created, modified or moved."""
    size: int | None = None
    """Their bytes."""
    created: int | None = None
    modified: int | None = None
    moved: int | None = None
    deleted_files: int | None = None
    directories: int | None = None
    """Modified directories."""
    deleted_directories: int | None = None
    unreadable: int | None = None
    """Files and directories."""


ALL_COUNTS = frozenset(ListCounts.__struct_fields__)
"""What can be counted of a list that says everything of its entries."""


class MalformedListError(Exception):
    """A list cannot be read, or is not one of its format; ``str()`` is the reason alone."""


class ListBytes(Protocol):
    """The bytes of a list that is read again."""

    def __iter__(self) -> Iterator[bytes]:
        """Yield them in order."""

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Return the list as a file, for a format whose lists cannot be read in order.

        Raises:
            MalformedListError: it cannot be read.
        """


class ListReader(Protocol):
    """Reads lists of one format."""

    @property
    def counted(self) -> frozenset[str]:
        """The fields of :class:`ListCounts` that follow from the entries that a list has."""

    def written_name(self, name: str) -> str:
        """Return how a list has a name; names that a format cannot hold are written differently."""

    def read(self, chunks: ListBytes) -> Iterator[ListedEntry | ListCounts]:
        """Yield the entries of a list in its order, and once the totals that it states, if any.

        Args:
            chunks: the list. All of it is needed, since a list that is cut short is none.

        Raises:
            MalformedListError: it is not a whole list of this format.
        """
