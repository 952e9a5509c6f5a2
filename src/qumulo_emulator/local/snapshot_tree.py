"""The captured tree of a snapshot, read like the live tree."""

import threading
from heapq import nsmallest

from qumulo_emulator import errors
from qumulo_emulator.local.counting import count_directories
from qumulo_emulator.model import Entry, Node
from qumulo_emulator.names import Parts, join_path, parse_id, split_path, to_bytes
from qumulo_emulator.totals import ORDERS, EntryTotals, Totals, totals_of_object


class SnapshotTree:
    """The tree of a snapshot; see `qumulo_emulator.tree.Tree`.

    Args:
        top: the snapshot's directory.
        source: that directory's path on the cluster when the snapshot was taken.
    """

    def __init__(self, top: Node, source: Parts) -> None:
        self.top = top
        self.source = source
        self._places: dict[int, tuple[int, str]] | None = None
        self._counting = threading.Lock()
        self._counts: dict[int, Totals] | None = None

    def locate(self, ref: str) -> Parts:
        """Return the path for a decimal id, or for a path as text; the path need not exist.

        Raises:
            NoSuchEntryError: if the snapshot has no such id.
            InvalidPathError: if the text is neither a path nor an id.
        """
        if not (ref.isascii() and ref.isdigit()):
            return split_path(ref)
        if self._places is None:
            self._places = self._find_places()
        number = wanted = parse_id(ref)
        names: list[str] = []
        while number != self.top.attributes.id:
            if number not in self._places:
                raise errors.NoSuchEntryError(f"the snapshot has no entry with the id {wanted}")
            number, name = self._places[number]
            names.append(name)
        return (*self.source, *reversed(names))

    def covers(self, parts: Parts) -> bool:
        """Return whether a path is at or below the snapshot's directory."""
        return parts[: len(self.source)] == self.source

    def entry(self, parts: Parts) -> Entry:
        """Return the entry at a path.

        Raises:
            NoSuchEntryError: if the snapshot has none.
            NotCoveredBySnapshotError: if the path is outside of the snapshot's directory.
        """
        node = self._node(parts)
        return Entry(parts, node.attributes, len(node.children) if node.is_directory else None)

    def names(self, parts: Parts) -> list[str]:
        """Return the names in a directory, in no order."""
        return list(self._directory(parts).children)

    def describe(self, parts: Parts, names: list[str]) -> list[Entry]:
        """Return the entries of these names in a directory, without those that do not exist."""
        children = self._node(parts).children
        return [
            Entry(
                (*parts, name),
                node.attributes,
                len(node.children) if node.is_directory else None,
            )
            for name in names
            if (node := children.get(name)) is not None
        ]

    def counted(self, _parts: Parts) -> "SnapshotTree":
        """Return this tree, which does not change."""
        return self

    def totals(self, parts: Parts) -> EntryTotals:
        """Return the totals at and below a directory; raises as `entry` does, and: see below.

        Raises:
            NotADirectoryHereError: if the entry is not a directory.
        """
        return self._totals_of(parts[-1] if parts else "", self._directory(parts))

    def largest(self, parts: Parts, order: str, limit: int) -> list[EntryTotals]:
        """Return the totals of the largest entries of a directory; see `CountedTree`."""
        amount = ORDERS[order]
        entries = (
            self._totals_of(name, node) for name, node in self._directory(parts).children.items()
        )
        return nsmallest(limit, entries, key=lambda one: (-amount(one.totals), to_bytes(one.name)))

    def directories(self, parts: Parts) -> list[str]:
        """Return the names of the directories in a directory, in ascending order."""
        children = self._directory(parts).children.items()
        return sorted((name for name, node in children if node.is_directory), key=to_bytes)

    def _directory(self, parts: Parts) -> Node:
        node = self._node(parts)
        if not node.is_directory:
            path = join_path(parts, directory=False)
            raise errors.NotADirectoryHereError(f"{path!a} is not a directory in the snapshot")
        return node

    def _totals_of(self, name: str, node: Node) -> EntryTotals:
        known = node.attributes
        if not node.is_directory:
            return EntryTotals(name, known.type, known.id, totals_of_object(known))
        with self._counting:
            if self._counts is None:
                self._counts = count_directories(self.top)
        return EntryTotals(name, known.type, known.id, self._counts[known.id])

    def _node(self, parts: Parts) -> Node:
        if not self.covers(parts):
            path = join_path(parts, directory=False)
            raise errors.NotCoveredBySnapshotError(f"{path!a} is not covered by the snapshot")
        node = self.top
        for name in parts[len(self.source) :]:
            child = node.children.get(name)
            if child is None:
                path = join_path(parts, directory=False)
                raise errors.NoSuchEntryError(f"{path!a}: not in the snapshot")
            node = child
        return node

    def _find_places(self) -> dict[int, tuple[int, str]]:
        places: dict[int, tuple[int, str]] = {}
        pending = [self.top]
        while pending:
            node = pending.pop()
            for name, child in node.children.items():
                places.setdefault(child.attributes.id, (node.attributes.id, name))
                if child.is_directory:
                    pending.append(child)
        return places
