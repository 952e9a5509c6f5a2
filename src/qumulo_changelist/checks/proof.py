"""Proving a list: comparing it with what the cluster itself counts in both snapshots."""

from typing import NamedTuple

from qumulo_changelist.checks.base_path import SnapshotPair, SnapshotView
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.errors import (
    ProofError,
    StaleProofError,
    TooManyExcludedError,
    UnprovableError,
    UnreadableError,
)
from qumulo_changelist.filters.tally import MAX_DIRECTORIES, FilterTally
from qumulo_changelist.model import CREATE, DELETE, Op, Totals
from qumulo_changelist.wording import count


class Proof(NamedTuple):
    """What the cluster counts: regular files below the base path."""

    older_files: int
    newer_files: int


def prove(
    cluster: Cluster,
    pair: SnapshotPair,
    totals: Totals,
    unread_directories: list[tuple[str, Op]],
    *,
    filtered: FilterTally | None = None,
    excluded_gain: int = 0,
    mounted: bool,
    live: bool = True,
) -> Proof:
    """Make sure that a list accounts for the number of files in both snapshots.

    Args:
        cluster: counts the files.
        pair: both snapshots.
        totals: what the list contains.
        unread_directories: those that cannot be read, and what happened to everything in them.
        filtered: what filters have left out; None for nothing.
        excluded_gain: by how much the number of files in excluded directories has changed.
        mounted: whether the existing entries were read on a mount.
        live: whether that was the live share.

    Raises:
        ProofError: it does not.
        StaleProofError: it does not, and the live share has changed since.
        UnprovableError: the counts cannot be read, or most of what the mount should show.
    """
    filtered = FilterTally() if filtered is None else filtered
    if mounted:
        _check_most_was_read(totals, filtered, live=live)
    try:
        before, now = (count_files(cluster, view) for view in (pair.older, pair.newer))
        unread_gain = sum(_change_below(cluster, pair, name, op) for name, op in unread_directories)
    except UnreadableError as error:
        raise UnprovableError(f"the list cannot be proved: {error}") from error
    gain = net_files(totals, filtered) + excluded_gain
    expected = before + gain + unread_gain
    if expected != now:
        newer = pair.newer.snapshot
        first = "to begin with" if pair.is_full else f"in snapshot {pair.older.snapshot.id}"
        gains = _describe_gain(totals, filtered) + _describe_unseen(excluded_gain, unread_gain)
        raise (StaleProofError if totals.changed_since else ProofError)(
            f"the list does not add up: {count(before, 'file')} below {pair.newer.base} "
            f"{first}, {gains}, would "
            f"be {expected} in snapshot {newer.id}, which has {now}: "
            f"{abs(expected - now)} too {'many' if expected > now else 'few'}"
        )
    return Proof(before, now)


def count_files(cluster: Cluster, view: SnapshotView) -> int:
    """Return the number of regular files that a snapshot has at or below the base path.

    Raises:
        UnreadableError: the cluster does not report it.
    """
    if not view.has_base:
        return 0
    return cluster.count_files_below(view.top_path, view.snapshot.id)


def _change_below(cluster: Cluster, pair: SnapshotPair, name: str, op: Op) -> int:
    """Return by how much a directory that was created or deleted changes the number of files."""
    view, sign = (pair.newer, 1) if op == CREATE else (pair.older, -1)
    return sign * cluster.count_files_below(view.paths.path(name), view.snapshot.id)


def count_excluded(cluster: Cluster, pair: SnapshotPair, filtered: FilterTally) -> int:
    """Return by how much the number of files has changed in excluded directories.

    Raises:
        TooManyExcludedError: they are too many to ask for each.
        UnprovableError: the counts cannot be read.
    """
    newer, older = filtered.newer_directories, filtered.older_directories
    if max(len(newer), len(older)) > MAX_DIRECTORIES:
        raise TooManyExcludedError(
            f"the list cannot be proved: something changed in more than {MAX_DIRECTORIES} "
            "excluded directories, and the files in each would have to be counted"
        )
    try:
        gain = sum(_change_below(cluster, pair, name, CREATE) for name in newer)
        return gain + sum(_change_below(cluster, pair, name, DELETE) for name in older)
    except UnreadableError as error:
        raise UnprovableError(f"the list cannot be proved: {error}") from error


def _check_most_was_read(totals: Totals, filtered: FilterTally, *, live: bool) -> None:
    """Make sure that most existing entries were read, or the mount may show anything."""
    existing = totals.files + totals.directories + filtered.existing + totals.unread_existing
    if totals.unread_existing * 2 > existing:
        raise (StaleProofError if live else UnprovableError)(
            f"the list cannot be proved: of {count(existing, 'created or modified entry')}, "
            f"{totals.unread_existing} could not be read"
        )


def net_files(totals: Totals, filtered: FilterTally) -> int:
    """Return by how much a list changes the number of files, with what filters have left out.

    Files in directories that were not read are not considered, since they cannot be read or are
    excluded.
    """
    new = totals.created + totals.moved + totals.unreadable_created - totals.replaced
    gone = totals.deleted_files + totals.gone_files + totals.unreadable_deleted
    return new - gone + filtered.created - filtered.deleted


def _describe_gain(totals: Totals, filtered: FilterTally) -> str:
    parts = (
        ("created", totals.created),
        ("moved there", totals.moved),
        ("created but unreadable", totals.unreadable_created),
        ("replacing other files", -totals.replaced),
        ("deleted", -totals.deleted_files),
        ("gone without being listed", -totals.gone_files),
        ("deleted but unreadable", -totals.unreadable_deleted),
        ("created but left out by filters", filtered.created),
        ("deleted but left out by filters", -filtered.deleted),
    )
    return ", ".join(f"{number:+} {what}" for what, number in parts if number) or "none changed"


def _describe_unseen(excluded: int, unread: int) -> str:
    parts = (("excluded directories", excluded), ("directories that cannot be read", unread))
    return "".join(f", {number:+} in {what}" for what, number in parts if number)
