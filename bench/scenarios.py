"""The scenarios: which ways are compared, and with which targets. Only data."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench import claims
from bench.claims import Claim

MILLION = 1_000_000

MOUNT = "rest-mount"
"""This project over REST; attributes from the mount."""
REST = "rest-only"
"""This project over REST, also for attributes."""
QQ = "qq-mount"
"""This project through ``qq``; attributes from the mount."""
QQ_ALONE = "qq-alone"
"""``qq snapshot_diff``, which writes to a file."""
STRAIGHTFORWARD = "straightforward"
FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One server with one diff, and the ways to its list, which take turns."""

    name: str
    shape: str
    """Of the diff and the tree: a value of ``qumulo-emulator serve --shape``."""
    size: int
    """The number of changes, or of files below a created directory."""
    ways: tuple[str, ...]
    runs: int
    claims: tuple[Claim, ...]
    latency_ms: int = 0

    @property
    def family(self) -> str:
        """The name of all scenarios that differ only in size."""
        return self.name.partition("-")[0]

    @property
    def needs_mount(self) -> bool:
        """Whether a way needs the tree as files of this machine."""
        return any(way != REST and way != QQ_ALONE for way in self.ways)


def all_scenarios(sizes: Sequence[int], divisor: int = 1) -> tuple[Scenario, ...]:
    """Return all scenarios.

    Args:
        sizes: the numbers of changes for the scenarios that show growth.
        divisor: all sizes are divided by it.
    """
    growing = sorted(size // divisor for size in sizes)
    return (
        _million(MILLION // divisor),
        _thousand(1000 // divisor),
        *(_delayed(size, divisor) for size in growing[:1]),
        _sparse(MILLION // 10 // divisor),
        _created(MILLION // divisor),
        *(_delayed(size, divisor, growing[0]) for size in growing[1:]),
    )


def _million(size: int) -> Scenario:
    name, what = "million", f"{size:,} changes"
    return Scenario(
        name,
        shape="mixed",
        size=size,
        ways=(MOUNT, REST, QQ, QQ_ALONE, STRAIGHTFORWARD, FLOOR),
        runs=3,
        claims=(
            claims.faster(
                *(name, MOUNT, STRAIGHTFORWARD, 8),
                f"{what}, REST and mount, against the straightforward way",
            ),
            claims.faster(
                *(name, MOUNT, QQ_ALONE, 4),
                f"{what}, REST and mount, against `qq snapshot_diff` alone",
            ),
            claims.within(*(name, MOUNT, FLOOR, 1.6), f"{what}, REST and mount, against the floor"),
            claims.within(
                *(name, QQ, QQ_ALONE, 1.15),
                f"{what} through `qq`, against `qq snapshot_diff` alone",
            ),
            claims.memory(name, MOUNT, 300, f"{what}, REST and mount: peak memory"),
            claims.memory(name, REST, 300, f"{what}, REST without a mount: peak memory"),
        ),
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
            claims.faster(
                *(name, MOUNT, STRAIGHTFORWARD, 3),
                f"{what}, REST and mount, against the straightforward way",
            ),
            claims.processor(name, MOUNT, 0.25, f"{what}, REST and mount"),
        ),
    )


def _delayed(size: int, divisor: int, smallest: int = 0) -> Scenario:
    name, what = f"delayed-{size}", f"{size:,} changes, REST without a mount, 5 ms a request"
    max_memory = 300 if size * divisor <= MILLION else 600
    made = [
        claims.rate(name, REST, 100_000, what, "entries"),
        claims.memory(name, REST, max_memory, f"{what}: peak memory"),
    ]
    if smallest:
        smaller = (f"delayed-{smallest}", smallest)
        growth = f"{what}, against {smallest:,}: no faster than n log n"
        made.append(claims.growth(smaller, (name, size), REST, growth))
    return Scenario(
        name, shape="mixed", size=size, ways=(REST,), runs=3, claims=tuple(made), latency_ms=5
    )


def _sparse(size: int) -> Scenario:
    name = "sparse"
    what = f"{size:,} changed files, one in each directory of 1,000, REST, 5 ms a request"
    return Scenario(
        name,
        shape="sparse",
        size=size,
        ways=(REST,),
        runs=3,
        claims=(
            claims.rate(name, REST, 3000, what, "entries"),
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
        runs=3,
        claims=(claims.rate(name, REST, 100_000, what, "files"),),
        latency_ms=5,
    )
