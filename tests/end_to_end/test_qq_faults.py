"""Faults of a cluster while the real qq is at work: the list is that of an undisturbed run."""

import json
import re
from typing import Any

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.files import write_files
from tests.end_to_end.site import Site
from tests.qq import QQ

HOSTILE_NAME = "0}Error 404: fs_no_such_entry_error: gone"
"""What qq before 6.2.2 could print if it failed for good, after a part of its answer."""

DIFF, LISTING = "*changes-since*", "*/entries/*"

FAULTS: dict[str, list[dict[str, Any]]] = {
    "qq of today": [
        {"path": "*/snapshots/status/*", "status": 502},
        {"path": DIFF, "action": "close", "skip": 1},
        {"path": LISTING, "status": 429},
    ],
    "qq before 6.2.2": [
        {"path": "*/snapshots/status/*", "action": "truncate"},
        {"path": DIFF, "status": 503, "skip": 1},
        {"path": LISTING, "action": "close"},
    ],
}


def prepare(site: Site) -> tuple[int, int]:
    """Change files, create some, and delete a directory; return both snapshots."""
    write_files(site.mount, *(f"gone/{number}.mov" for number in range(9)), "old.mov")
    write_files(site.mount, HOSTILE_NAME, f"gone/{HOSTILE_NAME}")
    older = site.snapshot()
    (site.mount / HOSTILE_NAME).unlink()
    for path in (site.mount / "gone").iterdir():
        path.unlink()
    (site.mount / "gone").rmdir()
    write_files(site.mount, *(f"new/{number}.mov" for number in range(5)), "old.mov", size=20)
    return older, site.snapshot()


def lines(scan_list: bytes) -> list[bytes]:
    """Return the lines of a list without the time of the run, which deleted files have."""
    time_of_run = re.compile(rb'(?<=delete-file)(.*) mtime="\d+" atime="\d+"')
    return time_of_run.sub(rb"\1", scan_list).splitlines()


def counted(site: Site) -> dict[str, Any]:
    """Return what a receipt says, without what is of one run alone."""
    receipt = json.loads(site.list_path.with_suffix(".json").read_bytes())
    alone = ("run", "started", "ended", "list")
    return {key: value for key, value in receipt.items() if not key.startswith(alone)}


@pytest.mark.parametrize("qq", FAULTS)
def test_a_list_is_the_same_after_faults_that_pass(cluster: Emulator, site: Site, qq: str) -> None:
    site.qq = QQ[qq]
    older, newer = prepare(site)
    options = ("--deletes", "--verbose", "--exclude=new/1.mov")
    first = site.generate(older, newer, *options)
    undisturbed, counts = lines(site.list_path.read_bytes()), counted(site)
    assert len(undisturbed) > 15
    assert first.code == 0

    for fault in FAULTS[qq]:
        cluster.fault(method="GET", times=1, **fault)
    done = site.generate(older, newer, *options)

    assert done.code == 0, done.messages
    assert lines(site.list_path.read_bytes()) == undisturbed
    assert counted(site) == counts
    assert done.messages.count("trying again in") == len(FAULTS[qq])


def test_a_qq_that_a_cluster_keeps_waiting_is_ended_and_started_again(
    cluster: Emulator, site: Site
) -> None:
    older, newer = prepare(site)
    undisturbed = lines(site.scan_list(older, newer, "--deletes"))

    cluster.fault(method="GET", path=DIFF, action="stall", skip=1, times=1)
    done = site.generate(older, newer, "--deletes", "--verbose", "--qq-timeout", "2s")

    assert done.code == 0, done.messages
    assert lines(site.list_path.read_bytes()) == undisturbed
    assert "did nothing for 2 seconds, and was ended; trying again in 0 s" in done.messages


def test_a_qq_that_a_cluster_always_keeps_waiting_ends_the_run(
    cluster: Emulator, site: Site
) -> None:
    older, newer = site.snapshot(), site.snapshot()
    cluster.fault(method="GET", path=DIFF, action="stall")

    done = site.generate(older, newer, "--qq-timeout", "1s", "--retry-for", "0")

    assert done.code == 69
    assert "`qq snapshot_diff` did nothing for 1 second, and was ended" in done.messages
    assert "--qq-timeout" in done.messages
    assert not site.list_path.exists()
