"""Lists as newline-delimited JSON: an object for each entry, and a last one with the totals.

The object of an entry has the fields of :class:`NdjsonEntry`, without those that do not apply. The
last line is ``{"totals": …}`` with the fields of ``StatedTotals``. A file without that line is no
whole list.

JSON text is Unicode. So a name that is not UTF-8 comes twice: for people, with U+FFFD for each part
that is not, and exactly, in base64.
"""

import base64
import io
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import UNSET, Struct, UnsetType

from qumulo_changelist.columns import FileBatch, name_at
from qumulo_changelist.model import DELETE, Batch, Entry, Kind, State, Totals
from qumulo_changelist.output.fields import (
    CHANGES,
    LISTED,
    ChangeWord,
    KindWord,
    StatedTotals,
    as_unicode,
    is_utf8,
)
from qumulo_changelist.output.interface import Piece, StoredPiece

# Lines are encoded when there are this many: a piece can be as large as a deleted directory.
_LINES_TO_ENCODE = 4096

_encoder = msgspec.json.Encoder()


class NdjsonEntry(Struct, frozen=True, omit_defaults=True, gc=False):
    """An entry of a list.

    Size, times and ids are those of an entry that was created, modified or moved.
    """

    path: str
    """Below the base path, which is ``/``; no other path ends in ``/``."""
    kind: KindWord
    change: ChangeWord
    path_bytes: str | UnsetType = UNSET
    """The path in base64, if it is not UTF-8."""
    size: int | UnsetType = UNSET
    """In bytes."""
    mtime: int | UnsetType = UNSET
    """In seconds since the epoch, rounded down."""
    atime: int | UnsetType = UNSET
    """Likewise."""
    owner: int | UnsetType | None = UNSET
    """null if the owner has no numeric id."""
    group: int | UnsetType | None = UNSET
    """Likewise."""
    moved_from: str | UnsetType = UNSET
    """The path that a moved file had in the older snapshot."""
    moved_from_bytes: str | UnsetType = UNSET
    """That path in base64, if it is not UTF-8."""
    reason: str | UnsetType = UNSET
    """Why an unreadable entry cannot be read."""


class Ndjson(Struct, frozen=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListFormat`."""

    @property
    def limitation(self) -> str:
        """Why some names cannot be held: ``""``, since all can."""
        return ""

    def can_hold(self, name: str) -> bool:
        """Return whether a name can be held: always."""
        return True

    def start_piece(self) -> "_NdjsonWriter":
        """Return a writer for the next piece."""
        return _NdjsonWriter()

    def assemble(self, pieces: Iterable[StoredPiece], totals: Totals) -> Iterator[bytes]:
        """Yield the whole list."""
        for piece in pieces:
            yield from piece.chunks()
        yield _encoder.encode({"totals": StatedTotals.of(totals)}) + b"\n"


class _NdjsonWriter:
    """Implements :class:`~qumulo_changelist.output.interface.PieceWriter`."""

    def __init__(self) -> None:
        self._content = io.BytesIO()
        self._lines: list[NdjsonEntry] = []
        self._last_name = ""

    def add(self, batch: Batch) -> Batch:
        """Encode entries; see the interface."""
        self._last_name = name_at(batch, -1)
        if isinstance(batch, FileBatch) and is_utf8("".join([batch.directory, *batch.below])):
            self._lines += _file_lines(batch)
        else:
            self._lines += [_line(entry) for entry in batch if entry.state in LISTED]
        if len(self._lines) >= _LINES_TO_ENCODE:
            self._encode_lines()
        return []

    def finish(self) -> Piece:
        """Return the piece."""
        self._encode_lines()
        return Piece(self._content.getvalue(), self._last_name, [])

    def _encode_lines(self) -> None:
        self._content.write(_encoder.encode_lines(self._lines))
        self._lines.clear()


def _file_lines(files: FileBatch) -> list[NdjsonEntry]:
    """Return the lines of regular files whose names are UTF-8."""
    sizes, mtimes, atimes, owners, groups, _, _ = files.columns
    return [
        NdjsonEntry(name, "file", "deleted")
        if op == DELETE
        else NdjsonEntry(name, "file", CHANGES[op], UNSET, size, mtime, atime, owner, group)
        for name, op, size, mtime, atime, owner, group in zip(
            files.names, files.ops, sizes, mtimes, atimes, owners, groups, strict=True
        )
    ]


def _line(entry: Entry) -> NdjsonEntry:
    known = entry.attributes
    kind: KindWord = "file" if known.kind is Kind.FILE else "directory"
    path, path_bytes = _as_text(entry.name)
    if entry.state is State.DELETED:
        return NdjsonEntry(path, kind, "deleted", path_bytes)
    if entry.state is State.UNREADABLE:
        reason, _ = _as_text(entry.reason)
        return NdjsonEntry(path, kind, "unreadable", path_bytes, reason=reason)
    moved_from, moved_from_bytes = _as_text(entry.moved_from)
    return NdjsonEntry(
        path,
        kind,
        "moved" if moved_from else CHANGES[entry.op],
        path_bytes,
        known.size,
        known.mtime,
        known.atime,
        known.owner,
        known.group,
        moved_from or UNSET,
        moved_from_bytes,
    )


def _as_text(name: str) -> tuple[str, str | UnsetType]:
    """Return a name as Unicode text, and its bytes in base64 if the text is not exact."""
    text, exact = as_unicode(name)
    return text, UNSET if exact is None else base64.b64encode(exact).decode()
