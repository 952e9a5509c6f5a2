"""What a synthetic tree is made of: the contents of directories, which occur many times in it.

They define the entries of a directory, and what happens to each between the two snapshots. Equal
directories are counted and not stored, so a tree of any size takes little memory.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import accumulate

from msgspec import Struct
from msgspec.structs import replace

from qumulo_emulator.names import to_bytes
from qumulo_emulator.totals import DIRECTORY, FILE, Totals

_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


class Fate(Enum):
    """What happens to an entry between the older snapshot and the newer one."""

    KEPT = "KEEP"
    MODIFIED = "MODIFY"
    CREATED = "CREATE"
    DELETED = "DELETE"


class Row(Struct, frozen=True):
    """One entry of a directory, or several that are equal except for the number in their names.

    Attributes:
        stem: the name, or the part of it before the number.
        fate: what happens to each entry.
        contents: the contents of each entry; None for regular files.
        first: the number of the first entry; None for a single entry without a number.
        count: the number of entries (copies).
        digits: the number of digits in the names.
    """

    stem: str
    fate: Fate
    contents: "Contents | None" = None
    first: int | None = None
    count: int = 1
    digits: int = 4

    def number(self, copy: int) -> str:
        """Return the digits at the end of a copy's name."""
        return "" if self.first is None else f"{self.first + copy:0{self.digits}}"

    def name(self, copy: int) -> str:
        """Return the name of a copy; copies are counted from 0."""
        return self.stem + self.number(copy)

    def exists(self, *, newer: bool) -> bool:
        """Return whether the row is in the newer snapshot, or in the older one."""
        return self.fate is not (Fate.DELETED if newer else Fate.CREATED)

    def totals(self, *, newer: bool) -> Totals:
        """Return what a snapshot that has the row has at and below one copy."""
        return FILE if self.contents is None else self.contents.totals(newer=newer)

    @property
    def is_single_file(self) -> bool:
        """Whether it is one regular file without a number."""
        return self.contents is None and self.first is None

    @property
    def is_expanded(self) -> bool:
        """Whether the diff lists what is below; if not, the entry stands for all of that."""
        return self.contents is not None and self.fate in (Fate.KEPT, Fate.MODIFIED)

    @property
    def changes(self) -> int:
        """The number of changes at and below one copy."""
        below = self.contents.changes if self.contents is not None and self.is_expanded else 0
        return (self.fate is not Fate.KEPT) + below


