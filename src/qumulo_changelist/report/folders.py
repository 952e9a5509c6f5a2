"""Files by folder: a tree of at most a given number of folders, however many a list names.

While a list is read, the smallest folders are merged into those that contain them whenever there
are too many. So memory stays flat, and nothing is lost from the sums.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from heapq import heapify, heappop, heappush

from msgspec import Struct

from qumulo_changelist.report.amounts import (
    KINDS,
    Changes,
    Counts,
    changes_of,
    counts_of,
    new_counts,
)

_HELD = 20_000
"""The number of folders that are held while a list is read."""
_KEPT = 5_000
"""Of these, the number that stay when there are too many."""
_DEPTH = 24
"""What is deeper counts for the folder of this depth."""


class Folder(Struct, frozen=True):
    """A folder: what changed in it."""

    path: str
    """Below the base path, which is "". No path ends in ``/``."""
    own: Changes
    """Files directly in it, and in folders below it that are too small to be here."""
    total: Changes
    """Everything in it, at any depth."""
    has_merged: bool
    """Whether ``own`` has files of folders that are not here."""


class FolderCounter:
    """Counts files by folder."""

    def __init__(self) -> None:
        self._counts: dict[str, Counts] = {"": new_counts()}
        self._merged: set[str] = set()

    def counts(self, path: str) -> Counts:
        """Return the counts of a folder, to add to until the next call.

        Args:
            path: the folder; "" for the base path.
        """
        found = self._counts.get(path)
        if found is not None:
            return found
        parts = path.split("/", _DEPTH + 1)
        if len(parts) > _DEPTH + 1:
            path = "/".join(parts[: _DEPTH + 1])
            self._merged.add(path)
        if len(self._counts) >= _HELD:
            self._merge(_KEPT)
        return self._counts.setdefault(path, new_counts())

    def note_merged(self, folder: Folder) -> None:
        """Take note of a folder that others were merged into."""
        if folder.has_merged:
            self._merged.add(folder.path)

    def folders(self, at_most: int) -> list[Folder]:
        """Return the folders in ascending order of their paths; each one's parent is there, too.

        Args:
            at_most: the number of folders; at least 1.
        """
        self._merge(at_most)
        totals = {path: list(own) for path, own in self._counts.items()}
        for path in sorted(totals, key=len, reverse=True):
            if path:
                _add(totals[_parent(path)], totals[path])
        return [
            Folder(path, changes_of(own), changes_of(totals[path]), path in self._merged)
            for path, own in sorted(self._counts.items())
        ]

    def _merge(self, at_most: int) -> None:
        """Merge the smallest folder into the one that contains it, again and again."""
        self._add_parents()
        weight = _weigher(self._counts.values())
        inner = Counter(_parent(path) for path in self._counts if path)
        leaves = [(weight(own), path) for path, own in self._counts.items() if not inner[path]]
        heapify(leaves)
        while len(self._counts) > at_most:
            _, path = heappop(leaves)
            parent = _parent(path)
            _add(self._counts[parent], self._counts.pop(path))
            self._merged.discard(path)
            self._merged.add(parent)
            inner[parent] -= 1
            if not inner[parent]:
                heappush(leaves, (weight(self._counts[parent]), parent))

    def _add_parents(self) -> None:
        for path in list(self._counts):
            parent = path
            while parent and (parent := _parent(parent)) not in self._counts:
                self._counts[parent] = new_counts()


def keep_largest(folders: Sequence[Folder], at_most: int) -> list[Folder]:
    """Return the largest of the folders of a list; the others are merged as while it is read."""
    if len(folders) <= at_most:
        return list(folders)
    counter = FolderCounter()
    for one in folders:
        _add(counter.counts(one.path), counts_of(one.own))
        counter.note_merged(one)
    return counter.folders(at_most)


def _weigher(all_counts: Iterable[Counts]) -> Callable[[Counts], float]:
    """Return what weighs a folder: its share of the bytes, the files, and the deleted files."""
    kinds, sums = len(KINDS), new_counts()
    for counts in all_counts:
        _add(sums, counts)
    size, files = max(sum(sums[kinds:]), 1), max(sum(sums[: kinds - 1]), 1)
    deleted = max(sums[kinds - 1], 1)

    def weight(counts: Counts) -> float:
        there = sum(counts[: kinds - 1]) / files
        return 2 * sum(counts[kinds:]) / size + there + counts[kinds - 1] / deleted

    return weight


def _parent(path: str) -> str:
    return path[: path.rfind("/")]


def _add(counts: Counts, others: Sequence[int]) -> None:
    for at, number in enumerate(others):
        counts[at] += number
