"""Where each of the two snapshots has the base path, and whether it has it.

The numbers of rules are those of ``docs/scan-list.md``, section "What is listed".
"""

import contextlib
from typing import NamedTuple

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.key import CREATED, DELETED
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.errors import (
    AbsentError,
    BasePathError,
    IncomparableError,
    ReplyError,
    SnapshotTimeError,
    UnreadableError,
)
from qumulo_changelist.model import Kind, Snapshot
from qumulo_changelist.snapshot_paths import SnapshotPaths, snapshot_paths


class SnapshotView(NamedTuple):
    """A snapshot, and the base path in it."""

    snapshot: Snapshot
    paths: SnapshotPaths
    """Where it has the base path."""
    top: str = "/"
    """The name of the base path, or of the snapshot's directory if that is below it."""
    has_base: bool = True
    """Whether the base path is a directory in it, according to the cluster or else to the diff."""

    @property
    def base(self) -> str:
        """The base path, as this snapshot has it."""
        return self.paths.path("/")

    @property
    def top_path(self) -> str:
        """The path of ``top`` in this snapshot."""
        return self.paths.path(self.top)


class SnapshotPair(NamedTuple):
    """The two snapshots that are compared."""

    older: SnapshotView
    newer: SnapshotView
    base_replaced: bool = False
    """Whether the base path is a different directory in the newer one, or only in one of them."""

    is_full: bool = False
    """Whether there is no older one: the list contains everything that the newer one has."""


def compare_snapshots(
    cluster: Cluster, scope: Scope, older: Snapshot, newer: Snapshot
) -> SnapshotPair:
    """Return both snapshots with the paths that each has for the base path.

    Args:
        cluster: returns the directory of a snapshot whose status does not contain the path.
        scope: the base path, as the newer snapshot has it.
        older: the older snapshot.
        newer: the newer one.

    Raises:
        IncomparableError: they are of different directories.
        ReplyError: it is not known which directory one of them is of.
        SnapshotTimeError: the newer one was taken first.
        BasePathError: neither of the base path and the snapshots' directory contains the other.
    """
    _check_source_is_known(older, newer)
    if older.source_id != newer.source_id:
        raise IncomparableError(
            f"snapshot {older.id} is of {_source(older)}, snapshot {newer.id} of {_source(newer)}: "
            "these are different directories"
        )
    if older.taken and newer.taken and older.taken > newer.taken:
        raise SnapshotTimeError(f"snapshot {newer.id} was taken before snapshot {older.id}")
    older, newer = (_with_source(cluster, snapshot) for snapshot in (older, newer))
    if not scope.within(newer.source):
        renamed = f"; snapshot {older.id} calls it {older.source}" * (older.source != newer.source)
        raise BasePathError(
            f"the snapshots are of {newer.source}{renamed}, and the base path {scope.base} "
            "is neither in it nor above it",
            hint=_suggest(cluster, scope.base, newer),
        )
    older_paths = snapshot_paths(scope.base, newer.source, older.source)
    top = _name_of(scope.within(newer.source), scope)
    return SnapshotPair(
        SnapshotView(older, older_paths, top), SnapshotView(newer, snapshot_paths(scope.base), top)
    )


def take_whole(cluster: Cluster, scope: Scope, newer: Snapshot) -> SnapshotPair:
    """Return a pair without an older snapshot: rule 9 leads to all that the newer one has.

    Args:
        cluster: shows whether the snapshot has the base path.
        scope: the base path.
        newer: the snapshot.

    Raises:
        BasePathError: the snapshot does not have the base path as a directory.
        ReplyError: it is not known which directory the snapshot is of.
    """
    _check_source_is_known(newer)
    newer = _with_source(cluster, newer)
    whole = scope.within(newer.source)
    if not whole:
        raise BasePathError(
            f"snapshot {newer.id} is of {newer.source}, and the base path {scope.base} is neither "
            "in it nor above it",
            hint=_suggest(cluster, scope.base, newer),
        )
    paths, top = snapshot_paths(scope.base), _name_of(whole, scope)
    view = SnapshotView(newer, paths, top)
    if not _is_at_or_above_source(view) and _has_base(cluster, view) is False:
        raise BasePathError(
            f"snapshot {newer.id} has no directory {view.base}",
            hint=_suggest(cluster, view.base, newer),
        )
    nothing = SnapshotView(Snapshot(0), paths, top, has_base=False)
    return SnapshotPair(nothing, view, base_replaced=True, is_full=True)


