"""A Dask cluster for tests: a scheduler and workers, each a process of its own on this machine.

Loading Dask takes a second, so one process loads it, and forks what a test asks for.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.parts.worker_trees import TIMEOUT

ROOT = Path(__file__).resolve().parents[2]

ENVIRONMENT = {
    "PYTHONPATH": str(ROOT),
    # Workers that die with a slice are counted by the run, too.
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
}


class Nursery:
    """Starts schedulers and workers, and ends them.

    Args:
        folder: for files of these processes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with (folder / "log").open("wb") as log:
            self._forking = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **ENVIRONMENT},
                cwd=folder,
                text=True,
            )
        self.running: list[int] = []
        self._count = 0

    def start(self, program: str, *options: str) -> int:
        """Start ``dask_scheduler`` or ``dask_worker``; return its process id."""
        assert self._forking.stdin
        assert self._forking.stdout
        self._forking.stdin.write(json.dumps([program, *options]) + "\n")
        self._forking.stdin.flush()
        pid = int(self._forking.stdout.readline())
        self.running.append(pid)
        return pid

    def start_scheduler(self, *options: str) -> tuple[int, str]:
        """Start a scheduler; return its process id and its file."""
        self._count += 1
        file = self._folder / f"scheduler{self._count}.json"
        pid = self.start(
            *("dask_scheduler", "--dashboard-address", "127.0.0.1:0", "--host", "127.0.0.1"),
            *("--port", "0", "--scheduler-file", str(file), *options),
        )
        wait_until(lambda: file.exists() and file.read_text().endswith("}"))
        return pid, str(file)

    def start_worker(self, file: str, *options: str) -> int:
        """Start a worker of the scheduler with this file; return its process id."""
        return self.start(
            *("dask_worker", "--no-nanny", "--nthreads", "1", "--no-dashboard"),
            *("--memory-limit", "0", "--host", "127.0.0.1", "--scheduler-file", file),
            *("--local-directory", str(self._folder), *options),
        )

    def end(self, pid: int) -> None:
        """End one of these processes, whatever state it is in."""
        if pid in self.running:
            self.running.remove(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        for pid in list(self.running):
            self.end(pid)
        assert self._forking.stdin
        self._forking.stdin.close()
        assert self._forking.wait(TIMEOUT) == 0
        assert self._forking.stdout
        self._forking.stdout.close()


def wait_until(is_so: Callable[[], object]) -> None:
    """Return when something is so; fail if that takes too long."""
    deadline = time.monotonic() + TIMEOUT
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextlib.contextmanager
def nursery(folder: Path) -> Iterator[Nursery]:
    with contextlib.closing(Nursery(folder)) as made:
        yield made


def fork_for_ever() -> None:
    """Start what each line of the standard input names."""
    import distributed.cli.dask_scheduler
    import distributed.cli.dask_worker  # noqa: F401

    import qumulo_changelist.runners.dask_worker  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        program, *options = json.loads(line)
        pid = os.fork()
        if not pid:
            os.close(0)
            os.dup2(2, 1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.modules[f"distributed.cli.{program}"].main(options)
        print(pid, flush=True)


if __name__ == "__main__":
    fork_for_ever()
