"""The results, and how two ways compare: by medians, and by ratios within each round."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bench.measure import Usage
from bench.scale.team import Team


@dataclass(frozen=True, slots=True)
class Way:
    """A way to a list."""

    job: str
    """What is run."""
    look_ms: float | None = None
    """How long each look at the mount takes; None for the mount as it is, where none is counted."""
    team: Team | None = None
    """Who works on slices, if not processes of the command."""

    def with_looks_of(self, milliseconds: float) -> "Way":
        """Return this way on a mount that is slower by this time a look."""
        return replace(self, look_ms=milliseconds)

    def __str__(self) -> str:
        if self.team:
            return f"{self.job}, {self.team}"
        return self.job if self.look_ms is None else f"{self.job} at {self.look_ms:g} ms"


@dataclass
class Result:
    """What one way took in one scenario; the runs are in the order of the rounds."""

    usages: list[Usage] = field(default_factory=list)
    processors_of: list[dict[str, float]] = field(default_factory=list)
    """Of each run with a team: the seconds of processor time of what is not the command."""
    processors_of_server: list[float] = field(default_factory=list)
    """Of each run, if the server reports it: its seconds of processor time."""
    memory: int | None = None
    """Peak bytes of all processes together; None if that was not measured."""
    entries: int | None = None
    """The number of entries in its list; None if it writes no list."""
    unreadable: int | None = None
    """The number of these that it could not read."""
    listings: int | None = None
    """The number of pages of directories that it requested; None if that is not known."""
    requests: int | None = None
    """The number of all requests, as far as the server remembers them."""
    requests_in_flight: int | None = None
    """The largest number of requests that waited for an answer at once."""
    misses: int = 0
    """In timed runs: the number of answers that the server had to ask for."""
    looks: int | None = None
    """The number of looks at the mount; None if they were not counted."""
    looks_in_flight: int | None = None
    """The largest number of looks that were under way at once."""
    digest: str = ""
    """Of the ``<file>`` lines of its list, without what depends on the mount; "" without a list."""
    failure: str = ""
    """Why there are no figures; "" if the way worked."""
    skipped: str = ""
    """Why it was not run on this machine; "" if it was."""

    @property
    def walls(self) -> list[float]:
        """The seconds of each run."""
        return [usage.wall for usage in self.usages]

    @property
    def processors(self) -> list[float]:
        """The seconds of processor time of each run."""
        return [usage.processor for usage in self.usages]


Results = dict[tuple[str, Way], Result]
"""By the name of the scenario, and the way."""


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """Return the median of the ratios within each round.

    If the machine is slow for a while, it is slow for both sides; a ratio of medians would miss
    that.

    Raises:
        ValueError: the numbers of rounds differ, or are 0.
    """
    pairs = zip(numerators, denominators, strict=True)
    ratios = [numerator / denominator for numerator, denominator in pairs]
    if not ratios:
        raise ValueError("nothing was measured")
    return statistics.median(ratios)
