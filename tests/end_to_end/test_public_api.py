"""The package as a program uses it: one call, with worker processes, and a listener for events."""

import multiprocessing
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from qumulo_changelist import (
    ChangelistError,
    ChangelistRequest,
    Event,
    generate_changelist,
    read_receipt,
    read_settings,
)
from qumulo_changelist.events import EntryLeftOut, ListPublished, RequestRetried
from qumulo_emulator.running import Emulator
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import file, normalized, scan_list
from tests.end_to_end.site import GUID, Site

# This number of created folders is many slices, which is enough work for several processes.
MANY = 45


def request_for(site: Site, older: int, newer: int, mapped_path: str | None) -> ChangelistRequest:
    return ChangelistRequest(
        project="show",
        guid=GUID,
        source_index="1",
        older=older,
        newer=newer,
        base_path=site.source,
        mapped_path=mapped_path,
        workers=2,
    )


def test_a_closure_receives_the_events_of_worker_processes(cluster: Emulator, site: Site) -> None:
    """A closure cannot be pickled, so it stays in this process, and the events come to it."""
    names = [f"reel{number:02}/a.mov" for number in range(MANY)]
    older = site.snapshot()
    write_files(site.mount, *names)
    os.symlink("a.mov", site.mount / "reel07" / "link")
    newer = site.snapshot()
    request = replace(
        request_for(site, older, newer, None), metadata="rest", slice_size=2, spill_after=3
    )
    cluster.fault(method="GET", path="*reel*/entries/*", action="close", times=1)
    received: list[tuple[Event, int, int]] = []

    def listener(event: Event) -> None:
        received.append((event, os.getpid(), len(multiprocessing.active_children())))

    result = generate_changelist(request, read_settings(str(site.configuration), "rest"), listener)

    lines = [file(site.mount, f"/{name}") for name in reversed(names)]
    assert normalized(Path(result.path).read_bytes()) == scan_list(lines)
    assert (result.totals.created, result.totals.left_out, result.is_complete) == (MANY, 1, True)
    assert read_receipt(result.receipt_path) == result.receipt
    retries = [
        (event.request, workers)
        for event, _, workers in received
        if isinstance(event, RequestRetried)
    ]
    ((request_of_worker, workers),) = retries
    assert "reel" in request_of_worker
    assert workers == 2
    assert {process for _, process, _ in received} == {os.getpid()}
    occurred = [event for event, _, _ in received]
    assert EntryLeftOut("/reel07/link") in occurred
    assert ListPublished(result.path, result.receipt_path, result.totals) in occurred
    assert multiprocessing.active_children() == []


def test_an_error_is_raised_and_names_no_option(site: Site) -> None:
    older, newer = site.snapshot(), site.snapshot()
    settings = read_settings(str(site.configuration), "rest")
    with pytest.raises(ChangelistError, match="mapped path") as caught:
        generate_changelist(request_for(site, older, newer, None), settings)
    assert caught.value.exit_code == 2
    assert "--" not in f"{caught.value} {caught.value.hint}"
