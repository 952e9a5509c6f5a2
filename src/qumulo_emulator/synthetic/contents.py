"""What a made-up tree is made of: contents of directories, of which one tree has many copies.

A contents says what is in a directory, and what became of it between the two snapshots. As copies are
counted and not kept, a tree of any size takes no more memory than its contents.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import accumulate

from qumulo_emulator.names import to_bytes

_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


class Fate(Enum):
    """What happened to something between the older snapshot and the newer one."""

    KEPT = "KEEP"
    MODIFIED = "MODIFY"
    CREATED = "CREATE"
    DELETED = "DELETE"


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a directory, or many numbered ones in a row.

    Attributes:
        stem: the name, or what comes before the number.
        fate: what happened to each.
        contents: what is in each; None for regular files.
        first: the first one's number; None for a single entry without a number.
        count: how many there are.
        digits: how many digits a number has.
    """

    stem: str
    fate: Fate
    contents: "Contents | None" = None
    first: int | None = None
    count: int = 1
    digits: int = 4

    def number(self, copy: int) -> str:
        """The digits that the name of a copy ends in."""
        return "" if self.first is None else f"{self.first + copy:0{self.digits}}"

    def name(self, copy: int) -> str:
        """The name of a copy, counted from 0."""
        return self.stem + self.number(copy)

    def exists(self, *, newer: bool) -> bool:
        """Whether it is in the newer snapshot, or in the older one."""
        return self.fate is not (Fate.DELETED if newer else Fate.CREATED)

    @property
    def opens(self) -> bool:
        """Whether the diff goes on to list what is below; else the entry stands for all of it."""
        return self.contents is not None and self.fate in (Fate.KEPT, Fate.MODIFIED)

    @property
    def changes(self) -> int:
        """How many entries of the diff are about one copy and what is below it."""
        below = self.contents.changes if self.contents is not None and self.opens else 0
        return (self.fate is not Fate.KEPT) + below


class Contents:
    """What is in a directory.

    Args:
        rows: what is in it, in any order; no name twice, and none between two of a numbered row.

    Attributes:
        rows: the rows by ascending name; a row's index is good for all copies.
        by_path: their indexes by ascending path, in which a directory's name ends in a slash.
        changing: those of them that the diff has entries about.
        changes: how many entries of the diff are about what is in it, at any depth.
        folders: how many directories it is, itself and those below.
        directories_before: for each row, how many directories are below the rows before it.
        files: how many regular files the newer snapshot has below it.
        is_plain: whether nothing below it is numbered.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        self.rows = sorted(rows, key=lambda row: to_bytes(row.name(0)))
        self.by_path = sorted(range(len(self.rows)), key=self._path)
        self.changing = [index for index in self.by_path if self.rows[index].changes]
        self.changes: int = sum(row.count * row.changes for row in self.rows)
        below = [row.count * row.contents.directories if row.contents else 0 for row in self.rows]
        self.directories_before = list(accumulate(below, initial=0))
        self.directories: int = 1 + self.directories_before.pop()
        self.files: int = sum(
            row.count * (row.contents.files if row.contents else 1)
            for row in self.rows
            if row.exists(newer=True)
        )
        self.is_plain: bool = all(
            row.first is None and (row.contents is None or row.contents.is_plain)
            for row in self.rows
        )
        self._children = [
            sum(row.count for row in self.rows if row.exists(newer=newer))
            for newer in (False, True)
        ]
        self._single = {row.stem: at for at, row in enumerate(self.rows) if row.first is None}
        self._numbered = [at for at, row in enumerate(self.rows) if row.first is not None]

    def _path(self, index: int) -> bytes:
        row = self.rows[index]
        return to_bytes(row.name(0) + ("/" if row.contents else ""))

    def find(self, name: str) -> tuple[int, int] | None:
        """The index of the row, and the copy, that have a name; None if none has."""
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

    def locate_directory(self, folder: int) -> tuple[int, int, int]:
        """Where a directory below is, by its number in the order of names, counted from 0.

        Returns:
            The index of the row, the copy, and the directory's number within that copy, where 0 is
            the copy itself.
        """
        index = bisect_right(self.directories_before, folder) - 1
        contents = self.rows[index].contents
        if contents is None:
            raise ValueError(f"there is no directory {folder}")
        return index, *divmod(folder - self.directories_before[index], contents.directories)

    def existing_rows(self, *, newer: bool) -> Iterator[tuple[int, Row]]:
        """The rows of one snapshot, each with its index."""
        return ((at, row) for at, row in enumerate(self.rows) if row.exists(newer=newer))

    def child_count(self, *, newer: bool) -> int:
        """How many entries it has in a snapshot."""
        return self._children[newer]


def truncate(contents: Contents, changes: int) -> Contents:
    """A contents in which only the first changes, in the order of the diff, have happened.

    Directories in which nothing happens any more are left out, so that the tree ends there too.
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
            rows += _cut_row(row, row.contents, changes)
            changes -= row.count * row.changes
    return Contents(rows)


def _cut_row(row: Row, contents: Contents, changes: int) -> Iterator[Row]:
    everything = (row.count, 0)
    whole, rest = min(divmod(changes, row.changes), everything) if row.changes else everything
    if whole:
        yield replace(row, count=whole)
    if rest:
        first = None if row.first is None else row.first + whole
        below = rest - (row.fate is not Fate.KEPT)
        yield replace(row, count=1, first=first, contents=truncate(contents, below))


def copies_with_changes(row: Row, begin: int, end: int) -> range:
    """The copies of a row that have some of the changes from one on and before another."""
    if end <= 0:
        return range(0)
    return range(max(begin, 0) // row.changes, min(row.count, -(-end // row.changes)))
