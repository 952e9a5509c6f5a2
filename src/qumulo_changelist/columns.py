"""Regular files as columns: a list of names, one of sizes and so on, instead of an object for each.

Nearly everything in a list is a regular file about which nothing is unusual. Such files flow
together, mostly those of one directory, and cost a fraction of what objects would.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from operator import attrgetter, itemgetter
from typing import NamedTuple, TypeVar, overload

from qumulo_changelist.model import DELETE, Attributes, Batch, Entry, Kind, Op, State

Value = TypeVar("Value")


class FileColumns(NamedTuple):
    """Attributes of regular files, see ``Attributes``. All columns are of the same length.

    Every file has a numeric owner and a numeric group.
    """

    sizes: Sequence[int]
    mtimes: Sequence[int]
    atimes: Sequence[int]
    owners: Sequence[int]
    groups: Sequence[int]
    ids: Sequence[str]
    revisions: Sequence[str]

    @classmethod
    def of(cls, attributes: Iterable[Attributes]) -> "FileColumns":
        """Return the attributes of regular files, at least one, as columns."""
        columns = zip(*map(_values_of, attributes), strict=True)
        return cls(*columns)

    @classmethod
    def joined(cls, parts: Iterable["FileColumns"]) -> "FileColumns":
        """Return the columns of all parts, one after the other."""
        return cls(*map(_concatenate, zip(*parts, strict=True)))

    def attributes(self) -> Iterator[Attributes]:
        """Yield the attributes of each file."""
        return map(Attributes, repeat(Kind.FILE), *self)

    def part(self, rows: slice) -> "FileColumns":
        """Return some of the rows."""
        return FileColumns(*[column[rows] for column in self])  # type: ignore[arg-type]

    def pick(self, rows: Sequence[int]) -> "FileColumns":
        """Return the rows with these numbers, in this order."""
        if len(rows) == 1:
            return self.part(slice(rows[0], rows[0] + 1))
        return FileColumns(*map(itemgetter(*rows), self)) if rows else self.part(slice(0))


NO_FILES = FileColumns(*([()] * 7))


class FileBatch(Sequence[Entry]):
    """A batch of regular files: a sequence of entries, which are made only if they are asked for.

    Each file is listed as it is, or as deleted: none is unreadable, none has moved, and none has
    replaced a different file.

    Args:
        directory: contains all of them, directly or below it; ends in ``/``.
        below: their names below that, in descending order.
        ops: what happened to each file; DELETE for those that are listed as deleted.
        columns: their attributes.
    """

    __slots__ = ("below", "columns", "directory", "ops")

    def __init__(
        self, directory: str, below: list[str], ops: list[Op], columns: FileColumns
    ) -> None:
        self.directory = directory
        self.below = below
        self.ops = ops
        self.columns = columns

    @classmethod
    def of(cls, batch: Sequence[Entry], directory: str = "/") -> "FileBatch | None":
        """Return a batch as columns; None if it has an entry that does not fit into them.

        Args:
            batch: the entries.
            directory: must contain all of them.
        """
        if isinstance(batch, cls) and batch.directory == directory:
            return batch
        if not all(_fits(entry) and entry.name.startswith(directory) for entry in batch):
            return None
        start = len(directory)
        return cls(
            directory,
            [entry.name[start:] for entry in batch],
            [entry.op for entry in batch],
            FileColumns.of([entry.attributes for entry in batch]),
        )

    @property
    def names(self) -> list[str]:
        """The names, as lists have them."""
        directory = self.directory
        return [directory + below for below in self.below]

    def name_at(self, at: int) -> str:
        """Return the name of one file."""
        return self.directory + self.below[at]

    def pick(self, rows: Sequence[int]) -> "FileBatch":
        """Return the files in these rows, in this order."""
        below, ops = self.below, self.ops
        return FileBatch(
            self.directory,
            [below[row] for row in rows],
            [ops[row] for row in rows],
            self.columns.pick(rows),
        )

    def interleaved(self, batch: Sequence[Entry]) -> "FileBatch | None":
        """Return these files and others of the directory in descending order of names.

        None if one does not fit into columns, or a name comes twice.
        """
        other = FileBatch.of(batch, self.directory)
        if not other:
            return None
        below, ops = self.below + other.below, self.ops + other.ops
        if len(set(below)) < len(below):
            return None
        rows = sorted(range(len(below)), key=below.__getitem__, reverse=True)
        both = FileColumns.joined((self.columns, other.columns))
        return FileBatch(self.directory, below, ops, both).pick(rows)

    def __len__(self) -> int:
        return len(self.below)

    @overload
    def __getitem__(self, at: int) -> Entry: ...
    @overload
    def __getitem__(self, at: slice) -> "FileBatch": ...
    def __getitem__(self, at: int | slice) -> "Entry | FileBatch":
        if isinstance(at, slice):
            return FileBatch(self.directory, self.below[at], self.ops[at], self.columns.part(at))
        known = Attributes(Kind.FILE, *[column[at] for column in self.columns])  # type: ignore[arg-type]
        return _entry(self.directory + self.below[at], self.ops[at], known)

    def __iter__(self) -> Iterator[Entry]:
        return map(_entry, self.names, self.ops, self.columns.attributes())


_values_of = attrgetter("size", "mtime", "atime", "owner", "group", "id", "revision")


def is_plain(known: Attributes) -> bool:
    """Return whether attributes are those of a file that fits into columns."""
    return known.kind is Kind.FILE and known.owner is not None and known.group is not None


def name_at(batch: Batch, at: int) -> str:
    """Return the name of an entry of a batch, without making the entry if it has columns."""
    return batch.name_at(at) if isinstance(batch, FileBatch) else batch[at].name


def _concatenate(columns: Iterable[Sequence[Value]]) -> list[Value]:
    return list(chain.from_iterable(columns))


def _fits(entry: Entry) -> bool:
    is_deletion = entry.op == DELETE
    return (
        entry.state is (State.DELETED if is_deletion else State.PRESENT)
        and not (entry.replaces or entry.moved_from)
        and is_plain(entry.attributes)
    )


def _entry(name: str, op: Op, known: Attributes) -> Entry:
    return Entry(State.DELETED if op == DELETE else State.PRESENT, name, known, op)
