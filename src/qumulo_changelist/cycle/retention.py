"""Which snapshots of a project may go after a commit. Pure."""

from collections.abc import Set as AbstractSet

from msgspec import Struct

from qumulo_changelist.cycle.survey import Survey
from qumulo_changelist.model import Snapshot


class Retention(Struct, frozen=True):
    """What becomes of a source's snapshots."""

    removable: list[Snapshot]
    """In the order in which to remove them: a marker after the snapshot that it commits."""
    locked: list[Snapshot]
    """What would be removed if it were not locked."""


def plan_retention(survey: Survey, committed: int, keep: int, known: AbstractSet[int]) -> Retention:
    """Return which snapshots may go, now that one is committed.

    Only what runs of the project took can go, and only if it is older than the committed one. So a
    newer list can still be committed.

    Args:
        survey: what the cluster shows, the marker of the commit included.
        committed: the id of the newest committed snapshot.
        keep: the number of committed snapshots that stay, this one included.
        known: the ids that this machine remembers as committed.
    """
    earlier = {number for number in survey.markers.keys() | known if number < committed}
    existing = sorted(earlier & survey.all.keys(), reverse=True)
    kept = {committed, *existing[: keep - 1]}
    runs = [one for number, one in survey.runs.items() if number < committed and number not in kept]
    markers = [
        marker
        for number, found in survey.markers.items()
        if number <= committed
        for marker in _by_id(found)[: -1 if number in kept else None]
    ]
    candidates = [*_by_id(runs), *_by_id(markers)]
    return Retention(
        [one for one in candidates if not one.is_locked],
        [one for one in candidates if one.is_locked],
    )


def _by_id(snapshots: list[Snapshot]) -> list[Snapshot]:
    return sorted(snapshots, key=lambda snapshot: snapshot.id)
