"""What a list costs on paper: ``python -m bench.scale``.

It prints tables of a full list of a billion files, and of 100 million changes, by nodes and by
workers, as the simulation has them with the costs of ``measured.json``. With ``--validate`` it
prints what was measured beside what the simulation has for the same.
"""

import argparse
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from bench.report import make_table
from bench.scale.model import Costs, Setup, paging_seconds, simulate
from bench.scale.record import MEASURED, Measured, Point, read
from qumulo_changelist.cluster.rest.limits import REQUESTS_AT_ONCE

NODES = (4, 10, 20, 50, 100)
WORKERS = (1, 2, 4, 8, 16, 32)
_NEARLY = 0.8

LISTS = {
    "a full list of 1,000,000,000 files in directories of 100": Setup(
        entries=1_000_000_000, entries_of_a_request=100
    ),
    "a full list of 1,000,000,000 files in directories of 10": Setup(
        entries=1_000_000_000, entries_of_a_request=10
    ),
    "100,000,000 changes, half of the 100 files of a directory": Setup(
        entries=100_000_000, entries_of_a_request=50, received=2, changes=100_000_000
    ),
    "100,000,000 changes, 10 of the 100 files of a directory": Setup(
        entries=100_000_000, entries_of_a_request=5, received=10, changes=100_000_000
    ),
    "100,000,000 changes, one in each directory": Setup(
        entries=100_000_000, entries_of_a_request=1, changes=100_000_000
    ),
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--measured", metavar="FILE", default=MEASURED, help="costs and points")
    parser.add_argument(
        "--validate",
        metavar="FILE",
        nargs="?",
        const=MEASURED,
        help="compare the points of FILE with the simulation",
    )
    parser.add_argument(
        "--latency-ms", type=float, default=5, help="the time to an answer, also to a page"
    )
    parser.add_argument(
        "--of-a-node",
        type=int,
        default=32,
        metavar="N",
        help="requests that a node answers at once",
    )
    options = parser.parse_args()
    if options.validate:
        measured = read(options.validate)
        print(measured.machine, end="\n\n")
        head = ("list", "measured, s", "simulated, s", "difference", "limited by")
        print(make_table(head, validation(measured)))
        return
    costs, latency = read(options.measured).all_costs, options.latency_ms / 1000
    for name, setup in LISTS.items():
        given = replace(
            setup,
            latency=latency,
            page_latency=latency,
            requests_of_a_node=options.of_a_node,
        )
        print(f"{name}; {options.latency_ms:g} ms; a node answers {options.of_a_node} at once\n")
        print(make_table(("nodes", *map(_workers, WORKERS), "knee"), rows(given, costs)))
        print()


def rows(setup: Setup, costs: Costs) -> Iterator[Sequence[str]]:
    """Yield a row for each number of nodes: time and limit for each number of workers, the knee."""
    for nodes in NODES:
        outcomes = {
            workers: simulate(
                replace(
                    setup,
                    nodes=nodes,
                    workers=workers,
                    requests_at_once=requests_of_a_worker(nodes, workers),
                ),
                costs,
            )
            for workers in WORKERS
        }
        cells = (f"{_time(each.seconds)}, {each.limit}" for each in outcomes.values())
        fastest = min(each.seconds for each in outcomes.values())
        knee = next(n for n, each in outcomes.items() if fastest / each.seconds >= _NEARLY)
        yield str(nodes), *cells, _workers(knee)


def requests_of_a_worker(nodes: int, workers: int) -> int:
    """Return how many requests one of several workers has under way at most."""
    to_a_node = max(REQUESTS_AT_ONCE // workers, 1)
    return min(to_a_node * nodes, REQUESTS_AT_ONCE)


def validation(measured: Measured) -> Iterator[Sequence[str]]:
    """Yield a row for each point that was measured."""
    costs = measured.all_costs
    for point in measured.points:
        seconds, limit = simulated(point, costs)
        difference = seconds / point.seconds - 1
        yield point.what, f"{point.seconds:.1f}", f"{seconds:.1f}", f"{difference:+.0%}", limit


def simulated(point: Point, costs: Costs) -> tuple[float, str]:
    """Return the seconds that the simulation has for a point, and what limits it."""
    if point.is_paging:
        return paging_seconds(point.setup, costs), "paging"
    outcome = simulate(point.setup, costs)
    return outcome.seconds, outcome.limit


def _workers(number: int) -> str:
    return f"{number} worker{'s' * (number > 1)}"


def _time(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 1:
        return f"{seconds:.0f} s"
    return f"{minutes // 60} h {minutes % 60:02} min" if minutes >= 60 else f"{minutes} min"


if __name__ == "__main__":
    main()
