"""What a command takes: time, processor time, and the memory of all its processes together.

Time and memory are measured in separate runs: looking at memory takes some time of its own.
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

_SHARED_OUT = re.compile(rb"^(?:Pss|SwapPss): +(\d+) kB$", re.MULTILINE)
_HIGHEST = re.compile(rb"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
_INTERVAL = 0.05
# At most this part of a core goes into looking at memory.
_SHARE = 0.05
_SECONDS_TO_END = 5
_LAST_WORDS = 2000


class Usage(NamedTuple):
    """What a run took."""

    wall: float
    """Seconds from its start to its end."""
    processor: float
    """Seconds of processor time of the command, and of all processes that it waited for."""


class FailedError(Exception):
    """A command ended otherwise than it may; the message holds its last words."""


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    output: str,
    fine: Collection[int] = (0,),
) -> Usage:
    """Run a command to its end, undisturbed.

    Args:
        command: the program and its arguments.
        environment: all of its environment.
        output: the file that takes what it prints; it runs in that file's folder.
        fine: the exit codes that it may end with.

    Raises:
        FailedError: it ended with another exit code.
    """
    with _running(command, environment, output) as running:
        _, status, used = os.wait4(running.process.pid, 0)
        running.ended(status, fine)
        wall = time.perf_counter() - running.began
    return Usage(wall, used.ru_utime + used.ru_stime)


def peak_memory(
    command: Sequence[str],
    environment: Mapping[str, str],
    output: str,
    fine: Collection[int] = (0,),
) -> int:
    """Run a command; return the bytes that it and its descendants had together at their peak.

    Pages that several of them share count once (PSS: see ``man 5 proc``, smaps_rollup). The
    processes are looked at every 50 ms, or less often where looking takes long; between two looks,
    the kernel keeps what each of them had at its own peak, and no less can come out. Pages shared
    with a stranger, such as another Python's code, count in part. Files on a memory file system
    are none of it. Linux alone tells this.

    Raises:
        FailedError: it ended with another exit code.
        FileNotFoundError: this system is not Linux.
    """
    peak = 0
    os.stat("/proc/self/smaps_rollup")
    with _running(command, environment, output) as running:
        while True:
            began = time.process_time()
            tree = list(_tree(running.process.pid))
            together = sum(_read(pid, "smaps_rollup", _SHARED_OUT) for pid in tree)
            alone = max(_read(pid, "status", _HIGHEST) for pid in tree)
            peak = max(peak, together, alone)
            ended, status, _ = os.wait4(running.process.pid, os.WNOHANG)
            if ended:
                break
            time.sleep(max(_INTERVAL, (time.process_time() - began) / _SHARE))
        running.ended(status, fine)
    return peak


class _Running(NamedTuple):
    process: subprocess.Popen[bytes]
    began: float
    said: IO[bytes]

    def ended(self, status: int, fine: Collection[int]) -> None:
        """Take it as ended with the status that waiting for it told."""
        self.process.returncode = code = os.waitstatus_to_exitcode(status)
        if code not in fine:
            self.said.seek(0)
            words = self.said.read().decode("utf-8", "replace")[-_LAST_WORDS:].strip()
            raise FailedError(f"ended with {code}: {words}")


@contextlib.contextmanager
def _running(
    command: Sequence[str], environment: Mapping[str, str], output: str
) -> Iterator[_Running]:
    """Start a command as a session of its own; nothing of it outlives the block."""
    with tempfile.TemporaryFile() as said, open(output, "wb") as printed:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=os.path.dirname(output),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=said,
            start_new_session=True,  # without a terminal to ask on
        )
        try:
            yield _Running(process, began, said)
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


def _tree(root: int) -> Iterator[int]:
    """Yield a process and all its descendants, as far as they are still there."""
    pending = [root]
    while pending:
        pid = pending.pop()
        yield pid
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/children", "rb") as children:
                    pending += map(int, children.read().split())


def _read(pid: int, file: str, figure: re.Pattern[bytes]) -> int:
    """Return the sum of a process's figures in bytes, 0 where it has ended meanwhile."""
    try:
        with open(f"/proc/{pid}/{file}", "rb") as told:
            return sum(map(int, figure.findall(told.read()))) * 1024
    except (FileNotFoundError, ProcessLookupError):
        return 0
