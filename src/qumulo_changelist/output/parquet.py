"""Lists as Parquet: typed columns for databases and data frames; it needs pyarrow.

The columns are those of :class:`~qumulo_changelist.output.fields.EntryFields`. Some can hold only
what nearly every entry has. For the rest there are further columns, which are null everywhere else:
names that are not UTF-8 come exactly in ``path_bytes`` and ``moved_from_bytes``, with U+FFFD in the
text for what is not; times before the year 1 or after 9999 come as seconds since the epoch in
``mtime_seconds`` and ``atime_seconds`` alone, since few readers know of such times.

Pieces are Arrow streams. The list has row groups of the same size wherever the pieces begin.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeGuard

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from qumulo_changelist.columns import FileBatch, name_at
from qumulo_changelist.model import DELETE, Batch, Totals
from qumulo_changelist.output.fields import (
    CHANGES,
    LISTED,
    EntryFields,
    StatedTotals,
    as_unicode,
    fields_of,
    is_utf8,
)
from qumulo_changelist.output.interface import Piece, StoredPiece

TIME = pa.timestamp("ms", "UTC")
# The same words in the same order in all batches.
_WORDS = {
    "kind": ["file", "directory"],
    "change": ["created", "modified", "moved", "deleted", "unreadable"],
}
_WORD = pa.dictionary(pa.int8(), pa.string())
SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("path_bytes", pa.binary()),
        pa.field("kind", _WORD, nullable=False),
        pa.field("change", _WORD, nullable=False),
        pa.field("size", pa.int64()),
        pa.field("mtime", TIME),
        pa.field("mtime_seconds", pa.int64()),
        pa.field("atime", TIME),
        pa.field("atime_seconds", pa.int64()),
        pa.field("owner", pa.int64()),
        pa.field("group", pa.int64()),
        pa.field("moved_from", pa.string()),
        pa.field("moved_from_bytes", pa.binary()),
        pa.field("reason", pa.string()),
    ]
)
"""The columns of a list."""
VERSION = 1
"""Of the columns and what they mean."""
MILLISECONDS = 1000
"""In a second: what a time has to be divided by."""
METADATA = b"qumulo_changelist"
"""The key of a list's own metadata."""

_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799  # of the years 1 and 9999
_ROWS_IN_A_GROUP = 100_000
# Rows become columns of Arrow when there are this many: a piece can be very large.
_ROWS_IN_A_BATCH = 16_384


class ParquetFacts(Struct, frozen=True):
    """What a list says of itself, as JSON in the metadata of its file."""

    version: int
    base_path: str
    """The directory on the cluster; U+FFFD stands for what is not UTF-8."""
    totals: StatedTotals


