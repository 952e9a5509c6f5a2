"""Running a command to its exit code: errors, interruptions and signals become plain messages."""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType, MappingProxyType

from qumulo_changelist.cli.last_resort import is_traceback_wanted, mistake_errors
from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.cli.screen import say
from qumulo_changelist.errors import ChangelistError
from qumulo_changelist.machine import garbage
from qumulo_changelist.machine.cores import forbid_cores

Command = Callable[[Sequence[str] | None], int]
Hints = Mapping[type[ChangelistError], str]


def run(
    command: Command,
    arguments: Sequence[str] | None,
    *,
    makes_list: bool,
    hints: Hints = MappingProxyType({}),
) -> int:
    """Run a command, and return its exit code.

    Args:
        command: the command; given the arguments, it returns the exit code.
        arguments: None for those of this process.
        makes_list: whether the command makes a list.
        hints: those of the command in place of the usual ones, by class.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, _terminate)
    forbid_cores()
    garbage.search_rarely()
    try:
        code = _exit_code(command, arguments, makes_list, hints)
    except SystemExit as ending:
        _end_before_processes(ending.code if isinstance(ending.code, int) else 1)
        raise
    _end_before_processes(code)
    return code


def _exit_code(
    command: Command,
    arguments: Sequence[str] | None,
    makes_list: bool,
    hints: Hints,
) -> int:
    try:
        given = sys.argv[1:] if arguments is None else arguments
        with mistake_errors(with_traceback=is_traceback_wanted(given)):
            return command(arguments)
    except ChangelistError as error:
        say(f"{os.path.basename(sys.argv[0])}: {error}")
        if hint := hint_for(error, makes_list=makes_list, overrides=hints):
            say(hint)
        return error.exit_code
    except KeyboardInterrupt:
        say("interrupted")
        return 128 + signal.SIGINT


def _end_before_processes(code: int) -> None:
    """End this process now if it has others: a run leaves only those that the system cannot end.

    Python would wait for them, and all that the command writes has been written.
    """
    multiprocessing = sys.modules.get("multiprocessing")
    if multiprocessing and multiprocessing.active_children():
        os._exit(code)


def _terminate(number: int, _frame: FrameType | None) -> None:
    # As an exception, it ends the run as an error would: no process and no file remains.
    raise SystemExit(128 + number)
