"""How long to wait before the same is tried again, for REST and for ``qq``: pure, but for a clock.

Pauses double, so that a cluster that is busy gets time. Each is shortened by chance, so that many
who failed at the same moment do not come back at the same moment.
"""

import time

FIRST_PAUSE = 0.5
"""The number of seconds that the first pause takes at most."""

MAX_PAUSE = 30.0
"""The number of seconds that any pause takes at most, unless the cluster asks for a longer one."""

LEAST_PART = 0.5
"""The part of its length to which chance shortens a pause at most."""


def now() -> float:
    """Return the time by which pauses and outages are measured, in seconds."""
    return time.monotonic()


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
    """The tries of one thing, the first of which has failed, and the pauses between them.

    The last pause is cut, so that there is one more try when the time ends.

    Args:
        seconds: the number of seconds for which it is tried again; 0 for never.
        began: when these began; None for now.
        max_tries: the number of tries at most; 0 for any number.

    Attributes:
        tries: the number of tries so far.
    """

    def __init__(self, seconds: float, began: float | None = None, max_tries: int = 0) -> None:
        self.tries = 1
        self._began = now() if began is None else began
        self._end = self._began + seconds
        self._max_tries = max_tries

    @property
    def spent(self) -> float:
        """The number of seconds since it began."""
        return now() - self._began

    @property
    def left(self) -> float:
        """The number of seconds that are left."""
        return max(self._end - now(), 0.0)

    def pause(self, asked: float = 0.0) -> float | None:
        """Return the number of seconds to wait before the next try, and count that.

        Args:
            asked: the number of seconds that the cluster asks to wait at least.

        Returns:
            It; None if there is no further try.
        """
        left = self.left
        if not left or asked > left or self.tries == self._max_tries:
            return None
        pause = min(max(pause_after(self.tries, chance()), asked), left)
        self.tries += 1
        return pause
