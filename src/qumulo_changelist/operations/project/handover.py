"""Handing a list to a command: the archiver, or whatever is to be done with it."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from qumulo_changelist.errors import CommandFailedError
from qumulo_changelist.events import Listener, ListHanded
from qumulo_changelist.machine.cores import cores_as_user_wants
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.machine.waiting import signals_delayed
from qumulo_changelist.names import to_bytes
from qumulo_changelist.secret import environment_for_children
from qumulo_changelist.wording import describe_signal

_VARIABLES = "QUMULO_CHANGELIST_"
# Of one wait: a signal that arrives just before it does not interrupt it (``machine/waiting.py``).
_SECONDS_TO_WAIT = 1
_SECONDS_TO_END = 10
_SECONDS_TO_DIE = 10
_STANDARD_ERROR = 2


def hand_over(command: Sequence[str], values: Mapping[str, str], listener: Listener) -> None:
    """Run a command with a list, and wait until it succeeds.

    In its arguments, ``{list}``, ``{receipt}`` and the other names of ``values`` in braces are
    replaced. The environment has the same values, such as ``QUMULO_CHANGELIST_LIST``. What the
    command prints goes to standard error, since standard output contains the result alone; it goes
    nowhere if standard error is closed.

    Args:
        command: the program, and its arguments.
        values: by names in lower case, such as ``list``.
        listener: receives a ``ListHanded``.

    Raises:
        CommandFailedError: it cannot be started, or does not end with 0.
    """
    arguments = [_replace(argument, values) for argument in command]
    environment = {os.fsencode(k): os.fsencode(v) for k, v in environment_for_children().items()}
    environment |= {f"{_VARIABLES}{k.upper()}".encode(): to_bytes(v) for k, v in values.items()}
    listener(ListHanded(tuple(arguments)))
    code = _run(arguments, environment)
    shown = arguments[0]
    if code:
        how = describe_signal(-code) if code < 0 else f"ended with exit code {code}"
        raise CommandFailedError(f"the command {shown} {how}")


def _run(arguments: list[str], environment: dict[bytes, bytes]) -> int:
    """Run a command, and return how it ended; it does not outlive this function."""
    process: subprocess.Popen[bytes] | None = None
    try:
        stdout, stderr = _outputs()
        with signals_delayed(), cores_as_user_wants():
            process = subprocess.Popen(
                [to_bytes(argument) for argument in arguments],
                env=environment,
                stdout=stdout,
                stderr=stderr,
            )
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(_SECONDS_TO_WAIT)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError):
            check_shortage(error)
        reason = error.strerror if isinstance(error, OSError) else error
        raise CommandFailedError(
            f"the command {arguments[0]} cannot be started: {reason}"
        ) from error
    except BaseException:
        if process:
            _end(process)
        raise


def _outputs() -> tuple[int, int | None]:
    """Return where a command prints, as ``Popen`` takes it: on standard error, unless it is closed.

    Its descriptor is then that of a file which was opened later, such as a list.
    """
    is_open = sys.stderr is not None
    try:
        os.fstat(_STANDARD_ERROR)
    except OSError:
        is_open = False
    if is_open:
        return _STANDARD_ERROR, None
    return subprocess.DEVNULL, subprocess.DEVNULL


def _replace(argument: str, values: Mapping[str, str]) -> str:
    parts = argument.split("{")
    replaced = [parts[0]]
    for part in parts[1:]:
        name, closing, rest = part.partition("}")
        is_known = closing and name in values
        # Each brace is looked at once: a path that is put in may contain braces itself.
        replaced.append(values[name] + rest if is_known else "{" + part)
    return "".join(replaced)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a command because this process is being interrupted."""
    for end, limit in ((process.terminate, _SECONDS_TO_END), (process.kill, _SECONDS_TO_DIE)):
        end()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(limit)
            return
