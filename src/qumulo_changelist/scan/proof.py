"""Whether a list can be true: held against what the cluster itself counts in both snapshots."""

import contextlib
from typing import NamedTuple

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.errors import ProofError, ReplyError, UnreadableError
from qumulo_changelist.model import CREATE, Totals
from qumulo_changelist.scan.pipeline import Filled
from qumulo_changelist.scan.scope import Scope
from qumulo_changelist.wording import count

_SINCE = "--metadata snapshot or rest reads the files as the snapshot has them."
_LINKS = (
    "Where files have several hard links, the cluster may count them otherwise than by their names."
)


class Proof(NamedTuple):
    """What the cluster counts: regular files below the base path."""

    older_files: int
    newer_files: int


def prove(
    cluster: Cluster,
    scope: Scope,
    source: str,
    snapshots: tuple[int, int],
    filled: Filled,
) -> Proof:
    """Make sure that a list leads from what the older snapshot holds to what the newer does.

    Args:
        cluster: is asked.
        scope: the base path.
        source: the directory that the snapshots are of; "" if nobody knows.
        snapshots: the ids of the older and the newer one.
        filled: what the list holds.

    Raises:
        ProofError: it does not, or nobody can know.
    """
    older, newer = snapshots
    totals = filled.totals
    counted_at = scope.within(source)
    if not counted_at:
        raise ProofError(
            f"there is nothing to prove: the snapshots are of {source}, which does not hold the "
            f"base path {scope.base or '/'}"
        )
    try:
        before, now = (cluster.files_below(counted_at, snapshot) for snapshot in snapshots)
        unseen = sum(
            cluster.files_below(f"{scope.base}{name}", newer if op == CREATE else older)
            * (1 if op == CREATE else -1)
            for name, op in filled.not_entered
        )
    except UnreadableError as error:
        raise ProofError(f"the list cannot be proved: {error}") from error
    if not before and not now and not any(_holds(cluster, counted_at, one) for one in snapshots):
        raise ProofError(f"there is nothing to prove: neither snapshot holds {counted_at}")
    difference = before + _gained(totals) + unseen - now
    if difference:
        raise ProofError(
            f"the list does not add up: {count(before, 'file')} below {counted_at} in "
            f"snapshot {older}, {_told(totals)}{_told_unseen(unseen)}, would be "
            f"{before + _gained(totals) + unseen} in snapshot {newer}, which has {now}: "
            f"{abs(difference)} too {'many' if difference > 0 else 'few'}",
            hint=f"{ProofError.hint} {_SINCE if totals.moved_on else _LINKS}",
        )
    return Proof(before, now)


def _holds(cluster: Cluster, directory: str, snapshot: int) -> bool:
    with contextlib.suppress(ReplyError):
        cluster.is_empty(directory, snapshot)
        return True
    return False


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
