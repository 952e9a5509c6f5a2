"""The snapshots that a receipt names, and whether the cluster still has them."""

from typing import Literal, NamedTuple

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.lists.receipt import Receipt, SnapshotFacts

Outcome = Literal["ok", "differs", "unknown"]
"""How a comparison ended; ``unknown`` if nothing is there to compare with."""


class RecordedSnapshot(NamedTuple):
    """A snapshot that a receipt names."""

    id: int
    outcome: Outcome
    """Whether the cluster has it, with the same name and time."""
    detail: str
    """The same in words."""
    known: Snapshot
    """As the cluster describes it; its id alone if it does not."""


def look_up_snapshots(
    cluster: Cluster, receipt: Receipt
) -> tuple[RecordedSnapshot | None, RecordedSnapshot]:
    """Return the older and the newer snapshot of a receipt; a full list has no older one."""
    older, newer = receipt.older_snapshot, receipt.newer_snapshot
    known = cluster.snapshots(*(facts.id for facts in (older, newer) if facts))
    return (
        _compare(older, known.get(older.id)) if older else None,
        _compare(newer, known.get(newer.id)),
    )


def _compare(recorded: SnapshotFacts, known: Snapshot | None) -> RecordedSnapshot:
    number, now = recorded.id, SnapshotFacts.of(known or Snapshot(recorded.id))
    if not known:
        return RecordedSnapshot(
            number, "unknown", f"the cluster no longer has snapshot {number}", Snapshot(number)
        )
    for what, then, found in (
        ("was taken", recorded.taken, now.taken),
        ("is named", recorded.name, now.name),
    ):
        if then and found and then != found:
            detail = f"snapshot {number} of the cluster {what} {found}, that of the receipt {then}"
            return RecordedSnapshot(number, "differs", f"{detail}: it is a different one", known)
    if not recorded.taken:
        detail = f"the cluster has a snapshot {number}, and the receipt has only its id"
        return RecordedSnapshot(number, "ok", detail, known)
    return RecordedSnapshot(number, "ok", f"the cluster has snapshot {number}", known)
