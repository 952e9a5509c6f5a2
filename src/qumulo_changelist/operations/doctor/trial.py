"""Two snapshots of a source that are taken to see whether that works, and always deleted."""

import contextlib
import time

from qumulo_changelist.cluster.interface import BEGUN_ANEW, Cluster
from qumulo_changelist.cycle.snapshot_names import is_trial_name, trial_name
from qumulo_changelist.errors import ChangelistError, SnapshotMissingError, StatusError
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.doctor.checks import Finding
from qumulo_changelist.wording import count

_NANOSECONDS = 10**9
_LEFT_AFTER = 3600 * _NANOSECONDS
"""A trial that is older was killed: none takes as long."""


class Trial:
    """The snapshots. Call :meth:`remove` at the end, however it ends.

    Args:
        cluster: the cluster.
        project: the snapshots are named after it.
        source: the directory on the cluster.
    """

    def __init__(self, cluster: Cluster, project: str, source: str) -> None:
        self._cluster = cluster
        self._project = project
        self._source = source
        self._unclear = ""
        self.taken: list[Snapshot] = []
        self.clock_difference: float | None = None
        """The number of seconds that the cluster's clock is ahead of this machine's."""

    def take(self) -> Finding:
        """Take both, and delete what earlier trials have left."""
        self._take()
        self._take()
        left = self._remove_leftovers()
        also = f"; {left} that an earlier check had left are deleted" if left else ""
        numbers = ", ".join(str(one.id) for one in self.taken)
        return Finding(f"snapshots {numbers} were taken{also}")

    def _take(self) -> None:
        before = time.time_ns()
        name = trial_name(self._project, before // _NANOSECONDS)
        self._unclear = name
        try:
            snapshot = self._cluster.create_snapshot(name, self._source)
        except StatusError:
            self._unclear = ""
            raise
        self.taken.append(snapshot)
        self._unclear = ""
        if snapshot.taken:
            nearest = min(max(snapshot.taken, before), time.time_ns())
            self.clock_difference = (snapshot.taken - nearest) / _NANOSECONDS

    def compare(self) -> Finding:
        """Read the beginning of the diff of both."""
        older, newer = self.taken
        with contextlib.closing(self._cluster.changes(older.id, newer.id)) as pages:
            changes = len(next((page for page in pages if page is not BEGUN_ANEW), []))
        return Finding(f"{count(changes, 'change')} between them")

    def remove(self) -> list[ChangelistError]:
        """Delete the snapshots; return the errors of those that could not be deleted."""
        errors: list[ChangelistError] = []
        numbers = [one.id for one in self.taken]
        try:
            numbers += self._find_unclear()
        except ChangelistError as error:
            errors.append(error)
        for number in numbers:
            try:
                self._cluster.delete_snapshot(number)
            except SnapshotMissingError:
                continue
            except ChangelistError as error:
                errors.append(error)
        self.taken.clear()
        return errors

    def _find_unclear(self) -> list[int]:
        """Return the snapshot that perhaps was taken, although the cluster did not answer."""
        if not self._unclear:
            return []
        known = {one.id for one in self.taken}
        return [
            one.id
            for one in self._cluster.all_snapshots()
            if one.label == self._unclear and one.id not in known and one.source == self._source
        ]

    def _remove_leftovers(self) -> int:
        """Delete what killed trials have left of this source; return the number."""
        newest = self.taken[-1]
        own = {one.id for one in self.taken}
        removed = 0
        for one in self._cluster.all_snapshots():
            if one.id in own:
                continue
            is_ours = is_trial_name(one.label, self._project) and not one.by_policy
            is_old = 0 < one.taken < newest.taken - _LEFT_AFTER
            is_here = self._source == one.source or "" != one.source_id == newest.source_id
            if is_ours and is_old and is_here and not one.is_locked and not one.is_going:
                with contextlib.suppress(StatusError):
                    self._cluster.delete_snapshot(one.id)
                    removed += 1
        return removed
