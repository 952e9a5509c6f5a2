"""What was measured, and how two ways compare: medians, and ratios run by run."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.measure import Usage


@dataclass
class Result:
    """What one way took in one scenario; its runs are in the order of the rounds."""

    usages: list[Usage] = field(default_factory=list)
    memory: int | None = None
    """Peak bytes of all processes together; None where that was not measured."""
    entries: int | None = None
    """How many entries its list has; None where it writes none."""
    unreadable: int | None = None
    """How many of these it could not read."""
    listings: int | None = None
    """How many pages of directories it asked for, None where the server does not say."""
    requests: int | None = None
    """How many requests it made in all, as far as the server remembers."""
    digest: str = ""
    """Of the ``<file>`` lines of its list, but for what a mount alone decides; "" without one."""
    failure: str = ""
    """Why there are no figures, where it did not work."""

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
    """Return the median of the ratios of what was measured in the same round.

    A machine that is slow for a while is slow for both, which a ratio of medians would not know.

    Raises:
        ValueError: they are not of the same number of rounds, or of none.
    """
    pairs = zip(numerators, denominators, strict=True)
    ratios = [above / below for above, below in pairs]
    if not ratios:
        raise ValueError("nothing was measured")
    return statistics.median(ratios)
