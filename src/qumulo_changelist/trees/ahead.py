"""How far ahead a snapshot is read: as far as the time to an answer asks for, and no further."""

import time
from collections.abc import Callable

_FIRST = 4
_IDLE = 0.1
# This number of entries that are not used yet is held: some ten megabytes.
_MAX_ENTRIES = 16_000


class Ahead:
    """The number of answers that are requested before they are needed.

    It begins small and doubles as long as the reader is idle for more than a tenth of the time. So
    a near cluster that answers at once gets few requests at a time, and a distant one many.

    Args:
        most: the greatest number.
        idle_seconds: returns for how long nothing could be done but wait, so far.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        most: int,
        idle_seconds: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit = min(_FIRST, most)
        """The number now."""
        self._most = most
        self._asked_for = self.limit
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._answers = 0
        self._entries = 0
        self._began = clock()
        self._idle_before = idle_seconds()

    def count_answer(self, entries: int) -> None:
        """Count an answer that was used, and decide anew after as many as are requested ahead.

        Args:
            entries: the number of entries in it.
        """
        self._answers += 1
        self._entries += entries
        if self._answers < self.limit:
            return
        now, idle = self._clock(), self._idle_seconds()
        if idle - self._idle_before > (now - self._began) * _IDLE:
            self._asked_for = min(self.limit * 2, self._most)
        entries_of_an_answer = max(self._entries / self._answers, 1)
        self.limit = max(min(self._asked_for, int(_MAX_ENTRIES / entries_of_an_answer)), 1)
        self._answers = self._entries = 0
        self._began, self._idle_before = now, idle
