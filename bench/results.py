"""The results, and how two ways compare: by medians, and by ratios within each round."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.measure import Usage


@dataclass
class Result:
    """What one way took in one scenario; the runs are in the order of the rounds."""

    usages: list[Usage] = field(default_factory=list)
    memory: int | None = None
    """Peak bytes of all processes together; None if that was not measured."""
    entries: int | None = None
    """The number of entries in its list; None if it writes no list."""
    unreadable: int | None = None
    """The number of these that it could not read."""
    listings: int | None = None
    """The number of pages of directories that it requested; None if the server has no record."""
    requests: int | None = None
    """The number of all requests, as far as the server remembers them."""
    digest: str = ""
    """Of the ``<file>`` lines of its list, without what depends on the mount; "" without a list."""
    failure: str = ""
    """Why there are no figures; "" if the way worked."""

    @property
    def walls(self) -> list[float]:
        """The seconds of each run."""
        return [usage.wall for usage in self.usages]

    @property
    def processors(self) -> list[float]:
        """The seconds of processor time of each run."""
        return [usage.processor for usage in self.usages]


Scenario = str
Way = str
Results = dict[tuple[Scenario, Way], Result]


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
