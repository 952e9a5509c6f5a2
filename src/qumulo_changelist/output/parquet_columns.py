"""Entries of a list as columns of Arrow, for lists as Parquet; it needs pyarrow.

The columns are those of :class:`~qumulo_changelist.output.fields.EntryFields`. Some can hold only
what nearly every entry has. For the rest there are further columns, which are null everywhere else:
names that are not UTF-8 come exactly in ``path_bytes`` and ``moved_from_bytes``, with U+FFFD in the
text for what is not; times before the year 1 or after 9999 come as seconds since the epoch in
``mtime_seconds`` and ``atime_seconds`` alone, since few readers know of such times.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeGuard

import pyarrow as pa

from qumulo_changelist.columns import FileBatch
from qumulo_changelist.model import DELETE, Batch
from qumulo_changelist.output.fields import (
    CHANGES,
    LISTED,
    EntryFields,
    as_unicode,
    fields_of,
    is_utf8,
)

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
MILLISECONDS = 1000
"""In a second: what a time has to be divided by."""

_GREATEST = 2**63 - 1
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799  # of the years 1 and 9999


class Rows:
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
    return {name: _numbers(values)}


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
    return _numbers([None if _is_usual(value) else value for value in values])


def _numbers(values: Sequence[int | None]) -> pa.Array:
    """Return numbers; none for one that 64 bits cannot hold, which no file system has."""
    try:
        return pa.array(values, pa.int64())
    except OverflowError:
        held = [one if one is not None and abs(one) <= _GREATEST else None for one in values]
        return pa.array(held, pa.int64())


def _is_usual(time: int | None) -> TypeGuard[int]:
    return time is not None and _FIRST_SECOND <= time <= _LAST_SECOND
