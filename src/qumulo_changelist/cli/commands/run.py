"""``qumulo-changelist run``: the whole cycle of a project."""

import argparse
import os
import shlex
from typing import TYPE_CHECKING

from msgspec import to_builtins

from qumulo_changelist.cli import (
    arguments,
    common,
    log_options,
    patience_options,
    project_options,
)
from qumulo_changelist.cli.answer import describe_error, describe_lists, print_answer
from qumulo_changelist.cli.cycle_hints import CYCLE_HINTS
from qumulo_changelist.cli.deadline import deadline
from qumulo_changelist.cli.error_context import add_context
from qumulo_changelist.cli.last_resort import mistake_errors
from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.cli.reporting import Reporter
from qumulo_changelist.cli.run_page import RunPage, page_of
from qumulo_changelist.cli.screen import Screen, say
from qumulo_changelist.errors import ChangelistError, UsageError
from qumulo_changelist.events import PartFailed
from qumulo_changelist.projects.project import Project
from qumulo_changelist.wording import join_lines

if TYPE_CHECKING:
    from qumulo_changelist.operations.project.beginning import Plan
    from qumulo_changelist.operations.project.run import RunRequest
    from qumulo_changelist.operations.project.source_run import SourceRun

DESCRIPTION = """\
Take a snapshot, list what changed since the last commit, and print the path of the list.

A list is committed when the archive has everything on it: the next list begins from its snapshot.
Until then, the same changes are listed again, so a failed archive loses nothing. If nothing was
committed yet, the list is a full one. Older snapshots are removed only after a commit.
"""
EXAMPLES = """\
  qumulo-changelist run show1                        then archive, then: commit show1
  qumulo-changelist run show1 -- archive.sh {list}   commit if archive.sh succeeds
  qumulo-changelist run --all --commit               commit at once
  qumulo-changelist run show1 --dry-run              only say what would be done
  qumulo-changelist run --project show1 --source /projects/show1 --guid 5f1c9a52 --index 1

After --, {list}, {receipt}, {project}, {source}, {older} and {newer} are replaced; the command also
finds them as QUMULO_CHANGELIST_LIST, QUMULO_CHANGELIST_RECEIPT and so on in its environment. With
several formats, {list} is the first list; {list_csv} and so on name each.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    parser.usage = "qumulo-changelist run PROJECT... | --all [options] [-- COMMAND ARG...]"
    common.add_project_names(parser)
    parser.add_argument("--all", action="store_true", help="run every project, one after the other")
    parser.add_argument(
        "--commit", action="store_true", help="commit each list as soon as it is in its place"
    )
    parser.add_argument(
        "--dry-run", action="store_true",
        help="say what would be done; take no snapshot and remove none",
    )  # fmt: skip
    parser.add_argument(
        "--full", dest="full_list", action="store_true",
        help="make a full list, also if something was committed, as after filters were changed",
    )  # fmt: skip
    common.add_wait_option(parser)
    patience_options.add_deadline(parser)
    parser.add_argument(
        "--report", metavar="FILE", type=arguments.path,
        help="write a page to look at, of all lists of this run; if that fails, the run stands",
    )  # fmt: skip
    _add_reports(parser.add_argument_group("reports (each also a key in projects.toml)"))
    project_options.add_options(parser)
    common.add_project_options(parser)
    common.add_cluster_options(parser)
    common.add_output_options(parser)
    log_options.add_options(parser)


def _add_reports(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--notify-url", metavar="URL", type=arguments.notify_url,
        help="after the run, post its summary as JSON; if the URL contains a secret, use the key "
        "notify_url instead, since other users of this machine see command lines",
    )  # fmt: skip
    group.add_argument(
        "--metrics-file", metavar="FILE", type=arguments.path,
        help="after the run, write metrics for Prometheus (node_exporter's textfile collector)",
    )  # fmt: skip


def execute(options: argparse.Namespace, screen: Screen) -> int:
    """Run the projects, print the paths of their lists, and return the exit code."""
    if options.full_list and options.full is False:
        raise UsageError("--full and --no-full exclude each other")
    projects = project_options.chosen_projects(options, options.names)
    if any(project.notify_url for project in projects):
        _report_exposed_files(options, screen)
    page = None if options.dry_run else page_of(options.report, screen)
    act = _plan if options.dry_run else _Runs(projects, options, screen, page).run
    answers = []
    codes = []
    for project in projects:
        try:
            answer, code = act(project, options, screen)
        except ChangelistError as error:
            if len(projects) == 1:
                raise
            add_context(error, options, project.name)
            if page:
                page.add_failure(project.name, error)
            answer, code = _failed(project, error), error.exit_code
            _say_failure(project.name, error, screen)
        answers.append(answer)
        codes.append(code)
    report = page.write(options.state or "") if page else {}
    answer = {"run": options.run_id, "projects": answers, **report}
    print_answer(answer, "", as_json=options.json)
    return max(codes)


def _report_exposed_files(options: argparse.Namespace, screen: Screen) -> None:
    from qumulo_changelist.operations.project.exposed import report_exposed_files
    from qumulo_changelist.projects.file import default_paths

    report_exposed_files([options.projects] if options.projects else default_paths(), screen)


def _request(project: Project, options: argparse.Namespace) -> "RunRequest":
    from qumulo_changelist.operations.project.run import RunRequest

    return RunRequest(
        project=project,
        command=tuple(options.handover),
        commit=options.commit,
        full=options.full_list,
        wait=options.wait,
        state=options.state or "",
        run_id=options.run_id,
    )


def _failed(project: Project, error: ChangelistError) -> dict[str, object]:
    return {"project": project.name, **describe_error(error)}


class _Runs:
    """The runs of a command line, each of which is reported where its project wants that."""

    def __init__(
        self,
        projects: list[Project],
        options: argparse.Namespace,
        screen: Screen,
        page: RunPage | None,
    ) -> None:
        self._page = page
        self._reporter = Reporter(
            projects,
            everything=options.all,
            state=options.state or "",
            screen=screen,
            run_id=options.run_id,
        )

    def run(
        self, project: Project, options: argparse.Namespace, screen: Screen
    ) -> tuple[dict[str, object], int]:
        """Run a project, and return what ``--json`` prints of it, and the exit code."""
        from qumulo_changelist.operations.project.run import run_project

        self._reporter.begin()
        before = screen.retries.requests, screen.retries.seconds
        try:
            to = self._page.listener if self._page else screen
            with (
                deadline(options.deadline or project.deadline, to) as listener,
                mistake_errors(with_traceback=options.verbose),
            ):
                settings = common.find_settings(options, project)
                result = run_project(_request(project, options), settings, listener)
        except ChangelistError as error:
            add_context(error, options, project.name)
            self._reporter.report(project, _failed(project, error), error.exit_code)
            raise
        for one in result.sources:
            if one.failure:
                add_context(one.failure, options, project.name)
        sources = [_describe_source(one) for one in result.sources]
        retries = screen.retries.since(*before)
        answer: dict[str, object] = {
            "project": project.name,
            "sources": sources,
            "retries": retries,
        }
        if self._page:
            self._page.add_result(project.name, result.sources)
        # First, since standard output may be closed.
        self._reporter.report(project, answer, result.exit_code, result.sources)
        for one in result.sources:
            _report(project, one, options, screen)
        return answer, result.exit_code


def _report(
    project: Project, run: "SourceRun", options: argparse.Namespace, screen: Screen
) -> None:
    if run.result:
        if not options.json:
            paths = "\n".join(os.fsdecode(each.path) for each in run.result.lists)
            print_answer({}, paths, as_json=False)
        if not run.is_committed and not run.failure and not options.handover and not options.quiet:
            say(f"When the archive has it: {_commit_command(project, run)}")
    if run.failure:
        _say_failure(f"{project.name}: {run.source}", run.failure, screen)


def _commit_command(project: Project, run: "SourceRun") -> str:
    """Return what commits the list of a run, and nothing else."""
    words = ["qumulo-changelist", "commit", project.name]
    if len(project.sources) > 1:
        words += ["--source", run.source]
    if run.waiting > 1 or not run.is_complete:
        words += ["--snapshot", str(run.newer)]
    return shlex.join(words)


def _say_failure(what: str, error: ChangelistError, screen: Screen) -> None:
    hint = hint_for(error, makes_list=False, overrides=CYCLE_HINTS)
    screen(PartFailed(what, type(error).__name__, str(error), hint, error.exit_code))


def _describe_source(run: "SourceRun") -> dict[str, object]:
    totals = run.totals
    error = describe_error(run.failure) if run.failure else {}
    return {
        "source": run.source,
        "older": run.older,
        "newer": run.newer,
        "full": bool(run.why_full),
        "why_full": run.why_full,
        "list": run.result.path if run.result else None,
        "receipt": run.result.receipt_path if run.result else None,
        "lists": describe_lists(run.result) if run.result else [],
        "complete": run.is_complete,
        "committed": run.is_committed,
        "removed_snapshots": run.removed,
        "changes": run.result.changes if run.result else None,
        "files": totals.files,
        "bytes": totals.size,
        "directories": totals.directories,
        "deleted_files": totals.deleted_files,
        "deleted_directories": totals.deleted_directories,
        "unreadable": totals.unreadable,
        "filtered": to_builtins(run.result.receipt.filtered) if run.result else {},
        **error,
    }


def _plan(
    project: Project, options: argparse.Namespace, screen: Screen
) -> tuple[dict[str, object], int]:
    from qumulo_changelist.operations.project.run import plan_project

    settings = common.find_settings(options, project)
    plans = plan_project(_request(project, options), settings, screen)
    if not options.json:
        print_answer({}, join_lines(_plan_in_words(project, one) for one in plans), as_json=False)
    return {
        "project": project.name,
        "dry_run": True,
        "sources": [
            {
                "source": one.source,
                "older": one.older,
                "newer": one.newer,
                "full": bool(one.why_full),
                "why_full": one.why_full,
                "makes_list": one.has_list,
                "removable_snapshots": one.removable,
            }
            for one in plans
        ],
    }, 0


def _plan_in_words(project: Project, plan: "Plan") -> str:
    if not plan.has_list:
        return f"{plan.source}: nothing would be listed"
    newer = f"use snapshot {plan.newer}" if plan.newer else "take a snapshot"
    what = f"list what changed since snapshot {plan.older}"
    if plan.older is None:
        what = f"make a full list ({plan.why_full})"
    removable = ", ".join(map(str, plan.removable)) or "none"
    return f"{plan.source}: would {newer}, and {what}; a commit would remove snapshots: {removable}"
