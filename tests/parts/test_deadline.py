"""The time that a run is given: it ends every wait, and stands still where an end would do harm."""

import contextlib
import fcntl
import os
import signal
import threading
from pathlib import Path

import pytest

from qumulo_changelist import events
from qumulo_changelist.cli.deadline import deadline
from qumulo_changelist.errors import DeadlineError
from qumulo_changelist.events import Event, Stage, ignore
from qumulo_changelist.machine.waiting import (
    lock_when_free,
    result_of_call,
    signals_delayed,
    wait_for_data,
)

SOON = 0.01
LATER = 1000.0


def time_counts() -> bool:
    return signal.getitimer(signal.ITIMER_REAL)[0] > 0


def test_it_ends_a_wait_for_data() -> None:
    reading, writing = os.pipe()
    try:
        with (
            pytest.raises(DeadlineError, match="the time is over: 0 seconds"),
            deadline(SOON, ignore),
        ):
            wait_for_data(reading)
    finally:
        os.close(reading)
        os.close(writing)


def test_it_ends_the_wait_for_a_call_that_no_signal_interrupts() -> None:
    """As the search for a host, if no name server answers; a lock can be opened at the end."""
    closed = threading.Lock()
    closed.acquire()
    with pytest.raises(DeadlineError), deadline(SOON, ignore):
        result_of_call(closed.acquire)
    closed.release()


def test_a_call_returns_or_raises_as_the_function_does() -> None:
    assert result_of_call(lambda: 7) == 7
    with pytest.raises(LookupError, match="no host"):
        result_of_call(fail)


def fail() -> None:
    raise LookupError("no host")


def test_it_ends_a_wait_for_a_lock(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("wb") as held, (tmp_path / "lock").open("rb") as wanted:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(DeadlineError), deadline(SOON, ignore):
            lock_when_free(wanted.fileno())
        fcntl.flock(held, fcntl.LOCK_UN)
        lock_when_free(wanted.fileno())


def test_a_lock_can_be_waited_for_for_a_time(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("wb") as held, (tmp_path / "lock").open("rb") as wanted:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BlockingIOError):
            lock_when_free(wanted.fileno(), SOON)


def test_nothing_that_handles_errors_handles_it() -> None:
    with pytest.raises(DeadlineError), deadline(LATER, ignore), contextlib.suppress(Exception):
        signal.raise_signal(signal.SIGALRM)


def test_it_does_not_end_a_process_that_is_half_started() -> None:
    steps = []

    def start() -> None:
        with signals_delayed():
            signal.raise_signal(signal.SIGALRM)
            steps.append("started")
        steps.append("not reached")

    with pytest.raises(DeadlineError), deadline(LATER, ignore):
        start()

    assert steps == ["started"]


def test_afterwards_there_is_no_timer_and_the_handler_of_before() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with deadline(LATER, ignore):
        assert time_counts()
        assert signal.getsignal(signal.SIGALRM) != before

    assert not time_counts()
    assert signal.getsignal(signal.SIGALRM) == before


def test_without_a_deadline_nothing_is_changed() -> None:
    with deadline(0, ignore) as listener:
        assert listener is ignore
        assert not time_counts()


@pytest.mark.parametrize(
    "event",
    [
        events.PlacingBegun(),
        events.StageBegun(Stage.HANDING_OVER, "/p"),
        events.StageBegun(Stage.COMMITTING, "/p"),
    ],
    ids=["placing", "handing over", "committing"],
)
def test_time_stands_still_where_an_end_would_do_harm(event: Event) -> None:
    received: list[Event] = []
    with deadline(LATER, received.append) as listener:
        listener(events.StageBegun(Stage.LISTING, "/p"))
        assert time_counts()
        listener(event)
        assert not time_counts()
        # One that was on its way when it was stopped does nothing.
        signal.raise_signal(signal.SIGALRM)
        listener(events.SourceBegun("show1", "/q"))
        assert LATER - 60 < signal.getitimer(signal.ITIMER_REAL)[0] <= LATER

    assert [type(one) for one in received] == [events.StageBegun, type(event), events.SourceBegun]
