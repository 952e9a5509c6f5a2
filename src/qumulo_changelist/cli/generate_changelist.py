"""``qumulo_generate_changelist.py``: lists what changed between two snapshots, for the archiver."""

import argparse
import contextlib
import os
import time
from collections.abc import Collection, Sequence

from qumulo_changelist import config
from qumulo_changelist.cli import command
from qumulo_changelist.errors import UsageError
from qumulo_changelist.model import Op
from qumulo_changelist.output.scan_xml import scan_xml
from qumulo_changelist.scan.pipeline import Outcome, collect, write_list
from qumulo_changelist.scan.scope import Scope
from qumulo_changelist.trees.interface import Tree
from qumulo_changelist.trees.mounted import MountedTree
from qumulo_changelist.trees.snapshot import SnapshotTree

FOLDER = "sdna-scan-files"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the list, print its path, and return the exit code."""
    return command.run(_main, arguments)


def _main(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    _check(options)
    scope = Scope(command.cluster_path("--basepath", options.basepath))
    settings = config.load(options.config)
    screen = command.Screen(verbose=options.verbose)
    path = _list_path(settings.work_folder, options.projectguid, options.sourceindex)
    with contextlib.ExitStack() as stack:
        newer = stack.enter_context(MountedTree(options.mappedpath))
        writer = stack.enter_context(
            scan_xml(path, index=options.sourceindex, run_time=int(time.time()))
        )
        cluster = command.open_cluster(settings, screen)
        changes = collect(cluster, options.older, options.newer, scope, screen)
        if "/" in changes.directories(Op.CREATE):
            _check_mounted(newer, cluster.directory(scope.base or "/", options.newer), options)
        older: Tree | None = None
        if options.deletes:
            mounted = newer.snapshot(options.older)
            older = (
                stack.enter_context(mounted)
                if mounted
                else SnapshotTree(cluster, options.older, scope.base)
            )
        outcome = write_list(changes, newer, older, writer, screen)
    command.say(_summary(outcome, options.projectname))
    command.answer(path)
    return 1 if outcome.totals.unreadable else 0


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("Write the list of what changed between two snapshots of a cluster.")
    required = parser.add_argument_group("required options")
    for short, long, metavar, meaning in (
        ("-p", "--projectname", "NAME", "the project, as in qumulo_create_snap.py"),
        ("-b", "--basepath", "PATH", "list what is below this directory of the cluster"),
        ("-m", "--mappedpath", "PATH", "where this machine mounts that directory"),
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
    parser.add_argument("--deletes", action="store_true", help="list also what was deleted")
    return parser


def _snapshot_id(argument: str) -> int:
    if not _is_number(argument) or not int(argument):
        raise argparse.ArgumentTypeError(f"{argument!r} is not the id of a snapshot, a number")
    return int(argument)


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


def _check_mounted(newer: Tree, names: Collection[str], options: argparse.Namespace) -> None:
    # Taken at its word, an empty directory in the place of a share would delete everything.
    if names and next(newer.walk("/"), None) is None:
        raise UsageError(
            f"the mapped path {options.mappedpath} is empty, but {options.basepath} is not",
            hint="Check that the share is mounted there. An earlier list is unchanged.",
        )


def _list_path(work_folder: str, guid: str, index: str) -> str:
    return os.path.join(work_folder, FOLDER, guid, f"{index}-files.xml")


def _summary(outcome: Outcome, project: str) -> str:
    totals = outcome.totals
    told = [
        f"changed: {totals.files} files ({totals.size} bytes), {totals.directories} directories",
        f"deleted: {totals.deleted_files} files, {totals.deleted_directories} directories",
        f"not readable or not nameable: {totals.unreadable}",
        f"left out, as links, pipes, sockets or devices: {outcome.left_out}",
    ]
    return f"{project}: {'; '.join(told)}"
