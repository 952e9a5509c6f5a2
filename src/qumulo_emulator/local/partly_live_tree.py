"""A snapshot's tree for a cluster that reads paths outside of it in the live tree."""

from qumulo_emulator.local.snapshot_tree import SnapshotTree
from qumulo_emulator.model import Entry
from qumulo_emulator.names import Parts
from qumulo_emulator.tree import CountedTree, Tree


class PartlyLiveTree:
    """The tree of a snapshot, surrounded by the live tree; see `qumulo_emulator.tree.Tree`.

    Args:
        snapshot: the tree of the snapshot.
        live: the tree to read outside of the snapshot's directory.
    """

    def __init__(self, snapshot: SnapshotTree, live: Tree) -> None:
        self._snapshot = snapshot
        self._live = live

    def locate(self, ref: str) -> Parts:
        """Return the path for a decimal id of the snapshot, or for a path as text."""
        return self._snapshot.locate(ref)

    def entry(self, parts: Parts) -> Entry:
        """Return the entry at a path."""
        return self._tree(parts).entry(parts)

    def names(self, parts: Parts) -> list[str]:
        """Return the names in a directory, in no order."""
        return self._tree(parts).names(parts)

    def describe(self, parts: Parts, names: list[str]) -> list[Entry]:
        """Return the entries of these names in a directory, without those that do not exist."""
        return self._tree(parts).describe(parts, names)

    def counted(self, parts: Parts) -> CountedTree:
        """Return what is at and below a directory, to be counted."""
        return self._tree(parts).counted(parts)

    def _tree(self, parts: Parts) -> Tree:
        return self._snapshot if self._snapshot.covers(parts) else self._live
