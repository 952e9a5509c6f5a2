"""A snapshot whose cluster reads a path outside of it in the live tree instead of refusing it."""

from qumulo_emulator.local.snapshot_tree import SnapshotTree
from qumulo_emulator.model import Entry, Node, Tree
from qumulo_emulator.names import Parts


class PartlyLiveTree:
    """The tree of a snapshot, and around it the live one; see `qumulo_emulator.model.Tree`.

    Args:
        remembered: the snapshot's.
        live: what is read outside of the snapshot's directory.
    """

    def __init__(self, remembered: SnapshotTree, live: Tree) -> None:
        self._remembered = remembered
        self._live = live

    def locate(self, ref: str) -> Parts:
        """The path of a decimal id of the snapshot, or of a path in text."""
        return self._remembered.locate(ref)

    def entry(self, parts: Parts) -> Entry:
        """What is under a path."""
        return self._tree(parts).entry(parts)

    def names(self, parts: Parts) -> list[str]:
        """The names in a directory, in no order."""
        return self._tree(parts).names(parts)

    def describe(self, parts: Parts, names: list[str]) -> list[Entry]:
        """Some entries of a directory; a name that is not in it is left out."""
        return self._tree(parts).describe(parts, names)

    def capture(self, parts: Parts) -> Node:
        """All that is at and below a directory."""
        return self._tree(parts).capture(parts)

    def _tree(self, parts: Parts) -> Tree:
        return self._remembered if self._remembered.covers(parts) else self._live
