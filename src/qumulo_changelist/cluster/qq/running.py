"""Processes of ``qq`` that run: what they print on standard error, and that none remains."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from qumulo_changelist.errors import UnreachableError
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.machine.waiting import join_thread, signals_delayed, wait_for_event

CHUNK = 64 * 1024
"""The size of the pieces that are read. Larger ones cost more: the system provides memory for each
of them."""

SECONDS_TO_END = 5.0
"""The number of seconds after which a process that does not end is killed."""

_MAX_MESSAGE = 64 * 1024

MAX_LINE = 256 * 1024
"""The number of bytes of a line at most: an entry in JSON takes at most 200 kB."""


class Tail:
    """The end of a stream.

    Args:
        most: the number of bytes to keep at most; by default, as long as a message can be.
    """

    def __init__(self, most: int = _MAX_MESSAGE) -> None:
        self._most = most
        self._chunks: deque[bytes] = deque()
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Add the next part of the stream."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        while self._size - len(self._chunks[0]) > self._most:
            self._size -= len(self._chunks.popleft())

    def content(self) -> bytes:
        """Return the end of the stream."""
        return b"".join(self._chunks)[-self._most :]

    def lines(self) -> bytes:
        """Return the end of the stream, from the beginning of a line on."""
        if self._size <= self._most:
            return self.content()
        return self.content().partition(b"\n")[2]


class StandardError:
    """Reads what a process prints on standard error, so that the process never has to wait.

    Raises:
        ResourceError: this machine has no room for another thread.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._tail = Tail()
        self._thread = threading.Thread(target=self._read, daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:
            if process.stderr:
                process.stderr.close()
            check_shortage(error)
            raise

    def text(self, check: Callable[[], None]) -> str:
        """Wait for the end, and return the last of what was printed.

        Args:
            check: called now and then; what it raises ends the wait.
        """
        join_thread(self._thread, check)
        return self._tail.content().decode("utf-8", "replace")

    def close(self) -> None:
        """End the process, and read what it still prints."""
        _end(self._process, SECONDS_TO_END)
        self._thread.join(SECONDS_TO_END)

    def _read(self) -> None:
        assert self._process.stderr
        with self._process.stderr as stream:
            while chunk := os.read(stream.fileno(), CHUNK):
                self._tail.add(chunk)


class RunningProcesses:
    """The processes that run now. May be used by many threads at once."""

    def __init__(self) -> None:
        # A signal may arrive while its thread is in here, and its handler may close this.
        self._lock = threading.RLock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = threading.Event()

    @contextlib.contextmanager
    def started(
        self, start: Callable[[], subprocess.Popen[bytes]]
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Start a process for the block; it is ended with the block, however that ends.

        Raises:
            UnreachableError: this object is closed.
        """
        process: subprocess.Popen[bytes] | None = None
        try:
            with signals_delayed(), self._lock:
                self._check_open()
                process = start()
                self._running.add(process)
            yield process
        finally:
            if process is not None:
                _end(process, SECONDS_TO_END)
                with self._lock:
                    self._running.discard(process)
                for stream in (process.stdin, process.stdout):
                    if stream:
                        stream.close()

    def pause(self, seconds: float) -> None:
        """Wait for a number of seconds, before a process is started.

        Raises:
            UnreachableError: this object is closed, also meanwhile.
        """
        wait_for_event(self._closed, seconds)
        self._check_open()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise UnreachableError("qq is not started any more: the run ends")

    def close(self) -> None:
        """End all processes, and let none start any more."""
        with self._lock:
            self._closed.set()
            running = list(self._running)
        for process in running:
            if process.returncode is None:
                _signal(process, signal.SIGTERM)
        last = time.monotonic() + SECONDS_TO_END
        for process in running:
            _end(process, max(last - time.monotonic(), 0))


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Terminate a process with all that it started; kill it after a number of seconds.

    It may have ended without anybody having asked: those that it started may still run then.
    """
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        _signal(process, signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # To the whole session that was started for it: ``qq`` may be a wrapper around another process.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
