"""The file of what was measured for the simulation: costs, and the times of lists.

Of several rounds, the least counts: nothing makes a round quicker, and other work on a machine
makes it slower.
"""

import os
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from bench.report import describe_machine
from bench.results import Result, Results
from bench.scale.model import Costs, Setup
from bench.scenario import Scenario

MEASURED = os.path.join(os.path.dirname(__file__), "measured.json")
"""What was measured last on the machine of the project."""
# A list of these numbers of bytes an entry; see docs/performance.md, and its table of lists.
_ANSWER_BYTES, _LIST_BYTES = 1000, 175
# As `python -m bench.request_costs` measures it.
_UNNEEDED_ENTRY = 2.5e-6
_UNLIMITED = 1_000_000


class Point(Struct, frozen=True):
    """A list that was measured."""

    what: str
    setup: Setup
    seconds: float
    is_paging: bool = False
    """Whether only the collection of the changes was measured."""


class Measured(Struct, frozen=True):
    """All that was measured."""

    machine: str = ""
    costs: dict[str, float] = {}
    points: list[Point] = []

    @property
    def all_costs(self) -> Costs:
        """The costs.

        Raises:
            msgspec.ValidationError: some were not measured.
        """
        return msgspec.convert(self.costs, Costs)


def read(path: str) -> Measured:
    """Return what a file has; nothing if there is no file."""
    if not os.path.exists(path):
        return Measured()
    with open(path, "rb") as file:
        return msgspec.json.decode(file.read(), type=Measured)


def add(path: str, costs: Mapping[str, float], points: Sequence[Point]) -> None:
    """Put costs and points into a file, instead of those of the same names."""
    before = read(path)
    names = {point.what for point in points}
    made = Measured(
        describe_machine(),
        before.costs | {name: float(f"{cost:.3g}") for name, cost in costs.items()},
        [point for point in before.points if point.what not in names] + list(points),
    )
    with open(path, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")


def record_points(path: str, scenarios: Sequence[Scenario], results: Results) -> None:
    """Put the lists of scenarios with a scheduler into a file, and what a single worker cost."""
    taken = {
        (scenario.name, way.team.workers): (scenario, results[scenario.name, way])
        for scenario in scenarios
        for way in scenario.ways
        if way.team and not way.team.is_killed and results[scenario.name, way].usages
    }
    points = [
        Point(
            f"{name}, {way.team}",
            _setup(scenario, result, way.team.workers, way.team.core),
            round(min(result.walls), 2),
        )
        for (name, _), (scenario, result) in taken.items()
        for way in scenario.ways
        if way.team and results[scenario.name, way] is result
    ]
    add(path, _costs({name: result for (name, n), (_, result) in taken.items() if n == 1}), points)


def _setup(scenario: Scenario, result: Result, workers: int, core: float) -> Setup:
    listing, entries = scenario.listing, result.entries or 0
    return Setup(
        entries=entries,
        entries_of_a_request=round(entries / max(result.requests or 1, 1), 2),
        changes=0 if listing.is_full else scenario.size,
        page_latency=scenario.latency_ms / 1000,
        latency=scenario.latency_ms / 1000,
        workers=workers,
        core=core or 1.0,
        requests_at_once=listing.requests_at_once or 128,
        nodes=1,
        requests_of_a_node=_UNLIMITED,
        slice_entries=listing.slice_size,
        shared_cores=os.cpu_count() or 1,
    )


def _costs(alone: Mapping[str, Result]) -> dict[str, float]:
    """Return the costs that follow from lists with a single worker, as far as they were made.

    Two lists, one with many entries in an answer and one with a single one, tell a request's cost
    from an entry's.
    """
    if not {"begin", "local", "waiting"} <= alone.keys():
        return {}
    begin, many, single = (alone[name] for name in ("begin", "local", "waiting"))
    request, entry = _solve(many, single, "workers")
    server_request, server_entry = _solve(many, single, "server")
    entries = many.entries or 1
    slices = entries / 20_000
    client = min(many.processors) - min(begin.processors)
    return {
        "start": min(begin.walls),
        "worker_request": request,
        "worker_entry": entry,
        "unneeded_entry": _UNNEEDED_ENTRY,
        "join_slice": 0.0,
        "join_entry": max(client, 0) / entries,
        "scheduler_slice": _least(many, "scheduler") / slices,
        "server_request": server_request,
        "server_entry": server_entry,
        "answer_bytes": _ANSWER_BYTES,
        "list_bytes": _LIST_BYTES,
    }


def _solve(many: Result, single: Result, part: str) -> tuple[float, float]:
    """Return the seconds of a request and of an entry, from two lists."""
    (r1, e1), (r2, e2) = (
        (float(result.requests or 0), float(result.entries or 0)) for result in (many, single)
    )
    t1, t2 = _least(many, part), _least(single, part)
    determinant = r1 * e2 - r2 * e1
    return (t1 * e2 - t2 * e1) / determinant, (r1 * t2 - r2 * t1) / determinant


def _least(result: Result, part: str) -> float:
    if part == "server":
        return min(result.processors_of_server)
    return min(each[part] for each in result.processors_of)
