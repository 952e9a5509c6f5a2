"""The time that a command has to make a list: a timer of the system, which ends every wait."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from qumulo_changelist import events
from qumulo_changelist.deadline import TimeOver, deadline_errors
from qumulo_changelist.durations import describe_duration
from qumulo_changelist.events import Event, Listener, Stage

# The end is reported once more if a run goes on: Python drops what is raised in a destructor.
_SECONDS_TO_THE_NEXT = 30
# What would do harm if it was ended half-way, or can no longer be undone.
_UNLIMITED = (Stage.HANDING_OVER, Stage.COMMITTING)


@contextlib.contextmanager
def deadline(seconds: float, listener: Listener) -> Iterator[Listener]:
    """End the ``with`` block after this time; yield the listener for the events of what is in it.

    The time stands still while lists are put in their places, while a command has them, and during
    a commit.

    Args:
        seconds: the time; 0 for no end.
        listener: receives the events.

    Raises:
        DeadlineError: the time was over. What was begun has been undone.
    """
    if not seconds:
        yield listener
        return
    timer = _Timer(seconds, listener)
    before = signal.signal(signal.SIGALRM, timer.end)
    try:
        with deadline_errors():
            try:
                timer.go_on()
                yield timer
            finally:
                timer.stand_still()
    finally:
        signal.signal(signal.SIGALRM, before)


class _Timer:
    """A listener that knows when time counts."""

    def __init__(self, seconds: float, listener: Listener) -> None:
        self._given = self._left = seconds
        self._listener = listener
        self._counts = False

    def __call__(self, event: Event) -> None:
        """Pass an event on, and take note of what begins."""
        if isinstance(event, events.PlacingBegun) or (
            isinstance(event, events.StageBegun) and event.stage in _UNLIMITED
        ):
            self.stand_still()
        elif isinstance(event, events.SourceBegun | events.StageBegun):
            self.go_on()
        self._listener(event)

    def go_on(self) -> None:
        """Let the time that is left pass."""
        if not self._counts:
            self._counts = True
            signal.setitimer(signal.ITIMER_REAL, max(self._left, 1e-3), _SECONDS_TO_THE_NEXT)

    def stand_still(self) -> None:
        """Let no time pass."""
        if self._counts:
            self._counts = False
            self._left = signal.setitimer(signal.ITIMER_REAL, 0)[0]

    def end(self, _number: int, _frame: FrameType | None) -> None:
        """End what the main thread does, unless time does not count."""
        if self._counts:
            raise TimeOver(f"the time is over: {describe_duration(self._given)}")
