"""The results as Markdown."""

import datetime
import os
import platform
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bench.results import Result, Results, Way
from bench.scenario import Scenario

_HEAD = (
    *("scenario", "way", "seconds", "processor", "peak memory", "entries"),
    *("requests", "requests in flight", "looks", "looks in flight"),
)


def report(command: str, scenarios: Sequence[Scenario], results: Results) -> str:
    """Return the whole report: the claims, and the figures that they come from."""
    rows = [claim.row(results) for scenario in scenarios for claim in scenario.claims]
    parts = [
        f"`{command}`: {describe_machine()}",
        make_table(("what", "measured", "target", "reached"), rows),
        "Medians of interleaved runs, fastest and slowest in brackets; a ratio is the median of "
        "the rounds' ratios. The floor's times are those of its timed parts.",
        make_table(
            _HEAD, ((name, str(way), *_cells(result)) for (name, way), result in results.items())
        ),
        *_notes(scenarios, results),
    ]
    return "\n\n".join(parts) + "\n"


def describe_machine() -> str:
    """Return a description of this machine, without its name."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    today = datetime.datetime.now(tz=datetime.timezone.utc).date()
    return (
        f"{cores} cores, {platform.system()} on {platform.machine()}, "
        f"Python {platform.python_version()}, {today}"
    )


def make_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(result: Result) -> Sequence[str]:
    """Return the cells of a row after the scenario and the way."""
    if result.failure or result.skipped:
        return "failed" if result.failure else "skipped", *[""] * (len(_HEAD) - 3)
    return (
        _spread(result.walls) if result.usages else "not timed",
        f"{statistics.median(result.processors):.3g}" if result.usages else "",
        "" if result.memory is None else f"{result.memory / 1e6:,.0f} MB",
        _number(result.entries),
        _number(result.requests),
        _number(result.requests_in_flight),
        _number(result.looks),
        _number(result.looks_in_flight),
    )


def _number(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _spread(seconds: Sequence[float]) -> str:
    fastest, slowest = min(seconds), max(seconds)
    return f"{statistics.median(seconds):.3g} ({fastest:.3g} to {slowest:.3g})"


def _notes(scenarios: Sequence[Scenario], results: Results) -> Iterator[str]:
    """Yield what has to be known about each scenario, beginning with whether its lists agree."""
    for scenario in scenarios:
        by_way = {way: results[scenario.name, way] for way in scenario.all_ways}
        yield from _compare_lists(scenario.name, by_way)
        for way, result in by_way.items():
            if result.unreadable:
                yield f"{scenario.name}: {way} could not read {result.unreadable:,} entries."
            if result.misses:
                yield (
                    f"{scenario.name}: {way} HAD TO WAIT for {result.misses:,} answers that the "
                    "server did not have in memory, all rounds together."
                )
            if result.skipped:
                yield f"{scenario.name}: {way} was skipped: {result.skipped}."


def _compare_lists(scenario: str, by_way: Mapping[Way, Result]) -> Iterator[str]:
    digests = {str(way): result.digest for way, result in by_way.items() if result.digest}
    if len(digests) > 1 and len(set(digests.values())) == 1:
        ways = ", ".join(digests)
        yield f"{scenario}: {ways} list the same files, with the same sizes and times."
    elif len(digests) > 1:
        shown = ", ".join(f"{way} {digest[:8]}" for way, digest in digests.items())
        yield f"{scenario}: THE LISTS DIFFER in their files (digests): {shown}."
