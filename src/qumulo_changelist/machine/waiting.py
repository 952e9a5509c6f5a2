"""Waiting so that a signal always ends it.

Python runs the handler of a signal in the main thread, between two bytecode steps. A signal that
arrives just before that thread begins to wait for a lock or for data, or that is delivered to
another thread, does not interrupt the wait: seen with CPython 3.11, where an interrupted run went
on waiting for ``qq``. So each wait is divided into short ones.
"""

import contextlib
import fcntl
import math
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

_SECONDS = 0.2
_SECONDS_BETWEEN_TRIES = 0.05

Result = TypeVar("Result")


def result_of(future: "Future[Result]") -> Result:
    """Return the result of a future, or raise its exception, as soon as there is one."""
    from concurrent.futures import wait  # REST does without it

    while not future.done():
        wait((future,), _SECONDS)
    return future.result()


def result_of_call(function: Callable[[], Result], seconds: float = math.inf) -> Result:
    """Return what a function returns, which no signal interrupts, such as the search for a host.

    If the wait ends before, the function goes on in a thread until it returns or the process ends.

    Raises:
        TimeoutError: it has not returned after this number of seconds.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def call() -> None:
        try:
            results.append(function())
        except BaseException as error:  # noqa: BLE001  # the caller gets it
            errors.append(error)

    thread = threading.Thread(target=call, daemon=True, name="call")
    try:
        thread.start()
    except RuntimeError:  # there is no room for a thread
        return function()
    end = time.monotonic() + seconds
    while thread.is_alive():
        thread.join(min(_SECONDS, seconds))
        if time.monotonic() >= end and thread.is_alive():
            raise TimeoutError
    if errors:
        raise errors[0]
    return results[0]


def pause(seconds: float) -> None:
    """Return after a time."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, _SECONDS))


def wait_for_data(descriptor: int, check: Callable[[], None] = lambda: None) -> None:
    """Return when a descriptor can be read or has reached its end.

    Args:
        descriptor: the descriptor.
        check: called now and then; what it raises ends the wait.
    """
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while not poll.poll(_SECONDS * 1000):
        check()


def join_thread(thread: threading.Thread, check: Callable[[], None]) -> None:
    """Return when a thread has ended; see :func:`wait_for_data`."""
    while thread.is_alive():
        thread.join(_SECONDS)
        check()


def wait_for_end(process: "subprocess.Popen[bytes]", check: Callable[[], None]) -> int:
    """Return the exit code of a process once it has ended; see :func:`wait_for_data`."""
    while True:
        try:
            return process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            check()


def wait_for_event(event: threading.Event, seconds: float) -> None:
    """Return when an event happens, or after a number of seconds."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0 and not event.wait(min(left, _SECONDS)):
        pass


def lock_when_free(descriptor: int, seconds: float = math.inf) -> None:
    """Lock a file for this process alone, as soon as no other process has it locked.

    Raises:
        BlockingIOError: another process had it for this number of seconds.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise
            time.sleep(_SECONDS_BETWEEN_TRIES)


@contextlib.contextmanager
def signals_delayed() -> Iterator[None]:
    """Delay the signals that end a run: nobody would end a process that is half started."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    delayed: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: delayed.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
        # What is ignored, as by nohup, has to stay so in the process that is started.
        if signal.getsignal(number) not in (signal.SIG_IGN, None)
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for missed in delayed:
            signal.raise_signal(missed)
