"""``qumulo-changelist projects``: check or show projects.toml."""

import argparse
import os

from msgspec import to_builtins
from msgspec.structs import replace

from qumulo_changelist.checks.notify_url import shown_address
from qumulo_changelist.cli import arguments, common, project_options
from qumulo_changelist.cli.answer import print_answer
from qumulo_changelist.cli.screen import Screen, say
from qumulo_changelist.errors import ProjectFileError, UsageError
from qumulo_changelist.operations.project.history import forget_project
from qumulo_changelist.projects.file import check_projects, default_paths, read_projects
from qumulo_changelist.projects.project import Project
from qumulo_changelist.wording import count, join_lines

DESCRIPTION = """\
Check projects.toml, show the projects that it defines, or forget the runs of one that is no longer
protected. Its snapshots stay on the cluster: `snapshot list` shows them, `snapshot delete` removes
them.
"""
EXAMPLES = """\
  qumulo-changelist projects check                    every problem, with its line
  qumulo-changelist projects list
  qumulo-changelist projects forget show1
  qumulo-changelist projects check --projects ./projects.toml
"""

_NO_PROJECTS_YET = f"no projects yet: {project_options.MAKE_PROJECTS}"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    parser.add_argument(
        "action", choices=("check", "list", "forget"),
        help="report every problem; show the projects; or forget the runs of one",
    )  # fmt: skip
    parser.add_argument("name", metavar="PROJECT", nargs="?", help="which one to forget")
    parser.add_argument(
        "--projects", metavar="FILE", type=arguments.path,
        default=os.environ.get(common.PROJECTS_VARIABLE),
        help=f"read this file alone (default: {' and '.join(default_paths())})",
    )  # fmt: skip
    common.add_state_option(parser.add_argument_group("projects"))
    common.add_output_options(parser)


def execute(options: argparse.Namespace, _screen: Screen) -> int:
    """Print the projects or the problems, and return the exit code."""
    if (options.action == "forget") != (options.name is not None):
        raise UsageError("`projects forget` takes a project, and the others take none")
    if options.action == "forget":
        number = forget_project(options.name, options.state or "")
        text = f"forgot {count(number, 'run')} of {options.name}"
        print_answer(
            {"project": options.name, "forgotten_runs": number}, text, as_json=options.json
        )
        return 0
    if options.action == "list":
        projects = list(read_projects(options.projects).values())
        answer: dict[str, object] = {"projects": [_describe(one) for one in projects]}
        text = join_lines(map(_line, projects)) or _NO_PROJECTS_YET
        print_answer(answer, text, as_json=options.json)
        return 0
    from qumulo_changelist.operations.project.run import check_project

    found, problems = check_projects(options.projects, check_project)
    answer = {
        "projects": list(found),
        "problems": [to_builtins(problem) for problem in problems],
    }
    if not options.json:
        for problem in problems:
            say(str(problem))
    good = f"{len(found)} projects, no problem: {', '.join(found)}" if found else _NO_PROJECTS_YET
    print_answer(answer, "" if problems else good, as_json=options.json)
    return ProjectFileError.exit_code if problems else 0


def _line(project: Project) -> str:
    sources = ", ".join(source.path for source in project.sources)
    policy = f", policy {project.policy}" if project.policy else ""
    return f"{project.name}  {sources}  (keeps {project.keep}{policy})"


def _describe(project: Project) -> dict[str, object]:
    limits = ("max_deletes", "max_unreadable")
    plain = replace(
        project, options=replace(project.options, max_deletes=None, max_unreadable=None)
    )
    described: dict[str, object] = to_builtins(plain)
    if project.notify_url:
        described["notify_url"] = shown_address(project.notify_url)
    options = described["options"]
    assert isinstance(options, dict)
    for name in limits:
        limit = getattr(project.options, name)
        options[name] = str(limit) if limit else None
    return described
