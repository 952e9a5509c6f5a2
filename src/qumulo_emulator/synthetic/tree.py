"""A synthetic tree, read like any other tree; its entries are computed when they are asked for."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from qumulo_emulator.errors import (
    NoSuchEntryError,
    NotADirectoryHereError,
    NotCoveredBySnapshotError,
)
from qumulo_emulator.model import ROOT_ID, Attributes, Entry, FileType
from qumulo_emulator.names import Parts, join_path, parse_id, split_path
from qumulo_emulator.synthetic import times
from qumulo_emulator.synthetic.contents import Contents, Fate, Row
from qumulo_emulator.totals import ORDERS, EntryTotals

# A directory's id is a multiple of this; the ids of its files follow.
_IDS_PER_DIRECTORY = 100_000_000


class Place(NamedTuple):
    """An entry of a synthetic tree, in either snapshot.

    Attributes:
        parts: its path.
        row: the row that defines it.
        row_index: that row's index in the parent directory.
        ordinal: the number of the directory; for a file, the number of its parent directory.
        number: for a file, its number among the ids of its parent directory, counted from 0.
    """

    parts: Parts
    row: Row
    row_index: int
    ordinal: int
    number: int = 0

    @property
    def id(self) -> int:
        """Its id on the cluster."""
        if not self.parts:
            return ROOT_ID
        return self.ordinal * _IDS_PER_DIRECTORY + (0 if self.row.contents else self.number + 1)

    @property
    def contents(self) -> Contents:
        """The contents of the directory.

        Raises:
            NotADirectoryHereError: if it is a file.
        """
        if self.row.contents is None:
            path = join_path(self.parts, directory=False)
            raise NotADirectoryHereError(f"{path!a} is not a directory")
        return self.row.contents

    def child(self, index: int, copy: int) -> "Place":
        """Return an entry of the directory, by row and copy."""
        row = self.contents.rows[index]
        ordinal = self.ordinal
        if row.contents:
            ordinal += 1 + self.contents.directories_before[index] + copy * row.contents.directories
        number = 0 if row.contents else self.contents.ids_before[index] + copy
        return Place((*self.parts, row.name(copy)), row, index, ordinal, number)

    def children(self, *, newer: bool) -> Iterator["Place"]:
        """Yield the entries of the directory in a snapshot, by ascending name."""
        for index, row in self.contents.existing_rows(newer=newer):
            for copy in range(row.count):
                yield self.child(index, copy)


def root_place(root: Contents) -> Place:
    """Return the root of a cluster with these contents."""
    return Place((), Row("", Fate.KEPT, root), 0, 0)


def modified(place: Place, *, newer: bool) -> int:
    """Return the modification time of an entry in a snapshot."""
    is_recent = place.row.fate is Fate.CREATED or (place.row.fate is Fate.MODIFIED and newer)
    day = times.recent_day if is_recent else times.settled_day
    return day(place.ordinal) + times.time_of_day(place.row_index, 1 + is_recent)


def accessed(place: Place) -> int:
    """Return the access time of an entry, which is the same in both snapshots."""
    return times.ACCESSED + times.time_of_day(place.row_index, 3)


def attributes(place: Place, *, newer: bool) -> Attributes:
    """Return the attributes of an entry in a snapshot; its owner is the emulator's own user."""
    row = place.row
    born = times.recent_day if row.fate is Fate.CREATED else times.settled_day
    links = 1
    if row.contents:
        rows = row.contents.existing_rows(newer=newer)
        links = 2 + sum(below.count for _, below in rows if below.contents)
    return Attributes(
        id=place.id,
        type=FileType.DIRECTORY if row.contents else FileType.FILE,
        mode=0o755 if row.contents else 0o644,
        owner=os.getuid(),
        group=os.getgid(),
        size=4096 if row.contents else 0,
        blocks=8 if row.contents else 0,
        links=links,
        accessed=accessed(place),
        modified=modified(place, newer=newer),
        changed=modified(place, newer=newer),
        created=born(place.ordinal) + times.time_of_day(place.row_index, 0),
        device=(0, 0),
        target=None,
    )


