"""What a scenario consists of: ways to a list, which take turns on the same server."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from bench.claims import Claim
from bench.results import Way

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
        return any(way not in (REST, QQ_ALONE) for way in self.all_ways)

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
