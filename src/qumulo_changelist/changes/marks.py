"""Marks: where a whole directory can be cut, so that several processes work on it."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from qumulo_changelist.trees.interface import KnownListing


class Mark(NamedTuple):
    """A place in the stream of names below a whole directory, where it can be cut."""

    name: str
    """What comes before the cut is at or after this name in sort order; what comes after the cut is
    smaller. It is not escaped, and need not be the name of anything."""
    weight: int
    """About the number of entries between the mark before, or the beginning, and this one."""
    newer: KnownListing | None = None
    """What is known of a wide directory of the newer tree, between the mark before and this one."""
    older: KnownListing | None = None
    """Likewise of the older tree."""


class Division(Protocol):
    """How whole directories are divided."""

    def weigh(self, directory: str) -> int:
        """Return about the number of entries below a whole directory, in changes of a slice.

        Args:
            directory: its name, not escaped.
        """

    def marks(self, directory: str, letters: str) -> Iterator[Mark]:
        """Yield where a whole directory can be cut, in descending order; nothing if it is light.

        A mark may take a while, since a cluster is asked; slices flow in the meantime. What follows
        the last mark is not weighed: it counts as ``weigh`` says.

        Args:
            directory: its name, not escaped.
            letters: what happened to it, see :func:`.key.unpack`.
        """
