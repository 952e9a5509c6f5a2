"""Entries of lists, and the pieces that a format makes of them."""

from collections.abc import Iterator
from typing import NamedTuple

from qumulo_changelist.model import (
    CREATE,
    DELETE,
    MODIFY,
    Attributes,
    Batch,
    Entry,
    Kind,
    Op,
    State,
)
from qumulo_changelist.output.interface import ListFormat, Piece, StoredPiece

FILE = Attributes(Kind.FILE, 700, 1_700_000_100, 1_700_000_150, 501, 20)
DIRECTORY = Attributes(Kind.DIRECTORY, 512, 1_700_000_100, 1_700_000_150, 501, 20)


def present(name: str, known: Attributes = FILE, op: Op = MODIFY) -> Entry:
    return Entry(State.PRESENT, name, known, op)


def moved(name: str, moved_from: str, known: Attributes = FILE) -> Entry:
    return Entry(State.PRESENT, name, known, CREATE, moved_from=moved_from)


def deleted(name: str, kind: Kind = Kind.FILE) -> Entry:
    return Entry(State.DELETED, name, Attributes(kind), DELETE)


def unreadable(name: str, kind: Kind = Kind.FILE, reason: str = "I/O error") -> Entry:
    return Entry(State.UNREADABLE, name, Attributes(kind), MODIFY, reason)


def left_out(name: str) -> Entry:
    return Entry(State.LEFT_OUT, name, Attributes(Kind.OTHER), MODIFY)


def gone(name: str, kind: Kind = Kind.FILE) -> Entry:
    return Entry(State.GONE, name, Attributes(kind), DELETE)


class WrittenPiece(NamedTuple):
    """A piece, and the entries that its format cannot hold."""

    piece: Piece
    unnameable: Batch


def write_piece(form: ListFormat, *entries: Entry, batch_size: int = 3) -> WrittenPiece:
    """Encode entries, in batches of a size."""
    writer = form.start_piece()
    unnameable: list[Entry] = []
    for begin in range(0, len(entries), batch_size):
        unnameable += writer.add(list(entries[begin : begin + batch_size]))
    return WrittenPiece(writer.finish(), unnameable)


def content_of(piece: StoredPiece) -> bytes:
    """Return the content of a piece, wherever it is."""
    return b"".join(piece.chunks())


class PieceInMemory(NamedTuple):
    """Implements ``StoredPiece``; its chunks are of a few bytes."""

    piece: StoredPiece

    @property
    def last_name(self) -> str:
        return self.piece.last_name

    @property
    def misplaced(self) -> list[tuple[str, bytes]]:
        return self.piece.misplaced

    @property
    def covered(self) -> int:
        return self.piece.covered

    def chunks(self) -> Iterator[bytes]:
        content = content_of(self.piece)
        yield from (content[begin : begin + 50] for begin in range(0, len(content), 50))
