"""Marks: where a whole directory can be cut, so that several processes work on it."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from qumulo_changelist.trees.interface import KnownListing


class Mark(NamedTuple):
    """A place in the list of what is below a whole directory, where it can be cut.

    The last mark may be the directory itself: nothing is cut there, but it has the weight of what
    is left, and what is known of it.
    """

    name: str
    """What comes before the cut is at or after this name in sort order; what comes after the cut is
    smaller. It is not escaped, and need not be the name of anything. To cut after a directory, it
    is best without the ``/`` at the end, which would cut the directory off from what is in it."""
    weight: int
    """About the number of entries between the mark before, or the beginning, and this one."""
    newer: KnownListing | None = None
    """What is known of a wide directory of the newer tree: at least the names that
    :meth:`.Bounds.select` returns for the bounds from this mark up to the mark before."""
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

        A mark may take a while, since a cluster is asked; slices flow in the meantime. If the last
        mark is not the directory itself, what is left counts as ``weigh`` says.

        Args:
            directory: its name, not escaped.
            letters: what happened to it, see :func:`.key.unpack`.
        """


class DirectoryPart(NamedTuple):
    """A part of a whole directory, for one slice."""

    lower: str
    """Where it ends, a lower bound; "" for the last part, to which the directory belongs."""
    weight: int
    newer: KnownListing | None = None
    older: KnownListing | None = None


def divide(
    directory: str, marks: Iterable[Mark], weigh: Callable[[str], int]
) -> Iterator[DirectoryPart]:
    """Yield the parts of a whole directory, at least one, in descending order.

    Marks that are not below the directory, or do not descend, cut nothing.

    Args:
        directory: its name, not escaped.
        marks: where it can be cut; the next one is asked for when the part before was used.
        weigh: returns the weight of a last part that no mark has.
    """
    upper = before = ""
    for mark in marks:
        is_known = bool(mark.newer or mark.older)
        if before and not "" < upper <= before:
            # The part begins before the mark before, since that one cut nothing.
            mark = mark._replace(newer=None, older=None)
        before = mark.name
        if mark.name == directory:
            yield DirectoryPart("", *mark[1:])
            return
        # Without the slash, the directory is in one part with what is in it.
        lower = mark.name if is_known else mark.name.removesuffix("/")
        if lower.startswith(directory) and directory < lower and (not upper or lower < upper):
            yield DirectoryPart(lower, *mark[1:])
            upper = lower
    yield DirectoryPart("", weigh(directory))
