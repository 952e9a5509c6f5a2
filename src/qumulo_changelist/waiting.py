"""Waits that a signal ends, whenever it comes.

Python runs the handler of a signal in the main thread, between two of its steps. A signal that
comes just before that thread begins to wait for a lock or for data, or that another thread gets,
interrupts no wait: seen with CPython 3.11, where an interrupted run went on to wait for ``qq``. So
a wait is cut into short ones.
"""

import select
from concurrent.futures import Future, wait
from typing import TypeVar

_SECONDS = 0.2

Result = TypeVar("Result")


def result_of(future: "Future[Result]") -> Result:
    """Return the result of a future, or raise its exception, once it is there."""
    while not future.done():
        wait((future,), _SECONDS)
    return future.result()


def wait_for_data(descriptor: int) -> None:
    """Return when a descriptor can be read, or is at its end."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while not poll.poll(_SECONDS * 1000):
        pass
