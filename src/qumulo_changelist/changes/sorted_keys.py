"""Keys that are added in any order and come out sorted: in memory, or on disk if there are many."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qumulo_changelist.changes.spill import Spill

_BLOCK_SIZE = 20_000


class SortedKeys:
    r"""Collects keys, and yields them in descending order of their UTF-8 bytes.

    A key is any text that neither begins nor ends with a NUL, nor contains two in a row.

    Args:
        limit: the number of keys to keep in memory; if there are more, they go to disk.
        folder: the folder for them.

    Raises:
        SpillError: there is no room on disk; raised by every method.
    """

    def __init__(self, limit: int, folder: str) -> None:
        self._limit = limit
        self._folder = folder
        self._keys: list[str] = []
        self._spill: Spill | None = None

    def add(self, keys: list[str]) -> None:
        """Add keys."""
        self._keys += keys
        if len(self._keys) > self._limit:
            self._move_to_disk()

    @property
    def in_memory(self) -> list[str]:
        """All keys, in no order; empty once some are on disk."""
        return [] if self._spill else self._keys

    def drain(self) -> Iterator[list[str]]:
        """Yield all keys in descending order, in blocks, and remove them.

        Keys that are in memory may come several times, one directly after the other.
        """
        if self._spill:
            self._move_to_disk()
            yield from self._spill.descending()
            return
        self._keys.sort()
        while self._keys:
            block = self._keys[-_BLOCK_SIZE:]
            del self._keys[-_BLOCK_SIZE:]
            block.reverse()
            yield block

    def clear(self) -> None:
        """Remove all keys."""
        self.close()
        self._keys, self._spill = [], None

    def close(self) -> None:
        """Remove everything from the disk."""
        if self._spill:
            self._spill.close()

    def _move_to_disk(self) -> None:
        if self._spill is None:
            # Not at the top: most runs need no disk.
            from qumulo_changelist.changes.spill import Spill

            self._spill = Spill(self._folder)
        if self._keys:
            self._spill.add(self._keys)
        self._keys = []
