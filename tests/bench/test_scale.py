"""The simulation of lists beyond one machine, and what measures for it."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from bench.scale import core_share, memory, record
from bench.scale.__main__ import requests_of_a_worker, rows, simulated
from bench.scale.model import Costs, Setup, paging_seconds, simulate
from msgspec.structs import replace

from tests.quick import REPOSITORY

FREE = Costs(**dict.fromkeys(Costs.__struct_fields__, 0.0))
LIST = Setup(
    entries=1_000_000,
    entries_of_a_request=1000,
    slice_entries=10_000,
    latency=0.01,
    plan_requests=0,
)
MEASURED = record.read(record.MEASURED)


@pytest.mark.parametrize("point", MEASURED.points, ids=lambda point: point.what)
def test_what_was_measured_is_simulated_within_a_fifth(point: record.Point) -> None:
    seconds, _ = simulated(point, MEASURED.all_costs)
    assert seconds == pytest.approx(point.seconds, rel=0.2)


def test_a_worker_that_waits_for_each_request_takes_their_sum() -> None:
    # 1,000 requests of 10 ms, one after the other, and 2 s at the beginning.
    one = replace(LIST, requests_at_once=1)
    outcome = simulate(one, replace(FREE, start=2))
    assert outcome.seconds == pytest.approx(12)
    assert outcome.limit == "requests"
    assert outcome.busy["requests"] == pytest.approx(10 / 12)


def test_workers_that_wait_share_the_time_evenly() -> None:
    # 100 slices for 8 workers: the last 4 begin when 96 are done, and 13 follow one another.
    eight = replace(LIST, requests_at_once=1, workers=8)
    assert simulate(eight, FREE).seconds == pytest.approx(13 * 0.1)


def test_a_worker_computes_and_then_waits_for_several_requests_at_once() -> None:
    # 1 s of computing in all, and 10 s of waiting; a slice has 10 requests.
    costs = replace(FREE, worker_entry=1e-6)
    assert simulate(replace(LIST, requests_at_once=5), costs).seconds == pytest.approx(3)
    assert simulate(replace(LIST, requests_at_once=100), costs).seconds == pytest.approx(2)


def test_half_a_core_takes_twice_as_long() -> None:
    costs = replace(FREE, worker_entry=1e-4)
    whole, half = (replace(LIST, core=core, latency=0) for core in (1, 0.5))
    assert simulate(half, costs).seconds == pytest.approx(2 * simulate(whole, costs).seconds)


@pytest.mark.parametrize(
    ("setup", "costs", "seconds", "limit"),
    [
        # 4 nodes answer 1 request each in 10 ms: 400 a second.
        ({"requests_of_a_node": 1}, {}, 2.5, "nodes"),
        # 1 GB of answers over 100 workers, each with 1 MB a second.
        ({"worker_bytes": 1e6}, {"answer_bytes": 1000}, 10, "network"),
        # The client writes 200 MB with 50 MB a second.
        ({"client_bytes": 50e6}, {"list_bytes": 200}, 4, "joining"),
        ({}, {"worker_entry": 1e-3}, 10, "cores"),
        # 100 slices, one after the other.
        ({}, {"scheduler_slice": 0.1}, 10, "scheduler"),
        # 320 requests of 10 ms to plan each of 100 slices, 16 of them at once.
        ({"plan_requests": 320}, {}, 20, "planning"),
    ],
)
def test_the_part_that_cannot_do_more_limits_many_workers(
    setup: dict[str, float], costs: dict[str, float], seconds: float, limit: str
) -> None:
    many = msgspec.convert({**msgspec.to_builtins(LIST), "workers": 100, **setup}, Setup)
    outcome = simulate(many, msgspec.convert({**msgspec.to_builtins(FREE), **costs}, Costs))
    assert outcome.seconds == pytest.approx(seconds, rel=0.05)
    assert outcome.limit == limit


def test_pages_of_a_diff_come_one_after_the_other_whatever_the_workers() -> None:
    # 100 pages of 20 ms, and 1 µs to receive each change; sorting them takes less.
    costs = replace(FREE, page_change=1e-6, sort_change=2e-6)
    diff = replace(LIST, changes=1_000_000, page=10_000, page_latency=0.02)
    assert paging_seconds(diff, costs) == pytest.approx(3)
    assert paging_seconds(replace(diff, page_latency=0.001), costs) == pytest.approx(2)
    many = replace(diff, workers=1000, nodes=1000)
    assert simulate(many, costs).limit == "paging"


def test_all_that_shares_the_cores_of_one_machine_takes_its_time() -> None:
    # 4 s of the worker, 2 s of the server, 2 s of the client, on 2 cores.
    costs = replace(FREE, worker_entry=4e-6, server_entry=2e-6, join_entry=2e-6)
    shared = replace(LIST, workers=4, shared_cores=2, latency=0)
    assert simulate(shared, costs).seconds == pytest.approx(4)


def test_the_knee_is_the_fewest_workers_with_nearly_all_of_the_speed() -> None:
    # From 8 workers on, the client limits: 110 s, and 4 workers take 200 s.
    costs = replace(FREE, worker_entry=8e-6, join_entry=1.1e-6)
    (four, *_) = rows(replace(LIST, entries=100_000_000, latency=0), costs)
    assert four[0] == "4"
    assert four[-1] == "8 workers"
    assert four[1:5] == ("13 min, cores", "7 min, cores", "3 min, cores", "2 min, joining")


def test_workers_share_what_a_node_may_be_asked_at_once() -> None:
    assert requests_of_a_worker(nodes=1, workers=8) == 16
    assert requests_of_a_worker(nodes=4, workers=8) == 64
    assert requests_of_a_worker(nodes=100, workers=8) == 128


def test_points_are_added_and_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "measured.json")
    record.add(path, {"start": 1}, [record.Point("a", LIST, 5), record.Point("b", LIST, 6)])
    record.add(path, {"join_slice": 2}, [record.Point("a", LIST, 7)])
    read = record.read(path)
    assert read.costs == {"start": 1, "join_slice": 2}
    assert {point.what: point.seconds for point in read.points} == {"a": 7, "b": 6}


def test_a_process_is_held_to_a_share_of_a_core_and_let_go() -> None:
    process = subprocess.Popen(["sleep", "60"])

    def groups() -> str:
        return Path(f"/proc/{process.pid}/cgroup").read_text("ascii")

    try:
        before = groups()
        with core_share.held_to(0.25, [process.pid]):
            assert f"qumulo-bench-{os.getpid()}-{process.pid}" in groups()
        assert groups() == before
    except core_share.CannotHoldError as error:
        pytest.skip(str(error))
    finally:
        process.kill()
        process.wait()


SAMPLES = [memory.Sample(n, (50 + n % 3) * 10**6, 40 * 10**6, 60 * 10**6) for n in range(100)]


def test_the_memory_over_time_is_a_short_table_with_the_peaks() -> None:
    table = memory.table(SAMPLES)
    assert table[0] == ("0", "50", "40", "60")
    assert table[-1] == ("peak", "52", "40", "60")
    assert len(table) < 20


def test_the_memory_over_time_is_drawn_as_a_line_for_each_part() -> None:
    drawn = ElementTree.fromstring(memory.draw(SAMPLES))
    lines = [each for each in drawn if each.tag.endswith("polyline")]
    assert [len(line.attrib["points"].split()) for line in lines] == [100] * 3
    texts = [each.text for each in drawn if each.tag.endswith("text")]
    assert texts[:3] == ["60 MB", "0", "99 seconds"]


def test_without_a_checkout_the_vendors_walk_is_skipped(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench", "--only", "walk", "--quick"]
    printed = subprocess.run(
        [*command, "--scratch", str(tmp_path)], cwd=REPOSITORY, capture_output=True, text=True
    ).stdout
    assert "| not measured: it needs --qwalk with a checkout of the program |" in printed
    assert "| walk | two-processes | " in printed