class ParquetList(Struct, frozen=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListFormat`."""

    base_path: str
    """The directory on the cluster."""

    @property
    def limitation(self) -> str:
        """Why some names cannot be held: ``""``, since all can."""
        return ""

    def can_hold(self, name: str) -> bool:
        """Return whether a name can be held: always."""
        return True

    def start_piece(self) -> "_ParquetWriter":
        """Return a writer for the next piece."""
        return _ParquetWriter()

    def assemble(self, pieces: Iterable[StoredPiece], totals: Totals) -> Iterator[bytes]:
        """Yield the whole list; it is encoded a row group at a time."""
        facts = ParquetFacts(VERSION, as_unicode(self.base_path)[0], StatedTotals.of(totals))
        schema = SCHEMA.with_metadata({METADATA: msgspec.json.encode(facts)})
        written = io.BytesIO()
        with pq.ParquetWriter(_Sink(written), schema, compression="zstd") as writer:
            for group in _row_groups(pieces):
                writer.write_table(group, row_group_size=_ROWS_IN_A_GROUP)
                yield _take(written)
        yield _take(written)


class _Sink(io.RawIOBase):
    """Passes on what is written, and stays open for those who take it."""

    def __init__(self, taker: io.BytesIO) -> None:
        self._taker = taker

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        return self._taker.write(content)  # type: ignore[arg-type]


def _take(written: io.BytesIO) -> bytes:
    """Return what was written since the last call."""
    content = written.getvalue()
    written.seek(0)
    written.truncate()
    return content


def _row_groups(pieces: Iterable[StoredPiece]) -> Iterator[pa.Table]:
    """Yield tables of a row group each; only the last one can be smaller."""
    batches: list[pa.RecordBatch] = []
    rows = 0
    for batch in _batches(pieces):
        batches.append(batch)
        rows += batch.num_rows
        if rows >= _ROWS_IN_A_GROUP:
            rows -= _ROWS_IN_A_GROUP
            yield _table(batches, batch.num_rows - rows)
            batches = [batch.slice(batch.num_rows - rows)] if rows else []
    if batches:
        yield _table(batches, batches[-1].num_rows)


def _batches(pieces: Iterable[StoredPiece]) -> Iterator[pa.RecordBatch]:
    for piece in pieces:
        content = b"".join(piece.chunks())
        if content:
            yield from pa.ipc.open_stream(content)


def _table(batches: Sequence[pa.RecordBatch], rows_of_last: int) -> pa.Table:
    """Return batches as a table, as if it had been made at once."""
    *others, last = batches
    return pa.Table.from_batches([*others, last.slice(0, rows_of_last)], SCHEMA).combine_chunks()


class _ParquetWriter:
    """Implements :class:`~qumulo_changelist.output.interface.PieceWriter`."""

    def __init__(self) -> None:
        self._content = io.BytesIO()
        self._stream: pa.ipc.RecordBatchStreamWriter | None = None
        self._rows = _Rows()
        self._last_name = ""

    def add(self, batch: Batch) -> Batch:
        """Encode entries; see the interface."""
        self._last_name = name_at(batch, -1)
        for begin in range(0, len(batch), _ROWS_IN_A_BATCH):
            self._rows.add(batch[begin : begin + _ROWS_IN_A_BATCH])
            if len(self._rows) >= _ROWS_IN_A_BATCH:
                self._encode_rows()
        return []

    def finish(self) -> Piece:
        """Return the piece."""
        if len(self._rows):
            self._encode_rows()
        if self._stream:
            self._stream.close()
        return Piece(self._content.getvalue(), self._last_name, [])

    def _encode_rows(self) -> None:
        if not self._stream:
            self._stream = pa.ipc.new_stream(self._content, SCHEMA)
        self._stream.write_batch(self._rows.take())


class _Rows:
    """Rows of a list: their columns, as far as they have been added."""

    def __init__(self) -> None:
        self._columns: list[list[object]] = [[] for _ in EntryFields._fields]

    def __len__(self) -> int:
        return len(self._columns[0])

    def add(self, batch: Batch) -> None:
        """Add the entries that are listed."""
        if isinstance(batch, FileBatch) and DELETE not in batch.ops:
            sizes, mtimes, atimes, owners, groups, _, _ = batch.columns
            kinds, nothing = ["file"] * len(batch), [None] * len(batch)
            changes = [CHANGES[op] for op in batch.ops]
            known = (sizes, mtimes, atimes, owners, groups)
            added: Iterable[Iterable[object]] = (
                batch.names,
                kinds,
                changes,
                *known,
                nothing,
                nothing,
            )
        else:
            added = zip(
                *[fields_of(entry) for entry in batch if entry.state in LISTED], strict=True
            )
        for column, values in zip(self._columns, added, strict=False):
            column.extend(values)

    def take(self) -> pa.RecordBatch:
        """Return the rows, and begin anew."""
        columns: dict[str, pa.Array] = {}
        for name, values in zip(EntryFields._fields, self._columns, strict=True):
            columns |= _encode_column(name, values)
        self._columns = [[] for _ in EntryFields._fields]
        return pa.record_batch([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def _encode_column(name: str, values: Sequence[Any]) -> dict[str, pa.Array]:
    """Return a field of rows as a column, with the further column that it may have."""
    if name in _WORDS:
        return {name: _words(_WORDS[name], values)}
    if name in ("mtime", "atime"):
        return {name: _times(values), f"{name}_seconds": _other_times(values)}
    if name in ("path", "moved_from"):
        return {name: _texts(values), f"{name}_bytes": _exact_bytes(values)}
    if name == "reason":
        return {name: _texts(values)}
    return {name: pa.array(values, pa.int64())}


def _words(words: list[str], values: Sequence[str]) -> pa.Array:
    numbers = {word: number for number, word in enumerate(words)}
    indices = pa.array([numbers[value] for value in values], pa.int8())
    return pa.DictionaryArray.from_arrays(indices, pa.array(words))


def _texts(values: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        texts = [value if value is None else as_unicode(value)[0] for value in values]
        return pa.array(texts, pa.string())


def _exact_bytes(values: Sequence[str | None]) -> pa.Array:
    """Return the bytes of names that are not UTF-8."""
    if is_utf8("".join(filter(None, values))):
        return pa.nulls(len(values), pa.binary())
    return pa.array([as_unicode(value or "")[1] for value in values], pa.binary())


def _times(values: Sequence[int | None]) -> pa.Array:
    return pa.array([value * MILLISECONDS if _is_usual(value) else None for value in values], TIME)


def _other_times(values: Sequence[int | None]) -> pa.Array:
    """Return the times that no timestamp holds."""
    return pa.array([None if _is_usual(value) else value for value in values], pa.int64())


def _is_usual(time: int | None) -> TypeGuard[int]:
    return time is not None and _FIRST_SECOND <= time <= _LAST_SECOND
