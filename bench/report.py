"""The results as Markdown."""

import datetime
import os
import platform
import statistics
from collections.abc import Iterable, Iterator, Sequence

from bench.results import Result, Results
from bench.scenarios import Scenario


def report(command: str, scenarios: Sequence[Scenario], results: Results) -> str:
    """Return the whole report: the claims, and the figures that they come from."""
    rows = [claim.row(results) for scenario in scenarios for claim in scenario.claims]
    parts = [
        f"`{command}`: {describe_machine()}",
        make_table(("what", "measured", "target", "reached"), rows),
        "Medians of interleaved runs, fastest and slowest in brackets; a ratio is the median of "
        "the rounds' ratios. The floor's times are those of its timed parts.",
        make_table(
            ("scenario", "way", "seconds", "processor", "peak memory", "entries", "requests"),
            (_row(name, way, result) for (name, way), result in results.items()),
        ),
        *_compare_lists(scenarios, results),
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


def _row(scenario: str, way: str, result: Result) -> Sequence[str]:
    if result.failure or not result.usages:
        return scenario, way, "failed", "", "", "", ""
    memory = "" if result.memory is None else f"{result.memory / 1e6:,.0f} MB"
    return (
        scenario,
        way,
        _spread(result.walls),
        f"{statistics.median(result.processors):.3g}",
        memory,
        "" if result.entries is None else f"{result.entries:,}",
        "" if result.requests is None else f"{result.requests:,}",
    )


def _spread(seconds: Sequence[float]) -> str:
    fastest, slowest = min(seconds), max(seconds)
    return f"{statistics.median(seconds):.3g} ({fastest:.3g} to {slowest:.3g})"


def _compare_lists(scenarios: Sequence[Scenario], results: Results) -> Iterator[str]:
    """Yield, for each scenario, whether the lists agree, and what could not be read."""
    for scenario in scenarios:
        by_way = {way: results[scenario.name, way] for way in scenario.ways}
        digests = {way: result.digest for way, result in by_way.items() if result.digest}
        if len(digests) > 1 and len(set(digests.values())) == 1:
            ways = ", ".join(digests)
            yield f"{scenario.name}: {ways} list the same files, with the same sizes and times."
        elif len(digests) > 1:
            shown = ", ".join(f"{way} {digest[:8]}" for way, digest in digests.items())
            yield f"{scenario.name}: THE LISTS DIFFER in their files (digests): {shown}."
        for way, result in by_way.items():
            if result.unreadable:
                yield f"{scenario.name}: {way} could not read {result.unreadable:,} entries."
