"""Filters by size and time: they count for files that are there alone."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

FileVerdict = Literal["", "min-size", "max-size", "newer-than", "older-than"]
"""The filter that leaves a file out; "" for none."""


class FileFilter(Struct, frozen=True):
    """Limits of size and time, both in the newer snapshot. None is no limit."""

    min_size: int | None = None
    """In bytes, as ``max_size``."""
    max_size: int | None = None
    newer_than: int | None = None
    """In whole seconds since the epoch, as ``older_than``. A file has to be modified at or after
    this moment."""
    older_than: int | None = None
    """A file has to be modified before this moment."""

    def __bool__(self) -> bool:
        return self != NO_LIMITS

    def judge(self, size: int, mtime: int) -> FileVerdict:
        """Return the filter that leaves a file out."""
        if self.min_size is not None and size < self.min_size:
            return "min-size"
        if self.max_size is not None and size > self.max_size:
            return "max-size"
        if self.newer_than is not None and mtime < self.newer_than:
            return "newer-than"
        if self.older_than is not None and mtime >= self.older_than:
            return "older-than"
        return ""

    def judge_files(self, sizes: Sequence[int], mtimes: Sequence[int]) -> list[FileVerdict]:
        """Return the filter that leaves each of many files out."""
        return list(map(self.judge, sizes, mtimes))


NO_LIMITS = FileFilter()
