"""A signal ends a wait even if it interrupts no system call: here another thread receives it."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from qumulo_changelist.machine.waiting import result_of, wait_for_data

PATIENCE = 20
"""The number of seconds after which a test fails, if the code under test would wait for ever."""


class SignalError(Exception):
    """The exception of the handler."""


def interrupt(*_: object) -> None:
    raise SignalError


@pytest.fixture
def signalled() -> Iterator[None]:
    """A signal that another thread of this process receives while the main thread waits."""
    before = signal.signal(signal.SIGUSR1, interrupt)

    def receive_signal() -> None:
        # By then the main thread waits; the outcome is the same if it does not.
        time.sleep(0.1)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    thread = threading.Thread(target=receive_signal)
    thread.start()
    yield
    thread.join()
    signal.signal(signal.SIGUSR1, before)


def test_a_signal_ends_the_wait_for_a_result(signalled):
    future: Future[str] = Future()
    end = threading.Timer(PATIENCE, future.set_result, ("waited too long",))
    end.start()

    with pytest.raises(SignalError):
        result_of(future)
    end.cancel()


def test_a_signal_ends_the_wait_for_data(signalled):
    reading, writing = os.pipe()
    end = threading.Timer(PATIENCE, os.write, (writing, b"waited too long"))
    end.start()

    with pytest.raises(SignalError):
        wait_for_data(reading)
    end.cancel()
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("settle", [Future.set_result, Future.set_exception])
def test_the_result_is_returned_or_raised(settle: Callable[..., None]):
    future: Future[object] = Future()
    outcome = SignalError()
    later = threading.Timer(0.01, settle, (future, outcome))
    later.start()

    if settle is Future.set_result:
        assert result_of(future) is outcome
    else:
        with pytest.raises(SignalError):
            result_of(future)


def test_the_end_of_the_data_ends_the_wait():
    reading, writing = os.pipe()
    os.close(writing)

    wait_for_data(reading)

    assert os.read(reading, 1) == b""
    os.close(reading)
