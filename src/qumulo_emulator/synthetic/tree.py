"""A made-up tree, asked like any other; what is in it is worked out when it is asked for."""

import os
from collections.abc import Iterator
from typing import NamedTuple

from qumulo_emulator.errors import (
    NoSuchEntryError,
    NotADirectoryHereError,
    NotCoveredBySnapshotError,
    NotEmulatedError,
)
from qumulo_emulator.model import ROOT_ID, Attributes, Entry, FileType, Node
from qumulo_emulator.names import Parts, join_path, parse_id, split_path
from qumulo_emulator.synthetic import times
from qumulo_emulator.synthetic.contents import Contents, Fate, Row

# A directory's id ends in zeros; those of the files in it count on from there.
_IDS = 10_000


class Place(NamedTuple):
    """An entry of a made-up tree, in either snapshot.

    Attributes:
        parts: its path.
        row: the row that it is of.
        at: that row's index in the directory that it is in.
        ordinal: its own number for a directory, else that of the directory that it is in.
    """

    parts: Parts
    row: Row
    at: int
    ordinal: int

    @property
    def id(self) -> int:
        """The id that it has on the cluster."""
        if not self.parts:
            return ROOT_ID
        return self.ordinal * _IDS + (0 if self.row.contents else self.at + 1)

    @property
    def contents(self) -> Contents:
        """What is in it.

        Raises:
            NotADirectoryHereError: if it is a file.
        """
        if self.row.contents is None:
            path = join_path(self.parts, directory=False)
            raise NotADirectoryHereError(f"{path!a} is no directory")
        return self.row.contents

    def child(self, index: int, copy: int) -> "Place":
        """What is in it, by row and copy."""
        row = self.contents.rows[index]
        ordinal = self.ordinal
        if row.contents:
            ordinal += 1 + self.contents.directories_before[index] + copy * row.contents.directories
        return Place((*self.parts, row.name(copy)), row, index, ordinal)

    def children(self, *, newer: bool) -> Iterator["Place"]:
        """All that is in it in a snapshot, by ascending name."""
        for index, row in self.contents.existing_rows(newer=newer):
            for copy in range(row.count):
                yield self.child(index, copy)


def top(root: Contents) -> "Place":
    """The root of a cluster."""
    return Place((), Row("", Fate.KEPT, root), 0, 0)


def modified(place: Place, *, newer: bool) -> int:
    """When an entry was modified last, as a snapshot has it."""
    is_recent = place.row.fate is Fate.CREATED or (place.row.fate is Fate.MODIFIED and newer)
    day = times.recent_day if is_recent else times.settled_day
    return day(place.ordinal) + times.time_of_day(place.at, 1 + is_recent)


def accessed(place: Place) -> int:
    """When an entry was read last, in either snapshot."""
    return times.ACCESSED + times.time_of_day(place.at, 3)


def attributes(place: Place, *, newer: bool) -> Attributes:
    """What is known of an entry in a snapshot. It belongs to whoever runs the emulator."""
    row = place.row
    born = times.recent_day if row.fate is Fate.CREATED else times.settled_day
    links = 1
    if row.contents:
        below = (one.count for _, one in row.contents.existing_rows(newer=newer) if one.contents)
        links = 2 + sum(below)
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
        created=born(place.ordinal) + times.time_of_day(place.at, 0),
        device=(0, 0),
        target=None,
    )


class SyntheticTree:
    """One snapshot of a made-up tree, or the live tree; see `qumulo_emulator.model.Tree`.

    Args:
        root: what is in the root of the cluster.
        source: the path of the snapshots' directory; the root for the live tree.
        newer: whether it is as in the newer snapshot.
    """

    def __init__(self, root: Contents, source: Parts, *, newer: bool) -> None:
        self.newer = newer
        self._top = top(root)
        self._source = source

    def locate(self, ref: str) -> Parts:
        """The path of a decimal id or of a path in text; whether a path exists is not asked.

        Raises:
            NoSuchEntryError: if the id is nobody's.
            InvalidPathError: if it is neither a path nor an id.
        """
        if not (ref.isascii() and ref.isdigit()):
            return split_path(ref)
        number = parse_id(ref)
        if number == ROOT_ID:
            return ()
        folder, index = divmod(number, _IDS)
        if not 0 < folder < self._top.contents.directories:
            raise NoSuchEntryError(f"no entry has the id {number}")
        place = self._top
        while place.ordinal != folder:
            row, copy, _ = place.contents.locate_directory(folder - place.ordinal - 1)
            place = place.child(row, copy)
        if index > len(place.contents.rows) or (index and place.contents.rows[index - 1].contents):
            raise NoSuchEntryError(f"no entry has the id {number}")
        return place.child(index - 1, 0).parts if index else place.parts

    def place(self, parts: Parts) -> "Place":
        """What is under a path.

        Raises:
            NoSuchEntryError: if nothing is.
            NotCoveredBySnapshotError: if the path is outside of the snapshot.
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
        """What is under a path; raises as `place` does."""
        return self.entry_of(self.place(parts))

    def entry_of(self, place: Place) -> Entry:
        """A place with its attributes."""
        count = place.row.contents.child_count(newer=self.newer) if place.row.contents else None
        return Entry(place.parts, attributes(place, newer=self.newer), count)

    def names(self, parts: Parts) -> list[str]:
        """The names in a directory."""
        return [child.parts[-1] for child in self.place(parts).children(newer=self.newer)]

    def describe(self, parts: Parts, names: list[str]) -> list[Entry]:
        """Some entries of a directory."""
        return [self.entry((*parts, name)) for name in names]

    def capture(self, parts: Parts) -> Node:
        """Refused: nothing of a made-up tree is kept.

        Raises:
            NotEmulatedError: always.
        """
        raise NotEmulatedError(f"a made-up tree is not counted: {join_path(parts, directory=True)}")
