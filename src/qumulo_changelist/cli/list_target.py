"""Where ``diff`` and ``scan`` write a list: the archiver's folder, a file, or standard output."""

import argparse
import contextlib
import os
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qumulo_changelist.cli import (
    arguments,
    common,
    log_options,
    patience_options,
    project_options,
)
from qumulo_changelist.cli.answer import describe_lists, print_answer
from qumulo_changelist.cli.deadline import deadline
from qumulo_changelist.cli.screen import Screen, print_content, say
from qumulo_changelist.cli.summary import summarize_result
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import OutputError, UsageError
from qumulo_changelist.events import Listener
from qumulo_changelist.machine.scratch import scratch_folder
from qumulo_changelist.names import to_bytes, to_text
from qumulo_changelist.output.formats import formats_of_lists
from qumulo_changelist.projects.file import read_projects
from qumulo_changelist.projects.project import Project, Source

if TYPE_CHECKING:
    from qumulo_changelist.operations.lists.request import ChangelistRequest
    from qumulo_changelist.operations.lists.result import ChangelistResult

STANDARD_OUTPUT = "-"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of both commands."""
    parser.add_argument(
        "output", metavar="OUTPUT", nargs="?", type=arguments.path,
        help="the file to write, or - for standard output (default: where the archiver looks)",
    )  # fmt: skip
    project_options.add_source_options(parser)
    project_options.add_list_options(parser)
    common.add_project_options(parser)
    common.add_cluster_options(parser)
    patience_options.add_deadline(parser)
    common.add_output_options(parser)
    log_options.add_options(parser)


def make_list(options: argparse.Namespace, screen: Screen, older: str | None, newer: str) -> int:
    """Make the list of a command line, print where it is, and return the exit code.

    Args:
        options: the command line.
        screen: shows the events.
        older: the older snapshot in a user's words; None for a full list.
        newer: the newer one.
    """
    from qumulo_changelist.operations.snapshots.list_choice import ListChoice, choose_list

    if options.json and options.output == STANDARD_OUTPUT:
        raise UsageError("--json and a list on standard output exclude each other")
    project = _project(options)
    if project is None and options.output is None:
        raise UsageError(
            "where the list belongs is unknown without a project",
            hint="Add --project NAME, or give a file for the list, or - for standard output.",
        )
    choice = ListChoice(
        older=older,
        newer=newer,
        project=project,
        source=options.source or "",
        options=project_options.list_options(options, project),
        to_archiver=options.output is None,
        state=options.state or "",
    )
    seconds = options.deadline or (project.deadline if project else 0)
    with deadline(seconds, screen) as listener:
        settings = common.find_settings(options, project)
        request = replace(choose_list(choice, settings, listener), run_id=options.run_id)
        if options.output == STANDARD_OUTPUT:
            return _print_list(request, settings, listener, quiet=options.quiet)
        output = os.path.abspath(options.output) if options.output else None
        request = replace(request, output=output)
        result = _generate(request, settings, listener, quiet=options.quiet)
    return _answer(result, options, screen)


def _answer(result: "ChangelistResult", options: argparse.Namespace, screen: Screen) -> int:
    """Print where the lists are, and return the exit code."""
    lists = describe_lists(result)
    answer = {
        "run": options.run_id,
        "list": lists[0]["list"],
        "receipt": lists[0]["receipt"],
        "lists": lists,
        "complete": result.is_complete,
        "retries": screen.retries.since(),
    }
    print_answer(answer, "\n".join(each["list"] for each in lists), as_json=options.json)
    return 0 if result.is_complete else 1


def _project(options: argparse.Namespace) -> Project | None:
    """Return the project that a command line names or describes; None if it does neither."""
    if options.project is None and options.source is None:
        return _only_project(options)
    if options.project is not None:
        projects = read_projects(options.projects)
        if options.project in projects:
            return projects[options.project]
        if options.source is None:
            return project_options.named_project(projects, options.project)
    if options.guid is None and options.output is None:
        raise UsageError("give --guid, too, or a file for the list")
    source = Source(
        path=options.source,
        guid=options.guid or "",
        index=options.index or "1",
        mapped_path=options.mapped_path,
    )
    return Project(name=options.project or "list", sources=(source,))


def _only_project(options: argparse.Namespace) -> Project | None:
    """Return the project that is meant if there is only one, and the words need a project."""
    from qumulo_changelist.operations.snapshots.choice import depends_on_source

    if not any(map(depends_on_source, (getattr(options, "older", ""), options.newer))):
        return None
    projects = list(read_projects(options.projects).values())
    return projects[0] if len(projects) == 1 else None


def _generate(
    request: "ChangelistRequest", settings: Settings, listener: Listener, *, quiet: bool
) -> "ChangelistResult":
    from qumulo_changelist.operations.lists.changelist import generate_changelist

    result = generate_changelist(request, settings, listener)
    if not quiet:
        deletes = request.deletes or request.older is None
        say(summarize_result(request, result, deletes=deletes))
    return result


def _print_list(
    request: "ChangelistRequest", settings: Settings, listener: Listener, *, quiet: bool
) -> int:
    """Print a list on standard output, once all of it is known; no file of it remains."""
    # Without deletions, a second list is empty, and nobody misses it.
    formats = formats_of_lists(request.formats) if request.deletes else request.formats
    if len(formats) > 1:
        raise UsageError("standard output takes one list, and there would be several")
    work_folder = os.fsdecode(to_bytes(settings.work_folder))
    with contextlib.ExitStack() as stack:
        try:
            os.makedirs(work_folder, exist_ok=True)
            name = stack.enter_context(scratch_folder(work_folder, "qumulo-changelist-"))
        except OSError as error:
            raise OutputError(f"{work_folder} cannot be written: {error.strerror}") from error
        output = to_text(os.fsencode(os.path.join(name, "list")))
        result = _generate(replace(request, output=output), settings, listener, quiet=quiet)
        with open(result.path, "rb") as file:
            print_content(file)
    return 0 if result.is_complete else 1
