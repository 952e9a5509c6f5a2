"""``qumulo-changelist verify``: compare a list with its receipt, and with the cluster."""

import argparse
import os

from msgspec import to_builtins

from qumulo_changelist.cli import arguments, common, log_options
from qumulo_changelist.cli.answer import print_answer
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.wording import join_lines

DESCRIPTION = """\
Compare a list with its receipt: size, SHA-256, and the number of entries of each kind. With
--against-cluster, also compare what the cluster counts in both snapshots.

The exit code is 0 if everything could be compared and agrees, 2 if there is no such list, else 5.
"""
EXAMPLES = """\
  qumulo-changelist verify /tmp/sdna-scan-files/5f1c9a52/1-files.xml
  qumulo-changelist verify --against-cluster /tmp/sdna-scan-files/5f1c9a52/1-files.xml
"""
_DIFFERS = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this sub-command."""
    parser.add_argument("list", metavar="LIST", type=arguments.path, help="the file of the list")
    parser.add_argument(
        "--against-cluster", action="store_true", help="compare with what the cluster counts, too"
    )
    common.add_cluster_options(parser)
    common.add_output_options(parser)
    log_options.add_options(parser)


def execute(options: argparse.Namespace, screen: Screen) -> int:
    """Verify the list, print what was found, and return the exit code."""
    from qumulo_changelist.operations.lists.verification import verify_list

    settings = common.find_settings(options) if options.against_cluster else None
    found = verify_list(os.path.abspath(options.list), settings, screen)
    answer = {
        "list": found.path,
        "receipt": found.receipt_path,
        "whole": found.is_whole,
        "findings": [to_builtins(finding) for finding in found.findings],
    }
    lines = [f"{one.outcome:<8}{one.what}: {one.detail}" for one in found.findings]
    print_answer(answer, join_lines(lines), as_json=options.json)
    return 0 if found.is_whole else _DIFFERS
