"""Runs every comparison and prints the report: ``make bench``."""

import argparse
import shlex
import signal
import sys
from collections.abc import Sequence

from bench.report import report
from bench.results import Results
from bench.rounds import measure_scenario, print_progress
from bench.scale.record import record_points
from bench.scenarios import MILLION, all_scenarios
from bench.scratch import scratch_folder

_QUICK_DIVISOR = 1000
# Of a way in the round that is not timed: twice is enough, unless it asks for something new each
# time.
_MOST_REPETITIONS = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the report; return 0 whatever the figures are, or 1 if a way failed."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(given)
    scenarios = all_scenarios(options.sizes, _QUICK_DIVISOR if options.quick else 1)
    if options.only:
        scenarios = tuple(s for s in scenarios if s.family in options.only)
    # As an exception, the signal ends the servers and removes the trees.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    results: Results = {}
    for scenario in scenarios:
        runs = options.runs or (1 if options.quick else scenario.runs)
        repetitions = 1 if options.quick else _MOST_REPETITIONS
        by_way = measure_scenario(scenario, options.scratch, runs, repetitions, options.qwalk)
        results |= {(scenario.name, way): result for way, result in by_way.items()}
    if options.quick:
        print_progress(f"quick: sizes divided by {_QUICK_DIVISOR}; the figures mean nothing")
    if options.record:
        record_points(options.record, scenarios, results)
    print(report(shlex.join(["python", "-m", "bench", *given]), scenarios, results), end="")
    return 1 if any(result.failure for result in results.values()) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Compare this project with other ways to the same list, and print Markdown.",
    )
    families = list(dict.fromkeys(s.family for s in all_scenarios([MILLION])))
    parser.add_argument(
        "--only", action="append", choices=families, help="run this scenario; can be repeated"
    )
    parser.add_argument(
        "--runs", type=int, metavar="N", help="the number of timed rounds (default: 5 or 3)"
    )
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        metavar="N",
        default=[MILLION, 10 * MILLION],
        help="the numbers of changes that show growth (default: 1 and 10 million)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"divide sizes by {_QUICK_DIVISOR}, to see that it works",
    )
    parser.add_argument(
        "--qwalk",
        metavar="DIR",
        default="",
        help="a checkout of Qumulo's qumulo-filesystem-walk; without it that way is skipped",
    )
    parser.add_argument(
        "--record",
        metavar="FILE",
        help="write costs and times of the scenarios with a scheduler into FILE, for bench.scale",
    )
    parser.add_argument(
        "--scratch",
        metavar="DIR",
        default=scratch_folder(),
        help="where to write trees and lists (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
