"""Whether a list can be true: held against what the cluster itself counts in both snapshots."""

from typing import NamedTuple

from qumulo_changelist.checks.base_path import SnapshotPair, SnapshotView
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.errors import ProofError, UnreadableError
from qumulo_changelist.model import CREATE, Op, Totals
from qumulo_changelist.operations.changelist import ListContent
from qumulo_changelist.wording import count

_SINCE = "--metadata snapshot or rest reads the files as the snapshot has them."
_LINKS = (
    "Where files have several hard links, the cluster may count them otherwise than by their names."
)


class Proof(NamedTuple):
    """What the cluster counts: regular files below the base path."""

    older_files: int
    newer_files: int


def prove(cluster: Cluster, moments: SnapshotPair, filled: ListContent, *, mounted: bool) -> Proof:
    """Make sure that a list leads from what the older snapshot holds to what the newer does.

    Args:
        cluster: is asked.
        moments: both snapshots.
        filled: what the list holds.
        mounted: whether what is there was read on a mount.

    Raises:
        ProofError: it does not, or nobody can know.
    """
    totals = filled.totals
    if mounted:
        _check_was_read(totals)
    try:
        before, now = (count_files(cluster, moment) for moment in (moments.older, moments.newer))
        unseen = sum(_change_below(cluster, moments, name, op) for name, op in filled.not_entered)
    except UnreadableError as error:
        raise ProofError(f"the list cannot be proved: {error}") from error
    older, newer = moments.older.snapshot, moments.newer.snapshot
    difference = before + _gained(totals) + unseen - now
    if difference:
        raise ProofError(
            f"the list does not add up: {count(before, 'file')} below {moments.newer.base} in "
            f"snapshot {older.id}, {_told(totals)}{_told_unseen(unseen)}, would be "
            f"{before + _gained(totals) + unseen} in snapshot {newer.id}, which has {now}: "
            f"{abs(difference)} too {'many' if difference > 0 else 'few'}",
            hint=f"{ProofError.hint} {_SINCE if totals.changed_since else _LINKS}",
        )
    return Proof(before, now)


def count_files(cluster: Cluster, moment: SnapshotView) -> int:
    """Return the number of regular files that a snapshot holds at or below the base path.

    Raises:
        UnreadableError: the cluster does not say.
    """
    if not moment.holds_base:
        return 0
    return cluster.count_files_below(moment.top_path, moment.snapshot.id)


def _change_below(cluster: Cluster, moments: SnapshotPair, name: str, op: Op) -> int:
    """Return by how much a directory changes the number of files that came or went as a whole."""
    moment, sign = (moments.newer, 1) if op == CREATE else (moments.older, -1)
    return sign * cluster.count_files_below(moment.location.path(name), moment.snapshot.id)


def _check_was_read(totals: Totals) -> None:
    """Make sure that most of what is there was read, or the mount may show anything."""
    there = totals.files + totals.directories + totals.unread
    if totals.unread * 2 > there:
        raise ProofError(
            f"the list cannot be proved: of {count(there, 'created or modified entry')}, "
            f"{totals.unread} could not be read",
            hint=f"{ProofError.hint} {_SINCE}",
        )


def _gained(totals: Totals) -> int:
    came = totals.created + totals.moved + totals.unreadable_created - totals.replaced
    return came - totals.deleted_files - totals.gone_files - totals.unreadable_deleted


def _told(totals: Totals) -> str:
    """Return how the number of files changes, in words."""
    told = (
        ("created", totals.created),
        ("moved there", totals.moved),
        ("created but unreadable", totals.unreadable_created),
        ("in the place of others", -totals.replaced),
        ("deleted", -totals.deleted_files),
        ("gone without being listed", -totals.gone_files),
        ("deleted but unreadable", -totals.unreadable_deleted),
    )
    return ", ".join(f"{number:+} {what}" for what, number in told if number) or "none changed"


def _told_unseen(unseen: int) -> str:
    return f", {unseen:+} in directories that cannot be read" if unseen else ""
