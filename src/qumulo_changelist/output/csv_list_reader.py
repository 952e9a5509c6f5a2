"""Lists as CSV, read again: a record at a time."""

import codecs
import csv
from collections.abc import Iterable, Iterator

from msgspec import Struct

from qumulo_changelist.model import Kind, State
from qumulo_changelist.names import to_bytes, to_text
from qumulo_changelist.output.csv_list import unescape
from qumulo_changelist.output.fields import OPS, STATES, EntryFields
from qumulo_changelist.output.interface import (
    ALL_COUNTS,
    ListCounts,
    ListedEntry,
    MalformedListError,
)

_COLUMNS = list(EntryFields._fields)
_CHANGES = {*OPS, *STATES}


class CsvListReader(Struct, frozen=True):
    """Implements :class:`~qumulo_changelist.output.interface.ListReader`."""

    @property
    def counted(self) -> frozenset[str]:
        """What follows from the entries: everything."""
        return ALL_COUNTS

    def written_name(self, name: str) -> str:
        """Return how a list has a name: by its bytes."""
        return to_text(to_bytes(name))

    def read(self, chunks: Iterable[bytes]) -> Iterator[ListedEntry | ListCounts]:
        """Yield what a list contains; see the interface."""
        records = csv.reader(_lines(chunks), strict=True)
        try:
            if next(records, None) != _COLUMNS:
                raise MalformedListError(f"its first line is not {','.join(_COLUMNS)}")
            for record in records:
                yield _entry(record)
        except (csv.Error, ValueError) as error:
            raise MalformedListError(f"line {records.line_num}: {error}") from error


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield lines that end in LF; a record has several if a name has an LF."""
    decode, rest = codecs.getincrementaldecoder("utf-8")().decode, ""
    for chunk in chunks:
        *lines, rest = (rest + decode(chunk)).split("\n")
        for line in lines:
            yield f"{line}\n"
    if rest or decode(b"", final=True):
        raise MalformedListError("its last line is cut short")


def _entry(record: list[str]) -> ListedEntry:
    if len(record) != len(_COLUMNS):
        raise ValueError(f"{len(record)} fields are not {len(_COLUMNS)}")
    path, kind, change, size, mtime, _, _, _, moved_from, reason = record
    if not path.startswith("/"):
        raise ValueError(f"the path {path!r} does not begin with /")
    if change not in _CHANGES:
        raise ValueError(f"{change!r} is not a kind of change")
    state = STATES.get(change, State.PRESENT)
    return ListedEntry(
        unescape(path),
        state,
        Kind(kind),
        OPS.get(change),
        int(size) if state is State.PRESENT else 0,
        unescape(moved_from),
        unescape(reason),
        int(mtime) if state is State.PRESENT else None,
    )
