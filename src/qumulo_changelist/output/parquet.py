"""Lists as Parquet: typed columns for databases and data frames; it needs pyarrow.

Pieces are Arrow streams. The list has row groups of the same size wherever the pieces begin.
"""

import io
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from qumulo_changelist.columns import name_at
from qumulo_changelist.model import Batch, Totals
from qumulo_changelist.output.fields import StatedTotals, as_unicode
from qumulo_changelist.output.interface import Piece, StoredPiece
from qumulo_changelist.output.parquet_columns import SCHEMA, Rows

VERSION = 1
"""Of the columns and what they mean."""
METADATA = b"qumulo_changelist"
"""The key of a list's own metadata."""

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
        self._rows = Rows()
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
