"""How long requests are tried again, and how long they wait between two tries."""

import contextlib
import functools
import threading
import time
from collections.abc import Iterator, Sequence

from qumulo_changelist.cluster.backoff import chance as chance
from qumulo_changelist.cluster.backoff import pause_after
from qumulo_changelist.cluster.rest import limits


def now() -> float:
    """Return the time by which patience is measured, in seconds."""
    return time.monotonic()


class Budget:
    """The time for which one request is tried again.

    Args:
        seconds: its length.
        began: when it began.
        max_tries: the number of tries at most; 0 for any number.
    """

    def __init__(self, seconds: float, began: float, max_tries: int = 0) -> None:
        self._began = began
        self._end = began + seconds
        self._max_tries = max_tries

    @property
    def spent(self) -> float:
        """The number of seconds since it began."""
        return now() - self._began

    @property
    def left(self) -> float:
        """The number of seconds that are left."""
        return max(self._end - now(), 0.0)

    def pause(self, tries: int, asked: float = 0.0) -> float | None:
        """Return the number of seconds to wait before the next try; None if there is none.

        Args:
            tries: the number of tries so far.
            asked: the number of seconds that the cluster asks to wait at least.
        """
        left = self.left
        if not left or asked > left or tries == self._max_tries:
            return None
        return min(max(pause_after(tries, chance()), asked), left)


class Patience:
    """How long requests to a cluster are tried again, as all of them see it.

    Each request has its time from its first failure on. But as long as nothing is answered, the
    time counts from the failure with which that began, whichever request it was: a cluster that is
    down for good is given up once, not by one request after the other.

    Args:
        seconds: for how long; 0 for never.

    Attributes:
        down_since: when the first request failed after the last one that was answered; None if the
            cluster answers.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.down_since: float | None = None
        self._is_shown = False
        self._lock = threading.Lock()
        self._waiting = 0
        self._last_failed = 0.0

    def brief_budget(self, *, was_waited_for: bool) -> Budget:
        """Return the time for a request that has just failed, and that a run can do without.

        Args:
            was_waited_for: whether it took as long as an answer may take, which is enough.
        """
        max_tries = 1 if was_waited_for else limits.BRIEF_MAX_TRIES
        return Budget(min(limits.BRIEF_WAIT, self.seconds), now(), max_tries)

    @contextlib.contextmanager
    def budget(self) -> Iterator[Budget]:
        """Yield the time for a request that has just failed, and is tried again in the block."""
        began = now()
        with self._lock:
            is_over = not self._waiting and began - self._last_failed > limits.OUTAGE_REMEMBERED
            if self.down_since is None or is_over:
                self.down_since, self._is_shown = began, False
            budget = Budget(self.seconds, min(self.down_since, began))
            self._waiting += 1
        try:
            yield budget
        finally:
            with self._lock:
                self._waiting -= 1
                self._last_failed = now()

    def begins_to_show(self, pause: float, *, is_failing: bool) -> bool:
        """Return whether a user should learn now that the cluster is awaited: once for an outage.

        Args:
            pause: the number of seconds that a request waits now.
            is_failing: whether it was answered as it should not be, and not refused a connection.
        """
        with self._lock:
            if self.down_since is None and not is_failing:
                self.down_since, self._is_shown = now(), False
            is_noticed = not is_failing or pause >= limits.LONG_PAUSE
            if self.down_since is None or self._is_shown or not is_noticed:
                return False
            self._is_shown = True
            return True


@functools.lru_cache(maxsize=64)
def patience_with(hosts: Sequence[str], port: int, seconds: float) -> Patience:
    """Return the patience with a cluster, which all connections of this process to it share."""
    return Patience(seconds)
