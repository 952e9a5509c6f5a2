"""What the API needs of a directory tree: of the live tree, or of the tree of a snapshot."""

from typing import Protocol

from qumulo_emulator.model import Entry
from qumulo_emulator.names import Parts
from qumulo_emulator.totals import EntryTotals


class Tree(Protocol):
    """A directory tree that can be read: the live tree, or the tree of a snapshot."""

    def locate(self, ref: str) -> Parts:
        """Return the path for a decimal id, or for a path as text."""

    def entry(self, parts: Parts) -> Entry:
        """Return the entry at a path."""

    def names(self, parts: Parts) -> list[str]:
        """Return the names in a directory, in no order."""

    def describe(self, parts: Parts, names: list[str]) -> list[Entry]:
        """Return the entries of these names in a directory, without those that do not exist."""

    def counted(self, parts: Parts) -> "CountedTree":
        """Return what is at and below a directory, to be counted: it does not change any more.

        Raises:
            NoSuchEntryError: if there is no entry at this path.
        """


class CountedTree(Protocol):
    """A tree in which everything below each directory is counted."""

    def totals(self, parts: Parts) -> EntryTotals:
        """Return the totals at and below a directory.

        Raises:
            NotADirectoryHereError: if the entry is not a directory.
        """

    def largest(self, parts: Parts, order: str, limit: int) -> list[EntryTotals]:
        """Return the totals of at most `limit` entries of a directory, the largest first.

        Args:
            parts: the directory.
            order: what counts: a key of `ORDERS`. Equal entries are in the order of their names.
            limit: the number of entries at most.
        """

    def directories(self, parts: Parts) -> list[str]:
        """Return the names of the directories in a directory, in ascending order."""
