"""Runs the ways of a scenario one after another, in several rounds."""

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
from bench.site import Site, serve_scenario
from bench.ways import make_command

_CAN_MEASURE_MEMORY = os.path.exists("/proc/self/smaps_rollup")
# Listing a directory changes its access time. In a tree that is laid out for a mount, everything
# belongs to the user who runs the bench, and directories have the sizes of that file system.
_DEPENDS_ON_MOUNT = re.compile(rb' (?:atime|owner|group)="\d+"| size="\d+"(?=.* type="F_DIR")')
# qq garbles names that contain it, and not every way repairs them.
_LINE_SEPARATOR = "\u2028".encode()
_LISTING = re.compile(r"/entries/?(?:\?|$)")


def measure_scenario(scenario: Scenario, scratch: str, runs: int) -> dict[str, Result]:
    """Run a scenario; return the result of each of its ways.

    The first round is not timed. It measures memory, counts requests, and leaves sessions for the
    other rounds, as a run of the day before would.

    Args:
        scenario: what to run.
        scratch: the folder for trees and lists.
        runs: the number of timed rounds.
    """
    print_progress(
        f"{scenario.name}: {scenario.size:,}, {scenario.shape}, {scenario.latency_ms} ms"
    )
    results = {way: Result() for way in scenario.ways}
    with serve_scenario(scenario, scratch) as site:
        print_progress("  a round for memory and requests")
        for way, result in results.items():
            with _catch_failure(way, result):
                _measure_without_time(way, site, result)
        for number in range(runs):
            print_progress(f"  round {number + 1} of {runs}")
            for way, result in results.items():
                with _catch_failure(way, result):
                    if not result.failure:
                        result.usages.append(_measure_time(way, site))
    return results


def print_progress(text: str) -> None:
    """Print on standard error how far the bench is."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _catch_failure(way: str, result: Result) -> Iterator[None]:
    """Record why a way fails, so that the others can continue."""
    try:
        yield
    except FailedError as error:
        result.failure = str(error)
        result.usages.clear()
        print_progress(f"    {way} {error}")


def _measure_without_time(way: str, site: Site, result: Result) -> None:
    """Measure memory and requests, and read the list."""
    command = make_command(way, site)
    site.requests()  # the requests from here on are those of the command
    if _CAN_MEASURE_MEMORY and way != FLOOR:
        result.memory = measure.peak_memory(
            command.arguments, site.environment, command.output, command.exit_codes
        )
    else:
        measure.run(command.arguments, site.environment, command.output, command.exit_codes)
    paths = site.requests()
    if paths is not None:
        result.requests = len(paths)
        result.listings = sum(bool(_LISTING.search(path)) for path in paths)
    if command.scan_list:
        _read_list(command.scan_list, result)


def _measure_time(way: str, site: Site) -> Usage:
    command = make_command(way, site)
    usage = measure.run(command.arguments, site.environment, command.output, command.exit_codes)
    if command.times_itself:
        with open(command.output, "rb") as file:
            figures = json.load(file)
        usage = Usage(figures["wall"], figures["processor"])
    print_progress(f"    {way}: {usage.wall:.2f} s, {usage.processor:.2f} s of processor time")
    return usage


def _read_list(scan_list: str, result: Result) -> None:
    """Count the entries of a list, and make a digest of its files."""
    result.entries = result.unreadable = 0
    digest = hashlib.sha256()
    with open(scan_list, "rb") as lines:
        for line in lines:
            result.entries += line.startswith(b"    <")
            result.unreadable += line.startswith(b"    <bad-dir ")
            if line.startswith(b"    <file ") and _LINE_SEPARATOR not in line:
                digest.update(_DEPENDS_ON_MOUNT.sub(b"", line))
    result.digest = digest.hexdigest()
