"""Runs the ways of a scenario one after another, in several rounds."""

import contextlib
import hashlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bench import measure
from bench.measure import FailedError, Usage
from bench.results import Result, Way
from bench.scale.core_share import CannotHoldError
from bench.scale.team import RunningTeam
from bench.scenario import FLOOR, STRAIGHTFORWARD, WALK, Scenario
from bench.servers import Requests
from bench.site import Site, serve_scenario
from bench.slow_mount import CannotSlowDownError, compile_library
from bench.ways import Command, make_command

_CAN_MEASURE_MEMORY = os.path.exists("/proc/self/smaps_rollup")
# Listing a directory changes its access time. In a tree that is laid out for a mount, everything
# belongs to the user who runs the bench, and directories have the sizes of that file system.
_DEPENDS_ON_MOUNT = re.compile(rb' (?:atime|owner|group)="\d+"| size="\d+"(?=.* type="F_DIR")')
# qq garbles names that contain it, and not every way repairs them.
_LINE_SEPARATOR = "\u2028".encode()


def measure_scenario(
    scenario: Scenario, scratch: str, runs: int, repetitions: int, walk_checkout: str = ""
) -> dict[Way, Result]:
    """Run a scenario; return the result of each of its ways.

    The first round is not timed. It measures memory, counts requests, and leaves sessions and
    answers for the other rounds, as a run of the day before would leave sessions.

    Args:
        scenario: what to run.
        scratch: the folder for trees and lists.
        runs: the number of timed rounds.
        repetitions: the number of times at most that a way runs in the first round. It runs again
            if the server did not have all answers in memory, since that made the way wait.
        walk_checkout: a checkout of the vendor's program that walks directories; "" for none.
    """
    print_progress(
        f"{scenario.name}: {scenario.size:,}, {scenario.shape}, {scenario.latency_ms} ms"
    )
    results = {way: Result() for way in scenario.all_ways}
    if not walk_checkout and WALK in results:
        results[WALK].skipped = "it needs --qwalk with a checkout of the program"
    with tempfile.TemporaryDirectory(prefix="qumulo-bench-") as folder:
        library = _compile_if_needed(scenario, folder, results)
        possible = scenario.without([way for way, result in results.items() if result.skipped])
        if possible.all_ways:
            with serve_scenario(possible, scratch, library, walk_checkout) as site:
                _measure_without_time(possible, site, results, repetitions)
                _measure_times(possible, site, results, runs)
    return results


def _compile_if_needed(scenario: Scenario, folder: str, results: dict[Way, Result]) -> str:
    """Return the library that slows a mount down; "" if it is not needed, or cannot be made.

    If it cannot be made, the ways that need it are marked as skipped.
    """
    if not scenario.needs_slow_mount:
        return ""
    try:
        return compile_library(folder)
    except CannotSlowDownError as error:
        for way, result in results.items():
            if way.look_ms is not None:
                result.skipped = str(error)
                print_progress(f"  {way} is skipped: {error}")
        return ""


def _measure_without_time(
    scenario: Scenario, site: Site, results: dict[Way, Result], repetitions: int
) -> None:
    print_progress("  a round for memory and requests")
    teams = [way for way in scenario.all_ways if way.team]
    for way in scenario.all_ways:
        if way in teams[:-1]:
            continue  # for the server's answers, one way with a team is enough
        with _catch_failure(way, results[way]), _with_team(way, site) as (able, _):
            _measure_memory(way, able, results[way], repetitions)


def _measure_times(scenario: Scenario, site: Site, results: dict[Way, Result], runs: int) -> None:
    for number in range(runs):
        print_progress(f"  round {number + 1} of {runs}")
        for way in scenario.ways:
            result = results[way]
            if result.failure or result.skipped:
                continue
            with _catch_failure(way, result), _with_team(way, site) as (able, team):
                if team is None:
                    result.usages.append(_measure_time(way, able, result))
                else:
                    half = _half_undisturbed(way, results)
                    result.usages.append(_measure_team(way, able, result, team, half))


