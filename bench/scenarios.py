"""What is run against what, and what it is to show: data alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench import claims
from bench.claims import Claim

MILLION = 1_000_000

MOUNT = "rest-mount"
"""This project over REST, attributes from the mount."""
REST = "rest-only"
"""This project over REST, attributes too."""
QQ = "qq-mount"
"""This project through ``qq``, attributes from the mount."""
QQ_ALONE = "qq-alone"
"""``qq snapshot_diff``, writing to a file."""
STRAIGHTFORWARD = "straightforward"
FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One server with one diff, and the ways to its list, which run in turn."""

    name: str
    shape: str
    """Of the diff and the tree, as ``qumulo-emulator serve --shape`` knows it."""
    size: int
    """Changes, or files below a created directory."""
    ways: tuple[str, ...]
    runs: int
    shows: tuple[Claim, ...]
    latency_ms: int = 0

    @property
    def family(self) -> str:
        """What it is chosen by, whatever its size."""
        return self.name.partition("-")[0]

    @property
    def mounted(self) -> bool:
        """Whether a way needs the tree as files of this machine."""
        return any(way != REST and way != QQ_ALONE for way in self.ways)


def all_scenarios(sizes: Sequence[int], share: int = 1) -> tuple[Scenario, ...]:
    """Return all scenarios; those that grow in these sizes, and all divided by ``share``."""
    grown = sorted(size // share for size in sizes)
    return (
        _million(MILLION // share),
        _thousand(1000 // share),
        *(_delayed(size, share) for size in grown[:1]),
        _sparse(MILLION // 10 // share),
        _created(MILLION // share),
        *(_delayed(size, share, grown[0]) for size in grown[1:]),
    )


def _million(size: int) -> Scenario:
    name, many = "million", f"{size:,} changes"
    return Scenario(
        name,
        shape="mixed",
        size=size,
        ways=(MOUNT, REST, QQ, QQ_ALONE, STRAIGHTFORWARD, FLOOR),
        runs=3,
        shows=(
            claims.faster(
                *(name, MOUNT, STRAIGHTFORWARD, 8),
                f"{many}, REST and mount, against the straightforward way",
            ),
            claims.faster(
                *(name, MOUNT, QQ_ALONE, 4),
                f"{many}, REST and mount, against `qq snapshot_diff` alone",
            ),
            claims.within(*(name, MOUNT, FLOOR, 1.6), f"{many}, REST and mount, against the floor"),
            claims.within(
                *(name, QQ, QQ_ALONE, 1.15),
                f"{many} through `qq`, against `qq snapshot_diff` alone",
            ),
            claims.memory(name, MOUNT, 300, f"{many}, REST and mount: peak memory"),
            claims.memory(name, REST, 300, f"{many}, REST without a mount: peak memory"),
        ),
    )


def _thousand(size: int) -> Scenario:
    name, many = "thousand", f"{size:,} changes, whole process"
    return Scenario(
        name,
        shape="mixed",
        size=size,
        ways=(MOUNT, REST, QQ, QQ_ALONE, STRAIGHTFORWARD),
        runs=5,
        shows=(
            claims.faster(
                *(name, MOUNT, STRAIGHTFORWARD, 3),
                f"{many}, REST and mount, against the straightforward way",
            ),
            claims.processor(name, MOUNT, 0.25, f"{many}, REST and mount"),
        ),
    )


def _delayed(size: int, share: int, smallest: int = 0) -> Scenario:
    name, many = f"delayed-{size}", f"{size:,} changes, REST without a mount, 5 ms a request"
    most = 300 if size * share <= MILLION else 600
    shows = [
        claims.rate(name, REST, 100_000, many, "entries"),
        claims.memory(name, REST, most, f"{many}: peak memory"),
    ]
    if smallest:
        since = f"delayed-{smallest}"
        what = f"{many}, against {smallest:,}: no faster than n log n"
        shows.append(claims.growth((since, smallest), (name, size), REST, what))
    return Scenario(
        name, shape="mixed", size=size, ways=(REST,), runs=3, shows=tuple(shows), latency_ms=5
    )


def _sparse(size: int) -> Scenario:
    name = "sparse"
    many = f"{size:,} changed files, one in each directory of 1,000, REST, 5 ms a request"
    return Scenario(
        name,
        shape="sparse",
        size=size,
        ways=(REST,),
        runs=3,
        shows=(
            claims.rate(name, REST, 3000, many, "entries"),
            claims.no_listings(name, REST, f"{many}: whole directories listed"),
        ),
        latency_ms=5,
    )


def _created(size: int) -> Scenario:
    name = "created"
    many = f"a created directory, {size:,} files in directories of 1,000, REST, 5 ms a request"
    return Scenario(
        name,
        shape="created",
        size=size,
        ways=(REST,),
        runs=3,
        shows=(claims.rate(name, REST, 100_000, many, "files"),),
        latency_ms=5,
    )
