"""Lists as Parquet, read again: a batch of rows at a time."""

from collections.abc import Iterator

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.model import Kind, State
from qumulo_changelist.names import to_bytes, to_text
from qumulo_changelist.output.fields import OPS, STATES
from qumulo_changelist.output.interface import (
    ALL_COUNTS,
    ListBytes,
    ListCounts,
    ListedEntry,
    MalformedListError,
)
from qumulo_changelist.output.parquet import METADATA, VERSION, ParquetFacts
from qumulo_changelist.output.parquet_columns import MILLISECONDS, SCHEMA

_ROWS_IN_A_BATCH = 2048
_COLUMNS = (
    *("path", "path_bytes", "kind", "change", "size", "mtime", "mtime_seconds"),
    *("moved_from", "moved_from_bytes", "reason"),
)


class ParquetListReader(Struct, frozen=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListReader`."""

    @property
    def counted(self) -> frozenset[str]:
        """What follows from the entries: everything."""
        return ALL_COUNTS

    def written_name(self, name: str) -> str:
        """Return how a list has a name: by its bytes."""
        return to_text(to_bytes(name))

    def read(self, chunks: ListBytes) -> Iterator[ListedEntry | ListCounts]:
        """Yield what a list contains; see the interface."""
        with chunks.open() as file:
            try:
                yield from _read(pq.ParquetFile(file))
            # Of damaged files, pyarrow reports many kinds.
            except (
                *(pa.ArrowException, OSError, ValueError, KeyError, TypeError),
                RecursionError,
            ) as error:
                check_shortage(error)
                raise MalformedListError(str(error)) from error


def _read(file: pq.ParquetFile) -> Iterator[ListedEntry | ListCounts]:
    metadata = file.schema_arrow.metadata or {}
    if METADATA not in metadata or _columns(file.schema_arrow) != _columns(SCHEMA):
        raise ValueError("its columns are not those of a list")
    facts = msgspec.json.decode(metadata[METADATA], type=ParquetFacts)
    if facts.version != VERSION:
        raise ValueError(f"its version is {facts.version}, and not {VERSION}")
    yield facts.totals.counts()
    if not file.num_row_groups:
        return  # older versions of pyarrow would report an error
    for batch in file.iter_batches(_ROWS_IN_A_BATCH, columns=list(_COLUMNS)):
        columns = [batch.column(name) for name in _COLUMNS]
        columns[_COLUMNS.index("mtime")] = batch.column("mtime").cast(pa.int64())
        yield from map(_entry, *(column.to_pylist() for column in columns))


def _columns(schema: pa.Schema) -> list[tuple[str, pa.DataType]]:
    """Return names and types; how words are numbered depends on the version of pyarrow."""
    return [
        (field.name, field.type.value_type if pa.types.is_dictionary(field.type) else field.type)
        for field in schema
    ]


def _entry(
    path: str,
    path_bytes: bytes | None,
    kind: str,
    change: str,
    size: int | None,
    mtime: int | None,
    mtime_seconds: int | None,
    moved_from: str | None,
    moved_from_bytes: bytes | None,
    reason: str | None,
) -> ListedEntry:
    if not path.startswith("/"):
        raise ValueError(f"the path {path!r} does not begin with /")
    return ListedEntry(
        _exact(path, path_bytes),
        STATES.get(change, State.PRESENT),
        Kind(kind),
        OPS.get(change),
        size or 0,
        _exact(moved_from or "", moved_from_bytes),
        reason or "",
        mtime_seconds if mtime is None else mtime // MILLISECONDS,
    )


def _exact(text: str, exact: bytes | None) -> str:
    return text if exact is None else to_text(exact)
