"""The options of the log: where it is written, and how."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from qumulo_changelist.cli import arguments
from qumulo_changelist.errors import ChangelistError
from qumulo_changelist.events import Listener, ignore

LOG_VARIABLE = "QUMULO_CHANGELIST_LOG"
FORMAT_VARIABLE = "QUMULO_CHANGELIST_LOG_FORMAT"


def add_options(parser: argparse._ActionsContainer) -> None:
    """Add where a log is written, and how."""
    parser.add_argument(
        "--log-file", metavar="FILE", type=arguments.path,
        default=os.environ.get(LOG_VARIABLE) or None,
        help=f"append a line for each event to this file (also {LOG_VARIABLE})",
    )  # fmt: skip
    parser.add_argument(
        "--log-format", type=arguments.log_format,
        choices=("text", "json"),
        default=os.environ.get(FORMAT_VARIABLE) or "text",
        help=f"how such a line is written (also {FORMAT_VARIABLE}; default: text)",
    )  # fmt: skip


def run(
    work: Callable[[Listener], int],
    options: argparse.Namespace,
    argv: Sequence[str] | None,
    *,
    makes_list: bool,
    hints: Mapping[type[ChangelistError], str] = MappingProxyType({}),
) -> int:
    """Do the work of a command, with a log of it if one is wanted, and return the exit code.

    Args:
        work: is given the log, and returns the exit code.
        options: the command line, its ``run_id`` among them.
        argv: its arguments; None for those of this process.
        makes_list: whether the command makes a list.
        hints: those of the command in place of the usual ones, by class.

    Raises:
        LogFileError: the log cannot be written; no work was done.
    """
    if not getattr(options, "log_file", None):
        return work(ignore)
    from qumulo_changelist.cli.log import run_logged  # few commands have a log

    arguments = sys.argv[1:] if argv is None else argv
    return run_logged(work, options, arguments, makes_list=makes_list, hints=hints)
