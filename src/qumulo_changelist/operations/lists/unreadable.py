"""Ends a run of which too much cannot be read, or whose mount or snapshots are not there any more.

What cannot be read is a reason to look whether everything is still there: at the first entry, and
whenever there are twice as many. So a mount that vanished is named as such, and soon.
"""

import errno
import os
from collections.abc import Callable, Sequence
from functools import cached_property

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.checks.base_path import SnapshotPair
from qumulo_changelist.checks.proof import count_files
from qumulo_changelist.checks.unreadable_limit import UnreadableLimit, exceeds, too_many
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.errors import (
    ChangelistError,
    MappedPathError,
    MountChangedError,
    UnreadableError,
)
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.scan.tally import Tally


class MostReadable:
    """The number of readable entries that lists have at most, as far as it is certain.

    If the diff has no whole directories, each entry is a change of it. Otherwise, no more can be
    listed than the snapshots contain, if they are what is read: a live share can contain more.

    Args:
        request: what is listed.
        cluster: counts what the snapshots contain.
        pair: both snapshots.
        changes: all changes of the diff.
    """

    def __init__(
        self, request: ChangelistRequest, cluster: Cluster, pair: SnapshotPair, changes: ChangeSet
    ) -> None:
        self._named = len(changes)
        self._has_whole = bool(changes.whole_directories)
        self._views = [pair.newer, pair.older] if request.reads_older else [pair.newer]
        self._is_live = request.metadata == "mount"
        self._cluster = cluster

    @cached_property
    def _number(self) -> int | None:
        if not self._has_whole:
            return self._named
        if self._is_live:
            return None
        try:
            return self._named + sum(count_files(self._cluster, view) for view in self._views)
        except UnreadableError:
            return None

    def __call__(self) -> int | None:
        """Return the number; None if nothing is certain."""
        return self._number


class UnreadableWatch:
    """Watches what could not be read, while lists are filled and before they are published.

    Args:
        limit: the number of entries of a list that may be unreadable; None for the usual one.
        tallies: what each list contains so far. A name that a list cannot hold is no failure.
        check_sources: makes sure that mounts and snapshots are still there, else raises.
        mapped_path: the mapped path, if it is read; else "".
    """

    def __init__(
        self,
        limit: UnreadableLimit | None,
        tallies: Sequence[Tally],
        check_sources: Callable[[], None],
        mapped_path: str,
    ) -> None:
        self._limit = limit
        self._tallies = tallies
        self._check_sources = check_sources
        self._mapped_path = mapped_path
        self._failures, self._next_look = 0, 1
        self.most_readable: Callable[[], int | None] = lambda: None
        """Returns how many readable entries a list has at most; None if that is unknown."""

    def count(self, failures: int) -> None:
        """Count entries that could not be read, which may not be on a list yet.

        Raises:
            ChangelistError: a mount or a snapshot is not there any more.
        """
        self._failures += failures
        if self._failures >= self._next_look:
            self._next_look = 2 * self._failures
            self._check_sources()

    def look(self) -> None:
        """End the run if it is certain by now that too much could not be read.

        Raises:
            TooManyUnreadableError: whatever can still be read, it is too much.
        """
        for tally in self._tallies:
            failures, listed = tally.failures, tally.totals.listed
            if exceeds(self._limit, failures, listed) and self._is_certain(failures):
                self._refuse(tally, is_early=True)

    def _is_certain(self, failures: int) -> bool:
        # If it is too much beside all that can be readable, it will not be less beside less.
        most = self.most_readable()
        entries = None if most is None else most + failures
        return exceeds(self._limit, failures, entries)

    def check(self) -> None:
        """Make sure that lists which are complete may be published.

        Raises:
            TooManyUnreadableError: too much could not be read.
            MappedPathError: this user may not list the mapped path itself.
            MountChangedError: it could not be read for a moment.
            ChangelistError: a mount or a snapshot is not there any more.
        """
        self._check_sources()
        for tally in self._tallies:
            if self._mapped_path and tally.unreadable_by_folder["/"]:
                raise self._base_error(tally)
            if exceeds(self._limit, tally.failures, tally.totals.listed):
                self._refuse(tally)

    def _base_error(self, tally: Tally) -> ChangelistError:
        reasons = [reason for name, reason in tally.unreadable if name == "/"]
        message = ": ".join([f"the mapped path {self._mapped_path} could not be read", *reasons])
        # It can be read now, as was just checked, unless this user may only look up names in it.
        is_refused = os.strerror(errno.EACCES) in reasons
        return MappedPathError(message) if is_refused else MountChangedError(message)

    def _refuse(self, tally: Tally, *, is_early: bool = False) -> None:
        if is_early:
            self._check_sources()
        raise too_many(
            self._limit,
            tally.failures,
            tally.totals.listed,
            tally.unreadable_by_folder,
            tally.first_failure or ("", ""),
            is_early=is_early,
        )
