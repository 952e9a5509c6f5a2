"""``qumulo-changelist doctor``: check everything that runs need, and say what to do about it."""

import argparse
from collections.abc import Iterable
from functools import partial
from typing import Literal

from qumulo_changelist.cli import (
    common,
    log_options,
    patience_options,
    project_options,
    scheduler_options,
)
from qumulo_changelist.cli.answer import print_answer
from qumulo_changelist.cli.check_words import check_as_json, describe_check
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.config.archiver import usual_path
from qumulo_changelist.config.settings import Transport
from qumulo_changelist.errors import UsageError
from qumulo_changelist.operations.doctor.checks import Check, CheckStatus
from qumulo_changelist.operations.doctor.diagnosis import DoctorRequest, diagnose
from qumulo_changelist.projects.file import default_paths
from qumulo_changelist.projects.project import Project, Source

DESCRIPTION = """\
Check everything that the runs of a project need, in the order in which newcomers fail: the
configuration, the way to the cluster, its certificate, the user, the source, the mount, and this
machine. Two tiny snapshots of the source are taken, compared, and deleted again. Each line says
what to do about a problem.

Without a project, the configuration, the cluster and this machine are checked. The exit code is 0
if nothing failed; warnings do not count.
"""
EXAMPLES = """\
  qumulo-changelist doctor                            the configuration and the cluster alone
  qumulo-changelist doctor show1
  qumulo-changelist doctor --all --json
  qumulo-changelist doctor --source /projects/show1 --mapped-path /mnt/show1
"""

_NAME = "changelist"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    parser.add_argument("names", metavar="PROJECT", nargs="*", help="a project of projects.toml")
    parser.add_argument("--all", action="store_true", help="check every project")
    project_options.add_source_options(parser)
    scheduler_options.add_options(parser)
    common.add_project_options(parser)
    common.add_cluster_options(parser)
    common.add_output_options(parser)
    log_options.add_options(parser)


def execute(options: argparse.Namespace, screen: Screen) -> int:
    """Print what is checked and what was found, and return the exit code."""

    def report(check: Check) -> None:
        is_fine = check.status in (CheckStatus.OK, CheckStatus.SKIPPED)
        if not options.json and not (options.quiet and is_fine):
            print_answer({}, describe_check(check), as_json=False)

    checks: list[Check] = []
    code = 0
    for request in _requests(_chosen(options), options):
        diagnosis = diagnose(request, screen, report)
        checks += diagnosis.checks
        code = code or diagnosis.exit_code
    answer = {"checks": [check_as_json(one) for one in checks], "ok": not code}
    print_answer(answer, "", as_json=options.json)
    return code


def _chosen(options: argparse.Namespace) -> list[Project]:
    """Return the projects to check: those that are named, or one for a source in no file."""
    if options.source is not None:
        if options.names or options.all:
            raise UsageError("give either the name of a project in projects.toml, or --source")
        source = Source(
            path=options.source,
            guid=options.guid or _NAME,
            index=options.index or "1",
            mapped_path=options.mapped_path or None,
        )
        project = Project(name=options.project or _NAME, sources=(source,))
        return [project_options.with_options(project, options)]
    if options.project is not None or options.mapped_path is not None:
        raise UsageError("--project and --mapped-path need --source, too")
    if options.names or options.all:
        return project_options.chosen_projects(options, options.names)
    if scheduler_options.chosen_scheduler(options):
        raise UsageError("--scheduler needs a project, or --source, too")
    return []


def _requests(projects: Iterable[Project], options: argparse.Namespace) -> list[DoctorRequest]:
    """Return a request for all projects of each cluster; for none, that of the configuration."""
    groups: dict[tuple[str, Transport | Literal[""]], list[Project]] = {}
    for project in projects:
        config = options.config or project.config or usual_path()
        way = (config, options.transport or project.transport)
        groups.setdefault(way, []).append(project)
    groups = groups or {(options.config or usual_path(), options.transport or ""): []}
    return [
        DoctorRequest(
            projects=tuple(group),
            files=_files(options) if any(one.notify_url for one in group) else (),
            config=config,
            transport=transport or None,
            adapt=partial(patience_options.with_patience, options=options, is_question=True),
            state=options.state or "",
        )
        for (config, transport), group in groups.items()
    ]


def _files(options: argparse.Namespace) -> tuple[str, ...]:
    return (options.projects,) if options.projects else tuple(default_paths())
