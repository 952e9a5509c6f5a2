"""``qumulo_create_snap.py``: takes a snapshot of a project's folder on the cluster."""

import argparse
from collections.abc import Sequence
from functools import partial

from qumulo_changelist.cli import arguments, log_options, patience_options, program
from qumulo_changelist.cli.progress import shown_progress
from qumulo_changelist.cli.screen import Screen, print_result
from qumulo_changelist.config.archiver import read_settings
from qumulo_changelist.events import Listener
from qumulo_changelist.operations.snapshots.creation import SnapshotRequest, create_snapshot
from qumulo_changelist.run_id import new_run_id


def main(arguments: Sequence[str] | None = None) -> int:
    """Take a snapshot, print its id, and return the exit code."""
    return program.run(_run, arguments, makes_list=False)


def parse(argv: Sequence[str] | None) -> tuple[SnapshotRequest, argparse.Namespace]:
    """Return the request of a command line, and its other options.

    Raises:
        UsageError: the request cannot be carried out.
        SystemExit: an option is missing or malformed.
    """
    options = make_parser().parse_args(argv)
    request = SnapshotRequest(project=options.projectname, source_path=options.qumulosourcepath)
    request.check()
    return request, options


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = arguments.make_parser("Take a snapshot on a Qumulo cluster and print its id.")
    parser.add_argument(
        "-p", "--projectname", metavar="NAME", required=True, type=arguments.path,
        help="the snapshot is named NAME-<seconds since the epoch>",
    )  # fmt: skip
    parser.add_argument(
        "-s", "--qumulosourcepath", metavar="PATH", required=True, type=arguments.path,
        help="the directory on the cluster to take a snapshot of",
    )  # fmt: skip
    patience_options.add_options(parser)
    log_options.add_options(parser)
    return parser


def _run(argv: Sequence[str] | None) -> int:
    request, options = parse(argv)
    options.run_id, options.command = new_run_id(), "qumulo_create_snap"
    return log_options.run(partial(_create, request, options), options, argv, makes_list=False)


def _create(request: SnapshotRequest, options: argparse.Namespace, log: Listener) -> int:
    settings = patience_options.with_patience(
        read_settings(options.config, options.transport), options
    )
    with shown_progress(quiet=False, in_log=False) as progress:
        screen = Screen(verbose=options.verbose, progress=progress, log=log)
        snapshot = create_snapshot(request, settings, screen)
    print_result(str(snapshot.id).encode())
    return 0
