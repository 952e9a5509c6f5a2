"""Which folders files were moved from, and where to: what need not be written again."""

from heapq import nlargest

from msgspec import Struct

_HELD = 20_000
_KEPT = 5_000


class MovedFolder(Struct, frozen=True):
    """Files that were moved, with the same path below both folders."""

    moved_from: str
    """Below the base path, which is ""."""
    moved_to: str
    files: int
    bytes: int


class MoveCounter:
    """Counts moved files by the folders that they were moved from and to."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], list[int]] = {}
        self.rest = [0, 0]
        """The files, and their bytes, of folders that are too small to be held."""

    def add(self, moved_from: str, moved_to: str, size: int) -> None:
        """Count a file by its old and its new name."""
        pair = _differing_folders(moved_from, moved_to)
        found = self._counts.get(pair)
        if found is None:
            if len(self._counts) >= _HELD:
                self._shrink(_KEPT)
            found = self._counts[pair] = [0, 0]
        found[0] += 1
        found[1] += size

    def largest(self, at_most: int) -> list[MovedFolder]:
        """Return the pairs with most bytes, the greatest first; the others are in ``rest``."""
        self._shrink(at_most)
        return [MovedFolder(*pair, *counts) for pair, counts in self._counts.items()]

    def _shrink(self, at_most: int) -> None:
        kept = nlargest(at_most, self._counts, key=lambda pair: (self._counts[pair][::-1], pair))
        counts = {pair: self._counts.pop(pair) for pair in kept}
        for files, size in self._counts.values():
            self.rest[0] += files
            self.rest[1] += size
        self._counts = counts


def _differing_folders(moved_from: str, moved_to: str) -> tuple[str, str]:
    """Return the folders of both names, without what their ends have in common.

    So all files below a folder that was renamed or moved count for that folder.
    """
    old = moved_from[: moved_from.rfind("/")]
    new = moved_to[: moved_to.rfind("/")]
    while old != new:
        above_old, _, name = old.rpartition("/")
        above_new, _, other = new.rpartition("/")
        if name != other or not name:
            break
        old, new = above_old, above_new
    return old, new
