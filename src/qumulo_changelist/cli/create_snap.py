"""``qumulo_create_snap.py``: takes a snapshot of a project's folder on the cluster."""

import time
from collections.abc import Sequence

from qumulo_changelist.cli import command


def main(arguments: Sequence[str] | None = None) -> int:
    """Take a snapshot, print its id, and return the exit code."""
    return command.run(_main, arguments)


def _main(arguments: Sequence[str] | None) -> int:
    parser = command.parser("Take a snapshot on a Qumulo cluster and print its id.")
    parser.add_argument(
        "-p", "--projectname", metavar="NAME", required=True, type=command.path,
        help="the snapshot is named NAME-<seconds since the epoch>",
    )  # fmt: skip
    parser.add_argument(
        "-s", "--qumulosourcepath", metavar="PATH", required=True, type=command.path,
        help="the directory on the cluster to take a snapshot of",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    source = command.cluster_path("--qumulosourcepath", options.qumulosourcepath)
    screen = command.Screen(verbose=options.verbose)
    with command.open_cluster(command.load_settings(options, screen), screen) as cluster:
        snapshot = cluster.create_snapshot(f"{options.projectname}-{int(time.time())}", source)
    command.answer(str(snapshot.id))
    return 0
