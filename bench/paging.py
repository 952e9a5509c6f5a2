"""What the original paging of a diff limits, and what goes on while its pages arrive.

    python -m bench.paging [--changes N] [--long N]

The next page of a diff can only be asked for with what the page before it says, so pages come one
after the other, whatever is spent on workers. The first table has the changes a second that arrive
by page size and time to an answer, with nothing done but asking. The second one has a whole run
with a long diff, until its first slice is handed out: the pages alone, until the last page is
decoded and collected, and until the first slice: what is beyond the pages' own time is not
overlapped. All answers come from memory; every page was asked for once before.
"""

import argparse
import contextlib
import math
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn
from unittest import mock

from bench.report import describe_machine, make_table
from bench.scale.model import Setup
from bench.scale.record import Point, add
from bench.scenario import REST, Scenario
from bench.servers import Server, serve_emulator, serve_replay
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.events import ignore
from qumulo_changelist.operations.lists import changelist, pieces
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.runners.local import LocalRunner

PAGE_SIZES = (1_000, 10_000, 50_000)
DELAYS = (5, 20)
PAGE = 10_000
"""What is asked for by default."""


class Beginning(NamedTuple):
    """The seconds that a diff takes, from the request for its first page."""

    alone: float
    """Until all pages have arrived, if nothing else is done."""
    collected: float
    """Until all changes are collected."""
    first: float
    """Until the first slice is there."""

    @property
    def gap(self) -> float:
        """How long the first slice is there after the pages' own time."""
        return self.first - self.alone


class FirstSliceError(Exception):
    """Ends a run when its first slice is there."""


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--changes", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--long", type=int, default=10_000_000, metavar="N")
    parser.add_argument("--record", metavar="FILE", help="write costs into FILE, for bench.scale")
    options = parser.parse_args()
    print(f"`python -m bench.paging`: {describe_machine()}\n")
    print(make_table(("page", "answered after", "changes a second"), rates(options.changes)))
    print()
    head = ("changes", "a page after", "pages alone, s", "collected, s", "first slice, s", "gap, s")
    measured = [beginning(options.long, delay) for delay in DELAYS]
    rows = (
        (f"{options.long:,}", f"{delay} ms", *(f"{seconds:.1f}" for seconds in (*each, each.gap)))
        for delay, each in zip(DELAYS, measured, strict=True)
    )
    print(make_table(head, rows))
    if options.record:
        record(options.record, options.long, dict(zip(DELAYS, measured, strict=True)))


def rates(changes: int) -> Iterator[tuple[str, str, str]]:
    """Yield the changes a second for each page size and delay."""
    with _emulator(changes) as (emulator, folder):
        for delay in DELAYS:
            with serve_replay(emulator, delay, folder) as server:
                for size in PAGE_SIZES:
                    read_pages(server, size)
                    seconds = read_pages(server, size)
                    yield f"{size:,}", f"{delay} ms", f"{changes / seconds:,.0f}"


def beginning(changes: int, delay: int) -> Beginning:
    """Return how long it takes until the first slice of a long diff, with a delay in ms."""
    with (
        _emulator(changes) as (emulator, folder),
        serve_replay(emulator, delay, folder) as server,
    ):
        read_pages(server, PAGE)
        alone = read_pages(server, PAGE)
        return Beginning(alone, *time_first_slice(server, folder))


def record(path: str, changes: int, measured: Mapping[int, Beginning]) -> None:
    """Write the costs of a change of the quickest pages, and how long all of them took."""
    quickest = min(measured)
    waited = math.ceil(changes / PAGE) * quickest / 1000
    costs = {
        "page_change": (measured[quickest].alone - waited) / changes,
        "sort_change": measured[quickest].collected / changes,
    }
    points = [
        Point(
            f"paging, {changes:,} changes, {delay} ms",
            Setup(entries=changes, changes=changes, page=PAGE, page_latency=delay / 1000),
            round(each.collected, 2),
            is_paging=True,
        )
        for delay, each in measured.items()
    ]
    add(path, costs, points)


@contextlib.contextmanager
def _emulator(changes: int) -> Iterator[tuple[Server, str]]:
    scenario = Scenario("paging", "mixed", changes, ways=(REST,), runs=1, claims=())
    with tempfile.TemporaryDirectory() as folder, serve_emulator(scenario, folder, "") as emulator:
        yield emulator, folder


def settings_of(server: Server, folder: str) -> Settings:
    """Return how to reach a server."""
    return Settings(
        hosts=(server.host,),
        port=server.port,
        username=server.username,
        password=Secret(server.password),
        fingerprint=server.fingerprint,
        transport="rest",
        work_folder=folder,
    )


def read_pages(server: Server, size: int) -> float:
    """Return the seconds until all pages of a diff have arrived; nothing is decoded."""
    with RestCluster(settings_of(server, ""), ignore, page_size=size) as cluster:
        cluster.snapshots(server.older)
        began = time.perf_counter()
        pages = cluster.diff_pages(server.older, server.newer)
        assert pages is not None
        for _ in pages:
            pass
        return time.perf_counter() - began


def time_first_slice(server: Server, folder: str) -> tuple[float, float]:
    """Return the seconds from the first page until all is collected, and until the first slice."""
    moments: dict[str, float] = {}
    collect = pieces.collect_changes

    def collect_timed(*arguments: Any) -> int:
        moments["begin"] = time.perf_counter()
        try:
            return collect(*arguments)
        finally:
            moments["collected"] = time.perf_counter()

    def run(_runner: LocalRunner, _job: object, slices: Iterable[Slice]) -> NoReturn:
        next(iter(slices))
        moments["first"] = time.perf_counter()
        raise FirstSliceError

    request = ChangelistRequest(
        project="bench",
        base_path=server.source,
        older=server.older,
        newer=server.newer,
        output=os.path.join(folder, "list.xml"),
        metadata="rest",
        deletes=True,
        workers=2,
    )
    with (
        mock.patch.object(pieces, "collect_changes", collect_timed),
        mock.patch.object(LocalRunner, "run", run),
        contextlib.suppress(FirstSliceError),
    ):
        changelist.generate_changelist(request, settings_of(server, folder))
    begin = moments["begin"]
    return moments["collected"] - begin, moments["first"] - begin


if __name__ == "__main__":
    main()
