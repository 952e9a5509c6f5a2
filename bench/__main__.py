"""Runs every comparison and prints the table: ``make bench``."""

import argparse
import os
import shlex
import signal
import sys
import tempfile
from collections.abc import Sequence

from bench.report import report
from bench.results import Results
from bench.rounds import measured, tell
from bench.scenarios import MILLION, all_scenarios

_QUICK = 1000
# Where a tree of a million files is soon made; it says nothing about disks, for any of the ways.
_MEMORY = "/dev/shm"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 whatever the figures are, 1 where a way failed."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(given)
    scenarios = all_scenarios(options.sizes, _QUICK if options.quick else 1)
    if options.only:
        scenarios = tuple(s for s in scenarios if s.family in options.only)
    # Ended by a signal or not: no server and no tree stays behind.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    results: Results = {}
    for scenario in scenarios:
        runs = options.runs or (1 if options.quick else scenario.runs)
        found = measured(scenario, options.scratch, runs)
        results |= {(scenario.name, way): result for way, result in found.items()}
    if options.quick:
        tell(f"quick: sizes divided by {_QUICK}; the figures mean nothing")
    print(report(shlex.join(["python", "-m", "bench", *given]), scenarios, results), end="")
    return 1 if any(result.failure for result in results.values()) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Compare this project with other ways to the same list; print Markdown.",
    )
    families = list(dict.fromkeys(s.family for s in all_scenarios([MILLION])))
    parser.add_argument(
        "--only", action="append", choices=families, help="this scenario; can be given repeatedly"
    )
    parser.add_argument("--runs", type=int, metavar="N", help="timed rounds (default: 5 or 3)")
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        metavar="N",
        default=[MILLION, 10 * MILLION],
        help="the numbers of changes to show memory and growth with (default: 1 and 10 million)",
    )
    parser.add_argument(
        "--quick", action="store_true", help=f"sizes divided by {_QUICK}: does all of it work?"
    )
    parser.add_argument(
        "--scratch",
        metavar="DIR",
        default=_MEMORY if os.access(_MEMORY, os.W_OK) else tempfile.gettempdir(),
        help="where trees and lists are written (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
