"""``qumulo-changelist commit``: remember that the archive has what a list contains."""

import argparse

from qumulo_changelist.cli import arguments, common, log_options, project_options
from qumulo_changelist.cli.answer import print_answer
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.projects.file import read_projects

DESCRIPTION = """\
Remember that the archive has everything on the list of a project that was made last. The next list
begins from its snapshot, and snapshots that the project no longer needs are removed.

If several lists wait, name the snapshot of the one that the archive has: --snapshot.
"""
EXAMPLES = """\
  qumulo-changelist commit show1
  qumulo-changelist commit show1 --snapshot 21
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    name = parser.add_argument(
        "name", metavar="PROJECT", type=arguments.path, help="a project that has a list to commit"
    )
    name.completer = common.complete_project  # type: ignore[attr-defined]
    parser.add_argument(
        "--snapshot", metavar="ID", type=arguments.snapshot_id,
        help="the newer snapshot of the list, as `run` names it",
    )  # fmt: skip
    parser.add_argument(
        "--source", metavar="PATH", type=arguments.path,
        help="only the list of this source of the project",
    )  # fmt: skip
    parser.add_argument(
        "--keep", metavar="N", type=arguments.positive_number,
        help="keep N committed snapshots (default: that of the project, else 2)",
    )  # fmt: skip
    common.add_wait_option(parser)
    common.add_project_options(parser)
    common.add_cluster_options(parser)
    common.add_output_options(parser)
    log_options.add_options(parser)


def execute(options: argparse.Namespace, screen: Screen) -> int:
    """Commit, print what was committed, and return the exit code."""
    from qumulo_changelist.operations.project.commit import CommitRequest, commit_project
    from qumulo_changelist.operations.project.history import list_runs

    projects = read_projects(options.projects)
    project = projects.get(options.name)
    if project is None and not list_runs(options.name, options.state or ""):
        project_options.named_project(projects, options.name)
    keep = options.keep or (project.keep if project else None)
    request = CommitRequest(
        project=options.name,
        snapshot=options.snapshot,
        source=options.source or "",
        keep=keep,
        wait=options.wait,
        state=options.state or "",
    )
    settings = common.find_settings(options, project, is_shared=False)
    result = commit_project(request, settings, screen)
    if project and project.metrics_file:
        from qumulo_changelist.operations.project.metrics import update_metrics

        update_metrics(project.metrics_file, project, screen, state=request.state)
    answer: dict[str, object] = {
        "project": result.project,
        "committed": result.committed,
        "removed_snapshots": result.removed,
    }
    print_answer(answer, "", as_json=options.json)
    return 0
