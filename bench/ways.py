"""The command of each way to a list, and where its list is."""

import os
import sys
from collections.abc import Callable
from typing import NamedTuple

from bench import scenarios
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


def make_command(way: str, site: Site) -> Command:
    """Return the command of a way."""
    return _WAYS[way](way, site)


def _project(transport: str, metadata: str) -> Callable[[str, Site], Command]:
    def make(way: str, site: Site) -> Command:
        arguments = [sys.executable, f"{REPOSITORY}/qumulo_generate_changelist.py"]
        arguments += ["-p", "bench", "-b", site.source, "-g", way, "-i", "1", "--deletes"]
        arguments += ["--prevsnapshotid", str(site.older), "--newsnapshotid", str(site.newer)]
        arguments += ["--config", site.configuration]
        arguments += ["--transport", transport, "--metadata", metadata]
        if metadata == "mount":
            arguments += ["-m", site.mount]
        scan_list = f"{site.folder}/work/sdna-scan-files/{way}/1-files.xml"
        return Command(arguments, _output(way, site), scan_list)

    return make


def _qq_alone(way: str, site: Site) -> Command:
    span = ["--older-snapshot", str(site.older), "--newer-snapshot", str(site.newer)]
    return Command([*site.qq, "snapshot_diff", *span], _output(way, site))


def _straightforward(way: str, site: Site) -> Command:
    arguments = [sys.executable, f"{REPOSITORY}/bench/straightforward.py"]
    arguments += ["--host", site.host, "--port", str(site.port), "--credentials", site.credentials]
    arguments += ["--older", str(site.older), "--newer", str(site.newer), "--base", site.source]
    scan_list = f"{site.folder}/{way}.xml"
    arguments += ["--mapped", site.mount, "--output", scan_list]
    # 1: something could not be read. qq garbles names that contain a line separator.
    return Command(arguments, _output(way, site), scan_list, exit_codes=(0, 1))


def _floor(way: str, site: Site) -> Command:
    arguments = [sys.executable, f"{REPOSITORY}/bench/floor.py"]
    arguments += ["--host", site.host, "--port", str(site.port), "--credentials", site.credentials]
    diff = f"/v2/snapshots/{site.newer}/changes-since/{site.older}?limit={PAGE}"
    arguments += ["--certificate", site.certificate, "--diff", diff, "--mapped", site.mount]
    like = make_command(scenarios.MOUNT, site).scan_list
    arguments += ["--like", like, "--output", os.path.join(os.path.dirname(like), "floor.xml")]
    return Command(arguments, _output(way, site), times_itself=True)


def _output(way: str, site: Site) -> str:
    return f"{site.folder}/{way}.out"


_WAYS: dict[str, Callable[[str, Site], Command]] = {
    scenarios.MOUNT: _project("rest", "mount"),
    scenarios.REST: _project("rest", "rest"),
    scenarios.QQ: _project("qq", "mount"),
    scenarios.QQ_ALONE: _qq_alone,
    scenarios.STRAIGHTFORWARD: _straightforward,
    scenarios.FLOOR: _floor,
}
