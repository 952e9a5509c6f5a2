"""The options of ``qumulo_generate_changelist.py``: what there is, and what goes together."""

import argparse
import contextlib
import os
import re
from collections.abc import Sequence
from fractions import Fraction

from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.cli import command, trees
from qumulo_changelist.errors import UsageError

_MOST = 10**9
_MOST_WORKERS = 256
_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,9})?")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of a command line.

    Raises:
        UsageError: options do not go together.
        SystemExit: one is missing or malformed.
    """
    options = _parser().parse_args(arguments)
    _check(options)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("Write the list of what changed between two snapshots of a cluster.")
    required = parser.add_argument_group("required options")
    for short, long, metavar, meaning in (
        ("-p", "--projectname", "NAME", "the project, as in qumulo_create_snap.py"),
        ("-b", "--basepath", "PATH", "list what is below this directory of the cluster"),
        ("-g", "--projectguid", "GUID", "the project's GUID: names the folder of the list"),
        ("-i", "--sourceindex", "N", "the number of the source folder: names the list"),
    ):
        required.add_argument(
            short, long, metavar=metavar, help=meaning, required=True, type=command.path
        )
    for long, target, meaning in (
        ("--prevsnapshotid", "older", "the id of the older snapshot"),
        ("--newsnapshotid", "newer", "the id of the newer snapshot"),
    ):
        required.add_argument(
            long, dest=target, metavar="ID", help=meaning, required=True, type=_snapshot_id
        )
    parser.add_argument(
        "-m", "--mappedpath", metavar="PATH", type=command.path,
        help="where this machine mounts that directory; not needed with --metadata rest",
    )  # fmt: skip
    parser.add_argument("-d", "--deletes", action="store_true", help="list also what was deleted")
    parser.add_argument(
        "--moves", action="store_true",
        help="list a file that was only moved or renamed with the name that it had (from=), and do "
        "not list that name as deleted",
    )  # fmt: skip
    parser.add_argument(
        "--verify", action="store_true",
        help="publish the list only if it agrees with what the cluster counts in both snapshots",
    )  # fmt: skip
    parser.add_argument(
        "--max-deletes", metavar="N|N%", dest="max_deletes", type=_most_deletes,
        help="publish the list only if it deletes no more files than so many, or than such a part "
        "of those in the older snapshot",
    )  # fmt: skip
    parser.add_argument(
        "--metadata", choices=trees.SOURCES, default=trees.MOUNT,
        help="where sizes, times and owners are read: on the live mount, in the newer snapshot on "
        "the mount, or in the newer snapshot over REST (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--workers", metavar="N", type=_workers, default=min(_cores(), _MOST_WORKERS),
        help="work in so many processes, in this one alone for few changes (default: %(default)s)",
    )  # fmt: skip
    for long, target, default, meaning in (
        ("--page-size", "page_size", 0, "ask the cluster for so many entries at a time"),
        ("--slice-size", "slice_size", 20_000, "give a process so many changes at a time"),
        ("--spill-after", "spill_after", 1_000_000, "hold so many changes in memory"),
    ):
        shown = f" (default: {default})" if default else ""
        parser.add_argument(
            long, dest=target, metavar="N", type=_above_zero, default=default, help=meaning + shown
        )
    return parser


def _snapshot_id(argument: str) -> int:
    if not _is_number(argument) or not int(argument):
        raise argparse.ArgumentTypeError(f"{argument!r} is not the id of a snapshot, a number")
    return int(argument)


def _above_zero(argument: str, most: int = _MOST) -> int:
    if not _is_number(argument) or not 0 < int(argument) <= most:
        raise argparse.ArgumentTypeError(f"{argument!r} is not a number from 1 to {most}")
    return int(argument)


def _most_deletes(argument: str) -> DeletionLimit:
    number = argument.removesuffix("%")
    if not _DECIMAL.fullmatch(number) or (number == argument and "." in number):
        raise argparse.ArgumentTypeError(
            f"{argument!r} is neither a number of files, such as 1000, nor a percentage, such as 5%"
        )
    return DeletionLimit(Fraction(number), is_percentage=number != argument)


def _workers(argument: str) -> int:
    return _above_zero(argument, _MOST_WORKERS)


def _cores() -> int:
    """Return how many cores this process may use."""
    with contextlib.suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 40


def _check(options: argparse.Namespace) -> None:
    if not _is_number(options.sourceindex):
        raise UsageError(f"--sourceindex {options.sourceindex!r} is not a number")
    guid = options.projectguid
    if not guid or guid == "." or ".." in guid or "/" in guid or "\0" in guid:
        raise UsageError(f"--projectguid {guid!r} cannot be the name of a folder")
    if options.older >= options.newer:
        raise UsageError(
            f"--prevsnapshotid {options.older} is not older than --newsnapshotid {options.newer}",
            hint="Snapshot ids count up: give the smaller one with --prevsnapshotid.",
        )
    if options.mappedpath is None and options.metadata != trees.REST:
        raise UsageError(
            f"--metadata {options.metadata} needs the mapped path",
            hint="Give with -m where this machine mounts the base path, or --metadata rest, which "
            "needs no mount.",
        )
