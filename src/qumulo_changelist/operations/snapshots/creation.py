"""Taking a snapshot of a project's directory."""

import time

from msgspec import Struct

from qumulo_changelist.checks.request import (
    check_project,
    check_source_path,
    check_types,
    normalize_cluster_path,
)
from qumulo_changelist.cluster.connect import open_cluster
from qumulo_changelist.cluster.snapshot_creation import take_snapshot
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.cycle.snapshot_names import plain_name
from qumulo_changelist.events import Listener, Stage, StageBegun, ignore
from qumulo_changelist.machine.shortages import shortage_errors
from qumulo_changelist.model import Snapshot


class SnapshotRequest(Struct, frozen=True, kw_only=True):
    """What to take a snapshot of."""

    project: str
    """The snapshot is named after it, with the seconds since the epoch: ``show1-1700000000``."""
    source_path: str
    """The directory on the cluster, an absolute path."""
    expire: int = 0
    """The number of seconds after which the cluster may remove it; 0 for never."""

    def check(self) -> None:
        """Make sure that the request can be carried out.

        Raises:
            UsageError: a field has the wrong type.
            ProjectNameError: no snapshot can be named after the project.
            ClusterPathError: the path is not an absolute path that the cluster can be asked for.
        """
        check_types(self)
        check_project(self.project)
        check_source_path(normalize_cluster_path(self.source_path))


def create_snapshot(
    request: SnapshotRequest, settings: Settings, listener: Listener = ignore
) -> Snapshot:
    """Take a snapshot and return it, with the id that :class:`ChangelistRequest` needs.

    Args:
        request: what to take a snapshot of.
        settings: how to reach the cluster.
        listener: receives the events of the run.

    Raises:
        UsageError: the request cannot be carried out; see :meth:`SnapshotRequest.check`.
        ChangelistError: the snapshot was not taken; an ``UnclearOutcomeError`` if it may have been.
    """
    request.check()
    path = normalize_cluster_path(request.source_path)
    name = plain_name(request.project, int(time.time()))
    expires = time.time_ns() + request.expire * 10**9 if request.expire else 0
    with shortage_errors(), open_cluster(settings, listener) as cluster:
        listener(StageBegun(Stage.SNAPSHOT, path))
        return take_snapshot(cluster, name, path, listener, expires=expires)
