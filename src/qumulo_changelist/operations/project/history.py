"""What this machine remembers: every run, and where each project stands."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from qumulo_changelist.checks.request import normalize_cluster_path
from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.cycle.lock import lock_project
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.errors import UsageError
from qumulo_changelist.events import ignore
from qumulo_changelist.operations.project.state import (
    open_existing_journal,
    open_journal,
    state_path,
)
from qumulo_changelist.projects.project import Project

__all__ = [
    "Run",
    "RunState",
    "SourceState",
    "SourceStatus",
    "forget_project",
    "last_list_of",
    "list_runs",
    "place_on_cluster",
    "project_statuses",
]


SourceState = Literal["ok", "open", "failed", "late"]
"""What is wrong with a source, if anything; see :meth:`SourceStatus.state`."""


class SourceStatus(Struct, frozen=True):
    """Where one source of a project stands. Times are nanoseconds since the epoch."""

    project: str
    source: str
    committed: int | None
    """The snapshot that the next run begins from; None if nothing was committed."""
    committed_at: int
    """When it was committed; 0 for never."""
    taken: int
    """When that snapshot was taken: the archive has everything up to then. 0 if unknown."""
    pending: list[int]
    """The snapshots whose lists are finished and not committed, the newest first."""
    last_error: str
    """What ended the last run, if it failed; "" otherwise."""

    def age(self, now: int) -> float | None:
        """Return how old the archive is, in seconds; None if nothing was committed."""
        since = self.taken or self.committed_at
        return (now - since) / 10**9 if since else None

    def state(self, max_age: float | None, now: int) -> SourceState:
        """Return what is wrong, and the first of these if several things are.

        Args:
            max_age: the greatest age that the archive may have, in seconds; None for any.
            now: nanoseconds since the epoch.

        Returns:
            "failed" if the last run failed, "open" if nothing was committed yet, "late" if the
            archive is too old, or else "ok".
        """
        age = self.age(now)
        if self.last_error:
            return "failed"
        if age is None:
            return "open"
        return "late" if max_age is not None and age > max_age else "ok"


def list_runs(project: str = "", state: str = "") -> list[Run]:
    """Return the runs of this machine, the newest first.

    Args:
        project: only those of this project; "" for all.
        state: the file that keeps what was committed; "" for this user's own.

    Raises:
        StateFileError: the file cannot be used.
    """
    with open_existing_journal(state) as journal:
        return journal.runs(project)


def forget_project(project: str, state: str = "") -> int:
    """Forget every run of a project on this machine; return the number of runs.

    Its snapshots stay on the cluster. A later run of the project makes a full list.

    Raises:
        ProjectBusyError: a run of it is under way.
        StateFileError: the file cannot be used.
    """
    with lock_project(state_path(state), project, 0, ignore), open_journal(state) as journal:
        return journal.forget(project)


def last_list_of(path: str, state: str = "") -> Run:
    """Return the last run of this machine whose list can contain a path of the cluster.

    Raises:
        UsageError: there is none, or the path is not absolute.
        StateFileError: the file cannot be used.
    """
    name = normalize_cluster_path(path).rstrip("/") if path.startswith("/") else path
    for run in list_runs("", state):
        if run.list and f"{name}/".startswith(f"{run.source.rstrip('/')}/"):
            return run
    raise UsageError(
        f"this machine has made no list that can contain {path}",
        hint="Name it as the cluster does, such as /projects/show1/a.mov.",
    )


def place_on_cluster(path: str, projects: Iterable[Project]) -> str:
    """Return what a path of this machine is on the cluster; "" if that is unknown.

    Args:
        path: an absolute path of this machine.
        projects: those whose sources may be mounted above it.
    """
    places = {
        normalize_cluster_path(f"{source.path}/{path[len(mapped) :]}")
        for project in projects
        for source in project.sources
        if (mapped := (source.mapped_path or "").rstrip("/"))
        and f"{path}/".startswith(f"{mapped}/")
    }
    return places.pop() if len(places) == 1 else ""


def project_statuses(projects: Iterable[Project], state: str = "") -> list[SourceStatus]:
    """Return where each source of projects stands, and those that only this machine remembers.

    Args:
        projects: the projects as they are defined.
        state: the file that keeps what was committed; "" for this user's own.

    Raises:
        StateFileError: the file cannot be used.
    """
    with open_existing_journal(state) as journal:
        defined = [
            (project.name, normalize_cluster_path(source.path))
            for project in projects
            for source in project.sources
        ]
        remembered = [(run.project, run.source) for run in reversed(journal.runs())]
        return [_status(journal, *one) for one in dict.fromkeys([*defined, *remembered])]


def _status(journal: Journal, project: str, source: str) -> SourceStatus:
    runs = journal.runs(project, source)
    last = runs[0] if runs else None
    committed = journal.committed(project, source)
    moments = [run.ended for run in runs if run.state is RunState.COMMITTED]
    is_committed = last is not None and last.state is RunState.COMMITTED
    has_failed = (
        last is not None and not is_committed and (last.state is RunState.FAILED or last.error)
    )
    return SourceStatus(
        project,
        source,
        committed.id if committed else None,
        max(moments, default=0),
        committed.taken if committed else 0,
        [run.newer or 0 for run in journal.uncommitted(project, source)],
        (last.error or "it failed") if has_failed and last else "",
    )
