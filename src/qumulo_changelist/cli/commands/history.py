"""``qumulo-changelist history``: every run of this machine."""

import argparse

from qumulo_changelist.cli import arguments, common
from qumulo_changelist.cli.answer import print_answer
from qumulo_changelist.cli.moments import describe_local_time, describe_time
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.operations.project.history import Run, list_runs
from qumulo_changelist.wording import join_lines

DESCRIPTION = "Show the runs of this machine, the newest first."
EXAMPLES = """\
  qumulo-changelist history
  qumulo-changelist history show1 --last 5
  qumulo-changelist history show1 --json
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    parser.add_argument(
        "name", metavar="PROJECT", nargs="?", default="", type=arguments.path,
        help="only the runs of this project",
    )  # fmt: skip
    parser.add_argument(
        "--last", metavar="N", type=arguments.positive_number, help="only the last N runs"
    )
    common.add_state_option(parser.add_argument_group("projects"))
    common.add_output_options(parser)


def execute(options: argparse.Namespace, _screen: Screen) -> int:
    """Print the runs, and return the exit code."""
    runs = list_runs(options.name, options.state or "")[: options.last]
    text = join_lines(map(_line, runs)) or "no runs yet"
    print_answer({"runs": [_describe(run) for run in runs]}, text, as_json=options.json)
    return 0


def _line(run: Run) -> str:
    what = "full list" if run.older is None else f"since {run.older}"
    newer = "no snapshot" if run.newer is None else f"snapshot {run.newer}, {what}"
    if run.summary:
        newer = f"snapshot {run.newer}, {run.summary}"
    error = f": {run.error}" if run.error else ""
    return (
        f"{describe_local_time(run.started)}  {run.project}  {run.source}  {run.state.value:<10}  "
        f"{newer}{error}"
    )


def _describe(run: Run) -> dict[str, object]:
    return {
        "run": run.run_id or None,
        "project": run.project,
        "source": run.source,
        "state": run.state.value,
        "older": run.older,
        "newer": run.newer,
        "started": describe_time(run.started),
        "ended": describe_time(run.ended),
        "list": run.list or None,
        "receipt": run.receipt or None,
        "complete": run.is_complete,
        "exit_code": run.exit_code,
        "error": run.error or None,
    }
