"""Taking over on this machine what a different one committed, as the cluster shows it."""

import contextlib
import time

from msgspec import Struct

from qumulo_changelist.checks.request import normalize_cluster_path
from qumulo_changelist.cluster.connect import open_cluster
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.cycle.lock import lock_project
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.errors import UncommittableError
from qumulo_changelist.events import Listener, ignore
from qumulo_changelist.machine.shortages import shortage_errors
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.project.committing import recover_runs, survey_source
from qumulo_changelist.operations.project.state import open_journal, state_path
from qumulo_changelist.projects.project import Project, Source


class Adoption(Struct, frozen=True):
    """What was taken over for a source."""

    source: str
    snapshot: int
    """The next run lists what changed since this snapshot."""
    name: str
    before: int | None
    """The snapshot that this machine had as committed; None for none."""


def adopt_project(
    project: Project,
    settings: Settings,
    listener: Listener = ignore,
    *,
    state: str = "",
    wait: float = 0,
) -> list[Adoption]:
    """Remember on this machine what the cluster shows as committed, for each source of a project.

    That is right if the machines serve the same archive.

    Args:
        project: the project.
        settings: how to reach the cluster.
        listener: receives the events.
        state: the file that keeps what was committed; "" for this user's own.
        wait: the number of seconds to wait for a run of the project that is under way.

    Raises:
        UncommittableError: the cluster shows no commit of any source, or its snapshot is gone.
        ProjectBusyError: a run of the project is under way.
    """
    project.check()
    with shortage_errors(), contextlib.ExitStack() as stack:
        stack.enter_context(lock_project(state_path(state), project.name, wait, listener))
        journal = stack.enter_context(open_journal(state))
        cluster = stack.enter_context(open_cluster(settings, listener))
        found = {
            source: _find(cluster, journal, project, source, listener) for source in project.sources
        }
        adopted = [
            _adopt(journal, project, source, snapshot)
            for source, snapshot in found.items()
            if snapshot
        ]
        if not adopted:
            raise UncommittableError(f"the cluster shows no commit of the project {project.name}")
        return adopted


def _find(
    cluster: Cluster, journal: Journal, project: Project, source: Source, listener: Listener
) -> Snapshot | None:
    """Return the snapshot that the cluster shows as committed; None if it shows none.

    Raises:
        UncommittableError: nothing can be listed from it.
    """
    path = normalize_cluster_path(source.path)
    # A commit that was interrupted would else be completed later, over what is adopted.
    recover_runs(cluster, journal, project.name, path, listener)
    survey, source_id = survey_source(cluster, project.name, path)
    if survey.committed is None:
        return None
    snapshot = survey.all.get(survey.committed)
    reason = ""
    if snapshot is None:
        reason = "but no longer has it"
    elif not snapshot.by_policy and snapshot.source_id not in ("", source_id):
        reason = "but that is of a different directory"
    if reason:
        raise UncommittableError(
            f"{path}: the cluster shows that snapshot {survey.committed} was committed, {reason}: "
            "the next run makes a full list"
        )
    return snapshot


def _adopt(journal: Journal, project: Project, source: Source, snapshot: Snapshot) -> Adoption:
    path, now = normalize_cluster_path(source.path), time.time_ns()
    before = journal.committed(project.name, path)
    run = Run(
        project=project.name,
        source=path,
        state=RunState.COMMITTED,
        newer=snapshot.id,
        name=snapshot.label,
        taken=snapshot.taken,
        source_id=snapshot.source_id,
        archive=source.archive,
        keep=project.keep,
        started=now,
        ended=now,
        summary="adopted from the cluster",
        is_complete=True,
    )
    journal.add(run)
    return Adoption(path, snapshot.id, snapshot.label, before.id if before else None)
