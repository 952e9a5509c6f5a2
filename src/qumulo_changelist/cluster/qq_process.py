"""Runs the vendor's ``qq`` as a process: arguments in a list, no shell, no terminal, no secret."""

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from qumulo_changelist.errors import QqFailedError, QqMissingError
from qumulo_changelist.model import to_bytes
from qumulo_changelist.progress import Listener

_CHUNK = 256 * 1024
_LONGEST_MESSAGE = 64 * 1024
_SECONDS_TO_END = 5

# qq is written in Python. This makes it read and write UTF-8 in any locale, and print names that
# are not Unicode instead of failing on them.
_ENVIRONMENT = {"PYTHONUTF8": "1", "PYTHONIOENCODING": "utf-8:surrogatepass"}

# What Python's getpass says on standard error where there is no terminal.
_PROMPT = re.compile(
    r"^.*GetPassWarning: .*\n(  .*\n)?|^Warning: Password input may be echoed\.\n|^Password: ",
    re.MULTILINE,
)

# Where qq fails as it never meant to, its last line says why; the rest is for its makers.
_TRACEBACK = re.compile(r"^Traceback \(most recent.*\n(?=\S.*\Z)", re.MULTILINE | re.DOTALL)

# Up to 6.2.2 and longer, qq prints why it failed where its answer should be, even right behind a
# part of it (read in the SDK: ``qq_main`` prints, ``print_paginated_results`` ends no line).
_FAILED_ON_OUTPUT = re.compile(
    r"(?:^|\})((?:Error \d{3}|Connection error|Command error): .*)", re.MULTILINE
)

# What qq says, and what the user can do about it.
_HINTS = (
    (
        r"Connection error",
        "Check QumuloClusterIP and QumuloClusterPort in the archiver's configuration, and that "
        "this machine reaches the cluster's REST API.",
    ),
    (
        r"Error 401",
        "Check QumuloUsername and QumuloPassword in the archiver's configuration.",
    ),
    (
        r"Error 403",
        "Give the user PRIVILEGE_SNAPSHOT_READ, PRIVILEGE_SNAPSHOT_WRITE, "
        "PRIVILEGE_SNAPSHOT_DIFFERENCE_READ and PRIVILEGE_FILE_READ_ACCESS on the cluster.",
    ),
    (
        r"Error 404.*snapshot",
        "Check the snapshot ids; snapshots also expire by themselves. "
        "`qq snapshot_list_snapshots` shows those that exist.",
    ),
    (r"Error 404", "Check that the path exists on the cluster."),
    (
        r"IncompleteRead|Error loading data",
        "The cluster's answer came damaged or was cut short. Nothing was written; try again.",
    ),
)


@dataclass(frozen=True, slots=True)
class QqProcess:
    """Starts ``qq`` commands against one cluster."""

    host: str
    port: int
    listener: Listener
    path: str = ""
    """Where ``qq`` is; empty means on the PATH."""

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
        process = self._start(credentials, arguments, typing=bool(typed))
        with _ended(process), contextlib.closing(_Listening(process)) as errors:
            if process.stdin:
                # If it ends without reading, its own message says why.
                with contextlib.suppress(BrokenPipeError), process.stdin:
                    process.stdin.write(typed.encode() + b"\n")
            assert process.stdout
            printed = b""
            while chunk := os.read(process.stdout.fileno(), _CHUNK):
                printed = (printed + chunk)[-_LONGEST_MESSAGE:]
                yield chunk
            status = process.wait()
            said = _PROMPT.sub("", errors.text()).strip()
        if status:
            said = "\n".join([*_failures(printed), said]).strip()
            self.listener.detail(f"qq {arguments[0]} said all this: {said}")
            raise _failure(arguments[0], status, _TRACEBACK.sub("", said))
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
        except OSError as error:
            raise QqMissingError(f"{program} cannot be run: {error.strerror}") from error


class _Listening:
    """Takes in what a process says on standard error, so that it never waits to be heard."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._said = b""
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def text(self) -> str:
        """Return what was said, at its end."""
        self._thread.join()
        return self._said.decode("utf-8", "replace")

    def close(self) -> None:
        """Stop listening; the process has ended."""
        self._thread.join(_SECONDS_TO_END)

    def _listen(self) -> None:
        assert self._process.stderr
        with self._process.stderr as stream:
            while chunk := os.read(stream.fileno(), _CHUNK):
                self._said = (self._said + chunk)[-_LONGEST_MESSAGE:]


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave no process behind, however the block ends."""
    try:
        yield
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def _failures(printed: bytes) -> list[str]:
    return _FAILED_ON_OUTPUT.findall(printed.decode("utf-8", "replace"))[-1:]


def _failure(command: str, status: int, said: str) -> QqFailedError:
    if status < 0:
        name = signal.Signals(-status).name if -status in signal.valid_signals() else -status
        ending = f"was killed by signal {name}"
    else:
        ending = f"failed with exit code {status}"
    return QqFailedError(
        f"`qq {command}` {ending}: {said or 'it said nothing'}",
        exit_code=status if status > 0 else 128 - status,
        said=said,
        hint=next((hint for pattern, hint in _HINTS if re.search(pattern, said)), ""),
    )
