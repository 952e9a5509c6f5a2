"""``qumulo_generate_changelist.py``: lists what changed between two snapshots, for the archiver."""

import argparse
import contextlib
import os
import time
from collections.abc import Sequence

from qumulo_changelist import config
from qumulo_changelist.cli import command, trees
from qumulo_changelist.errors import UsageError
from qumulo_changelist.model import Totals
from qumulo_changelist.output.scan_file import scan_file
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.scan.changeset import ChangeSet
from qumulo_changelist.scan.pipeline import collect, write_list
from qumulo_changelist.scan.scope import Scope
from qumulo_changelist.scan.workers import Job, Workers

FOLDER = "sdna-scan-files"
_MOST = 10**9
_MOST_WORKERS = 256


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the list, print its path, and return the exit code."""
    return command.run(_main, arguments)


def _main(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    _check(options)
    scope = Scope(command.cluster_path("--basepath", options.basepath))
    settings = config.load(options.config, options.transport)
    screen = command.Screen(verbose=options.verbose)
    path = _list_path(settings.work_folder, options.projectguid, options.sourceindex)
    with contextlib.ExitStack() as stack:
        cluster = stack.enter_context(command.open_cluster(settings, screen, options.page_size))
        sources = trees.sources(settings, scope, options, screen)
        file = stack.enter_context(scan_file(path))
        form = ScanXml(options.sourceindex, int(time.time()))
        workers = stack.enter_context(Workers(Job(*sources, form), options.workers))
        changes = ChangeSet(scope, limit=options.spill_after, folder=file.folder)
        stack.callback(changes.close)
        collect(cluster, options.older, options.newer, scope, changes, workers, screen)
        if changes.base_created and options.metadata != trees.REST:
            trees.check_mounted(cluster, sources.newer, scope, options)
        totals = write_list(changes, options.slice_size, workers, file, screen)
    command.say(_summary(totals, options.projectname))
    command.answer(path)
    return 1 if totals.unreadable else 0


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
    parser.add_argument("--deletes", action="store_true", help="list also what was deleted")
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


def _list_path(work_folder: str, guid: str, index: str) -> str:
    return os.path.join(work_folder, FOLDER, guid, f"{index}-files.xml")


def _summary(totals: Totals, project: str) -> str:
    told = [
        f"changed: {totals.files} files ({totals.size} bytes), {totals.directories} directories",
        f"deleted: {totals.deleted_files} files, {totals.deleted_directories} directories",
        f"not readable or not nameable: {totals.unreadable}",
        f"left out, as links, pipes, sockets or devices: {totals.left_out}",
    ]
    if totals.without_ids:
        told.append(
            f"with an owner or a group that has no numeric id, listed as 65534: "
            f"{totals.without_ids}"
        )
    return f"{project}: {'; '.join(told)}"
