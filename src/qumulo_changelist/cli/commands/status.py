"""``qumulo-changelist status``: where each project stands, for people and for monitoring."""

import argparse
import time

from qumulo_changelist.cli import arguments, common, project_options
from qumulo_changelist.cli.answer import print_answer
from qumulo_changelist.cli.moments import describe_time
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.durations import describe_duration
from qumulo_changelist.operations.project.history import SourceState, SourceStatus, project_statuses
from qumulo_changelist.projects.file import read_projects
from qumulo_changelist.wording import count, join_lines

DESCRIPTION = """\
Show, for each source of each project, what is committed, how old that is, and what is pending.

Each line begins with ok, FAILED (the last run failed), OPEN (nothing was ever committed), or LATE
(the archive is older than --max-age). The exit code is 0 if all is well, and 1 otherwise. Only this
machine is asked, not the cluster.
"""
EXAMPLES = """\
  qumulo-changelist status
  qumulo-changelist status show1 --max-age 26h        for monitoring: see the exit code
  qumulo-changelist status --json
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    common.add_project_names(parser)
    parser.add_argument(
        "--max-age", metavar="TIME", type=arguments.duration,
        help="end with 1 if what is committed is older than this, such as 26h",
    )  # fmt: skip
    common.add_project_options(parser)
    common.add_output_options(parser)


def execute(options: argparse.Namespace, _screen: Screen) -> int:
    """Print where the projects stand, and return the exit code."""
    now = time.time_ns()
    projects = read_projects(options.projects)
    found = project_statuses(projects.values(), options.state or "")
    for name in options.names:
        if not any(one.project == name for one in found):
            project_options.named_project(projects, name)
    found = [one for one in found if not options.names or one.project in options.names]
    states = [one.state(options.max_age, now) for one in found]
    text = join_lines(_line(*one, now) for one in zip(found, states, strict=True))
    answer = {"projects": [_describe(*one, now) for one in zip(found, states, strict=True)]}
    print_answer(
        answer, text or f"no projects yet: {project_options.MAKE_PROJECTS}", as_json=options.json
    )
    return 0 if all(state == "ok" for state in states) else 1


def _line(status: SourceStatus, state: SourceState, now: int) -> str:
    age = status.age(now)
    word = state if state == "ok" else state.upper()
    parts = [f"{word:<6}  {status.project}  {status.source}"]
    if age is None:
        parts.append("nothing committed")
    else:
        parts.append(f"committed: snapshot {status.committed}, {describe_duration(age)} old")
    if status.pending:
        earlier = len(status.pending) - 1
        more = f", and {count(earlier, 'earlier one')}" if earlier else ""
        parts.append(f"waiting for a commit: the list of snapshot {status.pending[0]}{more}")
    if status.last_error:
        parts.append(f"the last run failed: {status.last_error}")
    return "; ".join(parts)


def _describe(status: SourceStatus, state: SourceState, now: int) -> dict[str, object]:
    age = status.age(now)
    return {
        "project": status.project,
        "source": status.source,
        "ok": state == "ok",
        "state": state,
        "committed": status.committed,
        "committed_at": describe_time(status.committed_at),
        "snapshot_taken": describe_time(status.taken),
        "age_seconds": None if age is None else int(age),
        "pending": status.pending,
        "last_error": status.last_error or None,
    }
