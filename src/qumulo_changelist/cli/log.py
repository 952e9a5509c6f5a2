"""The log of a command: a line when it begins, one for each event, and one when it ends."""

import contextlib
import os
import signal
import time
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from qumulo_changelist import events
from qumulo_changelist.cli.last_resort import mistake_errors
from qumulo_changelist.cli.log_file import LogFile
from qumulo_changelist.cli.log_lines import (
    Fields,
    Head,
    fields_of,
    format_json,
    format_text,
    name_of,
    now,
    totals_of,
    without_secrets,
)
from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.cli.progress import Progress
from qumulo_changelist.cli.progress_words import describe_line
from qumulo_changelist.cli.screen import describe, is_problem
from qumulo_changelist.errors import ChangelistError
from qumulo_changelist.events import Event
from qumulo_changelist.model import Totals
from qumulo_changelist.version import __version__

SECONDS_BETWEEN_PROGRESS = 60.0

_FORMATS = {"text": format_text, "json": format_json}
_INTERRUPTED = 130


class Log:
    """A listener that writes a line for each event.

    Args:
        file: the file.
        form: how a line is written: ``text`` or ``json``.
        run_id: names the run.
        command: such as ``run``.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        file: LogFile,
        form: str,
        run_id: str,
        command: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file, self._format = file, _FORMATS[form]
        self._run_id, self._command = run_id, command
        self._clock = clock
        self._began = self._progress_written = clock()
        self._progress = Progress(clock)
        self._unwritten: events.Progressed | None = None
        self._is_first_list = False
        self._totals = Totals()
        self._lists = self._retries = 0
        self._failures: dict[int, events.PartFailed] = {}

    def __call__(self, event: Event) -> None:
        """Write a line for an event; of progress, one a minute, and one when a stage ends."""
        if isinstance(event, events.Progressed):
            self._progress(event)
            self._unwritten = event
            if self._clock() >= self._progress_written + SECONDS_BETWEEN_PROGRESS:
                self._write_progress()
            return
        if isinstance(event, events.StageBegun):
            self._write_progress()
            self._progress(event)
            words = f"{event.stage.value}: {event.path}".removesuffix(": ")
            self._line(name_of(type(event)), "info", fields_of(event), words)
            return
        self._count(event)
        if isinstance(event, events.ListHanded):
            event = replace(event, command=tuple(without_secrets(("--", *event.command))[1:]))
        level, words = "warning" if is_problem(event) else "info", describe(event)
        if isinstance(event, events.PartFailed):
            level, self._failures[event.exit_code] = "error", event
            words = " — ".join(filter(None, (describe(replace(event, hint="")), event.hint)))
        self._line(name_of(type(event)), level, fields_of(event), words)

    def begin(self, argv: Sequence[str]) -> None:
        """Write what the command is, and where it runs."""
        arguments = without_secrets(argv)
        process, host = os.getpid(), os.uname().nodename
        fields: Fields = {"version": __version__, "pid": process, "host": host}
        words = f"version {__version__}, process {process} on {host}: {' '.join(arguments)}"
        self._line("command_begun", "info", {**fields, "arguments": arguments}, words)

    def end(
        self, code: int, error: BaseException | None = None, message: str = "", hint: str = ""
    ) -> None:
        """Write how the command ended, and how much it did.

        Args:
            code: its exit code.
            error: what ended it, if it did not end by itself.
            message: what is written of that; an exception may have anything in its text.
            hint: what to type next.
        """
        self._write_progress()
        seconds = round(self._clock() - self._began, 3)
        fields: Fields = {"exit_code": code, "seconds": seconds, "retries": self._retries}
        fields |= {"lists": self._lists, "totals": totals_of(self._totals)}
        words, level = f"exit code {code} after {seconds} s", "error" if code else "info"
        if error:
            fields |= {"error": type(error).__name__, "message": message, "hint": hint}
        elif part := self._failures.get(code):
            fields |= {"error": part.error, "message": part.message, "hint": part.hint}
        elif code:
            level = "warning"  # as of an incomplete list
        if "error" in fields:
            words = f"{words}: {fields['error']}: {fields['message']}".removesuffix(": ")
        self._line("command_ended", level, fields, words)

    def _write_progress(self) -> None:
        event, self._unwritten = self._unwritten, None
        if event:
            self._progress_written = self._clock()
            words = describe_line(self._progress.shown)
            self._line(name_of(type(event)), "info", fields_of(event), words)

    def _count(self, event: Event) -> None:
        if isinstance(event, events.RequestRetried):
            self._retries += 1
        elif isinstance(event, events.PlacingBegun):
            self._is_first_list = True
        elif isinstance(event, events.ListPublished):
            self._lists += 1
            if self._is_first_list:  # the others have the same files
                sums = map(sum, zip(self._totals, event.totals, strict=True))
                self._totals = Totals(*sums)
            self._is_first_list = False

    def _line(self, name: str, level: str, fields: Fields, words: str) -> None:
        head = Head(now(), self._run_id, self._command, name, level)
        self._file.append(self._format(head, fields, words))


def run_logged(
    work: Callable[[Log], int],
    options: Namespace,
    argv: Sequence[str],
    *,
    makes_list: bool,
    hints: Mapping[type[ChangelistError], str],
) -> int:
    """Do the work of a command, with a log of it, and return the exit code.

    Args:
        work: is given the log, and returns the exit code.
        options: the command line: ``log_file``, ``log_format``, ``run_id`` and ``command``.
        argv: its arguments.
        makes_list: whether the command makes a list.
        hints: those of the command in place of the usual ones, by class.

    Raises:
        LogFileError: the file cannot be written; no work was done.
    """
    with contextlib.closing(LogFile(options.log_file)) as file:
        log = Log(file, options.log_format, options.run_id, options.command)
        log.begin(argv)
        try:
            with mistake_errors(with_traceback=options.verbose):
                code = work(log)
        except ChangelistError as error:
            hint = hint_for(error, makes_list=makes_list, overrides=hints)
            log.end(error.exit_code, error, str(error), hint)
            raise
        except KeyboardInterrupt as error:
            log.end(_INTERRUPTED, error, "interrupted")
            raise
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
            log.end(code, error, _describe_exit(code))
            raise
        log.end(code)
    return code


def _describe_exit(code: int) -> str:
    """Return why a process exits in the middle of its work: it was asked to by a signal."""
    try:
        return f"interrupted by {signal.Signals(code - 128).name}"
    except ValueError:
        return "ended before its work was done"
