"""The process that runs the cycle for weeks: by the library, or by forks that are the command line.

It reads jobs from standard input, one JSON object a line, and answers each with one. Its clock is
ahead of this machine's by as much as the cluster's, and pauses between two tries are short.
"""

from __future__ import annotations

import collections
import contextlib
import ctypes
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.quick import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SECONDS = 90
"""No run takes longer; one that does is killed, and that is a fault of the program."""

_PAUSES = {
    ("cluster.backoff", "FIRST_PAUSE"): 0.01,
    ("cluster.rest.limits", "ANSWER_TIMEOUT"): 10.0,
    ("cluster.rest.limits", "BRIEF_TIMEOUT"): 5.0,
}
"""In seconds: as time is compressed, so are pauses."""


_LOADED = ("cluster.rest", "operations.lists", "operations.project", "projects")
"""The packages whose modules are loaded at the start, so that forks begin at once."""


class Answer(NamedTuple):
    """How a run ended, and what it reported."""

    code: int
    """The exit code; -N if signal N killed it."""
    messages: str
    events: dict[str, int]
    """The number of events by their class."""


class Client:
    """The process, from outside."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pid = process.pid

    def begin(self, **job: object) -> None:
        """Begin a job; `end` waits for its answer."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()

    def end(self) -> Answer:
        """Return how the job that was begun ended."""
        assert self._process.stdout
        return Answer(*json.loads(self._process.stdout.readline()))


@contextlib.contextmanager
def client(environment: Mapping[str, str], folder: Path) -> Iterator[Client]:
    """A running client, with an environment of its own."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.soak.client", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        env=dict(environment),
        encoding="ascii",
    ) as process:
        yield Client(process)


class _Clock:
    """This process's clock, as all modules ask for it."""

    def __init__(self) -> None:
        self.ahead = 0
        seconds, nanoseconds = time.time, time.time_ns
        time.time = lambda: seconds() + self.ahead
        time.time_ns = lambda: nanoseconds() + self.ahead * 10**9


def _serve(folder: str) -> None:
    _load()
    clock = _Clock()
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    messages = os.open(os.path.join(folder, "messages"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
    for number in (1, 2):
        os.dup2(messages, number)
    for line in sys.stdin:
        job = json.loads(line)
        clock.ahead = job.get("ahead", clock.ahead)
        os.ftruncate(messages, 0)
        os.lseek(messages, 0, os.SEEK_SET)
        answer = _WORK[job["do"]](job)
        sys.stdout.flush()
        sys.stderr.flush()
        printed = os.pread(messages, 10**6, 0).decode("utf-8", "backslashreplace")
        answers.write(json.dumps(answer._replace(messages=answer.messages + printed)) + "\n")
        answers.flush()


def _load() -> None:
    import pkgutil

    for name in _LOADED:
        package = importlib.import_module(f"qumulo_changelist.{name}")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    importlib.import_module("qumulo_changelist.cli.commands.run")
    for (name, constant), value in _PAUSES.items():
        loaded = importlib.import_module(f"qumulo_changelist.{name}")
        assert hasattr(loaded, constant), constant
        setattr(loaded, constant, value)


def _run(job: dict[str, Any]) -> Answer:
    """Run a project by the library, in this process."""
    from qumulo_changelist.cli.patience_options import with_patience
    from qumulo_changelist.config.archiver import read_settings
    from qumulo_changelist.errors import ChangelistError
    from qumulo_changelist.operations.project.run import RunRequest, run_project
    from qumulo_changelist.projects.file import read_projects

    counts: collections.Counter[str] = collections.Counter()

    def listen(event: object) -> None:
        counts[type(event).__name__] += 1

    project = read_projects(job["projects"])[job["project"]]
    settings = read_settings(os.environ["QUMULO_CHANGELIST_CONFIG"], project.transport or None)
    settings = with_patience(settings, _NO_OPTIONS, project)
    request = RunRequest(
        project=project,
        command=tuple(job["command"]),
        commit=not job["command"],
        state=job["state"],
    )
    try:
        result = run_project(request, settings, listen)
        errors = result.failures
        code = result.exit_code
    except ChangelistError as error:
        errors, code = [error], error.exit_code
    messages = "".join(f"{type(one).__name__}: {one}\n" for one in errors)
    return Answer(code, messages, dict(counts))


class _NoOptions:
    retry_for = qq_timeout = None


_NO_OPTIONS: Any = _NoOptions()


def _command(job: dict[str, Any]) -> Answer:
    """Run `qumulo-changelist` in a fork; kill it after a time, if that is asked for."""
    from qumulo_changelist.cli import main

    child = os.fork()
    if not child:
        code = 70
        try:
            sys.argv = ["qumulo-changelist"]
            code = main.main(job["arguments"])
        except SystemExit as ending:
            code = ending.code if isinstance(ending.code, int) else 1
        except:  # noqa: E722 - a traceback is for the judge
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def kill(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    signal.setitimer(signal.ITIMER_REAL, job.get("kill_after") or _SECONDS)
    _, status = os.waitpid(child, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return Answer(os.waitstatus_to_exitcode(status), "", {})


def _measure(_job: dict[str, Any]) -> Answer:
    """Give back what nobody needs, so that memory can be compared."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    return Answer(0, "", {})


_WORK = {"run": _run, "command": _command, "measure": _measure}

if __name__ == "__main__":
    _serve(sys.argv[1])
