"""Lists as newline-delimited JSON, read again: a line at a time."""

import base64
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import UNSET, Struct, UnsetType

from qumulo_changelist.model import Kind, State
from qumulo_changelist.names import to_bytes, to_text
from qumulo_changelist.output.fields import OPS, STATES, StatedTotals
from qumulo_changelist.output.interface import (
    ALL_COUNTS,
    ListCounts,
    ListedEntry,
    MalformedListError,
)
from qumulo_changelist.output.ndjson import NdjsonEntry

_TOTALS = b'{"totals":'


class _TotalsLine(Struct, frozen=True):
    totals: StatedTotals


_entries = msgspec.json.Decoder(NdjsonEntry)
_totals = msgspec.json.Decoder(_TotalsLine)


class NdjsonReader(Struct, frozen=True):
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
        has_totals, number = False, 0
        for number, line in enumerate(_lines(chunks), 1):
            if has_totals:
                raise MalformedListError(f"line {number} comes after the totals")
            has_totals = line.startswith(_TOTALS)
            try:
                yield _totals.decode(line).totals.counts() if has_totals else _entry(line)
            except ValueError as error:
                raise MalformedListError(f"line {number}: {error}") from error
        if not has_totals:
            raise MalformedListError(f"line {number + 1}, with the totals, is missing")


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        raise MalformedListError("its last line is cut short")


def _entry(line: bytes) -> ListedEntry:
    read = _entries.decode(line)
    if not read.path.startswith("/"):
        raise MalformedListError(f"the path {read.path!r} does not begin with /")
    moved_from = read.moved_from if isinstance(read.moved_from, str) else ""
    return ListedEntry(
        _exact(read.path, read.path_bytes),
        STATES.get(read.change, State.PRESENT),
        Kind(read.kind),
        OPS.get(read.change),
        read.size if isinstance(read.size, int) else 0,
        _exact(moved_from, read.moved_from_bytes),
        read.reason if isinstance(read.reason, str) else "",
        read.mtime if isinstance(read.mtime, int) else None,
    )


def _exact(text: str, encoded: str | UnsetType) -> str:
    return text if encoded is UNSET else to_text(base64.b64decode(encoded, validate=True))
