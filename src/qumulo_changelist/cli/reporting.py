"""What others learn of a run that has ended: by a notification, and in a file of metrics."""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.projects.project import Project

if TYPE_CHECKING:
    from qumulo_changelist.operations.project.source_run import SourceRun


class Reporter:
    """Reports the runs of one command line, each when it has ended.

    Args:
        projects: those that the command line names.
        everything: whether these are all projects: a shared file of metrics then has no others.
        state: the file that keeps what was committed; "" for this user's own.
        screen: receives what fails; that never fails a run.
        run_id: names the run, also in the notification.
    """

    def __init__(
        self,
        projects: Sequence[Project],
        *,
        everything: bool,
        state: str,
        screen: Screen,
        run_id: str,
    ) -> None:
        self._projects, self._everything = projects, everything
        self._state, self._screen, self._run_id = state, screen, run_id
        self._began = time.time_ns()

    def begin(self) -> None:
        """Take note of when a run begins."""
        self._began = time.time_ns()

    def report(
        self,
        project: Project,
        answer: Mapping[str, object],
        code: int,
        sources: Sequence["SourceRun"] = (),
    ) -> None:
        """Report a run, as far as its project wants that.

        Args:
            project: the project.
            answer: what ``--json`` prints of the run.
            code: its exit code.
            sources: what it did for each source.
        """
        if project.metrics_file:
            self._write_metrics(project, code, sources)
        if project.notify_url:
            from qumulo_changelist.operations.project.notification import notify

            message = {"run": self._run_id, **answer, "exit_code": code}
            notify(project.notify_url, message, self._screen)

    def _write_metrics(self, project: Project, code: int, sources: Sequence["SourceRun"]) -> None:
        from qumulo_changelist.operations.project.metrics import FinishedRun, write_metrics

        run = FinishedRun(
            project=project,
            started=self._began,
            ended=time.time_ns(),
            exit_code=code,
            sources=sources,
        )
        names = {one.name for one in self._projects}
        write_metrics(
            project.metrics_file,
            run,
            self._screen,
            state=self._state,
            only=names if self._everything else None,
        )
