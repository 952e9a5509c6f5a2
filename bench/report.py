"""What was measured, as Markdown."""

import datetime
import os
import platform
import statistics
from collections.abc import Iterable, Iterator, Sequence

from bench.results import Result, Results
from bench.scenarios import Scenario


def report(command: str, scenarios: Sequence[Scenario], results: Results) -> str:
    """Return the whole report: what is shown, and the figures that it comes from."""
    rows = [claim.row(results) for scenario in scenarios for claim in scenario.shows]
    parts = [
        f"`{command}`: {machine()}",
        table(("what", "measured", "to reach", "reached"), rows),
        "Medians of interleaved runs, fastest and slowest in brackets; a ratio is the median of "
        "the rounds' ratios. The floor's times are those of its timed parts.",
        table(
            ("scenario", "way", "seconds", "processor", "peak memory", "entries", "requests"),
            (_way(name, way, result) for (name, way), result in results.items()),
        ),
        *_lists(scenarios, results),
    ]
    return "\n\n".join(parts) + "\n"


def machine() -> str:
    """Return what the figures come from, without naming the machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    today = datetime.datetime.now(tz=datetime.timezone.utc).date()
    return (
        f"{cores} cores, {platform.system()} on {platform.machine()}, "
        f"Python {platform.python_version()}, {today}"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _way(scenario: str, way: str, result: Result) -> Sequence[str]:
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
    least, most = min(seconds), max(seconds)
    return f"{statistics.median(seconds):.3g} ({least:.3g} to {most:.3g})"


def _lists(scenarios: Sequence[Scenario], results: Results) -> Iterator[str]:
    """Yield, a scenario, whether the ways' lists agree, and what they could not read."""
    for scenario in scenarios:
        found = {way: results[scenario.name, way] for way in scenario.ways}
        digests = {way: result.digest for way, result in found.items() if result.digest}
        if len(digests) > 1 and len(set(digests.values())) == 1:
            ways = ", ".join(digests)
            yield f"{scenario.name}: {ways} list the same files, with the same sizes and times."
        elif len(digests) > 1:
            told = ", ".join(f"{way} {digest[:8]}" for way, digest in digests.items())
            yield f"{scenario.name}: THE LISTS DIFFER in their files (digests): {told}."
        for way, result in found.items():
            if result.unreadable:
                yield f"{scenario.name}: {way} could not read {result.unreadable:,} entries."
