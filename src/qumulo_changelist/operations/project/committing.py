"""Committing a list: the steps that ``run`` and ``commit`` share.

It is written down first that a run is to be committed. Then the cluster shows it, by a marker, and
only then older snapshots go. So a commit that is interrupted can be completed, and is.
"""

import contextlib
import time

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.cluster.snapshot_creation import take_snapshot
from qumulo_changelist.cycle.base import Committed, is_same
from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.cycle.retention import plan_retention
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.cycle.snapshot_names import marker_name
from qumulo_changelist.cycle.survey import Survey, survey_snapshots
from qumulo_changelist.errors import (
    NotFoundError,
    QqFailedError,
    ReplyError,
    SnapshotMissingError,
    StatusError,
    UnreachableError,
    UnreadableError,
)
from qumulo_changelist.events import (
    CommitLost,
    ListCommitted,
    Listener,
    RunRecovered,
    SnapshotKept,
    SnapshotRemoved,
    Stage,
    StageBegun,
)
from qumulo_changelist.model import Snapshot


def survey_source(cluster: Cluster, project: str, source: str) -> tuple[Survey, str]:
    """Return what the cluster's snapshots show of a source, and its file id as it is now.

    Raises:
        NotFoundError: the cluster does not have the source.
    """
    try:
        source_id = cluster.inspect_entry(source, None).id
    except UnreadableError as error:
        raise NotFoundError(
            f"the cluster has no directory {source} that this user can read: {error}"
        ) from error
    return survey_snapshots(cluster.all_snapshots(), project, source, source_id), source_id


def commit_run(
    cluster: Cluster,
    journal: Journal,
    run: Run,
    listener: Listener,
    *,
    keep: int | None = None,
    is_archived: bool = True,
) -> list[int]:
    """Commit the list of a run, and remove what the project no longer needs.

    Args:
        cluster: the cluster.
        journal: what this machine remembers.
        run: the run, whose list is finished.
        listener: receives a ``ListCommitted``, and what becomes of older snapshots.
        keep: the number of committed snapshots that stay; None for that of the run.
        is_archived: whether somebody knows that the archive has the list. If not, a commit that is
            interrupted is not completed later: perhaps nobody has seen the list.

    Returns:
        The ids of the snapshots that were removed.

    Raises:
        SnapshotMissingError: the cluster no longer has the run's snapshot; nothing is committed.
        ChangelistError: it is not certain that the cluster shows the commit; if the list is
            archived, the next run of this machine completes it.
    """
    listener(StageBegun(Stage.COMMITTING, run.source))
    survey, _ = survey_source(cluster, run.project, run.source)
    number = run.newer or 0
    snapshot = survey.all.get(number)
    if not snapshot or not is_same(snapshot, Committed(number, run.taken, run.source_id)):
        raise SnapshotMissingError(
            f"the cluster no longer has snapshot {number}, from which the next run would begin; "
            "nothing was committed"
        )
    if is_archived:
        run = journal.update(run, state=RunState.COMMITTING)
    if number not in survey.markers:
        survey.markers[number] = [_take_marker(cluster, run, survey, listener)]
    journal.commit(run)
    listener(ListCommitted(run.project, run.source, number))
    return _remove_old(cluster, journal, run, survey, keep or run.keep, listener)


def _take_marker(cluster: Cluster, run: Run, survey: Survey, listener: Listener) -> Snapshot:
    name = marker_name(run.project, int(time.time()), run.newer or 0)
    return take_snapshot(cluster, name, run.source, listener, known=survey.all)


def _remove_old(
    cluster: Cluster, journal: Journal, run: Run, survey: Survey, keep: int, listener: Listener
) -> list[int]:
    known = journal.committed_ids(run.project, run.source)
    plan = plan_retention(survey, run.newer or 0, keep, known)
    for snapshot in plan.locked:
        listener(SnapshotKept(snapshot.id, snapshot.label, "it is locked"))
    removed = []
    for snapshot in plan.removable:
        try:
            with contextlib.suppress(SnapshotMissingError):  # somebody else removed it
                cluster.delete_snapshot(snapshot.id)
        except (StatusError, UnreachableError, ReplyError, QqFailedError) as error:
            # The commit stands. The next one finds the snapshot again, by its name.
            listener(SnapshotKept(snapshot.id, snapshot.label, str(error)))
            if isinstance(error, UnreachableError):
                break
        else:
            removed.append(snapshot.id)
            listener(SnapshotRemoved(snapshot.id, snapshot.label))
    return removed


def recover_runs(
    cluster: Cluster, journal: Journal, project: str, source: str, listener: Listener
) -> None:
    """Bring to an end what earlier runs for a source, which were interrupted, had begun.

    A list that was not finished is given up; its snapshot goes with the next commit. A commit that
    was begun is completed. Call it under the project's lock.

    Raises:
        ChangelistError: a commit cannot be completed.
    """
    for run in reversed(journal.runs(project, source)):
        if run.state in (RunState.BEGUN, RunState.TAKEN):
            journal.update(
                run, state=RunState.FAILED, ended=time.time_ns(), error="it was interrupted"
            )
            listener(RunRecovered(project, source, run.newer, is_committed=False))
        elif run.state is RunState.COMMITTING:
            _complete_commit(cluster, journal, run, listener)


def _complete_commit(cluster: Cluster, journal: Journal, run: Run, listener: Listener) -> None:
    try:
        commit_run(cluster, journal, run, listener)
    except SnapshotMissingError as error:
        # There is nothing that could be begun from.
        listener(CommitLost(run.project, run.source, run.newer or 0))
        journal.update(
            run,
            state=RunState.FAILED,
            ended=time.time_ns(),
            error=str(error),
            error_class=type(error).__name__,
        )
        return
    listener(RunRecovered(run.project, run.source, run.newer, is_committed=True))
