"""Listing the snapshots of a cluster, and deleting those that nobody needs."""

import contextlib

from msgspec import Struct

from qumulo_changelist.cluster.connect import open_cluster
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.cycle.runs import UNFINISHED, Run, RunState
from qumulo_changelist.cycle.snapshot_names import parse_any_name
from qumulo_changelist.errors import NeededSnapshotError, SnapshotMissingError
from qumulo_changelist.events import Listener, SnapshotRemoved, ignore
from qumulo_changelist.machine.shortages import shortage_errors
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.project.state import open_existing_journal
from qumulo_changelist.operations.snapshots.choice import choose_snapshot


class SnapshotRole(Struct, frozen=True):
    """A snapshot, and what it is for."""

    snapshot: Snapshot
    project: str
    """The project whose run took it, or for which it is a marker; "" if none did."""
    marks: int | None
    """The snapshot that it shows as committed, if it is a marker; None otherwise."""
    is_committed: bool
    """Whether this machine or the cluster has it as committed."""
    need: str
    """Why it may not be deleted; "" if it may."""


def list_snapshots(
    settings: Settings, listener: Listener = ignore, *, state: str = ""
) -> list[SnapshotRole]:
    """Return the snapshots of a cluster by ascending ids, and what each is for.

    Args:
        settings: how to reach the cluster.
        listener: receives the events.
        state: the file that keeps what was committed; "" for this user's own.

    Raises:
        ChangelistError: the cluster cannot be asked.
    """
    with shortage_errors(), contextlib.ExitStack() as stack:
        journal = stack.enter_context(open_existing_journal(state))
        cluster = stack.enter_context(open_cluster(settings, listener))
        return describe_roles(cluster.all_snapshots(), journal)


def describe_roles(snapshots: list[Snapshot], journal: Journal) -> list[SnapshotRole]:
    """Return what each snapshot is for, by ascending ids."""
    snapshots = sorted(snapshots, key=lambda one: one.id)
    names = {one.id: parse_any_name(one.id, one.name) for one in snapshots}
    newest = _newest_markers(snapshots)
    shown = {name.committed for name in names.values() if name and name.committed}
    runs = journal.runs()
    committed = shown | {one.newer for one in runs if one.state is RunState.COMMITTED}
    needs = _needs_of_runs(journal, runs)
    for (project, _), (marker, marked) in newest.items():
        needs[marked] = f"the next run of {project} begins from it"
        needs[marker] = f"it shows what the project {project} has committed"
    return [
        SnapshotRole(
            snapshot=one,
            project=name.project if name else "",
            marks=name.committed if name else None,
            is_committed=one.id in committed,
            need=needs.get(one.id, ""),
        )
        for one, name in zip(snapshots, names.values(), strict=True)
    ]


def _newest_markers(snapshots: list[Snapshot]) -> dict[tuple[str, str], tuple[int, int]]:
    """Return, by project and source, the newest marker and the snapshot that it marks."""
    newest: dict[tuple[str, str], tuple[int, int]] = {}
    for one in snapshots:
        name = parse_any_name(one.id, one.name)
        if name and name.committed and name.committed < one.id:
            key = (name.project, one.source or one.source_id)
            if key not in newest or newest[key][1] <= name.committed:
                newest[key] = (one.id, name.committed)
    return newest


def _needs_of_runs(journal: Journal, runs: list[Run]) -> dict[int, str]:
    """Return why what this machine remembers needs snapshots, by their ids."""
    needs: dict[int, str] = {}
    for project, source in {(run.project, run.source) for run in runs}:
        if committed := journal.committed(project, source):
            needs[committed.id] = f"the next run of {project} begins from it"
        for run in journal.uncommitted(project, source):
            needs[run.newer or 0] = f"a list of {project} that waits for a commit is of it"
    for run in runs:
        if run.state in (*UNFINISHED, RunState.COMMITTING):
            reason = f"a run of {run.project} that has not ended needs it"
            needs.update({number: reason for number in (run.older, run.newer) if number})
    return needs


def delete_snapshots(
    texts: list[str],
    settings: Settings,
    listener: Listener = ignore,
    *,
    state: str = "",
    force: bool = False,
) -> list[Snapshot]:
    """Delete snapshots, and return them. All are found, and may go, before the first one goes.

    Args:
        texts: their ids or names.
        settings: how to reach the cluster.
        listener: receives a ``SnapshotRemoved`` for each.
        state: the file that keeps what was committed; "" for this user's own.
        force: whether to delete also what a project needs.

    Raises:
        SnapshotMissingError: the cluster has no such snapshot.
        NeededSnapshotError: a project needs one of them.
        StatusError: the cluster refuses, such as for a locked one.
    """
    with shortage_errors(), contextlib.ExitStack() as stack:
        journal = stack.enter_context(open_existing_journal(state))
        cluster = stack.enter_context(open_cluster(settings, listener))
        snapshots = cluster.all_snapshots()
        roles = {one.snapshot.id: one for one in describe_roles(snapshots, journal)}
        chosen = [choose_snapshot(text, snapshots) for text in texts]
        for snapshot in chosen:
            if (need := roles[snapshot.id].need) and not force:
                raise NeededSnapshotError(f"snapshot {snapshot.id} stays: {need}")
        for snapshot in chosen:
            with contextlib.suppress(SnapshotMissingError):  # somebody else was quicker
                cluster.delete_snapshot(snapshot.id)
            listener(SnapshotRemoved(snapshot.id, snapshot.label))
        return chosen
