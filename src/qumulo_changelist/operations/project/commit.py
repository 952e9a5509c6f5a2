"""Committing the list of an earlier run, when it is known that the archive is written."""

import contextlib
from collections.abc import Mapping

from msgspec import Struct

from qumulo_changelist.checks.request import normalize_cluster_path
from qumulo_changelist.cluster.connect import open_cluster
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.cycle.lock import lock_project
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.errors import UncommittableError
from qumulo_changelist.events import Listener, ignore
from qumulo_changelist.machine.shortages import shortage_errors
from qumulo_changelist.operations.project.committing import commit_run, recover_runs
from qumulo_changelist.operations.project.list_in_place import check_list_in_place
from qumulo_changelist.operations.project.state import open_journal, state_path


class CommitRequest(Struct, frozen=True, kw_only=True):
    """Which list to commit."""

    project: str
    snapshot: int | None = None
    """The newer snapshot of the list; None for the only one that waits. A list that is named is
    committed even if something on it could not be read, or a different list is in its place."""
    source: str = ""
    """The source of the list; "" for every source of the project."""
    keep: int | None = None
    """The number of committed snapshots that stay on the cluster; None for that of the run."""
    wait: float = 0
    """The number of seconds to wait for a run of the project that is under way."""
    state: str = ""
    """The file that keeps what was committed; "" for this user's own."""


class CommitResult(Struct, frozen=True):
    """What was committed: for each source, its snapshot."""

    project: str
    committed: dict[str, int]
    removed: list[int]
    """The snapshots that were removed from the cluster."""


def commit_project(
    request: CommitRequest, settings: Settings, listener: Listener = ignore
) -> CommitResult:
    """Commit the lists of a project: the next run begins from their snapshots.

    Args:
        request: which list.
        settings: how to reach the cluster.
        listener: receives the events.

    Raises:
        UncommittableError: there is no such list, or it is not clear which one is meant.
        SnapshotMissingError: the cluster no longer has the list's snapshot.
        ProjectBusyError: a run of the project is under way.
        ChangelistError: it is not certain that the cluster shows the commit; the next run or commit
            of this machine completes it.
    """
    with shortage_errors(), contextlib.ExitStack() as stack:
        state = state_path(request.state)
        stack.enter_context(lock_project(state, request.project, request.wait, listener))
        journal = stack.enter_context(open_journal(request.state))
        wanted = normalize_cluster_path(request.source) if request.source else ""
        runs = journal.runs(request.project, wanted)
        sources = sorted({run.source for run in runs})
        is_interrupted = any(run.state is RunState.COMMITTING for run in runs)
        chosen = {} if is_interrupted else choose_runs(request, journal, sources)
        cluster = stack.enter_context(open_cluster(settings, listener))
        for source in sources:
            recover_runs(cluster, journal, request.project, source, listener)
        committed = _completed(journal, request, runs)
        if is_interrupted:
            others = [source for source in sources if source not in committed]
            chosen = choose_runs(request, journal, others, is_needed=not committed)
        removed: list[int] = []
        for run in chosen.values():
            removed += commit_run(cluster, journal, run, listener, keep=request.keep)
        committed |= {source: run.newer or 0 for source, run in chosen.items()}
        return CommitResult(request.project, committed, removed)


def _completed(journal: Journal, request: CommitRequest, runs: list[Run]) -> dict[str, int]:
    """Return what was committed by completing what was interrupted, if that is what is asked."""
    wanted = [run for run in runs if run.state is RunState.COMMITTING]
    ended = [journal.run(run.id) for run in wanted]
    return {
        run.source: run.newer or 0
        for run in ended
        if run.state is RunState.COMMITTED and request.snapshot in (None, run.newer)
    }


def choose_runs(
    request: CommitRequest, journal: Journal, sources: list[str], *, is_needed: bool = True
) -> Mapping[str, Run]:
    """Return the run to commit, for each source that has one.

    Only one list of a source is in its place. If an earlier one waits, too, it is not clear whether
    the archive has this one or that one: committing the wrong one would lose changes.

    Args:
        request: which list.
        journal: what this machine remembers.
        sources: the sources of the project.
        is_needed: whether there has to be one.

    Raises:
        UncommittableError: there is none, or there are several.
    """
    chosen: dict[str, Run] = {}
    for source in sources:
        waiting = journal.uncommitted(request.project, source)
        if request.snapshot is not None:
            waiting = [run for run in waiting if run.newer == request.snapshot]
        if len(waiting) > 1:
            numbers = ", ".join(str(run.newer) for run in reversed(waiting))
            raise UncommittableError(
                f"{len(waiting)} lists of {source} wait for a commit, those of the snapshots "
                f"{numbers}: name the one that the archive has",
                snapshot=waiting[0].newer,
            )
        if waiting:
            if request.snapshot is None:
                _check_unnamed(waiting[0])
            chosen[source] = waiting[0]
    if request.snapshot is not None and len(chosen) > 1:
        # A policy's snapshot can contain several of them; perhaps one of the lists is archived.
        raise UncommittableError(
            f"{len(chosen)} sources have a list of snapshot {request.snapshot}: "
            f"{', '.join(chosen)}",
            hint="Name the source whose list the archive has.",
        )
    if not chosen and is_needed:
        raise UncommittableError(_why_none(request, journal))
    return chosen


def _check_unnamed(run: Run) -> None:
    """Make sure that nobody has to look at a list before it is committed.

    Raises:
        UncommittableError: something on it could not be read, or it is not in its place.
    """
    if not run.is_complete:
        raise UncommittableError(
            f"some entries of the list of snapshot {run.newer} could not be read; after a commit, "
            "they are listed again only if they change",
            snapshot=run.newer,
        )
    check_list_in_place(run)


def _why_none(request: CommitRequest, journal: Journal) -> str:
    if request.snapshot is None:
        return f"no list of the project {request.project} waits for a commit"
    runs = [one for one in journal.runs(request.project) if one.newer == request.snapshot]
    if any(one.state is RunState.COMMITTED for one in runs):
        return f"snapshot {request.snapshot} is committed already"
    if any(one.state is RunState.FAILED for one in runs):
        return f"the list of snapshot {request.snapshot} was never finished"
    if runs:
        return (
            f"the list of snapshot {request.snapshot} does not continue what is committed: it is "
            "older than that, or begins from a newer snapshot"
        )
    return f"this machine made no list of snapshot {request.snapshot} for {request.project}"
