"""The scenarios beyond one machine: which ways are compared, and with which targets. Only data.

This machine has few cores, and workers would soon saturate them. So workers are limited by waiting:
each has few requests under way at once, and answers take their time. Or each is held to a share of
a core, as a machine of its own would have it.
"""

from bench import claims
from bench.scale.team import Team
from bench.scenario import ONE_PROCESS, TWO_PROCESSES, WALK, Listing, Scenario, scheduler

MILLION = 1_000_000


def scale_scenarios(divisor: int = 1) -> tuple[Scenario, ...]:
    """Return these scenarios, their sizes divided by ``divisor``."""
    return (
        _begin(1000 // divisor),
        _workers(MILLION // divisor),
        _cores(MILLION // divisor),
        _waiting(15_000 // divisor),
        _local(MILLION // divisor),
        _killed(6 * MILLION // 10 // divisor),
        _walk(MILLION // divisor),
        _full(10 * MILLION // divisor),
    )


def _begin(size: int) -> Scenario:
    """What every list through a scheduler costs: the others show what comes on top."""
    one = scheduler(Team(1))
    return Scenario(
        "begin",
        shape="created",
        size=size,
        ways=(one,),
        runs=3,
        claims=(),
        listing=Listing(is_full=True),
    )


def _workers(size: int) -> Scenario:
    name, one, two = "workers", scheduler(Team(1)), scheduler(Team(2))
    return Scenario(
        name,
        shape="created-small",
        size=size,
        ways=(one, two),
        runs=2,
        claims=(
            claims.faster(
                *(name, two, one, 1.9),
                f"a full list of {size:,} files in directories of 100, REST, 5 ms a request, 2 "
                "requests at once: 2 workers against 1",
            ),
        ),
        listing=Listing(is_full=True, requests_at_once=2),
        latency_ms=5,
    )


def _cores(size: int) -> Scenario:
    name, share = "cores", 0.25
    one, two = scheduler(Team(1, share)), scheduler(Team(2, share))
    return Scenario(
        name,
        shape="created",
        size=size,
        ways=(one, two),
        runs=3,
        claims=(
            claims.faster(
                *(name, two, one, 1.9),
                f"a full list of {size:,} files in directories of 1,000, REST, 5 ms a request: 2 "
                f"workers with {share} of a core each against 1",
            ),
        ),
        listing=Listing(is_full=True),
        latency_ms=5,
    )


def _waiting(size: int) -> Scenario:
    name, one, eight = "waiting", scheduler(Team(1)), scheduler(Team(8))
    return Scenario(
        name,
        shape="sparse",
        size=size,
        ways=(one, eight),
        runs=2,
        claims=(
            claims.faster(
                *(name, eight, one, 6),
                f"{size:,} changed files, one in each directory of 1,000, REST, 20 ms a request, "
                "8 requests at once: 8 workers against 1",
            ),
        ),
        listing=Listing(requests_at_once=8, slice_size=max(size // 60, 1)),
        latency_ms=20,
    )


def _local(size: int) -> Scenario:
    name, one = "local", scheduler(Team(1))
    return Scenario(
        name,
        shape="created",
        size=size,
        ways=(one, ONE_PROCESS),
        runs=3,
        claims=(
            claims.within(
                *(name, one, ONE_PROCESS, 1.3),
                f"a full list of {size:,} files, REST, 5 ms a request: a scheduler with one local "
                "worker, against one process",
            ),
        ),
        listing=Listing(is_full=True),
        latency_ms=5,
    )


def _killed(size: int) -> Scenario:
    name, undisturbed, killed = "killed", scheduler(Team(8)), scheduler(Team(8, is_killed=True))
    return Scenario(
        name,
        shape="created-small",
        size=size,
        ways=(undisturbed, killed),
        runs=3,
        claims=(
            claims.within(
                *(name, killed, undisturbed, 1.2),
                f"a full list of {size:,} files, REST, 20 ms a request, 2 requests at once, 8 "
                "workers: one killed after half of the time, against undisturbed",
            ),
        ),
        listing=Listing(is_full=True, requests_at_once=2, slice_size=2000),
        latency_ms=20,
    )


def _walk(size: int) -> Scenario:
    """Compare what a user of one machine has: the vendor's program as it is, with 10 processes."""
    name = "walk"
    return Scenario(
        name,
        shape="created",
        size=size,
        ways=(TWO_PROCESSES, WALK),
        runs=3,
        claims=(
            claims.faster(
                *(name, TWO_PROCESSES, WALK, 3),
                f"name, size, times and owner of {size:,} files, REST, 5 ms a request, two "
                "processes: against `qumulo-filesystem-walk`",
            ),
        ),
        listing=Listing(is_full=True),
        latency_ms=5,
    )


def _full(size: int) -> Scenario:
    name = "full"
    return Scenario(
        name,
        shape="created",
        size=size,
        ways=(),
        untimed=(TWO_PROCESSES,),
        runs=1,
        claims=(
            claims.memory(
                *(name, TWO_PROCESSES, 400),
                f"a full list of {size:,} files, REST, two processes: peak memory",
            ),
        ),
        listing=Listing(is_full=True),
        is_replayed=False,
    )
