"""What going on after a kill saves, and what it costs a run that nothing disturbs.

    python -m bench.resume [--changes N] [--rounds N]

A run over REST is killed when it has read 90% of the diff, and the same run is made again: the
requests for the diff and all requests, and the seconds, of both, and of a run that keeps nothing.
Then the same for a run that is killed when 90% of its slices are done.
Then the share of the processor time that an undisturbed run of one process takes to keep pages and,
from the first slice on, pieces. It is taken within the run, since two runs differ by more. All
answers come from memory, 5 ms after their requests.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from bench.paging import PAGE
from bench.report import describe_machine, make_table
from bench.scenario import REST, Scenario
from bench.servers import Server, serve_emulator, serve_replay

_DELAY = 5
_SHARE = 0.9
_SLICE = 20_000
_KEEPING = {
    "all": "all of it",
    "KeptPages": "pages",
    "PieceKeeper": "pieces",
    "PieceCopies": "sizes",
}
_REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

_CHILD = """
import json, os, signal, sys, time
from bench.paging import settings_of
from bench.servers import Server
from qumulo_changelist import ChangelistRequest, generate_changelist
from qumulo_changelist.operations.lists.keeping import copies, pages as kept_pages
from qumulo_changelist.runners import piece_keeper

if __name__ == "__main__":
    server, folder, values, pages, slices = json.loads(sys.argv[1])
    copies.SECONDS_BEFORE_KEEPING = 0

    def die_after(owner, name, times):
        method, calls = getattr(owner, name), []

        def call(self, given):
            method(self, given)
            calls.append(given)
            if len(calls) == times:
                os.kill(os.getpid(), signal.SIGKILL)

        if times:
            setattr(owner, name, call)

    spent = {}

    def count_time(owner, name):
        method = getattr(owner, name)

        def call(*given):
            began = time.thread_time()
            try:
                return method(*given)
            finally:
                spent[owner.__name__] = spent.get(owner.__name__, 0) + time.thread_time() - began

        setattr(owner, name, call)

    count_time(kept_pages.KeptPages, "keep")
    count_time(copies.PieceCopies, "look")
    count_time(piece_keeper.PieceKeeper, "_copy")
    die_after(kept_pages.KeptPages, "keep", pages)
    die_after(copies.PieceCopies, "look", slices)
    settings = settings_of(Server(*server), folder)
    generate_changelist(ChangelistRequest(**values), settings)
    print(json.dumps({"all": time.process_time(), **spent}))
"""


class Cost(NamedTuple):
    """What one run took."""

    seconds: float
    processor: dict[str, float]
    """The seconds of processor time of all of it, and of what keeps something."""
    pages: int
    """The number of requests for the diff."""
    requests: int


class Laboratory:
    """Makes runs against one server, each in a process of its own."""

    def __init__(self, server: Server, folder: str) -> None:
        self._server, self._folder = server, folder
        self._script = os.path.join(folder, "child.py")
        with open(self._script, "w", encoding="utf-8") as file:
            file.write(_CHILD)

    def run(self, *, resume: bool, pages: int = 0, slices: int = 0, workers: int = 2) -> Cost:
        """Make a list, or kill the run after a number of pages or of slices."""
        values = {
            "project": "bench",
            "base_path": self._server.source,
            "older": self._server.older,
            "newer": self._server.newer,
            "output": os.path.join(self._folder, "list.xml"),
            "metadata": "rest",
            "deletes": True,
            "workers": workers,
            "resume": resume,
        }
        given = json.dumps([list(self._server), self._folder, values, pages, slices])
        self._counts()
        began = time.perf_counter()
        state = os.path.join(self._folder, "state")
        done = subprocess.run(
            [sys.executable, self._script, given],
            cwd=_REPOSITORY,
            env=os.environ | {"XDG_STATE_HOME": state, "PYTHONPATH": _REPOSITORY},
            stdout=subprocess.PIPE,
            check=False,
        )
        seconds = time.perf_counter() - began
        if bool(done.returncode) != bool(pages or slices):
            raise SystemExit(f"a run ended with {done.returncode}")
        counts = self._counts()
        requested = int(counts["kinds"].get("diff", 0))
        processor = json.loads(done.stdout or "{}")
        return Cost(seconds, processor, requested, int(counts["requests"]))

    def _counts(self) -> dict[str, Any]:
        with self._server.pool() as pool:
            counts: dict[str, Any] = pool.request("DELETE", "/replay/counts").json()
        return counts


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--changes", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    options = parser.parse_args()
    print(f"`python -m bench.resume`: {describe_machine()}\n")
    with _laboratory(options.changes) as laboratory:
        laboratory.run(resume=False)  # so that the server has all answers
        print(
            make_table(
                ("run", "pages of the diff", "requests", "seconds"),
                _saved(laboratory, options.changes),
            )
        )
        print()
        print(
            make_table(
                ("keeping", "processor, s", "share"),
                _costs(laboratory, options.rounds),
            )
        )


@contextlib.contextmanager
def _laboratory(changes: int) -> Iterator[Laboratory]:
    scenario = Scenario("resume", "mixed", changes, ways=(REST,), runs=1, claims=())
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_emulator(scenario, folder, "") as emulator,
        serve_replay(emulator, _DELAY, folder) as server,
    ):
        yield Laboratory(server, folder)


def _saved(laboratory: Laboratory, changes: int) -> Iterator[tuple[str, ...]]:
    pages, slices = (int(changes * _SHARE) // size for size in (PAGE, _SLICE))
    runs = {
        "undisturbed": laboratory.run(resume=False),
        "killed at 90% of the diff": laboratory.run(resume=True, pages=pages),
        "the next one": laboratory.run(resume=True),
        "killed at 90% of the slices": laboratory.run(resume=True, slices=slices),
        "the one after that": laboratory.run(resume=True),
    }
    for name, cost in runs.items():
        yield name, f"{cost.pages:,}", f"{cost.requests:,}", f"{cost.seconds:.1f}"


def _costs(laboratory: Laboratory, rounds: int) -> Iterator[tuple[str, ...]]:
    runs = [laboratory.run(resume=True, workers=1).processor for _ in range(rounds)]
    for name, what in _KEEPING.items():
        seconds = statistics.median(each[name] for each in runs)
        share = statistics.median(each[name] / each["all"] for each in runs)
        yield what, f"{seconds:.2f}", f"{share:.2%}"


if __name__ == "__main__":
    main()
