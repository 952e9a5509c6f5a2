"""Text that comes in any order and leaves in one: held in memory, or beyond it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qumulo_changelist.changes.spill import Spill

# So many keys are handed out at a time.
_BLOCK = 20_000


class SortedKeys:
    r"""Takes keys, and hands them out in descending order of their UTF-8 bytes.

    A key is any text that neither begins nor ends with a NUL, nor holds two in a row.

    Args:
        limit: so many keys are held in memory; beyond that they go to disk.
        folder: where on disk.

    Raises:
        OutputError: there is no room on disk; so do all methods.
    """

    def __init__(self, limit: int, folder: str) -> None:
        self._limit = limit
        self._folder = folder
        self._keys: list[str] = []
        self._spill: Spill | None = None

    def add(self, keys: list[str]) -> None:
        """Take in some keys."""
        self._keys += keys
        if len(self._keys) > self._limit:
            self._spill_over()

    @property
    def held(self) -> list[str]:
        """All keys, in no order; none once some are on disk."""
        return [] if self._spill else self._keys

    def hold(self, keys: list[str]) -> None:
        """Take these keys in place of those that are held."""
        self._keys = keys

    def take(self) -> Iterator[list[str]]:
        """Hand out all keys in descending order, in blocks, and forget them on the way.

        Where they are in memory, equal ones may come, one after another.
        """
        if self._spill:
            self._spill_over()
            yield from self._spill.descending()
            return
        self._keys.sort()
        while self._keys:
            block = self._keys[-_BLOCK:]
            del self._keys[-_BLOCK:]
            block.reverse()
            yield block

    def close(self) -> None:
        """Leave nothing on disk."""
        if self._spill:
            self._spill.close()

    def _spill_over(self) -> None:
        if self._spill is None:
            # Not at the top: most runs need no disk.
            from qumulo_changelist.changes.spill import Spill

            self._spill = Spill(self._folder)
        if self._keys:
            self._spill.add(self._keys)
        self._keys = []
