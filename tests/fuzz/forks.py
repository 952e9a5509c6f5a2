"""Runs the command again and again without starting Python each time, also as another user.

A process that has loaded the command reads orders from standard input, one JSON object a line, and
forks for each: the fork is a run of the command like any other, but for what was loaded before.
"""

from __future__ import annotations

import codecs
import contextlib
import faulthandler
import json
import os
import signal
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from tests.end_to_end.site import REPOSITORY, Finished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Longer than this no run takes; it ends by a signal then, which no exit code is like.
_PATIENCE = 60


class Forks:
    """The commands of a process that forks."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: str,
        *,
        user: int | None = None,
        few: int | None = None,
    ) -> Finished:
        """Run `qumulo_generate_changelist.py`.

        Args:
            arguments: its arguments.
            environment: all of its environment.
            folder: where it runs.
            user: as which user, and in that group alone; None for as ourselves.
            few: from so many changes on it uses other processes, if it may; None for as it likes.
        """
        order = {"arguments": arguments, "environment": environment, "folder": folder}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({**order, "user": user, "few": few}) + "\n")
        self._process.stdin.flush()
        return Finished(*json.loads(self._process.stdout.readline()))


@contextlib.contextmanager
def forks() -> Iterator[Forks]:
    """A process that forks, while in the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz.forks"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        encoding="ascii",
    ) as process:
        yield Forks(process)


def _serve() -> None:
    from qumulo_changelist.changes import spill
    from qumulo_changelist.cli import generate_changelist
    from qumulo_changelist.cluster.qq import client as qq
    from qumulo_changelist.cluster.qq import process as qq_process
    from qumulo_changelist.cluster.qq import session as qq_session
    from qumulo_changelist.cluster.rest import client as rest
    from qumulo_changelist.cluster.rest import tls as rest_tls
    from qumulo_changelist.operations import changelist as pipeline
    from qumulo_changelist.runners import processes
    from qumulo_changelist.trees import qq as whole
    from qumulo_changelist.trees import rest as snapshot

    loaded = (qq, qq_process, qq_session, rest, rest_tls, processes, spill, snapshot, whole)
    assert loaded  # another user may not be able to load them
    for encoding in ("utf-8-sig", "idna", "ascii", "latin-1"):
        codecs.lookup(encoding)

    def run(order: dict[str, Any]) -> int:
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(order["folder"])
        if order["few"] is not None:
            pipeline._FEW = order["few"]
        if order["user"] is not None:
            os.setgroups([])
            os.setgid(order["user"])
            os.setuid(order["user"])
        sys.argv[0] = "qumulo_generate_changelist.py"
        return generate_changelist.main(order["arguments"])

    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    for line in sys.stdin:
        order = json.loads(line)
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as messages:
            code = _forked(lambda order=order: run(order), output.fileno(), messages.fileno())
            said = [_text(file) for file in (output, messages)]
        answers.write(json.dumps([code, *said]) + "\n")
        answers.flush()


def _forked(run: Any, output: int, messages: int) -> int:
    """Return how a fork ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        signal.alarm(_PATIENCE)
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(output, 1)
        os.dup2(messages, 2)
        # Where it hangs is told before it ends.
        faulthandler.dump_traceback_later(_PATIENCE - 5, file=2)
        code = run()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 70
    except:  # noqa: E722 - it is told, whatever it is
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
