"""How many requests this process has under way, for those who watch it; pure bookkeeping."""

import contextlib
import time
from typing import Protocol, TypeVar
from weakref import WeakSet

_Seen = TypeVar("_Seen")

_SECONDS_BETWEEN_LOOKS = 0.1


class Waiting(Protocol):
    """Something that sends requests and waits for the answers."""

    @property
    def under_way(self) -> int:
        """The number of requests without an answer so far."""


_waiting: WeakSet[Waiting] = WeakSet()


def watch(waiting: Waiting) -> None:
    """Count the requests of this object, as long as it exists."""
    _waiting.add(waiting)


def requests_under_way() -> int:
    """Return the number of requests that this process has under way; it may be out of date."""
    with contextlib.suppress(RuntimeError):  # a different thread changes what is counted
        return sum(waiting.under_way for waiting in list(_waiting))
    return 0


class Peak:
    """The greatest number of requests under way, as far as it was looked at."""

    def __init__(self) -> None:
        self._most = 0
        self._next_look = 0.0

    def look(self, seen: _Seen) -> _Seen:
        """Look at the number, not more often than it is worth; return the argument."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _SECONDS_BETWEEN_LOOKS
            self._most = max(self._most, requests_under_way())
        return seen

    def take(self) -> int:
        """Return the greatest number since the last call."""
        most, self._most, self._next_look = self._most, 0, 0.0
        return most
