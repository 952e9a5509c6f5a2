"""Runs the vendor's ``qq`` as a process: arguments in a list, no shell, no terminal, no secret."""

import contextlib
import functools
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

from qumulo_changelist.cluster.qq import messages as qq_messages
from qumulo_changelist.errors import QqMissingError, ResourceError, check_shortage
from qumulo_changelist.events import Listener
from qumulo_changelist.names import to_bytes
from qumulo_changelist.waiting import wait_for_data

_CHUNK = 64 * 1024  # larger pieces cost more: memory for them comes from the system each time
_LONGEST_MESSAGE = 64 * 1024
_SECONDS_TO_END = 5

# qq is written in Python. This makes it read and write UTF-8 in any locale, print names that are
# not Unicode instead of failing on them, and print in large pieces: many containers ask every
# Python for the opposite, which costs it a third more time.
_ENVIRONMENT = {
    "PYTHONUTF8": "1",
    "PYTHONIOENCODING": "utf-8:surrogatepass",
    "PYTHONUNBUFFERED": "",
}


@dataclass(frozen=True, slots=True)
class QqProcess:
    """Starts ``qq`` commands against one cluster."""

    host: str
    port: int
    listener: Listener
    path: str = ""
    """Where ``qq`` is; empty means on the PATH."""
    _processes: "_Processes" = field(default_factory=lambda: _Processes(), init=False, repr=False)

    def close(self) -> None:
        """End all commands that still run, also those that other threads wait for; start no more.

        Where one was cut off, its thread gets an error.
        """
        self._processes.close()

    def run(self, credentials: str, arguments: Sequence[str], *, typed: str = "") -> bytes:
        """Run a command to its end and return what it printed.

        Args:
            credentials: the file that keeps the session.
            arguments: the command, then its options.
            typed: what a person would type when asked, without its line end. It goes in over
                standard input, and nowhere else.

        Raises:
            QqMissingError: ``qq`` cannot be started.
            QqFailedError: it failed; carries its message and exit code.
        """
        return b"".join(self.stream(credentials, arguments, typed=typed))

    def stream(
        self, credentials: str, arguments: Sequence[str], *, typed: str = ""
    ) -> Generator[bytes, None, None]:
        """Yield what a command prints, while it runs; see :meth:`run`.

        A failure is raised where the output ends, so that no cut output passes for a whole one.
        A command whose output is no longer wanted is ended: close the iterator.
        """
        start = functools.partial(self._start, credentials, arguments, typing=bool(typed))
        with (
            self._processes.running(start) as process,
            contextlib.closing(_Listening(process)) as errors,
        ):
            if process.stdin:
                # If it ends without reading, its own message says why.
                with contextlib.suppress(BrokenPipeError), process.stdin:
                    process.stdin.write(typed.encode() + b"\n")
            assert process.stdout
            printed = _Last()
            output = process.stdout.fileno()
            wait_for_data(output)
            while chunk := os.read(output, _CHUNK):
                printed.add(chunk)
                yield chunk
                wait_for_data(output)
            status = process.wait()
            said = qq_messages.without_prompt(errors.text())
        if status:
            self.listener.detail(f"qq {arguments[0]} said: {said}")
            raise qq_messages.failure(arguments[0], status, said, printed.text())
        if said:
            self.listener.warning(f"qq {arguments[0]}: {said}")

    def _start(
        self, credentials: str, arguments: Sequence[str], *, typing: bool
    ) -> subprocess.Popen[bytes]:
        program = shutil.which(self.path or "qq")
        if program is None:
            raise QqMissingError(
                f"QumuloQqPath {self.path} is no program that this user can run"
                if self.path
                else "`qq`, the cluster vendor's command, is not on the PATH"
            )
        command = [
            program,
            f"--host={self.host}",
            f"--port={self.port}",
            f"--credentials-store={credentials}",
            *arguments,
        ]
        self.listener.detail(f"running {shlex.join(command)}")
        try:
            return subprocess.Popen(
                [to_bytes(argument) for argument in command],
                stdin=subprocess.PIPE if typing else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=os.environ | _ENVIRONMENT,
                start_new_session=True,  # without a terminal to ask on
            )
        except BlockingIOError as error:  # there is no room for one more process
            raise ResourceError.of(error) from error
        except OSError as error:
            check_shortage(error)
            raise QqMissingError(f"{program} cannot be run: {error.strerror}") from error


class _Last:
    """The last of what was added, as much of it as a message can be."""

    def __init__(self) -> None:
        self._chunks: deque[bytes] = deque()
        self._size = 0

    def add(self, chunk: bytes) -> None:
        """Take in what comes next."""
        self._chunks.append(chunk)
        self._size += len(chunk)
        while self._size - len(self._chunks[0]) >= _LONGEST_MESSAGE:
            self._size -= len(self._chunks.popleft())

    def text(self) -> bytes:
        """Return the last of it."""
        return b"".join(self._chunks)[-_LONGEST_MESSAGE:]


class _Listening:
    """Takes in what a process says on standard error, so that it never waits to be heard."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._said = _Last()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Return what was said, at its end."""
        self._thread.join()
        return self._said.text().decode("utf-8", "replace")

    def close(self) -> None:
        """Stop listening: end the process, which may go on for long, and hear its last words."""
        _end(self._process, _SECONDS_TO_END)
        self._thread.join(_SECONDS_TO_END)

    def _listen(self) -> None:
        assert self._process.stderr
        with self._process.stderr as stream:
            while chunk := os.read(stream.fileno(), _CHUNK):
                self._said.add(chunk)


class _Processes:
    """The processes that run now. May be used by many threads at once."""

    def __init__(self) -> None:
        # A signal may come to close while its thread is in here.
        self._lock = threading.RLock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    @contextlib.contextmanager
    def running(
        self, start: Callable[[], subprocess.Popen[bytes]]
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Give a process, and leave none behind, however the block ends."""
        process: subprocess.Popen[bytes] | None = None
        try:
            with _undisturbed(), self._lock:
                if self._closed:
                    raise RuntimeError("the run ends: qq is not asked any more")
                process = start()
                self._running.add(process)
            yield process
        finally:
            if process is not None:
                _end(process, _SECONDS_TO_END)
                with self._lock:
                    self._running.discard(process)
                for stream in (process.stdin, process.stdout):
                    if stream:
                        stream.close()

    def close(self) -> None:
        """End those that run, and let none start."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            if process.poll() is None:
                _signal(process, signal.SIGTERM)
        last = time.monotonic() + _SECONDS_TO_END
        for process in running:
            _end(process, max(last - time.monotonic(), 0))


def _end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """End a process: with force, if it has not ended by itself after a number of seconds."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # The whole session that was started for it: ``qq`` may be a wrapper that waits for another.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let the signals that end a run wait: a process half started would be nobody's to end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: waiting.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for missed in waiting:
            signal.raise_signal(missed)
