"""Runs the vendor's ``qq`` as a process: arguments in a list, no shell, no terminal, no secret."""

import contextlib
import functools
import os
import shutil
import subprocess
from collections.abc import Generator, Sequence

from qumulo_changelist.cluster.qq.activity import Activity
from qumulo_changelist.cluster.qq.running import (
    CHUNK,
    MAX_LINE,
    RunningProcesses,
    StandardError,
    Tail,
)
from qumulo_changelist.cluster.qq.words import error_of, without_prompt
from qumulo_changelist.config.settings import DEFAULT_QQ_TIMEOUT
from qumulo_changelist.errors import QqFailedError, QqMissingError
from qumulo_changelist.events import CommandStarted, Listener, QqSpoke
from qumulo_changelist.machine.shortages import check_shortage, resource_error
from qumulo_changelist.machine.waiting import wait_for_data, wait_for_end
from qumulo_changelist.names import to_bytes
from qumulo_changelist.secret import environment_for_children

# qq is written in Python. This makes it read and write UTF-8 in any locale, print names that are
# not Unicode instead of failing on them, and print in large pieces: many containers ask every
# Python for the opposite, which takes it a third more time.
_ENVIRONMENT = {
    "PYTHONUTF8": "1",
    "PYTHONIOENCODING": "utf-8:surrogatepass",
    "PYTHONUNBUFFERED": "",
}

_SECONDS_TO_START = 60
_MAX_WORDS = 200


class QqProcess:
    """Runs ``qq`` commands against one node of a cluster. May be used by many threads at once.

    Args:
        host: the node.
        port: that of the REST API.
        listener: receives a ``CommandStarted`` for each command, and a ``QqSpoke`` for what it
            prints on standard error.
        path: where ``qq`` is; "" for the one on the PATH.
        timeout: the number of seconds after which a command that does nothing is ended.
    """

    def __init__(
        self,
        host: str,
        port: int,
        listener: Listener,
        path: str = "",
        *,
        timeout: float = DEFAULT_QQ_TIMEOUT,
    ) -> None:
        self._host = host
        self._port = port
        self._listener = listener
        self._path = path
        self._timeout = timeout
        self._processes = RunningProcesses()

    def close(self) -> None:
        """End all commands that still run, also those that other threads wait for; start no more.

        A thread whose command is ended gets an error.
        """
        self._processes.close()

    def pause(self, seconds: float) -> None:
        """Wait for a number of seconds, before a command is started again.

        Raises:
            UnreachableError: this object is closed, also meanwhile.
        """
        self._processes.pause(seconds)

    def run(self, credentials: str, arguments: Sequence[str], *, typed: str = "") -> bytes:
        """Run a command to its end, and return what it printed.

        Args:
            credentials: the file that keeps the session.
            arguments: the command, then its options, without NUL.
            typed: what a person would type at a prompt, without the line end. It is passed over
                standard input, and nowhere else.

        Raises:
            QqMissingError: ``qq`` cannot be started.
            QqTimeoutError: it did nothing for too long.
            ChangelistError: it failed; see :func:`.words.error_of`.
        """
        return b"".join(self.stream(credentials, arguments, typed=typed))

    def stream(
        self, credentials: str, arguments: Sequence[str], *, typed: str = ""
    ) -> Generator[bytes, None, None]:
        """Yield what a command prints, while it runs; see :meth:`run`.

        A failure is raised at the end of the output, so that output that was cut short never passes
        for a whole answer. Close the generator when no more is wanted: that ends the command.
        """
        start = functools.partial(self._start, credentials, arguments, typing=bool(typed))
        with (
            self._processes.started(start) as process,
            contextlib.closing(StandardError(process)) as errors,
        ):
            if process.stdin:
                # If it ends without reading, its own message is the reason.
                with contextlib.suppress(BrokenPipeError), process.stdin:
                    process.stdin.write(to_bytes(typed) + b"\n")
            assert process.stdout
            command = arguments[0]
            activity = Activity(process.pid, command, self._timeout)
            printed = Tail(MAX_LINE)
            output = process.stdout.fileno()
            wait_for_data(output, activity.check)
            while chunk := os.read(output, CHUNK):
                activity.saw_output()
                printed.add(chunk)
                yield chunk
                wait_for_data(output, activity.check)
            text = without_prompt(errors.text(activity.check))
            status = wait_for_end(process, activity.check)
        if text:
            self._listener(QqSpoke(command, text, failed=status != 0))
        if status:
            raise error_of(command, status, text, printed.lines())

    def _start(
        self, credentials: str, arguments: Sequence[str], *, typing: bool
    ) -> subprocess.Popen[bytes]:
        program = find_qq(self._path)
        command = (
            program,
            f"--host={self._host}",
            f"--port={self._port}",
            f"--credentials-store={credentials}",
            *arguments,
        )
        self._listener(CommandStarted(command))
        try:
            return subprocess.Popen(
                [to_bytes(argument) for argument in command],
                stdin=subprocess.PIPE if typing else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment_for_children() | _ENVIRONMENT,
                start_new_session=True,  # without a terminal to ask on
            )
        except BlockingIOError as error:  # there is no room for another process
            raise resource_error(error) from error
        except OSError as error:
            check_shortage(error)
            raise QqMissingError(f"{program} cannot be run: {error.strerror}") from error


def find_qq(path: str) -> str:
    """Return the program.

    Args:
        path: where ``qq`` is; "" for the one on the PATH.

    Raises:
        QqMissingError: this user can run none there.
    """
    program = shutil.which(path or "qq")
    if program is None:
        raise QqMissingError(
            f"{path} is not a program that this user can run"
            if path
            else "`qq`, the cluster vendor's command, is not on the PATH"
        )
    return program


def qq_version(path: str) -> str:
    """Return what ``qq --version`` prints, such as ``qq 7.10.2.1``.

    Raises:
        QqMissingError: it cannot be started.
        QqFailedError: it fails, or does not end within a minute.
    """
    program = find_qq(path)
    try:
        done = subprocess.run(
            [to_bytes(program), b"--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=environment_for_children() | _ENVIRONMENT,
            timeout=_SECONDS_TO_START,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise QqFailedError(f"`{program} --version` does not end") from error
    except OSError as error:
        check_shortage(error)
        raise QqMissingError(f"{program} cannot be run: {error.strerror}") from error
    printed = (done.stdout or done.stderr).decode("utf-8", "replace").strip()
    if done.returncode:
        raise QqFailedError(f"`{program} --version` failed: {printed[-_MAX_WORDS:]}")
    return printed[:_MAX_WORDS]
