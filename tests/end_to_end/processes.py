"""Processes that a command starts, and what they show to other processes."""

import contextlib
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

SECONDS = 30
"""What a test waits for takes no longer, even on a busy machine."""


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.03)


def restore_sigint() -> None:
    """Let a process receive SIGINT; a shell lets its background processes ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def descendants(process: int, command: bytes) -> list[int]:
    """The processes below a process whose command line contains ``command``."""
    found = []
    for child in children(process):
        with contextlib.suppress(OSError):
            if command in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
            else:
                found += descendants(child, command)
    return found


def children(process: int) -> list[int]:
    """The processes that any thread of a process started."""
    found = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{process}/task/{thread}/children").read_text()
                found += [int(child) for child in text.split()]
    return found


def has_ended(process: int) -> bool:
    """Whether a process ended, even if its parent has not waited for it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def shown_by_processes() -> bytes:
    """All command lines and environments on this machine that this user can read."""
    shown = b""
    for process in os.listdir("/proc"):
        if process.isdigit() and int(process) != os.getpid():
            for name in ("cmdline", "environ"):
                with contextlib.suppress(OSError):  # it ended, or is another user's
                    shown += Path("/proc", process, name).read_bytes()
    return shown


def emulator_password_variable(secret: bytes) -> bytes:
    """The variable with the emulator's own password: it is the test's, not the command's."""
    return b"QUMULO_EMULATOR_PASSWORD=" + secret
