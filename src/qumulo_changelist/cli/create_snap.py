"""``qumulo_create_snap.py``: takes a snapshot of a project's folder on the cluster."""

import argparse
import re
import time
from collections.abc import Sequence

from qumulo_changelist.cli import command
from qumulo_changelist.cluster.interface import check_unicode
from qumulo_changelist.errors import UnreadableError, UsageError
from qumulo_changelist.names import to_bytes

# A name on a cluster has at most 255 bytes. A snapshot's is <id>_<NAME>-<seconds> in .snapshot; an
# id of 64 bits has up to 20 digits, and the seconds have 10 until the year 2286.
_MAX_PROJECT_BYTES = 255 - 20 - len("_-") - 10

_CONTROL = re.compile("[\x00-\x1f\x7f]")


def main(arguments: Sequence[str] | None = None) -> int:
    """Take a snapshot, print its id, and return the exit code."""
    return command.run(_main, arguments)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of a command line.

    Raises:
        UsageError: the project cannot name a snapshot, or the source path is not one of a cluster.
        SystemExit: an option is missing or malformed.
    """
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
    _check_project(options.projectname)
    options.qumulosourcepath = command.cluster_path("--qumulosourcepath", options.qumulosourcepath)
    _check_unicode("--qumulosourcepath", options.qumulosourcepath)
    return options


def _main(arguments: Sequence[str] | None) -> int:
    options = parse(arguments)
    screen = command.Screen(verbose=options.verbose)
    with command.open_cluster(command.load_settings(options, screen), screen) as cluster:
        snapshot = cluster.create_snapshot(
            f"{options.projectname}-{int(time.time())}", options.qumulosourcepath
        )
    command.answer(str(snapshot.id))
    return 0


def _check_project(name: str) -> None:
    """Raise ``UsageError`` for what no snapshot can be named after.

    Only here: for a list, the project is a word in its summary and receipt, and may be any text.
    """
    size = len(to_bytes(name))
    reason = ""
    if not name:
        reason = "it is empty"
    elif "/" in name:
        reason = "it has a / in it"
    elif _CONTROL.search(name):
        reason = "it has a control character in it"
    elif size > _MAX_PROJECT_BYTES:
        reason = f"it has {size} bytes"
    if reason:
        raise UsageError(
            f"--projectname {name!r:.300} cannot be the name of a snapshot: {reason}",
            hint=f"Give at most {_MAX_PROJECT_BYTES} bytes of text, without / and control "
            "characters, such as Show_1.",
        )
    _check_unicode("--projectname", name)


def _check_unicode(option: str, text: str) -> None:
    try:
        check_unicode(text)
    except UnreadableError as error:
        raise UsageError(
            f"{option} {text!r:.300} is not UTF-8, and the cluster cannot be asked for it",
            hint="Type it in a terminal that uses UTF-8, or rename what it names.",
        ) from error