class Contents:
    """The contents of a directory.

    Args:
        rows: the rows in any order. Each name occurs once, and no name sorts between two names of
            a numbered row.

    Attributes:
        rows: the rows by ascending name; the same in all copies of the directory.
        by_path: their indexes by ascending path, where a directory's name ends in a slash.
        ids_before: for each row, the number of ids in the rows before it; a file's copies have an
            id each, those of a directory have none in their parent.
        ids: the number of all these ids.
        changing: the indexes in `by_path` of rows with changes.
        changes: the number of changes in the directory, at any depth.
        directories: the number of directories, this one and all below.
        directories_before: for each row, the number of directories in the rows before it.
        is_plain: whether no row below is numbered.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = sorted(rows, key=lambda row: to_bytes(row.name(0)))
        self.by_path = sorted(range(len(self.rows)), key=self._path)
        ids = [1 if row.contents else row.count for row in self.rows]
        self.ids_before = list(accumulate(ids, initial=0))
        self.ids: int = self.ids_before.pop()
        self.changing = [index for index in self.by_path if self.rows[index].changes]
        self.changes: int = sum(row.count * row.changes for row in self.rows)
        below = [row.count * row.contents.directories if row.contents else 0 for row in self.rows]
        self.directories_before = list(accumulate(below, initial=0))
        self.directories: int = 1 + self.directories_before.pop()
        self._totals = self._count(newer=False), self._count(newer=True)
        self.is_plain: bool = all(
            row.first is None and (row.contents is None or row.contents.is_plain)
            for row in self.rows
        )
        self._children = [
            sum(row.count for row in self.rows if row.exists(newer=newer))
            for newer in (False, True)
        ]
        self._single = {row.stem: index for index, row in enumerate(self.rows) if row.first is None}
        self._numbered = [index for index, row in enumerate(self.rows) if row.first is not None]

    def totals(self, *, newer: bool) -> Totals:
        """Return what a snapshot has at and below the directory."""
        return self._totals[newer]

    def _count(self, *, newer: bool) -> Totals:
        totals = DIRECTORY
        for _, row in self.existing_rows(newer=newer):
            totals = totals.plus(row.totals(newer=newer), row.count)
        return totals

    def _path(self, index: int) -> bytes:
        row = self.rows[index]
        return to_bytes(row.name(0) + ("/" if row.contents else ""))

    def find(self, name: str) -> tuple[int, int] | None:
        """Return the index of the row with this name, and the copy; None if there is none."""
        index = self._single.get(name)
        if index is not None:
            return index, 0
        for numbered in self._numbered:
            row = self.rows[numbered]
            digits = name.removeprefix(row.stem)
            if row.first is not None and _NUMBER.fullmatch(digits):
                copy = int(digits) - row.first
                if 0 <= copy < row.count and row.name(copy) == name:
                    return numbered, copy
        return None

    def locate_file(self, number: int) -> tuple[int, int] | None:
        """Return the row and the copy of the file with this id, counted from 0; None if none is."""
        index = bisect_right(self.ids_before, number) - 1
        if not 0 <= number < self.ids or self.rows[index].contents:
            return None
        return index, number - self.ids_before[index]

    def locate_directory(self, number: int) -> tuple[int, int, int]:
        """Find a directory below by its number, counted from 0 in the order of names.

        Returns:
            The index of the row, the copy, and the number within that copy; 0 is the copy itself.
        """
        index = bisect_right(self.directories_before, number) - 1
        contents = self.rows[index].contents
        if contents is None:
            raise ValueError(f"there is no directory {number}")
        return index, *divmod(number - self.directories_before[index], contents.directories)

    def existing_rows(self, *, newer: bool) -> Iterator[tuple[int, Row]]:
        """Return the rows of one snapshot, each with its index."""
        return ((index, row) for index, row in enumerate(self.rows) if row.exists(newer=newer))

    def child_count(self, *, newer: bool) -> int:
        """Return the number of entries in a snapshot."""
        return self._children[newer]


def truncate(contents: Contents, changes: int) -> Contents:
    """Return the contents with only the first `changes` changes in the order of the diff.

    Directories after the last change are left out, so the tree ends there.
    """
    rows: list[Row] = []
    for row in (contents.rows[index] for index in contents.by_path):
        if row.contents is None:
            happens = changes > 0 or row.fate is Fate.KEPT
            changes -= row.changes
            if happens:
                rows.append(row)
            elif row.fate is not Fate.CREATED:
                rows.append(replace(row, fate=Fate.KEPT))
        elif changes > 0:
            rows += _truncate_row(row, row.contents, changes)
            changes -= row.count * row.changes
    return Contents(rows)


def _truncate_row(row: Row, contents: Contents, changes: int) -> Iterator[Row]:
    everything = (row.count, 0)
    whole, rest = min(divmod(changes, row.changes), everything) if row.changes else everything
    if whole:
        yield replace(row, count=whole)
    if rest:
        first = None if row.first is None else row.first + whole
        below = rest - (row.fate is not Fate.KEPT)
        yield replace(row, count=1, first=first, contents=truncate(contents, below))


def copies_with_changes(row: Row, begin: int, end: int) -> range:
    """Return the copies of a row that have changes with numbers from `begin` to before `end`."""
    if end <= 0:
        return range(0)
    return range(max(begin, 0) // row.changes, min(row.count, -(-end // row.changes)))
