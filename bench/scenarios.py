"""The scenarios: which ways are compared, and with which targets. Only data."""

from collections.abc import Sequence

from bench import claims
from bench.scale_scenarios import scale_scenarios
from bench.scenario import FLOOR, MOUNT, QQ, QQ_ALONE, REST, STRAIGHTFORWARD, Scenario

MILLION = 1_000_000


def all_scenarios(sizes: Sequence[int], divisor: int = 1) -> tuple[Scenario, ...]:
    """Return all scenarios; see ``machine_scenarios``."""
    return (*machine_scenarios(sizes, divisor), *scale_scenarios(divisor))


def machine_scenarios(sizes: Sequence[int], divisor: int = 1) -> tuple[Scenario, ...]:
    """Return the scenarios of lists that are made on one machine.

    Args:
        sizes: the numbers of changes for the scenarios that show growth.
        divisor: all sizes are divided by it.
    """
    growing = sorted(size // divisor for size in sizes)
    return (
        _thousand(1000 // divisor),
        _distant(MILLION // 10 // divisor),
        _walked(MILLION // 10 // divisor),
        _million(MILLION // divisor),
        _delayed(MILLION // divisor),
        _sparse(MILLION // 10 // divisor),
        _created(MILLION // divisor),
        *(_growth(size, growing[0], divisor) for size in growing),
    )


def _thousand(size: int) -> Scenario:
    name, what = "thousand", f"{size:,} changes, whole process"
    return Scenario(
        name,
        shape="mixed",
        size=size,
        ways=(MOUNT, REST, QQ, QQ_ALONE, STRAIGHTFORWARD),
        runs=5,
        claims=(
            claims.processor(name, MOUNT, 0.25, f"{what}, REST and mount"),
            claims.faster(
                *(name, MOUNT, STRAIGHTFORWARD, 3),
                f"{what}, REST and mount, against the straightforward way",
            ),
        ),
    )


def _distant(size: int) -> Scenario:
    name, what = "distant", f"{size:,} changes, REST and mount"
    near, far, farther = (MOUNT.with_looks_of(ms) for ms in (0, 0.3, 1))
    return Scenario(
        name,
        shape="mixed",
        size=size,
        ways=(
            *(near, far, farther),
            *(STRAIGHTFORWARD.with_looks_of(ms) for ms in (0.3, 1)),
        ),
        runs=5,
        claims=(
            claims.faster(
                *(name, far, STRAIGHTFORWARD.with_looks_of(0.3), 12),
                f"{what}, 0.3 ms a look, against the straightforward way",
            ),
            claims.faster(
                *(name, farther, STRAIGHTFORWARD.with_looks_of(1), 25),
                f"{what}, 1 ms a look, against the straightforward way",
            ),
            claims.within(name, far, near, 2, f"{what}, 0.3 ms a look, against 0 ms"),
        ),
    )


def _walked(size: int) -> Scenario:
    name = "walked"
    ours, one_at_a_time = (way.with_looks_of(0.3) for way in (MOUNT, STRAIGHTFORWARD))
    return Scenario(
        name,
        shape="created-small",
        size=size,
        ways=(ours, one_at_a_time),
        runs=5,
        claims=(
            claims.faster(
                *(name, ours, one_at_a_time, 12),
                f"a created directory, {size:,} files in directories of 100, REST and mount, "
                "0.3 ms a look, against the straightforward way",
            ),
        ),
    )


def _million(size: int) -> Scenario:
    name, what = "million", f"{size:,} changes"
    distant = MOUNT.with_looks_of(0.3)
    return Scenario(
        name,
        shape="mixed",
        size=size,
        ways=(MOUNT, REST, QQ, QQ_ALONE, STRAIGHTFORWARD, FLOOR),
        untimed=(distant,),
        runs=3,
        claims=(
            claims.faster(
                *(name, MOUNT, STRAIGHTFORWARD, 5.5),
                f"{what}, REST and mount, against the straightforward way",
            ),
            claims.within(*(name, MOUNT, FLOOR, 1.8), f"{what}, REST and mount, against the floor"),
            claims.within(
                *(name, REST, MOUNT, 1.4),
                f"{what}, REST without a mount, against REST and mount",
            ),
            claims.within(
                *(name, QQ, QQ_ALONE, 1.25),
                f"{what} through `qq`, against `qq snapshot_diff` alone",
            ),
            claims.faster(
                *(name, MOUNT, QQ_ALONE, 4),
                f"{what}, REST and mount, against `qq snapshot_diff` alone",
            ),
            claims.memory(name, MOUNT, 300, f"{what}, REST and mount: peak memory"),
            claims.memory(
                *(name, distant, 300), f"{what}, REST and mount, 0.3 ms a look: peak memory"
            ),
            claims.memory(name, REST, 300, f"{what}, REST without a mount: peak memory"),
        ),
    )


def _delayed(size: int) -> Scenario:
    name, what = "delayed", f"{size:,} changes, REST without a mount, 5 ms a request"
    return Scenario(
        name,
        shape="mixed",
        size=size,
        ways=(REST,),
        runs=5,
        claims=(
            claims.rate(name, REST, 100_000, what, "entries"),
            claims.memory(name, REST, 300, f"{what}: peak memory"),
        ),
        latency_ms=5,
    )


def _sparse(size: int) -> Scenario:
    name = "sparse"
    what = f"{size:,} changed files, one in each directory of 1,000, REST, 5 ms a request"
    return Scenario(
        name,
        shape="sparse",
        size=size,
        ways=(REST,),
        runs=5,
        claims=(
            claims.rate(name, REST, 5000, what, "entries"),
            claims.no_listings(name, REST, f"{what}: whole directories listed"),
        ),
        latency_ms=5,
    )


def _created(size: int) -> Scenario:
    name = "created"
    what = f"a created directory, {size:,} files in directories of 1,000, REST, 5 ms a request"
    return Scenario(
        name,
        shape="created",
        size=size,
        ways=(REST,),
        runs=5,
        claims=(claims.rate(name, REST, 100_000, what, "files"),),
        latency_ms=5,
    )


def _growth(size: int, smallest: int, divisor: int) -> Scenario:
    """Compare sizes; the answers to the largest would not fit into memory."""
    name, what = f"growth-{size}", f"{size:,} changes, REST without a mount, 5 ms a request"
    made: list[claims.Claim] = []
    if size > smallest:
        growth = f"{what}, against {smallest:,}: no faster than n log n"
        smaller = (f"growth-{smallest}", smallest)
        made.append(claims.growth(smaller, (name, size), REST, growth))
    if size * divisor > MILLION:
        made.append(claims.memory(name, REST, 400, f"{what}: peak memory"))
    return Scenario(
        name,
        shape="mixed",
        size=size,
        ways=(REST,),
        runs=3,
        claims=tuple(made),
        latency_ms=5,
        is_replayed=False,
    )
