"""When a slice takes so long that a second worker should work on it, too. Pure."""

from collections import deque

_LEAST_SECONDS = 15.0
_TIMES_AS_LONG = 3
_SLICES_TO_REMEMBER = 32


class LateSlices:
    """Knows how long slices usually take, in seconds from being given away to the result.

    A slice is late after three times as long as the longest of the last 32 took, but not before 15
    seconds. As long as no slice is done, none is late: perhaps all of them take that long.
    """

    def __init__(self) -> None:
        self._taken: deque[float] = deque(maxlen=_SLICES_TO_REMEMBER)

    def learn(self, seconds: float) -> None:
        """Remember how long a slice took."""
        self._taken.append(seconds)

    def is_late(self, seconds: float) -> bool:
        """Return whether a slice should be done that was given away this long ago."""
        if not self._taken:
            return False
        return seconds > max(_TIMES_AS_LONG * max(self._taken), _LEAST_SECONDS)
