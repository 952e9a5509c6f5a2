"""``qumulo-changelist adopt``: take over what another machine committed."""

import argparse

from qumulo_changelist.cli import common, log_options, project_options
from qumulo_changelist.cli.answer import print_answer
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.wording import join_lines

DESCRIPTION = """\
Take over on this machine what a different one committed, as the cluster's snapshots show it. The
next run lists what changed since then. Do so only if both machines serve the same archive: what the
other machine committed, this archive must have. Which filters the other machine had is unknown: if
they let less pass than those here, make a full list (run --full).
"""
EXAMPLES = """\
  qumulo-changelist adopt show1
  qumulo-changelist adopt --project show1 --source /projects/show1 --guid 5f1c9a52
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    common.add_project_names(parser)
    common.add_wait_option(parser)
    project_options.add_source_options(parser)
    common.add_project_options(parser)
    common.add_cluster_options(parser)
    common.add_output_options(parser)
    log_options.add_options(parser)


def execute(options: argparse.Namespace, screen: Screen) -> int:
    """Adopt, print what was adopted, and return the exit code."""
    from qumulo_changelist.operations.project.adoption import adopt_project

    answers: list[dict[str, object]] = []
    lines = []
    for project in project_options.chosen_projects(options, options.names):
        settings = common.find_settings(options, project)
        for one in adopt_project(
            project, settings, screen, state=options.state or "", wait=options.wait
        ):
            before = "nothing" if one.before is None else f"snapshot {one.before}"
            lines.append(
                f"{project.name}: {one.source}: the next run begins from snapshot {one.snapshot} "
                f"({one.name}); before, this machine had {before}"
            )
            answers.append(
                {
                    "project": project.name,
                    "source": one.source,
                    "snapshot": one.snapshot,
                    "name": one.name,
                    "before": one.before,
                }
            )
    print_answer({"adopted": answers}, join_lines(lines), as_json=options.json)
    return 0