def find_base(cluster: Cluster, pair: SnapshotPair, changes: ChangeSet) -> SnapshotPair:
    """Return which of the snapshots have the base path, and adjust the changes to that: rule 9.

    If a directory above it was deleted, created or both, a diff alone does not show what became of
    the base path. The cluster is asked only in this case, or if the diff contains nothing at or
    below the base path.

    Raises:
        BasePathError: neither snapshot has the base path as a directory.
        ReplyError: the diff contradicts the snapshots.
    """
    created, deleted = changes.base_created, changes.base_deleted
    is_untouched = not created and not deleted
    if is_untouched and (len(changes) or _is_at_or_above_source(pair.newer)):
        return pair
    now = _has_base(cluster, pair.newer)
    if is_untouched and now:
        return pair
    before = _has_base(cluster, pair.older)
    if now is False and before is False:
        raise BasePathError(
            f"neither snapshot has a directory {pair.newer.base}",
            hint=_suggest(cluster, pair.newer.base, pair.newer.snapshot),
        )
    # If the cluster cannot be asked for such a name, only the diff is known.
    now = created or not deleted if now is None else now
    before = deleted or not created if before is None else before
    if not _diff_agrees(now=now, before=before, created=created, deleted=deleted):
        raise ReplyError(_contradiction(pair, now=now, before=before))
    if not now:
        changes.forget_base(CREATED)
    if not before:
        changes.forget_base(DELETED)
    return SnapshotPair(
        pair.older._replace(has_base=before),
        pair.newer._replace(has_base=now),
        base_replaced=created or deleted,
    )


def _name_of(directory: str, scope: Scope) -> str:
    return f"{directory[len(scope.base) :].rstrip('/')}/"


def _suggest(cluster: Cluster, path: str, snapshot: Snapshot) -> str:
    # Not at the top: it loads slowly, and nearly all base paths exist.
    from qumulo_changelist.checks.suggestion import suggest_path

    return suggest_path(cluster, path, snapshot)


def _diff_agrees(*, now: bool, before: bool, created: bool, deleted: bool) -> bool:
    """Return whether the diff can be one of two snapshots that have the base path, or do not."""
    if now and before:
        # A directory above it was replaced, or the diff does not mention it.
        return created == deleted
    return created if now else deleted


def _is_at_or_above_source(view: SnapshotView) -> bool:
    source = view.snapshot.source
    return bool(source) and f"{source}/".startswith(f"{view.base.rstrip('/')}/")


def _has_base(cluster: Cluster, view: SnapshotView) -> bool | None:
    """Return whether a snapshot has the base path as a directory; None if that is unknown."""
    try:
        return cluster.inspect_entry(view.base, view.snapshot.id).kind is Kind.DIRECTORY
    except AbsentError:
        return False
    except UnreadableError:
        return None


def _contradiction(pair: SnapshotPair, *, now: bool, before: bool) -> str:
    facts = [
        f"snapshot {view.snapshot.id} {'has' if has_base else 'does not have'} {view.base}"
        for view, has_base in ((pair.older, before), (pair.newer, now))
    ]
    return f"{' and '.join(facts)}, but the diff does not show that"


def _with_source(cluster: Cluster, snapshot: Snapshot) -> Snapshot:
    """Return a snapshot with the path of its directory, if the cluster can report it."""
    if not snapshot.source:
        with contextlib.suppress(UnreadableError):
            found = cluster.inspect_entry(snapshot.source_id, snapshot.id)
            return snapshot._replace(source=found.path)
    return snapshot


def _check_source_is_known(*snapshots: Snapshot) -> None:
    """Make sure that the cluster states by its file id which directory each snapshot is of.

    Nothing else shows that two snapshots are of one: different directories can have the same name
    one after the other, and the cluster compares them as if they were one.
    """
    for snapshot in snapshots:
        if not snapshot.source_id:
            raise ReplyError(
                f"the cluster does not state which directory snapshot {snapshot.id} is of"
            )


def _source(snapshot: Snapshot) -> str:
    known = f"{snapshot.source} " if snapshot.source else ""
    return f"{known}(file id {snapshot.source_id})"
