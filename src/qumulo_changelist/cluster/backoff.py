"""How long to wait before the same is tried again, for REST and for ``qq``: pure, but for a clock.

Pauses double, so that a cluster that is busy gets time. Each is shortened by chance, so that many
who failed at the same moment do not come back at the same moment.
"""

import time
from collections.abc import Callable

FIRST_PAUSE = 0.5
"""The number of seconds that the first pause takes at most."""

MAX_PAUSE = 30.0
"""The number of seconds that any pause takes at most, unless the cluster asks for a longer one."""

LEAST_PART = 0.5
"""The part of its length to which chance shortens a pause at most."""


def chance() -> float:
    """Return a random number of at least 0 and less than 1."""
    import random  # takes long to load, and few runs need it

    return random.random()  # noqa: S311  # no secret depends on it


def pause_after(tries: int, chance: float) -> float:
    """Return the number of seconds to wait before the next try.

    Args:
        tries: the number of tries so far, at least 1.
        chance: a number of at least 0 and less than 1.
    """
    longest = min(FIRST_PAUSE * 2.0 ** min(tries - 1, 30), MAX_PAUSE)
    return longest * (LEAST_PART + (1 - LEAST_PART) * chance)


class Backoff:
    """The pauses between the tries of one thing.

    Its time begins with the first failure, so that there is another try even if the first one took
    longer than the whole time.

    Args:
        seconds: the number of seconds after the first failure for which it is tried again; 0 for
            never.
        chance: returns a number of at least 0 and less than 1.
        clock: returns the seconds since any moment.
    """

    def __init__(
        self,
        seconds: float,
        chance: Callable[[], float] = chance,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._chance = chance
        self._clock = clock
        self._ends: float | None = None
        self._tries = 0

    def pause(self, asked: float | None = None) -> float | None:
        """Return the number of seconds to wait after a failure, before the next try.

        Args:
            asked: the number of seconds that the cluster asks for, which is kept to; None for none.

        Returns:
            It; None if the time would be over before the next try.
        """
        now = self._clock()
        if self._ends is None:
            self._ends = now + self._seconds
        self._tries += 1
        pause = pause_after(self._tries, self._chance()) if asked is None else asked
        return pause if now + pause < self._ends else None