def print_progress(text: str) -> None:
    """Print on standard error how far the bench is."""
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _catch_failure(way: Way, result: Result) -> Iterator[None]:
    """Record why a way fails, so that the others can continue."""
    try:
        yield
    except CannotHoldError as error:
        result.skipped = str(error)
        print_progress(f"    {way} is skipped: {error}")
    except FailedError as error:
        result.failure = str(error)
        result.usages.clear()
        print_progress(f"    {way} {error}")


def _measure_memory(way: Way, site: Site, result: Result, repetitions: int) -> None:
    """Measure memory, count requests and looks, and read the list."""
    command = make_command(way, site)
    look_ms = way.look_ms
    if look_ms is not None and way.job == STRAIGHTFORWARD.job:
        look_ms = 0  # it would take minutes, to show that it looks at one file at a time
    site.requests()  # the requests from here on are those of the command
    for _ in range(repetitions):
        environment = site.environment(look_ms)
        if _CAN_MEASURE_MEMORY and way != FLOOR:
            result.memory = measure.peak_memory(
                command.arguments, environment, command.output, command.exit_codes
            )
        else:
            measure.run(command.arguments, environment, command.output, command.exit_codes)
        requests = site.requests()
        if requests is None or not requests.misses:
            break
    _count_requests(way, site, requests, result)
    if command.scan_list:
        _read_list(command.scan_list, result)
    elif command.times_itself:
        result.entries = _own_figures(command).get("lines")


def _own_figures(command: Command) -> dict[str, Any]:
    """Return what a command that times itself has printed."""
    with open(command.output, "rb") as file:
        figures: dict[str, Any] = json.load(file)
    return figures


def _measure_time(way: Way, site: Site, result: Result) -> Usage:
    command = make_command(way, site)
    environment = site.environment(way.look_ms)
    usage = measure.run(command.arguments, environment, command.output, command.exit_codes)
    if command.times_itself:
        figures = _own_figures(command)
        usage = Usage(figures["wall"], figures["processor"])
    print_progress(f"    {way}: {usage.wall:.2f} s, {usage.processor:.2f} s of processor time")
    requests = site.requests() if site.server.is_replayed else None
    if requests:
        result.misses += requests.misses
        result.processors_of_server.append(requests.processor)
        if way.team:
            _count_requests(way, site, requests, result)
    _count_in_flight(way, site, requests, result)
    return usage


@contextlib.contextmanager
def _with_team(way: Way, site: Site) -> Iterator[tuple[Site, RunningTeam | None]]:
    """Start the team of a way, if it has one, and yield it and a site that knows it."""
    if way.team is None:
        yield site, None
        return
    with site.team(way.team) as team:
        yield site.under(team.address), team


def _half_undisturbed(way: Way, results: dict[Way, Result]) -> float:
    """Return when to kill a worker: after half the time of the same way without that; 0: never."""
    if not way.team or not way.team.is_killed:
        return 0
    undisturbed = results[replace(way, team=replace(way.team, is_killed=False))]
    return undisturbed.walls[-1] / 2 if undisturbed.walls else 0


def _measure_team(
    way: Way, site: Site, result: Result, team: RunningTeam, kill_after: float
) -> Usage:
    """Measure a command whose slices a team works on, and read its list once more."""
    before = team.processors()
    with team.killing(kill_after):
        usage = _measure_time(way, site, result)
    after = team.processors()
    result.processors_of.append({part: after[part] - before[part] for part in after})
    _read_list(make_command(way, site).scan_list, result)
    return usage


def _count_requests(way: Way, site: Site, requests: Requests | None, result: Result) -> None:
    if requests:
        result.requests, result.listings = requests.number, requests.listings
    _count_in_flight(way, site, requests, result)


def _count_in_flight(way: Way, site: Site, requests: Requests | None, result: Result) -> None:
    """Record the most looks and requests in flight of all rounds, and the looks of this one."""
    if requests and requests.most_in_flight is not None:
        result.requests_in_flight = max(result.requests_in_flight or 0, requests.most_in_flight)
    looks = site.looks(way)
    if looks:
        result.looks = looks.number
        result.looks_in_flight = max(result.looks_in_flight or 0, looks.most_in_flight)


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
