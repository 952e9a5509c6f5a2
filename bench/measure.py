"""The time, the processor time, and the memory of a command with all of its processes.

Time and memory are measured in separate runs, since reading memory takes time itself.
"""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import IO, NamedTuple

_PROPORTIONAL = re.compile(rb"^(?:Pss|SwapPss): +(\d+) kB$", re.MULTILINE)
_PEAK = re.compile(rb"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_SECONDS_BETWEEN_READINGS = 0.05
# At most this part of a core is used to read memory.
_MAX_SHARE_OF_A_CORE = 0.05
_SECONDS_TO_END = 5
_MAX_MESSAGE = 2000


class Usage(NamedTuple):
    """What a run of a command took."""

    wall: float
    """Seconds from its start to its end."""
    processor: float
    """Seconds of processor time of the command and of all processes that it waited for."""


class FailedError(Exception):
    """A command ended with an unexpected exit code; the message has the end of its output."""


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    output: str,
    exit_codes: Collection[int] = (0,),
) -> Usage:
    """Run a command to its end, undisturbed.

    Args:
        command: the program and its arguments.
        environment: its whole environment.
        output: the file for its standard output. It runs in the folder of that file.
        exit_codes: those that it may end with.

    Raises:
        FailedError: it ended with a different exit code.
    """
    with _running(command, environment, output) as running:
        _, status, used = os.wait4(running.process.pid, 0)
        running.check_exit(status, exit_codes)
        wall = time.perf_counter() - running.start
    return Usage(wall, used.ru_utime + used.ru_stime)


def peak_memory(
    command: Sequence[str],
    environment: Mapping[str, str],
    output: str,
    exit_codes: Collection[int] = (0,),
) -> int:
    """Run a command; return the peak number of bytes of it and its descendants together.

    Pages that several of them share count once (PSS: see ``man 5 proc``, smaps_rollup). Memory is
    read every 50 ms, or less often if reading takes long. The result is never less than the peak
    of a single process, which the kernel records. Pages that are shared with an unrelated process,
    such as the code of Python, count in part. Files on a memory file system do not count.

    Raises:
        FailedError: it ended with a different exit code.
        FileNotFoundError: this system is not Linux, and does not report this.
    """
    peak = 0
    os.stat("/proc/self/smaps_rollup")
    with _running(command, environment, output) as running:
        while True:
            start = time.process_time()
            tree = list(descendants(running.process.pid))
            together = sum(map(proportional_size, tree))
            alone = max(_read_bytes(pid, "status", _PEAK) for pid in tree)
            peak = max(peak, together, alone)
            ended, status, _ = os.wait4(running.process.pid, os.WNOHANG)
            if ended:
                break
            spent = time.process_time() - start
            time.sleep(max(_SECONDS_BETWEEN_READINGS, spent / _MAX_SHARE_OF_A_CORE))
        running.check_exit(status, exit_codes)
    return peak


class _Running(NamedTuple):
    process: subprocess.Popen[bytes]
    start: float
    messages: IO[bytes]
    """What it writes to standard error."""

    def check_exit(self, status: int, exit_codes: Collection[int]) -> None:
        """Record the status that waiting for the process returned, and check its exit code."""
        self.process.returncode = code = os.waitstatus_to_exitcode(status)
        if code not in exit_codes:
            self.messages.seek(0)
            words = self.messages.read().decode("utf-8", "replace")[-_MAX_MESSAGE:].strip()
            raise FailedError(f"ended with {code}: {words}")


@contextlib.contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str], output: str
) -> Iterator[_Running]:
    """Start a command in a new session; none of its processes outlives the block."""
    with tempfile.TemporaryFile() as messages, open(output, "wb") as printed:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=os.path.dirname(output),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=messages,
            start_new_session=True,  # without a terminal, it cannot ask for a password
        )
        try:
            yield _Running(process, start, messages)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def descendants(root: int) -> Iterator[int]:
    """Yield the id of a process, and those of its descendants that still exist."""
    pending = [root]
    while pending:
        pid = pending.pop()
        yield pid
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children", "rb") as children:
                    pending += map(int, children.read().split())


def proportional_size(pid: int) -> int:
    """Return the proportional set size of a process in bytes; 0 if it has ended."""
    return _read_bytes(pid, "smaps_rollup", _PROPORTIONAL)


def _read_bytes(pid: int, name: str, figure: re.Pattern[bytes]) -> int:
    """Return the sum of a process's figures in bytes; 0 if it has ended meanwhile."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return sum(map(int, figure.findall(file.read()))) * 1024
    except (FileNotFoundError, ProcessLookupError):
        return 0
