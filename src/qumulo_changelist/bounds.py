"""Bounds: a contiguous part of a stream of names. Pure.

Names are in stream order: the name of a directory ends in ``/``, so everything below it comes
together, directly before it where names descend.
"""

from bisect import bisect_left

from msgspec import Struct

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
        return self.lower <= name and (not self.upper or name < self.upper)

    def reaches_into(self, directory: str) -> bool:
        """Return whether a name below a directory can be in the bounds."""
        # The smallest name below it is longer than its own.
        return self.lower < _after(directory) and (not self.upper or directory + "\0" < self.upper)

    def select(self, names: list[str]) -> list[str]:
        """Return those names of one directory that are in the bounds, or contain names that are.

        Args:
            names: in descending order.
        """
        if self == EVERYTHING:
            return names
        begin = bisect_left(names, True, key=self._is_below_upper)
        return names[begin : bisect_left(names, True, lo=begin, key=self._is_below_lower)]

    def _is_below_upper(self, name: str) -> bool:
        return not self.upper or name < self.upper

    def _is_below_lower(self, name: str) -> bool:
        return (_after(name) <= self.lower) if name[-1] == "/" else name < self.lower


def _after(directory: str) -> str:
    """Return the first text that sorts after everything below a directory."""
    return directory[:-1] + _AFTER_SLASH


EVERYTHING = Bounds()
