"""What a mount answered for names, as a tree reports it. Pure."""

import errno
import os
import stat
import sys

from qumulo_changelist.model import Description, ReadFailure
from qumulo_changelist.trees.interface import (
    GONE_REASON,
    Described,
    DescribedEntries,
    DescribedFiles,
)
from qumulo_changelist.trees.lookup import Answers, NamedLookup
from qumulo_changelist.trees.parts import FEW, stretches
from qumulo_changelist.trees.posix import Failure

MISSING = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE))
"""The errors for a path that no longer leads to an entry; ESTALE comes from a file server."""

NEVER = sys.maxsize
"""The moment after which nothing changes, for a directory that cannot change."""


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

    def describe(self, lookup: NamedLookup) -> list[Described]:
        """Return the parts of an answer."""
        answers = lookup.take_answers()
        statuses = answers.statuses
        if max(statuses.changed) > self._since:
            self.changed_since += len([one for one in statuses.changed if one > self._since])
        if lookup.size >= FEW and not answers.failures and statuses.are_files():
            files = statuses.files(slice(None))  # as nearly always
            return [DescribedFiles(lookup.directory, lookup.below, files)]
        return [
            DescribedFiles(lookup.directory, lookup.below[rows], statuses.files(rows))
            if are_files
            else self._describe_each(lookup.names, answers, rows)
            for are_files, rows in stretches([stat.S_ISREG(mode) for mode in statuses.modes])
        ]

    def _describe_each(self, names: list[str], answers: Answers, rows: slice) -> DescribedEntries:
        numbers = range(len(names))[rows]
        return DescribedEntries(names[rows], [self._describe(answers, row) for row in numbers])

    def _describe(self, answers: Answers, row: int) -> Description:
        failure = answers.failures.get(row)
        return ReadFailure(self.reason(failure)) if failure else answers.statuses.attributes(row)

    def reason(self, failure: Failure, *, is_counted: bool = True) -> str:
        """Return why an entry cannot be read, and count it if it is gone since the snapshot.

        Args:
            failure: what the mount answered.
            is_counted: False if the entry is counted elsewhere.
        """
        if isinstance(failure, ValueError):
            return str(failure)
        if self._since != NEVER and failure.errno in MISSING:
            self.changed_since += is_counted
            return GONE_REASON
        return failure.strerror or str(failure)

    def count_if_changed(self, status: os.stat_result) -> None:
        """Count an entry if it has changed since the snapshot."""
        self.changed_since += status.st_ctime_ns > self._since
