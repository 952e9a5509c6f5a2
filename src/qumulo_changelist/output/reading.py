"""Lists that are read again, whatever their format: what they contain, and single entries.

A list is read a part at a time, so that memory stays flat at any size.
"""

import contextlib
import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import BinaryIO, NamedTuple

from msgspec import Struct

from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.model import CREATE, Kind, State
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.formats import FORMATS, ListParameters, check_package
from qumulo_changelist.output.interface import (
    ListCounts,
    ListedEntry,
    ListReader,
    MalformedListError,
)

_CHUNK = 1024 * 1024


def make_reader(list_format: str, base_path: str = "/") -> ListReader | None:
    """Return what reads lists of a format; None if they cannot be read again.

    Args:
        list_format: one of ``output.formats.FORMATS``.
        base_path: the directory on the cluster, as far as it is known.

    Raises:
        MissingPackageError: reading them needs a package that is not installed.
    """
    check_package(list_format)
    make = FORMATS[list_format].make_reader
    # No entry depends on the other parameters.
    return make(ListParameters("1", 0, base_path)) if make else None


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


def read_content(path: str, list_format: str, base_path: str = "/") -> ListContent:
    """Return what a list contains.

    Args:
        path: the list.
        list_format: one of ``output.formats.FORMATS``.
        base_path: the directory on the cluster, as far as it is known.

    Raises:
        MalformedListError: the file cannot be read.
        ResourceError: this machine lacks a resource, such as memory.
    """
    reader = make_reader(list_format, base_path)
    counted = reader.counted if reader else frozenset()
    chunks, counter, problem = _HashedChunks(path), _EntryCounter(counted), ""
    try:
        counter.count(reader.read(chunks) if reader else ())
    except MalformedListError as error:
        if chunks.failed:
            raise
        problem = str(error)
    for _ in chunks:
        pass  # the rest of a list that is malformed
    return ListContent(chunks.size, chunks.sha256, counter.counted(), counter.stated, problem)


class ListReading:
    """Iterates once over what a list contains, and computes the size and hash of its file.

    Args:
        path: the list.
        list_format: one of ``output.formats.FORMATS``.
        base_path: the directory on the cluster, as far as it is known.

    Raises:
        MalformedListError: the file cannot be read, or is not a whole list; raised while iterating,
            and at once if lists of the format cannot be read again.
        ResourceError: this machine lacks a resource, such as memory; likewise.
    """

    def __init__(self, path: str, list_format: str, base_path: str = "/") -> None:
        reader = make_reader(list_format, base_path)
        if not reader:
            raise MalformedListError(f"lists in the format {list_format} cannot be read again")
        self._chunks = _HashedChunks(path)
        self._entries = reader.read(self._chunks)

    def __iter__(self) -> Iterator[ListedEntry | ListCounts]:
        yield from self._entries
        for _ in self._chunks:
            pass  # of a format whose lists are not read in order

    @property
    def size(self) -> int:
        """The size of the file in bytes, when all of it has been read."""
        return self._chunks.size

    @property
    def sha256(self) -> str:
        """Of the file, in hexadecimal digits, when all of it has been read."""
        return self._chunks.sha256


class FoundEntries(NamedTuple):
    """Entries of a list."""

    named: dict[str, ListedEntry]
    """Those with a wanted name, by that name."""
    moved_to: str
    """The new name of a file that was only moved, and had the first of the names; "" for none."""


def find_entries(
    path: str, list_format: str, names: Collection[str], base_path: str = "/"
) -> FoundEntries:
    """Return the entries of some names.

    Args:
        path: the list.
        list_format: one of ``output.formats.FORMATS``.
        names: the names, as they are; not how the list has them.
        base_path: the directory on the cluster.

    Raises:
        MalformedListError: the file cannot be read, or is not a whole list.
        ResourceError: this machine lacks a resource, such as memory.
    """
    reader = make_reader(list_format, base_path)
    if not reader:
        raise MalformedListError(f"lists in the format {list_format} cannot be read again")
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
    """Implements ``ListBytes``; computes the size and hash of what is read in order.

    Reading in order can be resumed.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._sha256 = hashlib.sha256()
        self.size = 0
        self.failed = False
        """Whether the file cannot be read."""
        self._chunks = self._read()

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def open(self) -> BinaryIO:
        with self._errors():
            return open(to_bytes(self._path), "rb")

    def _read(self) -> Iterator[bytes]:
        with self._errors(), open(to_bytes(self._path), "rb") as file:
            while chunk := file.read(_CHUNK):
                self._sha256.update(chunk)
                self.size += len(chunk)
                yield chunk

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
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
