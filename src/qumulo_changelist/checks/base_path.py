"""The base path in the two snapshots: where each of them has it, and whether it does.

The number of a rule is that of the contract, section "What is on it".
"""

import contextlib
from typing import NamedTuple

from qumulo_changelist.changes.changeset import CREATED, DELETED, ChangeSet
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.checks.suggestion import suggest
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.errors import (
    AbsentError,
    IncomparableError,
    ReplyError,
    UnreadableError,
    UsageError,
)
from qumulo_changelist.snapshot_paths import SnapshotPaths, snapshot_paths
from qumulo_changelist.model import Kind, Snapshot


class SnapshotView(NamedTuple):
    """A snapshot, and the base path in it."""

    snapshot: Snapshot
    location: SnapshotPaths
    """Where it has the base path."""
    top: str = "/"
    """The name of the base path, or of the directory below it that the snapshot is of."""
    holds_base: bool = True
    """Whether the base path is a directory in it, as the cluster says; else as the diff says."""

    @property
    def base(self) -> str:
        """The base path, as this snapshot has it."""
        return self.location.path("/")

    @property
    def top_path(self) -> str:
        """The path of that directory in this snapshot."""
        return self.location.path(self.top)


class SnapshotPair(NamedTuple):
    """Both snapshots that are compared."""

    older: SnapshotView
    newer: SnapshotView
    base_replaced: bool = False
    """Whether the base path is another directory in the newer one, or in one of them alone."""


def compare(cluster: Cluster, scope: Scope, older: Snapshot, newer: Snapshot) -> SnapshotPair:
    """Return both snapshots with the paths that each has for the base path.

    Args:
        cluster: is asked where a snapshot's directory is, if its status does not say.
        scope: the base path, as the newer snapshot has it.
        older: the older snapshot, as far as it is known.
        newer: the newer one.

    Raises:
        IncomparableError: they are of two directories, or the newer one was taken first.
        UsageError: the base path and the snapshots' directory have nothing in common.
    """
    if older.source_id and newer.source_id and older.source_id != newer.source_id:
        raise IncomparableError(
            f"snapshot {older.id} is of {_source(older)}, snapshot {newer.id} of {_source(newer)}: "
            "these are two directories",
            hint="No list was written. Give two snapshots of the same directory.",
        )
    if older.taken and newer.taken and older.taken > newer.taken:
        raise IncomparableError(
            f"snapshot {newer.id} was taken before snapshot {older.id}",
            hint="No list was written. Give the snapshot that was taken first with "
            "--prevsnapshotid.",
        )
    older, newer = (_with_source(cluster, snapshot) for snapshot in (older, newer))
    if not scope.within(newer.source):
        renamed = f"; snapshot {older.id} calls it {older.source}" * (older.source != newer.source)
        raise UsageError(
            f"the snapshots are of {newer.source}{renamed}, and the base path {scope.base} "
            "is neither in it nor above it",
            hint=suggest(cluster, scope.base, newer)
            or "Give with -b a directory that the newer snapshot holds, by its path there.",
        )
    then = snapshot_paths(scope.base, newer.source, older.source)
    top = f"{scope.within(newer.source)[len(scope.base) :].rstrip('/')}/"
    return SnapshotPair(
        SnapshotView(older, then, top), SnapshotView(newer, snapshot_paths(scope.base), top)
    )


def find_base(cluster: Cluster, moments: SnapshotPair, changes: ChangeSet) -> SnapshotPair:
    """Return which of the snapshots hold the base path, and let the changes say the same: rule 9.

    Where a directory above it was deleted, created or both, a diff alone does not show what became
    of the base path. The cluster is asked only then, and where the diff holds nothing of it.

    Raises:
        UsageError: neither snapshot holds the base path as a directory.
        ReplyError: the diff says otherwise than the snapshots.
    """
    came, went = changes.base_created, changes.base_deleted
    if not came and not went and (len(changes) or _is_at_or_above_source(moments.newer)):
        return moments
    now = _holds(cluster, moments.newer)
    if now and not came and not went and _are_of_one_directory(moments):
        return moments
    before = _holds(cluster, moments.older)
    if now is False and before is False:
        raise UsageError(
            f"neither snapshot holds a directory {moments.newer.base}",
            hint=suggest(cluster, moments.newer.base, moments.newer.snapshot)
            or "Check the base path: give a directory of the cluster, by the path that it has in "
            "the newer snapshot.",
        )
    # Where the cluster cannot be asked for such a name, the diff is all that there is.
    now = came or not went if now is None else now
    before = went or not came if before is None else before
    # Of a base path that both hold, a directory above was replaced; or nothing is known of it.
    if not ((came == went) if now and before else came if now else went):
        raise ReplyError(_contradiction(moments, now=now, before=before))
    if not now:
        changes.forget_base(CREATED)
    if not before:
        changes.forget_base(DELETED)
    return SnapshotPair(
        moments.older._replace(holds_base=before),
        moments.newer._replace(holds_base=now),
        base_replaced=came or went,
    )


def _is_at_or_above_source(moment: SnapshotView) -> bool:
    source = moment.snapshot.source
    return bool(source) and f"{source}/".startswith(f"{moment.base.rstrip('/')}/")


def _are_of_one_directory(moments: SnapshotPair) -> bool:
    """Say whether it is known that the snapshots can be compared: a diff of others may be empty."""
    return all(moment.snapshot.source_id for moment in (moments.older, moments.newer))


def _holds(cluster: Cluster, moment: SnapshotView) -> bool | None:
    """Say whether a snapshot holds the base path as a directory; None if that is unknown."""
    try:
        return cluster.inspect_entry(moment.base, moment.snapshot.id).kind is Kind.DIRECTORY
    except AbsentError:
        return False
    except UnreadableError:
        return None


def _contradiction(moments: SnapshotPair, *, now: bool, before: bool) -> str:
    held = [
        f"snapshot {moment.snapshot.id} {'holds' if holds else 'does not hold'} {moment.base}"
        for moment, holds in ((moments.older, before), (moments.newer, now))
    ]
    return f"{' and '.join(held)}, but the diff does not show that"


def _with_source(cluster: Cluster, snapshot: Snapshot) -> Snapshot:
    """Return a snapshot with the path of its directory, if the cluster can say it."""
    if not snapshot.source and snapshot.source_id:
        with contextlib.suppress(UnreadableError):
            found = cluster.inspect_entry(snapshot.source_id, snapshot.id)
            return snapshot._replace(source=found.path)
    return snapshot


def _source(snapshot: Snapshot) -> str:
    known = f"{snapshot.source} " if snapshot.source else ""
    return f"{known}(file id {snapshot.source_id})"
