"""Commands as real processes that start at once: forked by a process that has imported the program.

A command can be killed with SIGKILL at any of its steps. A step is before and after each request
that changes the cluster, each write to the journal, each change of a directory, and the archiver's
command: between these, nothing changes.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.end_to_end.site import CommandResult
from tests.quick import REPOSITORY


class ForkServer:
    """The process that forks; use it in a ``with`` block.

    Args:
        preload: a library that is loaded before all others, such as :mod:`tests.disk.shim`.
    """

    def __init__(self, preload: str = "") -> None:
        self._preload = preload

    def __enter__(self) -> "ForkServer":
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.forked"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ({"LD_PRELOAD": self._preload} if self._preload else {}),
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def run(
        self, arguments: list[str], environment: dict[str, str], folder: Path, kill_at: int = 0
    ) -> CommandResult:
        """Run ``qumulo-changelist``; if it is killed, the code is -9.

        Args:
            arguments: after the name of the program; if the first is an option, this is that of
                ``qumulo_generate_changelist.py``.
            environment: all of it.
            folder: where it runs.
            kill_at: the step, from 1, at which it is killed; 0 for none.
        """
        streams = [folder / "forked.out", folder / "forked.err"]
        order = [arguments, environment, str(folder), kill_at, *map(str, streams)]
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{json.dumps(order)}\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        output, messages = (stream.read_bytes().decode() for stream in streams)
        return CommandResult(code, output, messages)


def _serve() -> None:
    from qumulo_changelist.cli import generate_changelist, main

    _import_all()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            order = json.loads(line)
            is_known = order[0][0].startswith("-")
            os._exit(_run((generate_changelist if is_known else main).main, *order))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _import_all() -> None:
    from importlib import import_module

    import qumulo_changelist.cluster.rest
    import qumulo_changelist.operations
    from qumulo_changelist.cli.commands import COMMANDS

    for package in (qumulo_changelist.operations, qumulo_changelist.cluster.rest):
        for name in os.listdir(package.__path__[0]):
            if name.endswith(".py") and name != "__init__.py":
                import_module(f"{package.__name__}.{name[:-3]}")
    for name in COMMANDS:
        import_module(f"qumulo_changelist.cli.commands.{name}")


def _run(
    main: Any,
    arguments: list[str],
    environment: dict[str, str],
    folder: str,
    kill_at: int,
    output: str,
    messages: str,
) -> int:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, path in ((0, os.devnull), (1, output), (2, messages)):
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(path, flags if number else os.O_RDONLY, 0o600), number)
    sys.argv = ["qumulo-changelist"]
    if kill_at:
        _count_steps(kill_at)
    try:
        code = main(arguments)
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code)


def _count_steps(kill_at: int) -> None:
    from qumulo_changelist.cluster.rest.request import Request
    from qumulo_changelist.cluster.rest.session import Session
    from qumulo_changelist.cycle.journal import Journal
    from qumulo_changelist.operations.project import source_run

    steps = 0

    def take_step() -> None:
        nonlocal steps
        steps += 1
        if steps == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextlib.contextmanager
    def watched() -> Iterator[None]:
        take_step()
        yield
        take_step()

    def watch(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            with watched():
                return original(*arguments, **named)

        setattr(owner, name, call)

    ask = Session.ask

    async def watched_ask(session: Session, request: Request, **named: Any) -> Any:
        with contextlib.nullcontext() if request.method == "GET" else watched():
            return await ask(session, request, **named)

    Session.ask = watched_ask  # type: ignore[assignment,method-assign]
    for name in ("add", "update"):
        watch(Journal, name)
    for name in ("replace", "unlink"):
        watch(os, name)
    watch(source_run, "hand_over")


if __name__ == "__main__":
    _serve()
