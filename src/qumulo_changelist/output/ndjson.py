"""Lists as newline-delimited JSON: one object for each entry, and a last one with the totals.

An object has the fields of :class:`NdjsonEntry`. A name that is not UTF-8 is written with U+FFFD in
the place of what is not, and exactly, in base64, beside it. What is not known is left out.
"""

import base64
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from qumulo_changelist.model import CREATE, Batch, Entry, State, Totals
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.interface import Piece, StoredPiece

_encoder = msgspec.json.Encoder()


class NdjsonEntry(Struct, frozen=True, omit_defaults=True):
    """One line of a list."""

    path: str
    """Below the base path; begins with ``/``, and never ends in one."""
    kind: Literal["file", "directory"]
    change: Literal["created", "modified", "moved", "deleted", "unreadable"]
    path_bytes: str | UnsetType = UNSET
    """The path in base64, if it is not UTF-8."""
    size: int | UnsetType = UNSET
    """In bytes. This and the next four are those of entries that exist and can be read."""
    mtime: int | UnsetType = UNSET
    """In seconds since the epoch, rounded down."""
    atime: int | UnsetType = UNSET
    owner: int | UnsetType | None = UNSET
    """null if the owner has no numeric id."""
    group: int | UnsetType | None = UNSET
    moved_from: str | UnsetType = UNSET
    """The path that a moved file had."""
    moved_from_bytes: str | UnsetType = UNSET
    """The same in base64, if it is not UTF-8."""
    reason: str | UnsetType = UNSET
    """Why an entry cannot be read."""


class NdjsonTotals(Struct, frozen=True):
    """The last line of a list: numbers of entries, and the bytes of the files that exist."""

    created: int
    modified: int
    moved: int
    deleted: int
    modified_directories: int
    deleted_directories: int
    unreadable: int
    size: int


class Ndjson(Struct, frozen=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListFormat`."""

    @property
    def limitation(self) -> str:
        """Why some names cannot be held: all can."""
        return ""

    def can_hold(self, name: str) -> bool:
        """Return whether JSON can hold a name: it always can."""
        return True

    def start_piece(self) -> "_NdjsonWriter":
        """Return a writer for the next piece."""
        return _NdjsonWriter()

    def assemble(self, pieces: Iterable[StoredPiece], totals: Totals) -> Iterator[bytes]:
        """Yield the whole list."""
        for piece in pieces:
            yield from piece.chunks()
        last = NdjsonTotals(
            created=totals.created,
            modified=totals.modified,
            moved=totals.moved,
            deleted=totals.deleted_files,
            modified_directories=totals.directories,
            deleted_directories=totals.deleted_directories,
            unreadable=totals.unreadable,
            size=totals.size,
        )
        yield _encoder.encode({"totals": last}) + b"\n"


class _NdjsonWriter:
    """Implements :class:`~qumulo_changelist.output.interface.PieceWriter`."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._last_name = ""

    def add(self, batch: Batch) -> Batch:
        """Encode entries; see the interface."""
        self._last_name = batch[-1].name
        self._parts.append(_encoder.encode_lines([line for one in batch if (line := _line(one))]))
        return []

    def finish(self) -> Piece:
        """Return the piece."""
        return Piece(b"".join(self._parts), self._last_name, [])


def _line(entry: Entry) -> NdjsonEntry | None:
    """Return the line of an entry; None for what is left out or gone."""
    state, known = entry.state, entry.attributes
    path, path_bytes = _as_text(entry.name)
    kind: Literal["file", "directory"] = "file" if known.kind.value == "file" else "directory"
    if state is State.PRESENT:
        moved_from, moved_from_bytes = _as_text(entry.moved_from)
        return NdjsonEntry(
            path,
            kind,
            "moved" if moved_from else "created" if entry.op == CREATE else "modified",
            path_bytes,
            known.size,
            known.mtime,
            known.atime,
            known.owner,
            known.group,
            moved_from or UNSET,
            moved_from_bytes,
        )
    if state is State.DELETED:
        return NdjsonEntry(path, kind, "deleted", path_bytes)
    if state is State.UNREADABLE:
        return NdjsonEntry(path, kind, "unreadable", path_bytes, reason=entry.reason)
    return None


def _as_text(name: str) -> tuple[str, str | UnsetType]:
    """Return a name as text that is UTF-8, and exactly in base64 if that differs."""
    try:
        name.encode()
    except UnicodeEncodeError:
        exact = to_bytes(name)
        return exact.decode("utf-8", "replace"), base64.b64encode(exact).decode()
    return name, UNSET
