"""How long to wait before the same is tried again, for REST and for ``qq``: pure, but for a clock.

Pauses double, so that a cluster that is busy gets time. Each is shortened by chance, so that many
who failed at the same moment do not come back at the same moment.
"""

import random
import time
from collections.abc import Callable

FIRST_PAUSE = 1.0
"""The number of seconds that the first pause takes at most."""

MAX_PAUSE = 30.0
"""The number of seconds that any pause takes at most, unless the cluster asks for a longer one."""

LEAST_PART = 0.5
"""The part of its length to which chance shortens a pause at most."""


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
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._chance = chance
        self._clock = clock
        self._ends: float | None = None
        self._longest = FIRST_PAUSE

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
        pause = asked
        if pause is None:
            pause = self._longest * (LEAST_PART + (1 - LEAST_PART) * self._chance())
            self._longest = min(2 * self._longest, MAX_PAUSE)
        return pause if now + pause < self._ends else None
