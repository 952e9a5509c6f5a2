"""A scheduler and its workers on this machine, for one run of a scenario."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from bench.scale.core_share import held_to

_SECONDS_TO_START = 120
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Team:
    """Workers of a scheduler, and how they are held back to be like machines of their own."""

    workers: int
    core: float = 0
    """The share of a core that each worker is held to; 0 for no limit."""
    is_killed: bool = False
    """Whether one of them is killed after half of the time."""

    def __str__(self) -> str:
        words = f"{self.workers} worker{'s' * (self.workers > 1)}"
        words += f" with {self.core:g} of a core" * bool(self.core)
        return words + ", one killed" * self.is_killed


class RunningTeam(NamedTuple):
    """A team that is ready."""

    address: str
    scheduler: int
    """The id of its process."""
    workers: tuple[int, ...]
    """Likewise."""

    def processors(self) -> dict[str, float]:
        """Return the seconds of processor time that scheduler and workers have taken so far."""
        return {
            "scheduler": processor_time(self.scheduler),
            "workers": sum(map(processor_time, self.workers)),
        }

    @contextlib.contextmanager
    def killing(self, seconds: float) -> Iterator[None]:
        """Kill the first worker after this time; 0 for never."""
        if not seconds:
            yield
            return
        timer = threading.Timer(seconds, os.kill, (self.workers[0], signal.SIGKILL))
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


@contextlib.contextmanager
def serve_team(team: Team, folder: str, environment: dict[str, str]) -> Iterator[RunningTeam]:
    """Start a scheduler and workers for a ``with`` block; none of them outlives it.

    Args:
        team: what to start.
        folder: for what they write.
        environment: of all of them.

    Raises:
        CannotHoldError: this machine does not let workers be held to a share of a core.
    """
    file = os.path.join(folder, "scheduler.json")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(file)
    options = ["--scheduler-file", file, "--no-dashboard"]
    with contextlib.ExitStack() as stack:
        environment = environment | {"DASK_DISTRIBUTED__ADMIN__LOW_LEVEL_LOG_LENGTH": "10"}
        scheduler = stack.enter_context(
            _started(
                ["scheduler", "--host", "127.0.0.1", "--port", "0"], options, folder, environment
            )
        )
        one = ["--nthreads", "1", "--no-nanny", "--memory-limit", "0"]
        one += ["--local-directory", folder, "--preload", "bench.scale.warm"]
        workers = [
            stack.enter_context(_started(["worker", *one], options, folder, environment))
            for _ in range(team.workers)
        ]
        address = _wait_for(file, team.workers)
        stack.enter_context(held_to(team.core, workers))
        yield RunningTeam(address, scheduler, tuple(workers))


def _wait_for(file: str, workers: int) -> str:
    """Return the address of a scheduler, once it has its workers."""
    from distributed import Client

    connect: Any = Client  # it has no types
    with connect(scheduler_file=file, timeout=_SECONDS_TO_START, set_as_default=False) as client:
        client.wait_for_workers(workers, timeout=_SECONDS_TO_START)
        return str(client.scheduler.address)


@contextlib.contextmanager
def _started(
    command: list[str], options: list[str], folder: str, environment: dict[str, str]
) -> Iterator[int]:
    """Start a part of Dask; yield the id of its process."""
    log = os.path.join(folder, f"{command[0]}.log")
    with open(log, "ab") as messages:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *command, *options],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=messages,
            stderr=messages,
            start_new_session=True,
        )
    try:
        yield process.pid
    finally:
        process.kill()  # nothing of a run is left in it
        process.wait()


def processor_time(pid: int) -> float:
    """Return the seconds of processor time of a process; 0 if it has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS
