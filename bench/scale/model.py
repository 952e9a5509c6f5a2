"""A simulation of one list: how long it takes with several workers, and what limits it. Pure.

Slices are handed out in order to workers that are free. The client holds a bounded number of them
and lays the pieces end to end. What a worker does for a slice is made of requests: some of them are
under way at once, and each costs processor time. Nodes, network and cores bound the sum of all.
"""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple

from msgspec import Struct

_MOST_STEPS = 20_000
# As in runners/: what a worker works on, and one more, so that it never waits.
_SLICES_PER_WORKER = 2
# Requests of planning/ that are under way at once.
_PLANNED_AHEAD = 16


class Costs(Struct, frozen=True):
    """Seconds of one core, unless it says otherwise; measured, see ``measured.json``."""

    start: float
    """From the command to the first request, and from the last piece to the end: elapsed."""
    worker_request: float
    """A request on a worker: to send it, and to receive and match its answer."""
    worker_entry: float
    """An entry on a worker, from its bytes of an answer to its bytes of a list."""
    unneeded_entry: float
    """An entry on a worker that an answer has and a list has not."""
    join_slice: float
    """A slice on the client: to hand it out, and to put its piece in its place."""
    join_entry: float
    """The bytes of an entry on the client: to receive, check and write them."""
    scheduler_slice: float
    """A slice on the scheduler."""
    server_request: float
    """A request on the server of the measurement; only for points on one machine."""
    server_entry: float
    """An entry on that server."""
    page_change: float
    """A change of a page of the diff: to receive it, on the client; elapsed."""
    sort_change: float
    """To decode a change and to sort it in; elapsed, with one more process that decodes."""
    answer_bytes: float
    """Bytes of an entry in an answer of the cluster."""
    list_bytes: float
    """Bytes of an entry in a list."""


class Setup(Struct, frozen=True):
    """A list, and what it is made with."""

    entries: int
    """What is listed."""
    entries_of_a_request: float = 100
    """The number of entries that an answer has of which the list has some."""
    received: float = 1.0
    """The number of entries in answers for each entry of the list."""
    plan_requests: float = 2.0
    """Requests on the client for the plan of a slice, if there are no changes."""
    changes: int = 0
    """The number of changes that arrive by original paging; 0 for a full list."""
    page: int = 10_000
    """The number of changes in a page."""
    page_latency: float = 0.005
    """The seconds until a page arrives."""
    latency: float = 0.005
    """The seconds until an answer arrives."""
    workers: int = 1
    core: float = 1.0
    """The share of a core that a worker has."""
    requests_at_once: int = 128
    """Requests that one worker has under way at most."""
    nodes: int = 4
    requests_of_a_node: int = 32
    """Requests that a node answers at the same time; further ones wait."""
    slice_entries: int = 20_000
    client_bytes: float = 1.25e9
    """Bytes a second of the client's network and disk."""
    worker_bytes: float = 1.25e9
    """Bytes a second of each worker's network."""
    shared_cores: int = 0
    """The number of cores that everything shares, also the server; 0 if each part has its own."""


class Outcome(NamedTuple):
    """How long a list takes, and how busy each part is."""

    seconds: float
    busy: dict[str, float]
    """By part, the share of the time in which it could not have done more."""

    @property
    def limit(self) -> str:
        """The part that is busiest, and so saturates first."""
        return max(self.busy, key=lambda part: self.busy[part])


def simulate(setup: Setup, costs: Costs) -> Outcome:
    """Return how long a list takes."""
    paging = paging_seconds(setup, costs)
    work = _Work.of(setup, costs)
    joining = _join_seconds(setup, costs) * work.slices
    working = _work_seconds(setup, work, costs)
    seconds = costs.start + paging + working
    if setup.shared_cores:
        seconds = max(seconds, costs.start + paging + _all_processors(setup, costs, work))
    return Outcome(
        seconds,
        {
            "paging": paging / seconds,
            "planning": work.slices * work.planning / seconds,
            "cores": work.slices * work.processor / setup.workers / seconds,
            "requests": work.slices * work.waiting / setup.workers / seconds,
            "nodes": work.slices * work.of_nodes / seconds,
            "network": work.slices * work.transfer / setup.workers / seconds,
            "scheduler": _real_slices(setup) * costs.scheduler_slice / seconds,
            "joining": joining / seconds,
        },
    )


