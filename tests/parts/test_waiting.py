"""A signal ends a wait even where it interrupts none: here another thread gets it."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from qumulo_changelist.waiting import result_of, wait_for_data

# Where the code under test would wait for ever, its test fails instead.
PATIENCE = 20


class SignalError(Exception):
    """What the handler raises."""


def interrupt(*_: object) -> None:
    raise SignalError


@pytest.fixture
def signalled() -> Iterator[None]:
    """A signal that another thread of this process gets, while the main thread waits."""
    before = signal.signal(signal.SIGUSR1, interrupt)
    waits = threading.Event()

    def get_signal() -> None:
        # Long enough for the main thread to wait by then; the outcome is the same if it does not.
        waits.wait(0.1)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    thread = threading.Thread(target=get_signal)
    thread.start()
    yield
    thread.join()
    signal.signal(signal.SIGUSR1, before)


def test_a_wait_for_a_result_ends_with_a_signal(signalled):
    future: Future[str] = Future()
    end = threading.Timer(PATIENCE, future.set_result, ("waited too long",))
    end.start()

    with pytest.raises(SignalError):
        result_of(future)
    end.cancel()


def test_a_wait_for_data_ends_with_a_signal(signalled):
    reading, writing = os.pipe()
    end = threading.Timer(PATIENCE, os.write, (writing, b"waited too long"))
    end.start()

    with pytest.raises(SignalError):
        wait_for_data(reading)
    end.cancel()
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("settle", [Future.set_result, Future.set_exception])
def test_what_was_waited_for_is_returned_or_raised(settle: Callable[..., None]):
    future: Future[object] = Future()
    outcome = SignalError()
    later = threading.Timer(0.01, settle, (future, outcome))
    later.start()

    if settle is Future.set_result:
        assert result_of(future) is outcome
    else:
        with pytest.raises(SignalError):
            result_of(future)


def test_the_end_of_data_ends_the_wait_for_it():
    reading, writing = os.pipe()
    os.close(writing)

    wait_for_data(reading)

    assert os.read(reading, 1) == b""
    os.close(reading)
