"""``qumulo_generate_changelist.py``: lists what changed between two snapshots, for the archiver."""

import argparse
import os
from collections.abc import Sequence
from functools import partial
from typing import get_args

from msgspec.structs import fields, replace

from qumulo_changelist.cli import (
    arguments,
    filter_options,
    log_options,
    patience_options,
    program,
    scheduler_options,
)
from qumulo_changelist.cli.deadline import deadline
from qumulo_changelist.cli.progress import shown_progress
from qumulo_changelist.cli.screen import Screen, print_result, say
from qumulo_changelist.cli.summary import summarize_result
from qumulo_changelist.config.archiver import read_settings
from qumulo_changelist.events import Listener
from qumulo_changelist.operations.lists.request import (
    MAX_LOOKUPS,
    MAX_WORKERS,
    ChangelistRequest,
    Metadata,
    usable_cores,
)
from qumulo_changelist.output.formats import selectable_formats
from qumulo_changelist.run_id import new_run_id

_DEFAULTS = {field.name: field.default for field in fields(ChangelistRequest)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the list, print its path, and return the exit code."""
    return program.run(_run, arguments, makes_list=True)


def parse(argv: Sequence[str] | None) -> tuple[ChangelistRequest, argparse.Namespace]:
    """Return the request of a command line, and its other options.

    Raises:
        UsageError: the request cannot be carried out.
        SystemExit: an option is missing or malformed.
    """
    options = make_parser().parse_args(argv)
    request = ChangelistRequest(
        project=options.projectname,
        guid=options.projectguid,
        source_index=options.sourceindex,
        base_path=options.basepath,
        older=options.prevsnapshotid,
        newer=options.newsnapshotid,
        mapped_path=options.mappedpath,
        formats=options.formats or _DEFAULTS["formats"],
        filters=filter_options.chosen_filters(options),
        scheduler=scheduler_options.chosen_scheduler(options),
        **{name: getattr(options, name) for name in _SAME_NAMES},
    )
    request.check()
    return request, options


def _run(argv: Sequence[str] | None) -> int:
    request, options = parse(argv)
    options.run_id, options.command = new_run_id(), "qumulo_generate_changelist"
    work = partial(_generate, replace(request, run_id=options.run_id), options)
    return log_options.run(work, options, argv, makes_list=True)


def _generate(request: ChangelistRequest, options: argparse.Namespace, log: Listener) -> int:
    from qumulo_changelist.operations.lists.changelist import generate_changelist  # not for --help

    with shown_progress(quiet=False, in_log=False) as progress:
        screen = Screen(verbose=options.verbose, progress=progress, log=log)
        with deadline(options.deadline or 0, screen) as listener:
            settings = patience_options.with_patience(
                read_settings(options.config, options.transport), options
            )
            result = generate_changelist(request, settings, listener)
    say(summarize_result(request, result))
    screen.end()
    print_result(b"\n".join(os.fsencode(each.path) for each in result.lists))
    return 0 if result.is_complete else 1


# Options that are named like fields of the request.
_SAME_NAMES = (
    *("metadata", "deletes", "moves", "verify", "max_deletes", "max_unreadable"),
    *("workers", "lookups", "mount_timeout", "page_size", "slice_size", "spill_after", "pieces"),
    "resume",
)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = arguments.make_parser(
        "Write the list of what changed between two snapshots of a cluster."
    )
    _add_required(parser.add_argument_group("required options"))
    parser.add_argument(
        "-m", "--mappedpath", metavar="PATH", type=arguments.path,
        help="where this machine mounts that directory; not needed with --metadata rest",
    )  # fmt: skip
    parser.add_argument("-d", "--deletes", action="store_true", help="also list what was deleted")
    parser.add_argument(
        "--moves", action="store_true",
        help="for a file that was only moved or renamed, give its old name (from=), and do not "
        "list the old name as deleted",
    )  # fmt: skip
    parser.add_argument(
        "--verify", action="store_true",
        help="publish the list only if it agrees with what the cluster counts in both snapshots",
    )  # fmt: skip
    parser.add_argument(
        "--max-deletes", metavar="N|N%", type=arguments.deletion_limit,
        help="publish the list only if it deletes at most N files, or N%% of the files in the "
        "older snapshot",
    )  # fmt: skip
    parser.add_argument(
        "--max-unreadable", metavar="N|N%", type=arguments.unreadable_limit,
        help="publish the list only if at most N of its entries, or N%% of them, could not be read "
        "(default: 1%%, and at least 1000)",
    )  # fmt: skip
    parser.add_argument(
        "--metadata", choices=get_args(Metadata), default=_DEFAULTS["metadata"],
        help="where sizes, times and owners are read: on the live mount, in the newer snapshot on "
        "the mount, or in the newer snapshot over REST (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--format", dest="formats", action=arguments.AppendValue, choices=selectable_formats(),
        help="how the list is written; several times for several lists (default: xml)",
    )  # fmt: skip
    filter_options.add_options(parser)
    scheduler_options.add_options(parser, has_projects=False)
    patience_options.add_options(parser)
    patience_options.add_deadline(parser)
    log_options.add_options(parser)
    _add_tuning(parser)
    return parser


def _add_required(group: argparse._ArgumentGroup) -> None:
    for short, long, metavar, meaning in (
        ("-p", "--projectname", "NAME", "the project, as in qumulo_create_snap.py"),
        ("-b", "--basepath", "PATH", "list what is below this directory of the cluster"),
        ("-g", "--projectguid", "GUID", "the project's GUID: names the folder of the list"),
        ("-i", "--sourceindex", "N", "the number of the source folder: names the list"),
    ):
        group.add_argument(
            short, long, metavar=metavar, help=meaning, required=True, type=arguments.path
        )
    for long, meaning in (
        ("--prevsnapshotid", "the id of the older snapshot"),
        ("--newsnapshotid", "the id of the newer snapshot"),
    ):
        group.add_argument(
            long, metavar="ID", help=meaning, required=True, type=arguments.snapshot_id
        )


def _add_tuning(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", metavar="N", type=_number_of_workers, default=usable_cores(),
        help="work in N processes; few changes are worked on in one (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--lookups", metavar="N", type=_number_of_lookups, default=_DEFAULTS["lookups"],
        help="look up at most N files at once on the mount, in all processes together; fewer go "
        "at once if the mount answers fast (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--mount-timeout", metavar="SECONDS", type=arguments.positive_number,
        default=_DEFAULTS["mount_timeout"],
        help="end the run if the mount does not answer for this long (default: %(default)s)",
    )  # fmt: skip
    for name, meaning in (
        ("page_size", "request N entries at a time from the cluster"),
        ("slice_size", "give N changes at a time to a process"),
        ("spill_after", "keep N changes in memory, and more on disk"),
    ):
        default = _DEFAULTS[name]
        shown = " (default: %(default)s)" if default else ""
        parser.add_argument(
            f"--{name.replace('_', '-')}", metavar="N", type=arguments.positive_number,
            default=default, help=meaning + shown,
        )  # fmt: skip
    scheduler_options.add_pieces(parser)
    scheduler_options.add_resume(parser, default=_DEFAULTS["resume"])


def _number_of_lookups(argument: str) -> int:
    return arguments.positive_number(argument, MAX_LOOKUPS)


def _number_of_workers(argument: str) -> int:
    return arguments.positive_number(argument, MAX_WORKERS)
