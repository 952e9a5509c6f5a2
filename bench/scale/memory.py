"""The memory of client, scheduler and workers while a long list is made, over time.

    python -m bench.scale.memory [--changes N] [--workers N] [--svg FILE]

What arrives faster than it is worked on must not pile up anywhere. The list of made-up changes is
made through a scheduler of this machine, from the answers of the emulator, without deletions. Every
second, the memory of each process is read: its proportional set size (PSS), so that shared pages
count once. Files on disk, as those of a long diff, do not count.
"""

import argparse
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

from bench import measure
from bench.report import describe_machine, make_table
from bench.rounds import print_progress
from bench.scale.team import RunningTeam, Team
from bench.scenario import Listing, Scenario, scheduler
from bench.site import serve_scenario
from bench.ways import make_command

_ROWS = 16
_POINTS = 200
_SECONDS_BETWEEN_LINES = 20
PARTS = ("client", "scheduler", "workers")


class Sample(NamedTuple):
    """The memory at one moment, in bytes."""

    seconds: float
    client: int
    scheduler: int
    workers: int
    """Of all workers together."""


def main() -> None:
    """Make the list, and print the samples."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale.memory",
        description=__doc__.splitlines()[0] if __doc__ else "",
    )
    parser.add_argument("--changes", type=int, default=30_000_000, metavar="N")
    parser.add_argument("--workers", type=int, default=1, metavar="N")
    parser.add_argument("--shape", default="mixed", help="see qumulo-emulator serve")
    parser.add_argument("--full", action="store_true", help="a full list")
    parser.add_argument("--scratch", metavar="DIR", default=tempfile.gettempdir())
    parser.add_argument("--svg", metavar="FILE", help="also draw the curve")
    options = parser.parse_args()
    # As an exception, the signal ends the servers and removes the trees.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    team = Team(options.workers)
    scenario = Scenario(
        "memory",
        options.shape,
        options.changes,
        ways=(scheduler(team),),
        runs=1,
        claims=(),
        listing=Listing(is_full=options.full),
        is_replayed=False,
    )
    samples = watch_list(scenario, team, options.scratch)
    what = "files" if options.full else "changes"
    print(f"{options.changes:,} {what}, {team}: {describe_machine()}\n")
    print(make_table(("seconds", *(f"{part}, MB" for part in PARTS)), table(samples)))
    if options.svg:
        with open(options.svg, "w", encoding="utf-8") as file:
            file.write(draw(samples))


def watch_list(scenario: Scenario, team: Team, scratch: str) -> list[Sample]:
    """Make a list; return the memory in each second."""
    samples: list[Sample] = []
    done = threading.Event()
    with serve_scenario(scenario, scratch) as site, site.team(team) as running:
        (way,) = scenario.ways
        command = make_command(way, site.under(running.address))
        others = set(measure.descendants(os.getpid()))
        watching = threading.Thread(target=_watch, args=(running, samples, done, others))
        watching.start()
        try:
            environment = site.environment(None)
            measure.run(command.arguments, environment, command.output, command.exit_codes)
        finally:
            done.set()
            watching.join()
    return samples


def _watch(
    team: RunningTeam, samples: list[Sample], done: threading.Event, others: set[int]
) -> None:
    """Read the memory of the team, and of the command: all descendants but ``others``."""
    began = time.monotonic()
    while not done.wait(1):
        if samples and len(samples) % _SECONDS_BETWEEN_LINES == 0:
            sizes = ", ".join(f"{size / 1e6:.0f} MB" for size in samples[-1][1:])
            print_progress(f"{samples[-1].seconds:.0f} s: {sizes}")
        of_command = set(measure.descendants(os.getpid())) - others
        samples.append(
            Sample(
                time.monotonic() - began,
                sum(map(measure.proportional_size, of_command)),
                measure.proportional_size(team.scheduler),
                sum(map(measure.proportional_size, team.workers)),
            )
        )


def table(samples: Sequence[Sample]) -> list[tuple[str, ...]]:
    """Return rows of some of the samples, and one of the greatest memory of each part."""
    chosen = samples[:: max(len(samples) // _ROWS, 1)]
    rows = [(f"{each.seconds:.0f}", *(f"{size / 1e6:.0f}" for size in each[1:])) for each in chosen]
    peaks = (f"{max(each[part] for each in samples) / 1e6:.0f}" for part in (1, 2, 3))
    return [*rows, ("peak", *peaks)] if samples else []


_WIDTH, _HEIGHT, _LEFT, _BELOW = 720, 260, 56, 30
_COLOURS = ("#0072b2", "#d55e00", "#009e73")


def draw(samples: Sequence[Sample]) -> str:
    """Return the curve of each part as SVG."""
    longest = max(each.seconds for each in samples)
    most = max(max(each[1:]) for each in samples) / 1e6

    def at(seconds: float, size: float) -> str:
        x = _LEFT + seconds / longest * (_WIDTH - _LEFT - 10)
        y = (_HEIGHT - _BELOW) * (1 - size / 1e6 / most / 1.1)
        return f"{x:.1f},{y:.1f}"

    chosen = samples[:: max(len(samples) // _POINTS, 1)]
    lines = []
    for number, (part, colour) in enumerate(zip(PARTS, _COLOURS, strict=True)):
        points = " ".join(at(each.seconds, each[number + 1]) for each in chosen)
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{_LEFT + 10 + 110 * number}" y="14" fill="{colour}">{part}</text>'
        )
    bottom = _HEIGHT - _BELOW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="13">'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>'
        f'<path d="M{_LEFT} 0V{bottom}H{_WIDTH}" fill="none" stroke="#555555"/>'
        f'<text x="4" y="{bottom * (1 - 1 / 1.1) + 5:.0f}">{most:.0f} MB</text>'
        f'<text x="{_LEFT - 12}" y="{bottom}">0</text>'
        f'<text x="{_WIDTH - 90}" y="{_HEIGHT - 8}">{longest:.0f} seconds</text>'
        f"{''.join(lines)}</svg>\n"
    )


if __name__ == "__main__":
    main()
