"""Runs of the command without a start of Python for each, also as another user.

A server process that has loaded the command reads jobs from standard input, one JSON object a line,
and forks for each one. The fork runs the command as usual, except that its modules are loaded.
"""

from __future__ import annotations

import codecs
import contextlib
import faulthandler
import importlib
import json
import os
import pkgutil
import random
import signal
import subprocess
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

import qumulo_changelist
from tests.end_to_end.site import CommandResult
from tests.quick import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# No run takes longer. One that does is killed by a signal, which is unlike any exit code.
_SECONDS = 120

CHANGES = "FUZZ_CHANGES"
"""The variable with the changes to a command: `constants`, and whether there is a `slow_mount`, or
the list is `full`."""

_LONGEST_LOOK = 0.0005


class ForkServer:
    """A server process that runs commands in forks of itself."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: str,
        *,
        user: int | None = None,
    ) -> CommandResult:
        """Run `qumulo_generate_changelist.py`.

        Args:
            arguments: the command's arguments.
            environment: its whole environment; `CHANGES` in it holds what is unusual.
            folder: its working directory.
            user: the user and group to run as; None for those of this process.
        """
        job: dict[str, object] = {
            "arguments": arguments,
            "environment": environment,
            "folder": folder,
            "user": user,
        }
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return CommandResult(*json.loads(self._process.stdout.readline()))


@contextlib.contextmanager
def fork_server() -> Iterator[ForkServer]:
    """A running server."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz.forks"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        encoding="ascii",
    ) as process:
        yield ForkServer(process)


def _serve() -> None:
    # Another user may not be able to load them later.
    for module in pkgutil.walk_packages(qumulo_changelist.__path__, "qumulo_changelist."):
        importlib.import_module(module.name)
    importlib.import_module("fractions")  # the command loads it when it is needed
    from qumulo_changelist.cli import generate_changelist

    for encoding in ("utf-8-sig", "idna", "ascii", "latin-1"):
        codecs.lookup(encoding)

    def run(job: dict[str, Any]) -> int:
        os.environ.clear()
        os.environ.update(job["environment"])
        os.chdir(job["folder"])
        _change()
        if job["user"] is not None:
            os.setgroups([])
            os.setgid(job["user"])
            os.setuid(job["user"])
        sys.argv[0] = "qumulo_generate_changelist.py"
        return generate_changelist.main(job["arguments"])

    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    for line in sys.stdin:
        job = json.loads(line)
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as messages:
            code = _forked(lambda job=job: run(job), output.fileno(), messages.fileno())
            printed = [_text(file) for file in (output, messages)]
        answers.write(json.dumps([code, *printed]) + "\n")
        answers.flush()


def _change() -> None:
    """Make the changes to the command in this process."""
    changes = json.loads(os.environ[CHANGES])
    for name, value in changes["constants"]:
        module, _, constant = name.rpartition(".")
        loaded = importlib.import_module(f"qumulo_changelist.{module}")
        assert hasattr(loaded, constant), name
        setattr(loaded, constant, value)
    if changes["full"]:
        _request_full_list()
    if changes["slow_mount"]:
        random.seed()  # else all forks take the same times
        os.stat = _slow(os.stat)
        os.open = _slow(os.open)


def _request_full_list() -> None:
    """Make the command request a full list of its older snapshot: it has no option for that."""
    from qumulo_changelist.cli import generate_changelist

    command: Any = generate_changelist
    parse = command.parse

    def parse_for_full_list(arguments: Any) -> Any:
        request, options = parse(arguments)
        return replace(request, older=None, newer=request.older), options

    command.parse = parse_for_full_list


def _slow(usual: Any) -> Any:
    """Return a function that takes a random time longer if it is called for a directory's name."""

    def slow(*args: Any, **options: Any) -> Any:
        if "dir_fd" in options:
            time.sleep(random.uniform(0, _LONGEST_LOOK))
        return usual(*args, **options)

    return slow


def _forked(run: Any, output: int, messages: int) -> int:
    """Return the exit code of a fork that runs a command; -N if signal N killed it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        signal.alarm(_SECONDS)
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(output, 1)
        os.dup2(messages, 2)
        # If it hangs, this prints where.
        faulthandler.dump_traceback_later(_SECONDS - 5, file=2)
        code = run()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 70
    except:  # noqa: E722 - any error is printed
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read().decode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    _serve()
elif __name__ == "__mp_main__":  # a process of a command, which loads the main module again
    _change()
