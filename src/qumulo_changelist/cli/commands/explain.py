"""``qumulo-changelist explain``: why one path is on a list, or why not."""

import argparse
import os

from qumulo_changelist.cli import arguments, common
from qumulo_changelist.cli.answer import print_answer
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.errors import UsageError
from qumulo_changelist.names import to_text
from qumulo_changelist.wording import join_lines

DESCRIPTION = """\
Explain why one path is on a list, or why not: which of the two snapshots has it, what the diff
says, which rule decided, and what the list and its receipt say.

The list is the last one of this machine that can contain the path, or the one that --list names.
"""
EXAMPLES = """\
  qumulo-changelist explain /projects/show1/reel3/A003_C001.mov
  qumulo-changelist explain /reel3/A003_C001.mov --list /tmp/sdna-scan-files/5f1c9a52/1-files.xml
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    parser.add_argument(
        "path", metavar="PATH", type=arguments.path,
        help="on the cluster; or below the base path of the list, with --list",
    )  # fmt: skip
    parser.add_argument(
        "--list", metavar="LIST", type=arguments.path, help="the list, or its receipt"
    )
    common.add_project_options(parser)
    common.add_cluster_options(parser)
    common.add_output_options(parser)


def execute(options: argparse.Namespace, screen: Screen) -> int:
    """Print the explanation, and return the exit code."""
    from qumulo_changelist.operations.lists.explanation import explain_path
    from qumulo_changelist.operations.project.history import last_list_of, place_on_cluster
    from qumulo_changelist.projects.file import read_projects

    project, path = None, options.list
    if path is None:
        projects = read_projects(options.projects)
        try:
            run = last_list_of(options.path, options.state or "")
        except UsageError as error:
            if there := place_on_cluster(os.path.abspath(options.path), projects.values()):
                error.hint = f"On the cluster, it is {there}."
            elif error.hint:
                error.hint = f"{error.hint} Or name the list with --list."
            raise
        path, project = run.list, projects.get(run.project)
    settings = common.find_settings(options, project, is_question=True)
    found = explain_path(
        options.path, to_text(os.fsencode(os.path.abspath(path))), settings, screen
    )
    facts, verdict = found.facts, found.verdict
    answer = {
        "path": found.path,
        "name": found.name,
        "list": found.list_path,
        "receipt": found.receipt_path,
        "listed": found.is_listed,
        "listed_as": facts.listed,
        "reason": verdict.reason,
        "rule": verdict.rule,
        "filter": verdict.filtered_by or None,
        "older_snapshot": found.older.snapshot if found.older else None,
        "older_has": found.older.sight if found.older else None,
        "newer_snapshot": found.newer.snapshot,
        "newer_has": found.newer.sight,
        "sentences": found.sentences,
    }
    print_answer(answer, join_lines(found.sentences), as_json=options.json)
    return 0
