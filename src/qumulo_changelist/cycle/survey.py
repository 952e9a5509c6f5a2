"""What a cluster's snapshots show of one source of a project. Pure."""

from collections.abc import Iterable

from msgspec import Struct

from qumulo_changelist.cycle.snapshot_names import parse_name
from qumulo_changelist.model import Snapshot


class Survey(Struct, frozen=True):
    """The snapshots of a cluster, as one source of a project sees them; each by its id."""

    all: dict[int, Snapshot]
    """Every snapshot of the cluster that is not being deleted."""
    runs: dict[int, Snapshot]
    """Those that runs of the project took of the source."""
    markers: dict[int, list[Snapshot]]
    """The markers of each committed snapshot, by the id of that."""
    source_id: str = ""
    """The file id of the source as it is now; "" if it is unknown."""

    @property
    def committed(self) -> int | None:
        """The newest snapshot that the cluster shows as committed, whether it still exists."""
        return max(self.markers, default=None)


def survey_snapshots(
    snapshots: Iterable[Snapshot], project: str, source: str, source_id: str
) -> Survey:
    """Return what snapshots show of a source.

    Args:
        snapshots: all snapshots of the cluster.
        project: the project's name.
        source: the directory on the cluster, without a trailing ``/``.
        source_id: its file id; "" if it is unknown.
    """
    existing = {one.id: one for one in snapshots if not one.is_going}
    survey = Survey(existing, {}, {}, source_id)
    for number, snapshot in existing.items():
        found = parse_name(number, snapshot.name, project)
        if not found or snapshot.by_policy or not _is_of(snapshot, source, source_id):
            continue
        if found.committed is None:
            survey.runs[number] = snapshot
        elif found.committed < number:  # a marker is always taken later than what it marks
            survey.markers.setdefault(found.committed, []).append(snapshot)
    return survey


def newest_by_policy(snapshots: Iterable[Snapshot], policy: str, source: str) -> Snapshot | None:
    """Return the newest snapshot by a policy that contains a source; None if there is none.

    Args:
        snapshots: all snapshots of the cluster.
        policy: its name.
        source: the directory on the cluster.
    """
    below = f"{source.rstrip('/')}/"
    found = [
        one
        for one in snapshots
        if one.policy == policy
        and not one.is_going
        and below.startswith(f"{one.source.rstrip('/')}/")
    ]
    return max(found, key=lambda one: one.id, default=None)


def _is_of(snapshot: Snapshot, source: str, source_id: str) -> bool:
    """Return whether a snapshot is of a source: by the path that it was taken of.

    The same directory can be a different source meanwhile, if two have changed places.
    """
    if snapshot.source:
        return snapshot.source == source
    return bool(source_id) and snapshot.source_id == source_id
