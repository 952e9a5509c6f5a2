"""What a scenario consists of: ways to a list, which take turns on the same server."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from bench.claims import Claim
from bench.results import Way
from bench.scale.team import Team

MOUNT = Way("rest-mount")
"""This project over REST; attributes from the mount."""
REST = Way("rest-only")
"""This project over REST, also for attributes."""
QQ = Way("qq-mount")
"""This project through ``qq``; attributes from the mount."""
QQ_ALONE = Way("qq-alone")
"""``qq snapshot_diff``, which writes to a file."""
STRAIGHTFORWARD = Way("straightforward")
FLOOR = Way("floor")
ONE_PROCESS = Way("one-process")
"""The library with a single process besides its own."""
TWO_PROCESSES = Way("two-processes")
"""Likewise with two."""
WALK = Way("qumulo-filesystem-walk")
"""The vendor's program that walks a directory, from a checkout of it."""
_OF_A_MOUNT = {way.job for way in (MOUNT, QQ, STRAIGHTFORWARD, FLOOR)}


def scheduler(team: Team) -> Way:
    """Return the way through a scheduler with these workers."""
    return Way("scheduler", team=team)


@dataclass(frozen=True, slots=True)
class Listing:
    """What the library is asked for; other ways have no use for it."""

    is_full: bool = False
    """Whether everything is listed that the newer snapshot has."""
    requests_at_once: int = 0
    """Of each worker; 0 for no other limit than that of every list."""
    slice_size: int = 20_000


@dataclass(frozen=True, slots=True)
class Scenario:
    """One server with one diff, and the ways to its list, which take turns."""

    name: str
    shape: str
    """Of the diff and the tree: a value of ``qumulo-emulator serve --shape``."""
    size: int
    """The number of changes, or of files below a created directory."""
    ways: tuple[Way, ...]
    runs: int
    claims: tuple[Claim, ...]
    listing: Listing = Listing()
    latency_ms: int = 0
    """How much later each request is answered."""
    untimed: tuple[Way, ...] = ()
    """Ways of which only memory and counts are of interest."""
    is_replayed: bool = True
    """Whether answers come from memory, or else from the emulator, which computes them."""

    @property
    def family(self) -> str:
        """The name of all scenarios that differ only in size."""
        return self.name.partition("-")[0]

    @property
    def all_ways(self) -> tuple[Way, ...]:
        """Those that are timed, and then the others."""
        return self.ways + self.untimed

    @property
    def needs_mount(self) -> bool:
        """Whether a way needs the tree as files of this machine."""
        return any(way.job in _OF_A_MOUNT for way in self.all_ways)

    @property
    def is_walked(self) -> bool:
        """Whether the vendor's program walks it."""
        return WALK in self.all_ways

    @property
    def needs_slow_mount(self) -> bool:
        """Whether a way needs a mount whose looks are slowed down, or counted."""
        return any(way.look_ms is not None for way in self.all_ways)

    def without(self, left_out: Collection[Way]) -> "Scenario":
        """Return this scenario without some of its ways."""
        ways, untimed = (
            tuple(way for way in some if way not in left_out) for some in (self.ways, self.untimed)
        )
        return replace(self, ways=ways, untimed=untimed)
