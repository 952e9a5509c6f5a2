"""Runs the ways of a scenario in turn, round after round."""

import contextlib
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterator

from bench import measure
from bench.measure import FailedError, Usage
from bench.results import Result
from bench.scenarios import FLOOR, Scenario
from bench.site import Site, served
from bench.ways import command

_TELLS_MEMORY = os.path.exists("/proc/self/smaps_rollup")
# Whoever looks at a directory changes when it was last looked at; a tree laid out for a mount
# belongs to whoever did that, and its directories have the size that they need there.
_OF_THE_MOUNT = re.compile(rb' (?:atime|owner|group)="\d+"| size="\d+"(?=.* type="F_DIR")')
# qq garbles names that hold one, which not every way mends.
_LINE_SEPARATOR = "\u2028".encode()
_LISTING = re.compile(r"/entries/?(?:\?|$)")


def measured(scenario: Scenario, scratch: str, runs: int) -> dict[str, Result]:
    """Run a scenario and return what each of its ways took.

    The first round is not timed: it measures memory, counts requests and leaves sessions behind
    for the others, as a run of the day before would.
    """
    tell(f"{scenario.name}: {scenario.size:,}, {scenario.shape}, {scenario.latency_ms} ms")
    results = {way: Result() for way in scenario.ways}
    with served(scenario, scratch) as site:
        tell("  a round for memory and requests")
        for way, result in results.items():
            with _noted(way, result):
                _look(way, site, result)
        for number in range(runs):
            tell(f"  round {number + 1} of {runs}")
            for way, result in results.items():
                with _noted(way, result):
                    if not result.failure:
                        result.usages.append(_timed(way, site))
    return results


def tell(fact: str) -> None:
    """Say how far it is, to whoever waits."""
    print(fact, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _noted(way: str, result: Result) -> Iterator[None]:
    """Keep why a way fails, and go on with the others."""
    try:
        yield
    except FailedError as error:
        result.failure = str(error)
        result.usages.clear()
        tell(f"    {way} {error}")


def _look(way: str, site: Site, result: Result) -> None:
    """Measure all but time."""
    typed = command(way, site)
    site.requests()  # what comes from here on is its own
    if _TELLS_MEMORY and way != FLOOR:
        result.memory = measure.peak_memory(
            typed.arguments, site.environment, typed.output, typed.fine
        )
    else:
        measure.run(typed.arguments, site.environment, typed.output, typed.fine)
    asked = site.requests()
    if asked is not None:
        result.requests = len(asked)
        result.listings = sum(bool(_LISTING.search(path)) for path in asked)
    if typed.scan_list:
        _read(typed.scan_list, result)


def _timed(way: str, site: Site) -> Usage:
    typed = command(way, site)
    usage = measure.run(typed.arguments, site.environment, typed.output, typed.fine)
    if typed.times_itself:
        with open(typed.output, "rb") as file:
            figures = json.load(file)
        usage = Usage(figures["wall"], figures["processor"])
    tell(f"    {way}: {usage.wall:.2f} s, {usage.processor:.2f} s of processor time")
    return usage


def _read(scan_list: str, result: Result) -> None:
    """Count what a list holds, and take a digest of its files."""
    result.entries = result.unreadable = 0
    digest = hashlib.sha256()
    with open(scan_list, "rb") as lines:
        for line in lines:
            result.entries += line.startswith(b"    <")
            result.unreadable += line.startswith(b"    <bad-dir ")
            if line.startswith(b"    <file ") and _LINE_SEPARATOR not in line:
                digest.update(_OF_THE_MOUNT.sub(b"", line))
    result.digest = digest.hexdigest()
