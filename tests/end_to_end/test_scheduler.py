"""A list that the workers of a Dask scheduler make, from the request to the published file."""

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from qumulo_changelist import ChangelistRequest, generate_changelist
from qumulo_changelist.config.archiver import read_settings
from qumulo_changelist.runners.scheduler import Scheduler
from qumulo_emulator.running import Emulator
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import file, normalized, scan_list
from tests.end_to_end.site import GUID, Site
from tests.parts.dask_cluster import Nursery, nursery

__all__ = ["nursery"]


def test_a_list_of_workers_of_dask_is_the_same_byte_for_byte(
    cluster: Emulator, site: Site, nursery: Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scheduler's file is read once: what was checked is what is connected to."""
    _, scheduler_file = nursery.start_scheduler()
    for _ in range(2):
        nursery.start_worker(scheduler_file)
    nursery.wait_for_workers(scheduler_file, 2)

    def check_at_last(scheduler: Scheduler) -> None:
        usual_check(scheduler)
        os.unlink(scheduler_file)

    usual_check = Scheduler.check
    monkeypatch.setattr(Scheduler, "check", check_at_last)
    names = [f"reel{number:02}/a.mov" for number in range(20)]
    older = site.snapshot()
    write_files(site.mount, *names)
    newer = site.snapshot()
    here = ChangelistRequest(
        project="show",
        guid=GUID,
        older=older,
        newer=newer,
        base_path=site.source,
        mapped_path=str(site.mount),
        slice_size=2,
    )
    there = replace(here, scheduler=Scheduler(scheduler_file), workers=2)
    settings = read_settings(str(site.configuration), "rest")

    lists = [
        normalized(Path(generate_changelist(request, settings).path).read_bytes())
        for request in (here, there)
    ]

    lines = [file(site.mount, f"/{name}") for name in sorted(names, reverse=True)]
    assert lists == [scan_list(lines)] * 2
