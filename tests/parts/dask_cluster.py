"""A Dask cluster for tests: a scheduler and workers, each a process of its own on this machine.

Loading Dask takes a second, so one process loads it, and forks what a test asks for.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qumulo_changelist.runners.dask_connection import DaskConnection
from qumulo_changelist.runners.scheduler import Scheduler
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
                [sys.executable, str(ROOT / "tests/parts/dask_forks.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **ENVIRONMENT},
                cwd=folder,
                text=True,
            )
        self._count = 0

    def start(self, program: str, *options: str) -> int:
        """Start ``dask_scheduler`` or ``dask_worker``; return its process id."""
        self._say(program, *options)
        assert self._forking.stdout
        return int(self._forking.stdout.readline())

    def end_all(self) -> None:
        """End what was started, whatever state it is in."""
        self._say("end")

    def _say(self, *words: str) -> None:
        assert self._forking.stdin
        self._forking.stdin.write(json.dumps(words) + "\n")
        self._forking.stdin.flush()

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

    def wait_for_workers(self, file: str, count: int) -> None:
        """Wait until a scheduler has this number of workers."""
        with contextlib.closing(DaskConnection(Scheduler(file))) as connection:
            wait_until(lambda: len(connection.threads()) == count)

    def close(self) -> None:
        """End all of them, whatever state they are in."""
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


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with contextlib.closing(Nursery(tmp_path_factory.mktemp("dask"))) as made:
        yield made
