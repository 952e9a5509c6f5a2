"""``qumulo-changelist``: one command for the whole job, with a sub-command for each part of it."""

# PYTHON_ARGCOMPLETE_OK

import argparse
import os
import sys
import textwrap
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import Any, NoReturn

from qumulo_changelist.cli import log_options, program
from qumulo_changelist.cli.answer import print_error
from qumulo_changelist.cli.commands import COMMANDS
from qumulo_changelist.cli.cycle_hints import CYCLE_HINTS
from qumulo_changelist.cli.error_context import add_context
from qumulo_changelist.cli.last_resort import mistake_errors
from qumulo_changelist.cli.progress import shown_progress
from qumulo_changelist.cli.screen import Screen, say
from qumulo_changelist.errors import ChangelistError, UsageError
from qumulo_changelist.events import Listener
from qumulo_changelist.run_id import new_run_id
from qumulo_changelist.version import __version__

PROGRAM = "qumulo-changelist"
_COMPLETING = "_ARGCOMPLETE"

_DESCRIPTION = "Lists what changed on a Qumulo cluster since the last archive, without walking it."
_EXAMPLES = """\
examples:
  qumulo-changelist run show1                    list what changed since the last commit
  qumulo-changelist commit show1                 the archive has it: begin there next time
  qumulo-changelist status                       what is committed, and what is pending

`qumulo-changelist COMMAND --help` explains each command, with examples.
"""


class _HelpFormatter(argparse.HelpFormatter):
    """Fills paragraphs to the width of the terminal, and leaves examples as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled = [
            part if "  " in part else textwrap.fill(part, width, break_long_words=False)
            for part in text.strip().split("\n\n")
        ]
        return textwrap.indent("\n\n".join(filled), indent) + "\n"


class _Parser(argparse.ArgumentParser):
    """Raises what is wrong with a command line, so that it is reported as every other error."""

    def error(self, message: str) -> NoReturn:
        say(self.format_usage().rstrip())
        raise UsageError(message)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a sub-command, and return the exit code."""
    return program.run(_run, arguments, makes_list=False, hints=CYCLE_HINTS)


def make_parser(commands: Sequence[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Args:
        commands: the sub-commands whose options are wanted; the others are only named.
    """
    parser = _Parser(
        prog=PROGRAM,
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    for name, summary in COMMANDS.items():
        if name in commands:
            _add_command(subparsers, name, summary)
        else:
            subparsers.add_parser(name, help=summary, add_help=False)
    return parser


def _add_command(subparsers: Any, name: str, summary: str) -> None:
    module = import_module(f"qumulo_changelist.cli.commands.{name}")
    parser = subparsers.add_parser(
        name,
        help=summary,
        description=module.DESCRIPTION,
        epilog=f"examples:\n{module.EXAMPLES}",
        formatter_class=_HelpFormatter,
        allow_abbrev=False,
    )
    module.add_options(parser)
    asks = getattr(module, "ASKS", False)
    parser.set_defaults(execute=module.execute, asks=asks)


def _run(argv: Sequence[str] | None) -> int:
    argv = sys.argv[1:] if argv is None else argv
    if _COMPLETING in os.environ:
        import argcomplete

        argcomplete.autocomplete(make_parser())
    argv, handover = _split(list(argv))
    try:
        options = _parse(argv, handover)
    except UsageError as error:
        error.command = _named_command(argv)
        if "--json" in argv:
            print_error(error)
        raise
    options.run_id = new_run_id()
    work = partial(_execute, options)
    try:
        whole = argv if handover is None else [*argv, "--", *handover]
        return log_options.run(work, options, whole, makes_list=False, hints=CYCLE_HINTS)
    except ChangelistError as error:
        if options.json:
            print_error(error)
        raise


def _execute(options: argparse.Namespace, log: Listener) -> int:
    screen: Screen | None = None
    try:
        with (
            mistake_errors(with_traceback=options.verbose),
            shown_progress(quiet=options.quiet or options.asks, in_log=True) as progress,
        ):
            screen = Screen(
                verbose=options.verbose, quiet=options.quiet, progress=progress, log=log
            )
            code: int = options.execute(options, screen)
    except KeyboardInterrupt:
        if options.command == "run":
            say("what is not committed is listed again by the next run")
        raise
    except ChangelistError as error:
        add_context(error, options)
        raise
    finally:
        if screen is not None:
            screen.end()
    return code


def _parse(argv: list[str], handover: list[str] | None) -> argparse.Namespace:
    """Return the options of a command line.

    Raises:
        UsageError: it is wrong.
    """
    parser = make_parser([_named_command(argv)])
    options = parser.parse_args(argv)
    if handover is not None and options.command != "run":
        parser.error("-- and a command can follow `run` alone")
    if handover == []:
        parser.error("a command goes after --, such as: run show1 -- archive.sh {list}")
    options.handover = handover or []
    return options


def _named_command(argv: list[str]) -> str:
    return next((argument for argument in argv if argument in COMMANDS), "")


def _split(argv: list[str]) -> tuple[list[str], list[str] | None]:
    """Return the arguments before ``--``, and those of the command after it, if there is one."""
    if "--" not in argv:
        return argv, None
    position = argv.index("--")
    return argv[:position], argv[position + 1 :]
