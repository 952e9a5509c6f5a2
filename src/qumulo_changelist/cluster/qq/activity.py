"""Whether a process does anything: it prints, or it uses the processor, as whoever receives does.

The later generations of ``qq`` print a diff at its end alone, after hours in which they receive it.
"""

import os
import subprocess
import time

from qumulo_changelist.durations import describe_duration
from qumulo_changelist.errors import QqTimeoutError

_PROC = "/proc"
_PS = ("ps", "-A", "-o", "pgid=,time=")
_SECONDS_FOR_PS = 10

# How often it is looked at a process, in the time that it may do nothing.
_LOOKS = 20

# What a line of /proc/N/stat has after the name (proc_pid_stat(5)): the session, and the time of
# the processor in both modes, also of the children that have ended.
_SESSION = 3
_TIMES = slice(11, 15)


class Activity:
    """Watches a process, and those that it started.

    Args:
        number: the process, which leads a session.
        command: names it for people.
        seconds: the number of seconds for which it may do nothing.
    """

    def __init__(self, number: int, command: str, seconds: float) -> None:
        self._number = number
        self._command = command
        self._seconds = seconds
        self._used: object = None
        self._last = time.monotonic()
        self._next_look = self._last + seconds / _LOOKS

    def saw_output(self) -> None:
        """Note that it has printed something."""
        self._last = time.monotonic()

    def check(self) -> None:
        """Look whether it does anything, if that was not done just now.

        Raises:
            QqTimeoutError: it has done nothing for too long.
        """
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + self._seconds / _LOOKS
        used = processor_use(self._number)
        if used != self._used:
            self._used, self._last = used, now
        elif now - self._last >= self._seconds:
            raise QqTimeoutError(
                f"`qq {self._command}` did nothing for {describe_duration(self._seconds)}, and was "
                "ended"
            )


def processor_use(number: int) -> object:
    """Return what changes while a process, or one that it started, uses the processor.

    Args:
        number: the process, which leads a session.

    Returns:
        Any value; always the same if this system does not show it.
    """
    try:
        return _use_in_proc(number)
    except FileNotFoundError:
        return _use_by_ps(number)


def _use_in_proc(session: int) -> int:
    used = 0
    for name in os.listdir(_PROC):
        if name.isdecimal():
            try:
                with open(f"{_PROC}/{name}/stat", "rb") as file:
                    fields = file.read().rpartition(b")")[2].split()
            except OSError:
                continue  # it has ended
            if fields and int(fields[_SESSION]) == session:
                used += sum(map(int, fields[_TIMES]))
    return used


def _use_by_ps(group: int) -> object:
    try:
        printed = subprocess.run(
            _PS, capture_output=True, timeout=_SECONDS_FOR_PS, check=False, text=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return [line for line in printed.splitlines() if line.split()[:1] == [str(group)]]
