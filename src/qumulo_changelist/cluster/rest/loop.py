"""Waiting for many sockets and pauses at once, without a thread of its own.

Whoever waits for a result drives the loop meanwhile, so nothing goes on while nobody waits: what
arrives stays with the system until then. Requests are sent at once, though.
"""

import contextlib
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from qumulo_changelist import under_way
from qumulo_changelist.cluster.rest.request import ClosedError
from qumulo_changelist.pending import Pending, Work

T = TypeVar("T")

READ, WRITE = select.POLLIN, select.POLLOUT

# Not longer, so that a signal always ends a wait (see ``machine/waiting.py``).
_LONGEST_POLL = 0.2
# How exactly the end of a timeout is noticed.
_BETWEEN_CHECKS = 0.1


class Watch:
    """One socket that the loop watches.

    Args:
        loop: the loop.
        opened: the socket.
        look: called if the socket becomes readable while nothing waits for it; it must read what
            came, or close.
    """

    def __init__(self, loop: "Loop", opened: socket.socket, look: Callable[[], object]) -> None:
        self.pending: Pending[None] | None = None
        self.deadline = 0.0
        self.look = look
        self.number = opened.fileno()
        self.is_open = True
        self._loop = loop
        self._events = READ
        loop.add(self)

    def ready(self, events: int, seconds: float) -> Pending[None]:
        """Return what is done when the socket is ready.

        Args:
            events: ``READ`` or ``WRITE``.
            seconds: the time after which it is a ``TimeoutError``.
        """
        pending: Pending[None] = Pending(self._loop.drive)
        if not self.is_open:
            pending.fail(ClosedError("closed"))
            return pending
        if events != self._events:
            self._events = events
            self._loop.poll.modify(self.number, events)
        self.pending = pending
        self.deadline = time.monotonic() + seconds
        return pending

    def close(self) -> None:
        """Watch it no longer."""
        if self.is_open:
            self.is_open = False
            self._loop.remove(self)


class Loop:
    """Starts work, and takes it forward while somebody waits; may be used by many threads.

    Attributes:
        idle_seconds: how long nothing could be done but wait, so far.
    """

    def __init__(self) -> None:
        self.idle_seconds = 0.0
        self.poll = select.poll()
        self._lock = threading.RLock()
        self._turned = threading.Condition(self._lock)
        self._driver = 0
        """The thread that drives the loop; 0 if none does."""
        self._watches: dict[int, Watch] = {}
        self._pauses: dict[Pending[None], float] = {}
        self._given: deque[Pending[None]] = deque()
        self._next_check = 0.0
        self._is_closed = False
        self._waking, self._waker = socket.socketpair()
        self._waking.setblocking(False)
        self._waker.setblocking(False)
        self.poll.register(self._waking, READ)
        under_way.watch(self)

    @property
    def under_way(self) -> int:
        """The number of sockets on which an answer is awaited: one for each request."""
        return sum(watch.pending is not None for watch in list(self._watches.values()))

    def start(self, coroutine: Coroutine[Pending[Any], None, T]) -> Pending[T]:
        """Begin work at once, as far as it goes without waiting."""
        with self._lock:
            work: Work[T] = Work(self.drive, coroutine)
            work.advance()
            self._end_given()
            self._wake_driver()
        return work

    def pause(self, seconds: float) -> Pending[None]:
        """Return what is done after a time; it fails if the loop is closed."""
        pending: Pending[None] = Pending(self.drive)
        if self._is_closed:
            pending.fail(ClosedError("closed"))
        elif seconds > 0:
            self._pauses[pending] = time.monotonic() + seconds
        else:
            pending.finish(None)
        return pending

    def turn(self) -> Pending[None]:
        """Return what :meth:`give` ends."""
        return Pending(self.drive)

    def give(self, turn: Pending[None]) -> None:
        """End the wait for a turn, after what is done right now."""
        self._given.append(turn)

    def drive(self, wanted: Pending[Any]) -> None:
        """Take all work forward until ``wanted`` is done."""
        with self._turned:
            while not wanted.is_done:
                if self._is_closed:
                    wanted.fail(ClosedError("closed"))
                elif not self._driver:
                    self._turn()
                elif self._driver == threading.get_ident():
                    raise AssertionError("work waits for a result that only it can bring about")
                else:
                    self._turned.wait(_LONGEST_POLL)

    def add(self, watch: Watch) -> None:
        """Watch a socket."""
        if self._is_closed:
            watch.is_open = False
            return
        self._watches[watch.number] = watch
        self.poll.register(watch.number, READ)

    def remove(self, watch: Watch) -> None:
        """Watch a socket no longer; what waits for it fails."""
        del self._watches[watch.number]
        self.poll.unregister(watch.number)
        if watch.pending:
            watch.pending.fail(ClosedError("closed"))

    def close(self) -> None:
        """End all work: whatever it waits for fails."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            for watch in list(self._watches.values()):
                watch.close()
            for pending in list(self._pauses):
                pending.fail(ClosedError("closed"))
            self._pauses.clear()
            self._end_given()
            self._wake_driver()
            self._turned.notify_all()
            if not self._driver:
                self._close_sockets()

    def _end_given(self) -> None:
        while self._given:
            self._given.popleft().finish(None)

    def _close_sockets(self) -> None:
        self._waking.close()
        self._waker.close()

    def _wake_driver(self) -> None:
        if self._driver and self._driver != threading.get_ident():
            with contextlib.suppress(BlockingIOError):  # then it is being woken
                self._waker.send(b"\0")

    def _turn(self) -> None:
        """Wait for what is ready next, and take the work forward that waits for it."""
        self._driver = threading.get_ident()
        try:
            seconds = self._seconds_to_wait()
            began = time.monotonic()
            try:
                self._lock.release()
                ready = self.poll.poll(seconds * 1000)
            finally:
                self._lock.acquire()
            now = time.monotonic()
            self.idle_seconds += now - began
            for number, _ in ready:
                self._on_ready(number)
            if self._pauses or now >= self._next_check:
                self._end_what_is_over(now)
            self._end_given()
        finally:
            self._driver = 0
            self._turned.notify_all()
            if self._is_closed:
                self._close_sockets()

    def _seconds_to_wait(self) -> float:
        if not self._pauses:
            return _LONGEST_POLL
        # A little more, since the system rounds to milliseconds.
        due = min(self._pauses.values()) - time.monotonic() + 0.001
        return min(max(due, 0), _LONGEST_POLL)

    def _on_ready(self, number: int) -> None:
        watch = self._watches.get(number)
        if watch is None:
            if number == self._waking.fileno():
                self._waking.recv(4096)
        elif watch.pending:
            pending, watch.pending = watch.pending, None
            pending.finish(None)
        else:
            watch.look()

    def _end_what_is_over(self, now: float) -> None:
        self._next_check = now + _BETWEEN_CHECKS
        for pending in [pending for pending, due in self._pauses.items() if due <= now]:
            del self._pauses[pending]
            pending.finish(None)
        for watch in list(self._watches.values()):
            if watch.pending and watch.deadline <= now:
                pending, watch.pending = watch.pending, None
                pending.fail(TimeoutError())
