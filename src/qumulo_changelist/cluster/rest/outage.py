"""For how long requests to a cluster are tried again, as all of them see it."""

import contextlib
import functools
import threading
from collections.abc import Iterator, Sequence

from qumulo_changelist.cluster import backoff
from qumulo_changelist.cluster.backoff import Backoff
from qumulo_changelist.cluster.rest import limits


class Outage:
    """Since when a cluster answers nothing, as all requests to it see it.

    Each request has its time from its first failure on. But as long as nothing is answered, the
    time counts from the failure with which that began, whichever request it was: a cluster that is
    down for good is given up once, not by one request after the other.

    Args:
        seconds: for how long requests are tried again; 0 for never.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._down_since: float | None = None
        self._is_shown = False
        self._lock = threading.Lock()
        self._waiting = 0
        self._last_failed = 0.0

    def brief_backoff(self, *, was_waited_for: bool) -> Backoff:
        """Return the time for a request that has just failed, and that a run can do without.

        Args:
            was_waited_for: whether it took as long as an answer may take, which is enough.
        """
        max_tries = 1 if was_waited_for else limits.BRIEF_MAX_TRIES
        return Backoff(min(limits.BRIEF_WAIT, self.seconds), backoff.now(), max_tries)

    @contextlib.contextmanager
    def backoff(self) -> Iterator[Backoff]:
        """Yield the time for a request that has just failed, and is tried again in the block."""
        began = backoff.now()
        with self._lock:
            is_over = not self._waiting and began - self._last_failed > limits.OUTAGE_REMEMBERED
            if self._down_since is None or is_over:
                self._down_since, self._is_shown = began, False
            tries = Backoff(self.seconds, min(self._down_since, began))
            self._waiting += 1
        try:
            yield tries
        finally:
            with self._lock:
                self._waiting -= 1
                self._last_failed = backoff.now()

    def answered(self) -> None:
        """Take note that a request was answered."""
        with self._lock:
            self._down_since = None

    def take_note(self, pause: float, *, is_failing: bool) -> bool:
        """Take note of a failure, and return whether to report it: once for an outage.

        Args:
            pause: the number of seconds that a request waits now.
            is_failing: whether it was answered as it should not be, and not refused a connection.
        """
        with self._lock:
            if self._down_since is None and not is_failing:
                self._down_since, self._is_shown = backoff.now(), False
            is_noticed = not is_failing or pause >= limits.LONG_PAUSE
            if self._down_since is None or self._is_shown or not is_noticed:
                return False
            self._is_shown = True
            return True


@functools.lru_cache(maxsize=64)
def outage_of(hosts: Sequence[str], port: int, seconds: float) -> Outage:
    """Return the outage of a cluster, which all connections of this process to it share."""
    return Outage(seconds)
