"""What a run for a source begins from: both snapshots, as far as they are known before the work."""

import time
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.checks.request import normalize_cluster_path
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.cycle.base import Base, Committed, Disagreement, WhyFull, choose_base
from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.cycle.retention import plan_retention
from qumulo_changelist.cycle.runs import RunState
from qumulo_changelist.cycle.survey import Survey, newest_by_policy
from qumulo_changelist.errors import NoBaseError, PolicySnapshotMissingError
from qumulo_changelist.events import (
    BaseChosen,
    BaseExpires,
    CommitsDisagree,
    FiltersWidened,
    FullListNeeded,
    Listener,
)
from qumulo_changelist.filters.filters import Filters, decode_filters
from qumulo_changelist.filters.widening import may_let_more_pass
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.project.committing import survey_source
from qumulo_changelist.operations.project.continuing import find_interrupted
from qumulo_changelist.projects.project import Project, Source


class Beginning(NamedTuple):
    """What a run begins from."""

    survey: Survey
    newest: Snapshot | None
    """The newest snapshot of the project's policy; None if a run takes one."""
    base: Base


class Plan(Struct, frozen=True):
    """What a run for a source would do."""

    source: str
    older: int | None
    """The snapshot that changes would be listed from; None for a full list, or for none."""
    why_full: str
    """Why it would be a full list; "" otherwise."""
    newer: int | None
    """The snapshot by a policy, or of a run that was cut short, that would be listed; None if one
    would be taken."""
    has_list: bool
    """Whether a list would be made at all: the policy may have taken nothing new."""
    removable: list[int]
    """What a commit would remove."""


def find_beginning(
    project: Project,
    source: Source,
    cluster: Cluster,
    known: Committed | None,
    listener: Listener,
    *,
    full: bool = False,
) -> Beginning:
    """Return what a run begins from, and report what a user should know of that first.

    Args:
        project: the project.
        source: one of its sources.
        cluster: the cluster.
        known: what this machine has as committed; None for nothing.
        listener: receives the base, or why there is none.
        full: whether to begin from nothing, whatever was committed.

    Raises:
        NotFoundError: the cluster does not have the source.
        PolicySnapshotMissingError: the policy has taken no snapshot that contains it.
        NoBaseError: only a full list could be made, and none is wanted.
    """
    path = normalize_cluster_path(source.path)
    survey, source_id = survey_source(cluster, project.name, path)
    newest = _newest_of_policy(survey, project, path) if project.policy else None
    base = choose_base(known, survey, newest.source_id if newest else source_id, source.archive)
    if full and base.snapshot:
        base = replace(base, snapshot=None, why_full=WhyFull.WANTED)
    _report(project, path, base, listener)
    return Beginning(survey, newest, base)


def plan_source(
    project: Project,
    source: Source,
    cluster: Cluster,
    journal: Journal,
    listener: Listener,
    *,
    full: bool = False,
) -> Plan:
    """Return what a run for a source would do; nothing is changed anywhere.

    Raises:
        ChangelistError: as in :func:`find_beginning`.
    """
    path = normalize_cluster_path(source.path)
    known = _known_after_recovery(journal, project.name, path)
    survey, newest, base = find_beginning(project, source, cluster, known, listener, full=full)
    report_filters(project, path, base, journal, listener)
    older = base.snapshot.id if base.snapshot else None
    newest = newest or find_interrupted(project, source, path, survey, base, journal)
    number = newest.id if newest else max(survey.all, default=0) + 1
    committed = journal.committed_ids(project.name, path) | ({known.id} if known else set())
    removable = plan_retention(survey, number, project.keep, committed).removable
    return Plan(
        path,
        older,
        base.why_full.value if base.why_full else "",
        newest.id if newest else None,
        older is None or newest is None or newest.id > older,
        [snapshot.id for snapshot in removable],
    )


def report_filters(
    project: Project, path: str, base: Base, journal: Journal, listener: Listener
) -> None:
    """Report if the filters let more pass than those of earlier lists of the archive did."""
    if not base.snapshot:
        return
    for run in journal.committed_since_full_list(project.name, path):
        try:
            before: Filters | None = decode_filters(run.filters)
        except ValueError:
            before = None  # a newer version of this program has written it
        if before is None or may_let_more_pass(project.options.filters, before):
            listener(FiltersWidened(project.name, path, run.newer or 0))
            return


def _known_after_recovery(journal: Journal, project: str, path: str) -> Committed | None:
    """Return what will be committed when an interrupted commit has been completed."""
    for run in journal.runs(project, path):
        if run.state is RunState.COMMITTING:
            return Committed(run.newer or 0, run.taken, run.source_id, run.archive)
    return journal.committed(project, path)


def _newest_of_policy(survey: Survey, project: Project, path: str) -> Snapshot:
    newest = newest_by_policy(survey.all.values(), project.policy, path)
    if not newest:
        raise PolicySnapshotMissingError(
            f"the cluster has no snapshot by the policy {project.policy} that contains {path}"
        )
    return newest


def _report(project: Project, path: str, base: Base, listener: Listener) -> None:
    if base.disagreement and base.known is not None:
        is_silent = base.disagreement is Disagreement.CLUSTER_SILENT
        shown = None if is_silent else base.shown
        listener(CommitsDisagree(project.name, path, base.known, shown))
    if older := base.snapshot:
        listener(BaseChosen(path, older.id, older.label, older.taken))
        if base.expires_soon(time.time_ns()):
            listener(BaseExpires(path, older.id, older.expires))
        return
    assert base.why_full
    if not project.full and base.why_full is not WhyFull.WANTED:
        raise NoBaseError(f"{path}: only a full list could be made: {base.why_full.value}")
    adoptable = base.shown if base.why_full is WhyFull.ELSEWHERE else None
    listener(FullListNeeded(project.name, path, base.why_full.value, adoptable))
