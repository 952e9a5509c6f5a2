"""How quickly a node answers, and whether others should be asked instead. Pure.

A list is made in order, so one answer that takes long delays all that came after it. A node that is
much slower than another one would therefore slow down everything, although it gets only its share.
"""

from collections import deque
from collections.abc import Iterable

_ANSWERS = 4
_TIMES_SLOWER = 2
_SECONDS_SLOWER = 0.02
# A request that finds out whether a node is quick again may cost this part of the time: 4 %.
_TIMES_HELD_BACK = 25
_LEAST_HELD_BACK, _LONGEST_HELD_BACK = 1.0, 60.0


class Pace:
    """The pace of one node, by its last four answers.

    One answer can take longer for reasons of its own, such as a large directory. But if each of
    four takes much longer than each of the last four of a different node, that is due to the node.

    Attributes:
        under_way: the number of requests that it was sent and has not answered.
    """

    def __init__(self) -> None:
        self.under_way = 0
        self._last: deque[float] = deque(maxlen=_ANSWERS)
        self._held_until = 0.0

    @property
    def longest(self) -> float | None:
        """The seconds of the longest of four answers; None as long as there were fewer."""
        return max(self._last) if len(self._last) == _ANSWERS else None

    def add(self, seconds: float) -> None:
        """Count an answer.

        Args:
            seconds: for how long there was nothing to do but wait while it was under way. So a
                process that had other things to do does not blame the node.
        """
        self._last.append(seconds)

    def compare(self, others: Iterable["Pace"], now: float) -> None:
        """Hold the node back for a while if it is much slower than a different one.

        Args:
            others: the pace of each node; it may be among them.
            now: the time in seconds.
        """
        known = [longest for one in others if (longest := one.longest) is not None]
        own = min(self._last) if len(self._last) == _ANSWERS else 0.0
        if not known or own <= min(known) * _TIMES_SLOWER + _SECONDS_SLOWER:
            self._held_until = 0.0
            return
        self._held_until = now + min(
            max(own * _TIMES_HELD_BACK, _LEAST_HELD_BACK), _LONGEST_HELD_BACK
        )

    def is_held_back(self, now: float) -> bool:
        """Return whether a different node should be asked.

        After the time for which it is held back, it gets one request, whose answer shows whether it
        is quick again.
        """
        return bool(self._held_until) and (now < self._held_until or self.under_way > 0)
