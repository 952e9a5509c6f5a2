"""The command of each way to a list, and where its list is."""

import os
import sys
from collections.abc import Callable
from typing import NamedTuple

from bench import scenario
from bench.results import Way
from bench.site import REPOSITORY, Site

# The number of changes that the floor requests at a time, as this project does.
PAGE = 10_000


class Command(NamedTuple):
    """A command to measure."""

    arguments: list[str]
    output: str
    """The file for its standard output."""
    scan_list: str = ""
    """The list that it writes; "" for none."""
    exit_codes: tuple[int, ...] = (0,)
    """Those that it may end with."""
    times_itself: bool = False
    """Whether it prints its own figures, as the floor does."""


def make_command(way: Way, site: Site) -> Command:
    """Return the command of a way."""
    return _COMMANDS[way.job](way, site)


def _project(transport: str, metadata: str) -> Callable[[Way, Site], Command]:
    def make(way: Way, site: Site) -> Command:
        arguments = [sys.executable, f"{REPOSITORY}/qumulo_generate_changelist.py"]
        arguments += [
            "-p",
            "bench",
            "-b",
            site.server.source,
            "-g",
            _file_name(way),
            "-i",
            "1",
            "--deletes",
        ]
        arguments += [
            "--prevsnapshotid",
            str(site.server.older),
            "--newsnapshotid",
            str(site.server.newer),
        ]
        arguments += ["--config", site.configuration]
        arguments += ["--transport", transport, "--metadata", metadata]
        if metadata == "mount":
            arguments += ["-m", site.mount]
        scan_list = f"{site.folder}/work/sdna-scan-files/{_file_name(way)}/1-files.xml"
        return Command(arguments, _output(way, site), scan_list)

    return make


def _library(*options: str) -> Callable[[Way, Site], Command]:
    def make(way: Way, site: Site) -> Command:
        server, listing = site.server, site.listing
        scan_list = f"{site.folder}/{_file_name(way)}.xml"
        arguments = [sys.executable, "-m", "bench.scale.client", "--config", site.configuration]
        arguments += ["--base", server.source, "--newer", str(server.newer)]
        arguments += [] if listing.is_full else ["--older", str(server.older)]
        arguments += ["--output", scan_list, "--slice-size", str(listing.slice_size)]
        workers = way.team.workers if way.team else 1
        arguments += ["--requests-at-once", str(listing.requests_at_once * workers), *options]
        arguments += ["--scheduler", site.scheduler] if site.scheduler else []
        return Command(arguments, _output(way, site), scan_list)

    return make


def _qq_alone(way: Way, site: Site) -> Command:
    span = ["--older-snapshot", str(site.server.older), "--newer-snapshot", str(site.server.newer)]
    return Command([*site.qq, "snapshot_diff", *span], _output(way, site))


def _straightforward(way: Way, site: Site) -> Command:
    arguments = [sys.executable, f"{REPOSITORY}/bench/straightforward.py"]
    arguments += [
        "--host",
        site.server.host,
        "--port",
        str(site.server.port),
        "--credentials",
        site.credentials,
    ]
    arguments += [
        "--older",
        str(site.server.older),
        "--newer",
        str(site.server.newer),
        "--base",
        site.server.source,
    ]
    scan_list = f"{site.folder}/{_file_name(way)}.xml"
    arguments += ["--mapped", site.mount, "--output", scan_list]
    # 1: something could not be read. qq garbles names that contain a line separator.
    return Command(arguments, _output(way, site), scan_list, exit_codes=(0, 1))


def _floor(way: Way, site: Site) -> Command:
    arguments = [sys.executable, f"{REPOSITORY}/bench/floor.py"]
    arguments += [
        "--host",
        site.server.host,
        "--port",
        str(site.server.port),
        "--credentials",
        site.credentials,
    ]
    diff = f"/v2/snapshots/{site.server.newer}/changes-since/{site.server.older}?limit={PAGE}"
    arguments += ["--certificate", site.server.certificate, "--diff", diff, "--mapped", site.mount]
    like = make_command(scenario.MOUNT, site).scan_list
    arguments += ["--like", like, "--output", os.path.join(os.path.dirname(like), "floor.xml")]
    return Command(arguments, _output(way, site), times_itself=True)


def _walk(way: Way, site: Site) -> Command:
    arguments = [sys.executable, "-m", "bench.scale.walk", "--checkout", site.walk_checkout]
    arguments += ["--host", site.server.host, "--username", site.server.username]
    arguments += ["--directory", site.server.source, "--snapshot", str(site.server.newer)]
    return Command(arguments, _output(way, site), times_itself=True)


def _output(way: Way, site: Site) -> str:
    return f"{site.folder}/{_file_name(way)}.out"


def _file_name(way: Way) -> str:
    return str(way).replace(",", "").replace(" ", "-")


_COMMANDS: dict[str, Callable[[Way, Site], Command]] = {
    scenario.MOUNT.job: _project("rest", "mount"),
    scenario.REST.job: _project("rest", "rest"),
    scenario.QQ.job: _project("qq", "mount"),
    scenario.QQ_ALONE.job: _qq_alone,
    scenario.STRAIGHTFORWARD.job: _straightforward,
    scenario.FLOOR.job: _floor,
    scenario.ONE_PROCESS.job: _library("--one-process"),
    scenario.TWO_PROCESSES.job: _library("--workers", "2"),
    "scheduler": _library(),
    scenario.WALK.job: _walk,
}