def paging_seconds(setup: Setup, costs: Costs) -> float:
    """Return how long the pages of a diff take, one after the other, and sorting their changes.

    Changes are decoded and sorted while the next page is under way; so the longer of both counts.
    """
    pages = math.ceil(setup.changes / setup.page)
    arriving = pages * setup.page_latency + setup.changes * costs.page_change
    return max(arriving, setup.changes * costs.sort_change)


class _Work(NamedTuple):
    """Of one slice, in seconds."""

    slices: int
    processor: float
    """A worker's share of a core is busy."""
    waiting: float
    """It waits for answers, with as many requests under way as may be. Answers are used in order,
    and the next requests are sent when they are, so that it hardly computes meanwhile."""
    of_nodes: float
    """All nodes together are busy."""
    transfer: float
    """A worker's network is busy."""
    planning: float
    """The client plans the next one."""

    @classmethod
    def of(cls, setup: Setup, costs: Costs) -> _Work:
        size = min(setup.slice_entries, setup.entries)
        # A list of a billion entries has the same course in fewer, larger steps.
        size = max(size, math.ceil(setup.entries / _MOST_STEPS))
        requests = max(size / setup.entries_of_a_request, 1)
        entry = costs.worker_entry + (setup.received - 1) * costs.unneeded_entry
        processor = (requests * costs.worker_request + size * entry) / setup.core
        at_once = min(setup.requests_at_once, max(requests, 1))
        rate = setup.nodes * setup.requests_of_a_node / setup.latency if setup.latency else math.inf
        return cls(
            math.ceil(setup.entries / size),
            processor,
            requests * setup.latency / at_once,
            requests / rate,
            size * costs.answer_bytes * setup.received / setup.worker_bytes,
            _plan_seconds(setup, size),
        )

    @property
    def alone(self) -> float:
        """How long it takes if no other worker asks the same nodes."""
        return max(self.processor + self.waiting, self.of_nodes, self.transfer)


def _work_seconds(setup: Setup, work: _Work, costs: Costs) -> float:
    """Return the time from the first slice that is handed out to the last piece in its place."""
    free = [0.0] * setup.workers
    window = setup.workers * _SLICES_PER_WORKER
    in_place = [0.0] * (work.slices + window)
    nodes_free = 0.0
    joining = _join_seconds(setup, costs)
    scheduling = _real_slices(setup) / work.slices * costs.scheduler_slice
    scheduled = 0.0
    for at in range(work.slices):
        begin = max(heapq.heappop(free), in_place[at - window] if at >= window else 0.0)
        begin = max(begin, at * work.planning)
        nodes_free = max(nodes_free, begin) + work.of_nodes
        end = max(begin + work.alone, nodes_free)
        heapq.heappush(free, end)
        scheduled = max(scheduled, end) + scheduling
        in_place[at] = max(in_place[at - 1] if at else 0.0, scheduled) + joining
    return in_place[work.slices - 1]


def _plan_seconds(setup: Setup, size: int) -> float:
    """Return how long it takes to plan a slice of this size; the plan goes on during the work."""
    if setup.changes:
        return 0.0
    return setup.plan_requests * setup.latency / _PLANNED_AHEAD * max(size / setup.slice_entries, 1)


def _real_slices(setup: Setup) -> int:
    return math.ceil(setup.entries / setup.slice_entries)


def _join_seconds(setup: Setup, costs: Costs) -> float:
    """Return how long the client needs for a slice."""
    size = setup.entries / _Work.of(setup, costs).slices
    writing = size * costs.list_bytes / setup.client_bytes
    slices = max(size / setup.slice_entries, 1)
    return max(slices * costs.join_slice + size * costs.join_entry, writing)


def _all_processors(setup: Setup, costs: Costs, work: _Work) -> float:
    """Return how long all cores of one machine need for what everything takes of them."""
    requests = setup.entries / setup.entries_of_a_request
    slices = _real_slices(setup)
    everything = (
        work.slices * work.processor * setup.core
        + requests * costs.server_request
        + setup.entries * (costs.server_entry + costs.join_entry)
        + slices * (costs.join_slice + costs.scheduler_slice)
    )
    return everything / setup.shared_cores
