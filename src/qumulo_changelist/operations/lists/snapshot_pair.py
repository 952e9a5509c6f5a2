"""Both snapshots of a list, as the cluster describes them."""

import time
from collections.abc import Mapping

from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.checks.base_path import SnapshotPair, compare_snapshots, take_whole
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.cycle.base import SOON
from qumulo_changelist.errors import SnapshotMissingError
from qumulo_changelist.events import FullListChosen, Listener, SnapshotExpires
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.lists.request import ChangelistRequest


def find_snapshots(
    cluster: Cluster, scope: Scope, request: ChangelistRequest, listener: Listener
) -> SnapshotPair:
    """Return the snapshots of a request; for a full list, there is nothing in the older one.

    Raises:
        SnapshotMissingError: the cluster does not have one of them, or is deleting it.
        ChangelistError: the snapshots cannot be compared, or the cluster cannot be asked.
    """
    older, newer = request.older, request.newer
    if older is not None:
        known = _describe(cluster, older, newer)
        _report_expiry(known, request, listener)
        return compare_snapshots(cluster, scope, known[older], known[newer])
    known = _describe(cluster, newer)
    _report_expiry(known, request, listener)
    pair = take_whole(cluster, scope, known[newer])
    listener(FullListChosen(scope.base or "/", newer))
    return pair


def _report_expiry(
    known: Mapping[int, Snapshot], request: ChangelistRequest, listener: Listener
) -> None:
    """Report the snapshots that are needed and soon gone: the work can take hours."""
    needed = [request.older, request.newer if request.reads_newer else None]
    soon = time.time_ns() + SOON
    for snapshot in (known[number] for number in needed if number is not None):
        if 0 < snapshot.expires < soon:
            listener(SnapshotExpires(snapshot.id, snapshot.expires))


def check_still_there(cluster: Cluster, pair: SnapshotPair, request: ChangelistRequest) -> None:
    """Make sure that the cluster still has the snapshots from which a list is read.

    What was in a snapshot that was deleted meanwhile would be missing, or count as unreadable.

    Raises:
        SnapshotMissingError: one was deleted, or has expired.
        ChangelistError: the cluster cannot be asked, so that nobody knows.
    """
    used = [pair.older.snapshot] if request.reads_older else []
    if request.reads_newer:
        used.append(pair.newer.snapshot)
    numbers = [snapshot.id for snapshot in used]
    if not numbers:
        return
    known = cluster.snapshots(*numbers)
    for number in numbers:
        if number not in known or known[number].is_going:
            raise SnapshotMissingError(
                f"snapshot {number} was deleted, or has expired, while it was read"
            )


def _describe(cluster: Cluster, *numbers: int) -> dict[int, Snapshot]:
    """Return the snapshots as the cluster describes them.

    Raises:
        SnapshotMissingError: the cluster does not have one of them, or is deleting it.
        ChangelistError: the user may not read their status, or the cluster cannot be asked.
    """
    known = cluster.snapshots(*numbers)
    for number in numbers:
        if number not in known:
            raise SnapshotMissingError(f"the cluster has no snapshot {number}")
        if known[number].is_going:
            raise SnapshotMissingError(f"the cluster is deleting snapshot {number}")
    return known
