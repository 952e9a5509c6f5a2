"""``qumulo-changelist scan``: list everything that one snapshot has."""

import argparse

from qumulo_changelist.cli import arguments, list_target
from qumulo_changelist.cli.screen import Screen

DESCRIPTION = """\
List every file that one snapshot has: a full list. Nothing is taken, committed or removed.

A snapshot is an id, a name, `latest`, `latest~1` (the one before), or `committed`. For the last
three, name the directory: --project NAME, or --source PATH.
"""
EXAMPLES = """\
  qumulo-changelist scan 21 -                       print the list
  qumulo-changelist scan latest --project show1     where the archiver looks
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    parser.add_argument(
        "newer", metavar="SNAPSHOT", type=arguments.path,
        help="an id, a name, latest, latest~1, or committed",
    )  # fmt: skip
    list_target.add_options(parser)


def execute(options: argparse.Namespace, screen: Screen) -> int:
    """Make the list, print where it is, and return the exit code."""
    return list_target.make_list(options, screen, None, options.newer)
