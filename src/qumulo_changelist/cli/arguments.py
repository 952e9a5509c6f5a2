"""Command lines: the options of every command, and parsers for the values of options."""

import argparse
import os
from typing import TYPE_CHECKING, NoReturn

from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.checks.request import is_whole_number
from qumulo_changelist.checks.unreadable_limit import UnreadableLimit
from qumulo_changelist.config.archiver import CONFIG_VARIABLE, default_path
from qumulo_changelist.durations import parse_duration
from qumulo_changelist.errors import UsageError
from qumulo_changelist.names import to_text
from qumulo_changelist.operations.lists.request import MAX_SIZE
from qumulo_changelist.version import __version__
from qumulo_changelist.wording import printable

if TYPE_CHECKING:
    from qumulo_changelist.report.capacity import Price


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line without what could control a terminal."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))


def make_parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options of every command."""
    parser = _Parser(description=description, allow_abbrev=False)
    parser.register("action", None, _StoreValue)
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=path,
        default=os.environ.get(CONFIG_VARIABLE) or default_path(),
        help=f"the archiver's configuration (also {CONFIG_VARIABLE}; default: %(default)s)",
    )
    parser.add_argument(
        "--transport",
        choices=("qq", "rest"),
        help="ask the cluster through qq, or directly (default: QumuloTransport, else qq)",
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="report each step")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    return parser


def path(argument: str) -> str:
    """Return an argument as the text that this package uses for names, in every locale."""
    return to_text(os.fsencode(argument))


def snapshot_id(argument: str) -> int:
    """Return the id of a snapshot."""
    if not is_whole_number(argument) or not int(argument):
        raise argparse.ArgumentTypeError(f"{argument!r} is not the id of a snapshot, a number")
    return int(argument)


def positive_number(argument: str, maximum: int = MAX_SIZE) -> int:
    """Return a number from 1 to a maximum."""
    if not is_whole_number(argument) or not 0 < int(argument) <= maximum:
        raise argparse.ArgumentTypeError(f"{argument!r} is not a number from 1 to {maximum}")
    return int(argument)


def duration(argument: str) -> int:
    """Return the number of seconds of an argument such as ``10m``."""
    try:
        return parse_duration(argument)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def duration_or_none(argument: str) -> int:
    """Return the number of seconds of an argument such as ``10m``, or ``0``."""
    return 0 if argument == "0" else duration(argument)


def log_format(argument: str) -> str:
    """Return how lines of a log are written; also what a variable says is checked."""
    if argument not in ("text", "json"):
        raise argparse.ArgumentTypeError(f"{argument!r:.100} is neither text nor json")
    return argument


def notify_url(argument: str) -> str:
    """Return a URL to which runs can be posted; no message contains it."""
    from qumulo_changelist.checks.notify_url import check_notify_url  # few commands need it

    try:
        check_notify_url(argument)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return argument


def deletion_limit(argument: str) -> DeletionLimit:
    """Return a limit on deletions: a number of files, or a percentage."""
    try:
        return DeletionLimit.parse(argument)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def unreadable_limit(argument: str) -> UnreadableLimit:
    """Return a limit on unreadable entries: a number of them, or a percentage."""
    try:
        return UnreadableLimit.parse(argument)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def price(argument: str) -> "Price":
    """Return the price of a TB of storage a month, such as ``21 USD``."""
    from qumulo_changelist.report.capacity import parse_price  # few commands need it

    try:
        return parse_price(argument)
    except UsageError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


class _StoreValue(argparse.Action):
    """Stores the value of an option, and refuses ``--`` as one, as argparse does in ``-p --``.

    Up to about Python 3.12, argparse makes ``[]`` of ``-p--`` and ``--projectname=--``; later,
    ``"--"``.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        if values in ([], "--"):
            raise argparse.ArgumentError(self, "-- is not a value")
        setattr(namespace, self.dest, values)


class AppendValue(_StoreValue):
    """Adds the value of an option that can be given several times to a tuple of them."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Add the value."""
        before = getattr(namespace, self.dest) or ()
        super().__call__(parser, namespace, values, option_string)
        setattr(namespace, self.dest, (*before, values))
