"""``qumulo-changelist diff``: list what changed between two snapshots."""

import argparse

from qumulo_changelist.cli import arguments, list_target
from qumulo_changelist.cli.screen import Screen

DESCRIPTION = """\
List what changed between two snapshots. Nothing is taken, committed or removed.

A snapshot is an id, a name, `latest`, `latest~1` (the one before), or `committed`. For the last
three, name the directory: --project NAME, or --source PATH. Without either, the list is of the
directory that the snapshots are of.
"""
EXAMPLES = """\
  qumulo-changelist diff 17 21 -                              print the list
  qumulo-changelist diff 17 21 changes.ndjson --format ndjson
  qumulo-changelist diff latest~1 latest - --project show1 --deletes
  qumulo-changelist diff committed latest --project show1     where the archiver looks
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    for name in ("older", "newer"):
        parser.add_argument(
            name, metavar=name.upper(), type=arguments.path,
            help=f"the {name} snapshot: an id, a name, latest, latest~1, or committed",
        )  # fmt: skip
    list_target.add_options(parser)


def execute(options: argparse.Namespace, screen: Screen) -> int:
    """Make the list, print where it is, and return the exit code."""
    return list_target.make_list(options, screen, options.older, options.newer)
