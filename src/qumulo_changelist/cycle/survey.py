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
    survey = Survey(existing, {}, {})
    for number, snapshot in existing.items():
        found = parse_name(number, snapshot.name, project)
        is_source = snapshot.source == source or (source_id and snapshot.source_id == source_id)
        if not found or not is_source or snapshot.by_policy:
            continue
        if found.committed is None:
            survey.runs[number] = snapshot
        else:
            survey.markers.setdefault(found.committed, []).append(snapshot)
    return survey
