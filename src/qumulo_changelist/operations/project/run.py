"""The whole cycle of a project: snapshot, list, archive, commit."""

import contextlib
from collections.abc import Iterable

from msgspec import Struct

from qumulo_changelist.cluster.connect import open_cluster, with_answering_host
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.cycle.lock import lock_project
from qumulo_changelist.errors import ChangelistError, DeadlineError
from qumulo_changelist.events import Listener, ignore
from qumulo_changelist.machine.shortages import shortage_errors
from qumulo_changelist.operations.lists.places import check_places
from qumulo_changelist.operations.project.beginning import Plan, plan_source
from qumulo_changelist.operations.project.command import check_command
from qumulo_changelist.operations.project.list_request import make_request
from qumulo_changelist.operations.project.source_run import SourceRun, SourceRunner
from qumulo_changelist.operations.project.state import (
    open_existing_journal,
    open_journal,
    state_path,
)
from qumulo_changelist.projects.project import Project
from qumulo_changelist.run_id import new_run_id


class RunRequest(Struct, frozen=True, kw_only=True):
    """What to run, and what becomes of its lists."""

    project: Project
    command: tuple[str, ...] = ()
    """The command that is given each list; if it succeeds, the list is committed."""
    commit: bool = False
    """Whether a list is committed without a command, as soon as it is in its place."""
    full: bool = False
    """Whether to make a full list, although changes alone could be listed."""
    wait: float = 0
    """The number of seconds to wait for a different run of the same project."""
    state: str = ""
    """The file that keeps what was committed; "" for this user's own."""
    run_id: str = ""
    """Names the run in receipts and in the journal; "" for a new one."""


class RunResult(Struct, frozen=True):
    """What a run did, for each source of the project."""

    project: str
    sources: list[SourceRun]

    @property
    def failures(self) -> list[ChangelistError]:
        """The errors that ended the work on a source."""
        return [one.failure for one in self.sources if one.failure]

    @property
    def is_complete(self) -> bool:
        """Whether every list was made, and everything on it could be read."""
        return all(one.is_complete for one in self.sources)

    @property
    def exit_code(self) -> int:
        """What a command ends with: the greatest code of an error, 1 if a list is incomplete."""
        codes = [failure.exit_code for failure in self.failures]
        return max(codes, default=0 if self.is_complete else 1)


def run_project(request: RunRequest, settings: Settings, listener: Listener = ignore) -> RunResult:
    """Take a snapshot of each source of a project, and list what changed since the last commit.

    If there is no commit to begin from, the list is a full one. A source that fails does not keep
    the others from being listed: its error is in the result.

    Args:
        request: what to run.
        settings: how to reach the cluster, and where lists belong.
        listener: receives the events of the run.

    Raises:
        UsageError: the project cannot be run as it stands, or the command is not given what it
            asks for.
        CommandFailedError: there is no such command.
        OutputError: something other than a regular file is where a list belongs.
        ProjectBusyError: a different run of the same project is under way.
        StateFileError: what is committed cannot be read or kept.
        ChangelistError: the cluster cannot be used at all.
    """
    project = request.project
    check_project(project)
    check_command(request.command, project.options.formats)
    for source in project.sources:
        check_places(settings.work_folder, make_request(project, source, None, 1))
    with shortage_errors(), contextlib.ExitStack() as stack:
        path = state_path(request.state)
        stack.enter_context(lock_project(path, project.name, request.wait, listener))
        journal = stack.enter_context(open_journal(request.state))
        settings = with_answering_host(settings, listener)
        cluster = stack.enter_context(open_cluster(settings, listener))
        run_id = request.run_id or new_run_id()
        runners = [
            SourceRunner(
                project,
                source,
                settings,
                cluster,
                journal,
                listener,
                command=request.command,
                commit=request.commit,
                full=request.full,
                run_id=run_id,
            )
            for source in project.sources
        ]
        return RunResult(project.name, _run_each(runners))


def _run_each(runners: Iterable[SourceRunner]) -> list[SourceRun]:
    """Run one source after the other, but none when the time is over."""
    runs: list[SourceRun] = []
    over: DeadlineError | None = None
    for runner in runners:
        run = runner.fail(over) if over else runner.run()
        over = run.failure if isinstance(run.failure, DeadlineError) else None
        runs.append(run)
    return runs


def plan_project(
    request: RunRequest, settings: Settings, listener: Listener = ignore
) -> list[Plan]:
    """Return what :func:`run_project` would do for each source; nothing is changed anywhere.

    Raises:
        ChangelistError: likewise.
    """
    check_project(request.project)
    check_command(request.command, request.project.options.formats)
    with shortage_errors(), contextlib.ExitStack() as stack:
        journal = stack.enter_context(open_existing_journal(request.state))
        cluster = stack.enter_context(open_cluster(settings, listener))
        return [
            plan_source(request.project, source, cluster, journal, listener, full=request.full)
            for source in request.project.sources
        ]


def check_project(project: Project) -> None:
    """Make sure that a project's lists can be made, as far as that shows without a cluster.

    Raises:
        UsageError: they cannot.
    """
    project.check()
    for source in project.sources:
        make_request(project, source, 1, 2).check()
