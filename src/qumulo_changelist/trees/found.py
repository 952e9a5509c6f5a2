"""What a mount answered for names, as a tree reports it. Pure."""

import errno
import os
import stat
import sys
from typing import cast

from qumulo_changelist.model import Description, ReadFailure
from qumulo_changelist.trees.interface import GONE_REASON, Described, DescribedEntries
from qumulo_changelist.trees.parts import FEW, files_of, stretches
from qumulo_changelist.trees.posix import Status, StatusColumns, attributes_of

MISSING = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE))
"""The errors for a path that no longer leads to an entry; ESTALE comes from a file server."""

NEVER = sys.maxsize
"""The moment after which nothing changes, for a directory that cannot change."""

_SECOND = 1_000_000_000


class FoundDescriber:
    """Describes what a mount answered.

    Args:
        since: when the snapshot was taken that the mount should be like, in nanoseconds since the
            epoch; ``NEVER`` for a directory that cannot change.
    """

    def __init__(self, since: int) -> None:
        self._since = since
        self.changed_since = 0
        """The number of entries, so far, that have a later change time, or are gone."""

    def describe(self, names: list[str], found: list[Status]) -> list[Described]:
        """Return the parts of an answer; ``found`` has one for each name."""
        if len(found) >= FEW and set(map(type, found)) == {os.stat_result}:
            columns = StatusColumns.of(cast("list[os.stat_result]", found))
            if columns.are_files():  # as nearly always
                self._count_changed(columns, found)
                return [files_of(names, columns.files())]
        return self._describe_stretches(names, found)

    def _describe_stretches(self, names: list[str], found: list[Status]) -> list[Described]:
        parts: list[Described] = []
        for are_files, rows in stretches(list(map(_is_file, found))):
            if are_files:
                parts += self.describe(names[rows], found[rows])
            else:
                parts.append(DescribedEntries(names[rows], list(map(self._describe, found[rows]))))
        return parts

    def reason(self, error: OSError | ValueError) -> str:
        """Return why an entry cannot be read, and count it if it is gone since the snapshot."""
        if isinstance(error, ValueError):
            return str(error)
        if self._since != NEVER and error.errno in MISSING:
            self.changed_since += 1
            return GONE_REASON
        return error.strerror or str(error)

    def count_if_changed(self, status: os.stat_result) -> None:
        """Count an entry if it has changed since the snapshot."""
        self.changed_since += status.st_ctime_ns > self._since

    def _describe(self, found: Status) -> Description:
        if not isinstance(found, os.stat_result):
            return ReadFailure(self.reason(found))
        self.count_if_changed(found)
        return attributes_of(found)

    def _count_changed(self, columns: StatusColumns, found: list[Status]) -> None:
        # Whole seconds are compared first: nanoseconds of every entry would take noticeable time.
        if max(columns.ctimes) >= self._since // _SECOND:
            for status in found:
                self.count_if_changed(cast(os.stat_result, status))


def _is_file(found: Status) -> bool:
    return isinstance(found, os.stat_result) and stat.S_ISREG(found.st_mode)
