"""Bounds: a contiguous part of a list. Pure.

Bounds are about names as lists have them, where the name of a directory does not end in ``/``. So
whatever they are, pieces with adjacent bounds together have each entry once, and in order. Trees
are read in a different order, where everything below a directory stands directly before it. There,
all names in bounds are neighbours as well, but for a few directories that have to be looked at to
find out whether they have an entry of their own: :func:`waiting_before`.
"""

from bisect import bisect_left

from msgspec import Struct

from qumulo_changelist.names import parent_of

_AFTER_SLASH = chr(ord("/") + 1)


class Bounds(Struct, frozen=True):
    """The names from ``lower`` on, up to ``upper``, which is the first that is not in them.

    Both are text and need not be names of anything.
    """

    lower: str = ""
    """"" if there is no lower bound."""
    upper: str = ""
    """"" if there is no upper bound."""

    def includes(self, name: str) -> bool:
        """Return whether a name is in the bounds; of a directory, itself and not what is in it."""
        listed = name.removesuffix("/")
        return self.lower <= listed and (not self.upper or listed < self.upper)

    def reaches_into(self, directory: str) -> bool:
        """Return whether a name below a directory can be in the bounds."""
        return not (self._ends_before(directory) or self._begins_after(directory))

    def select(self, names: list[str]) -> list[str]:
        """Return those names of one directory that are in the bounds, or contain names that are.

        Args:
            names: in descending order, those of directories with a ``/`` at the end.
        """
        if self == EVERYTHING or not names:
            return names
        begin = bisect_left(names, True, key=lambda name: not self._begins_after(name))
        end = bisect_left(names, True, lo=begin, key=self._ends_before)
        waiting = self._waiting_among(names[:begin]) if begin else []
        return waiting + names[begin:end]

    def _waiting_among(self, names: list[str]) -> list[str]:
        """Return the directories that are in the bounds although nothing below them is."""
        if not self.upper.startswith(parent_of(names[0])):
            return []
        waiting = filter(self.includes, waiting_before(self.upper.removesuffix("/")))
        return [directory for directory in waiting if directory in names]

    def _ends_before(self, name: str) -> bool:
        """Return whether what is in bounds comes before a name and what is below it, descending."""
        return (_after(name) <= self.lower) if name[-1] == "/" else name < self.lower

    def _begins_after(self, name: str) -> bool:
        """Return whether what is in bounds comes after a name and what is below it, descending."""
        return bool(self.upper) and name >= self.upper


EVERYTHING = Bounds()


def waiting_before(name: str) -> list[str]:
    """Return the directories that precede a name in a stream but not in a list.

    Each has the name's beginning up to a character that sorts before ``/``. In a list it comes
    after all names that begin like that; that of the same name is the last one here.

    Args:
        name: as a list has it.
    """
    ends = [end for end, character in enumerate(name) if character < "/"]
    return [f"{name[:end]}/" for end in [*ends, len(name)]]


def _after(directory: str) -> str:
    """Return the first text that sorts after everything below a directory."""
    return directory[:-1] + _AFTER_SLASH