class SyntheticTree:
    """A snapshot's tree, or the live tree; see `qumulo_emulator.tree.Tree`.

    Args:
        root: the contents of the cluster's root.
        source: the path of the snapshots' directory; for the live tree, the root.
        newer: whether this is the state of the newer snapshot, or of the older one.
    """

    def __init__(self, root: Contents, source: Parts, *, newer: bool) -> None:
        self.newer = newer
        self._top = root_place(root)
        self._source = source

    def locate(self, ref: str) -> Parts:
        """Return the path for a decimal id, or for a path as text; the path need not exist.

        Raises:
            NoSuchEntryError: if no entry has this id.
            InvalidPathError: if the text is neither a path nor an id.
        """
        if not (ref.isascii() and ref.isdigit()):
            return split_path(ref)
        number = parse_id(ref)
        if number == ROOT_ID:
            return ()
        ordinal, index = divmod(number, _IDS_PER_DIRECTORY)
        if not 0 < ordinal < self._top.contents.directories:
            raise NoSuchEntryError(f"no entry has the id {number}")
        place = self._top
        while place.ordinal != ordinal:
            row, copy, _ = place.contents.locate_directory(ordinal - place.ordinal - 1)
            place = place.child(row, copy)
        if not index:
            return place.parts
        found = place.contents.locate_file(index - 1)
        if found is None:
            raise NoSuchEntryError(f"no entry has the id {number}")
        return place.child(*found).parts

    def place(self, parts: Parts) -> Place:
        """Return the entry at a path, without its attributes.

        Raises:
            NoSuchEntryError: if there is none.
            NotCoveredBySnapshotError: if the path is outside of the snapshot's directory.
        """
        path = join_path(parts, directory=False)
        if parts[: len(self._source)] != self._source:
            raise NotCoveredBySnapshotError(f"{path!a} is not covered by the snapshot")
        place = self._top
        for name in parts:
            found = place.row.contents.find(name) if place.row.contents else None
            if found is None or not place.contents.rows[found[0]].exists(newer=self.newer):
                raise NoSuchEntryError(f"{path!a}: no such entry")
            place = place.child(*found)
        return place

    def entry(self, parts: Parts) -> Entry:
        """Return the entry at a path; raises as `place` does."""
        return self.entry_of(self.place(parts))

    def entry_of(self, place: Place) -> Entry:
        """Return an entry with its attributes."""
        count = place.row.contents.child_count(newer=self.newer) if place.row.contents else None
        return Entry(place.parts, attributes(place, newer=self.newer), count)

    def names(self, parts: Parts) -> list[str]:
        """Return the names in a directory, in ascending order."""
        return [child.parts[-1] for child in self.place(parts).children(newer=self.newer)]

    def describe(self, parts: Parts, names: list[str]) -> list[Entry]:
        """Return the entries of these names in a directory."""
        return [self.entry((*parts, name)) for name in names]

    def counted(self, _parts: Parts) -> "SyntheticTree":
        """Return this tree, which does not change."""
        return self

    def totals(self, parts: Parts) -> EntryTotals:
        """Return the totals at and below a directory; raises as `place` and `contents` do."""
        place = self.place(parts)
        return EntryTotals(
            *(parts[-1] if parts else "", FileType.DIRECTORY),
            *(place.id, place.contents.totals(newer=self.newer)),
        )

    def largest(self, parts: Parts, order: str, limit: int) -> list[EntryTotals]:
        """Return the totals of the largest entries of a directory; see `CountedTree`."""
        place, amount = self.place(parts), ORDERS[order]
        rows = [
            (index, row.totals(newer=self.newer))
            for index, row in place.contents.existing_rows(newer=self.newer)
        ]
        rows.sort(key=lambda one: -amount(one[1]))  # equal ones stay in the order of names
        found: list[EntryTotals] = []
        for index, totals in rows:
            row = place.contents.rows[index]
            kind = FileType.DIRECTORY if row.contents else FileType.FILE
            found.extend(
                EntryTotals(row.name(copy), kind, place.child(index, copy).id, totals)
                for copy in range(min(row.count, limit - len(found)))
            )
        return found

    def directories(self, parts: Parts) -> list[str]:
        """Return the names of the directories in a directory, in ascending order."""
        children = self.place(parts).children(newer=self.newer)
        return [child.parts[-1] for child in children if child.row.contents]
