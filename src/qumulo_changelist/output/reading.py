"""Lists that are read again, whatever their format: what they contain, and single entries.

A list is read a part at a time, so that memory stays flat at any size.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct

from qumulo_changelist.model import CREATE, Kind, State
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.formats import FORMATS
from qumulo_changelist.output.interface import (
    ListCounts,
    ListedEntry,
    ListReader,
    MalformedListError,
)
from qumulo_changelist.shortages import check_shortage

_CHUNK = 1024 * 1024


class ListContent(Struct, frozen=True):
    """What a list contains."""

    size: int
    """In bytes."""
    sha256: str
    """Of its bytes, in hexadecimal digits."""
    counted: ListCounts
    """What it contains, entry by entry."""
    stated: ListCounts
    """The totals that it states."""
    problem: str = ""
    """Why it is not a whole list of its format; "" if it is. Both counts then mean nothing."""


def read_content(path: str, list_format: str) -> ListContent:
    """Return what a list contains.

    Args:
        path: the list.
        list_format: one of ``output.formats.FORMATS``.

    Raises:
        MalformedListError: the file cannot be read.
        ResourceError: this machine lacks a resource, such as memory.
    """
    reader = FORMATS[list_format].make_reader()
    chunks, counter, problem = _HashedChunks(path), _EntryCounter(reader.counted), ""
    try:
        counter.count(reader.read(chunks))
    except MalformedListError as error:
        if chunks.failed:
            raise
        problem = str(error)
    for _ in chunks:
        pass  # the rest of a list that is malformed
    return ListContent(chunks.size, chunks.sha256, counter.counted(), counter.stated, problem)


class FoundEntries(NamedTuple):
    """Entries of a list."""

    named: dict[str, ListedEntry]
    """Those with a wanted name, by that name."""
    moved_to: str
    """The new name of a file that was only moved, and had the first of the names; "" for none."""


def find_entries(path: str, list_format: str, names: Collection[str]) -> FoundEntries:
    """Return the entries of some names.

    Args:
        path: the list.
        list_format: one of ``output.formats.FORMATS``.
        names: the names, as they are; not how the list has them.

    Raises:
        MalformedListError: the file cannot be read, or is not a whole list.
        ResourceError: this machine lacks a resource, such as memory.
    """
    reader = FORMATS[list_format].make_reader()
    written = {reader.written_name(name): name for name in names}
    first = next(iter(written), "")
    named: dict[str, ListedEntry] = {}
    moved_to = ""
    for entry in reader.read(_HashedChunks(path)):
        if isinstance(entry, ListCounts):
            continue
        if entry.name in written and _is_of(entry, written[entry.name], reader, named):
            named[written[entry.name]] = entry
        if entry.moved_from and entry.moved_from == first:
            moved_to = entry.name
    return FoundEntries(named, moved_to)


def differences(one: ListCounts, other: ListCounts) -> list[str]:
    """Return in words what two counts do not agree on, as far as both say it."""
    return [
        f"{getattr(one, name)} and not {getattr(other, name)} {_WORDS[name]}"
        for name in ListCounts.__struct_fields__
        if None not in (getattr(one, name), getattr(other, name))
        and getattr(one, name) != getattr(other, name)
    ]


_WORDS = {
    "files": "files",
    "size": "bytes",
    "created": "created files",
    "modified": "modified files",
    "moved": "moved files",
    "deleted_files": "deleted files",
    "directories": "modified directories",
    "deleted_directories": "deleted directories",
    "unreadable": "unreadable entries",
}


def _is_of(
    entry: ListedEntry, name: str, reader: ListReader, named: dict[str, ListedEntry]
) -> bool:
    """Return whether an entry is of a name; two names can be written alike, one of them as %XX."""
    if entry.name != name:
        return entry.state is State.UNREADABLE
    return name not in named or entry.state is not State.UNREADABLE


class _HashedChunks:
    """Iterates over a file in chunks, and computes its size and hash; can be resumed."""

    def __init__(self, path: str) -> None:
        self._sha256 = hashlib.sha256()
        self.size = 0
        self.failed = False
        """Whether the file cannot be read."""
        self._chunks = self._read(path)

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def _read(self, path: str) -> Iterator[bytes]:
        try:
            with open(to_bytes(path), "rb") as file:
                while chunk := file.read(_CHUNK):
                    self._sha256.update(chunk)
                    self.size += len(chunk)
                    yield chunk
        except (OSError, ValueError) as error:
            check_shortage(error)
            self.failed = True
            reason = error.strerror if isinstance(error, OSError) else error
            raise MalformedListError(f"it cannot be read: {reason}") from error


class _EntryCounter:
    """Counts the entries of a list."""

    def __init__(self, counted: frozenset[str]) -> None:
        self._counts: Counter[str] = Counter()
        self._counted = counted
        self.stated = ListCounts()
        """The totals that the list states."""

    def count(self, entries: Iterable[ListedEntry | ListCounts]) -> None:
        for entry in entries:
            if isinstance(entry, ListCounts):
                self.stated = entry
            else:
                self._add(entry)

    def _add(self, entry: ListedEntry) -> None:
        counts, is_file = self._counts, entry.kind is Kind.FILE
        if entry.state is State.UNREADABLE:
            counts["unreadable"] += 1
        elif entry.state is State.DELETED:
            counts["deleted_files" if is_file else "deleted_directories"] += 1
        elif not is_file:
            counts["directories"] += 1
        else:
            counts["files"] += 1
            counts["size"] += entry.size
            op = "created" if entry.op == CREATE else "modified"
            counts["moved" if entry.moved_from else op] += 1

    def counted(self) -> ListCounts:
        """Return what was counted."""
        return ListCounts(**{name: self._counts[name] for name in self._counted})
