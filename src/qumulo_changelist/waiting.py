"""Waiting so that a signal always ends it.

Python runs the handler of a signal in the main thread, between two bytecode steps. A signal that
arrives just before that thread begins to wait for a lock or for data, or that is delivered to
another thread, does not interrupt the wait: seen with CPython 3.11, where an interrupted run went
on waiting for ``qq``. So each wait is divided into short ones.
"""

import contextlib
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from typing import TypeVar

_SECONDS = 0.2

Result = TypeVar("Result")


def result_of(future: "Future[Result]") -> Result:
    """Return the result of a future, or raise its exception, as soon as there is one."""
    while not future.done():
        wait((future,), _SECONDS)
    return future.result()


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


@contextlib.contextmanager
def signals_delayed() -> Iterator[None]:
    """Delay the signals that end a run: nobody would end a process that is half started."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    delayed: list[int] = []
    handlers = {
        number: signal.signal(number, lambda number, _: delayed.append(number))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
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
