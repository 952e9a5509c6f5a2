"""The end of the time that a run was given, as it is raised and as it is reported."""

import contextlib
from collections.abc import Iterator

from qumulo_changelist.errors import DeadlineError


class TimeOver(BaseException):  # like KeyboardInterrupt, it is no error where it is raised
    """The time is over: raised in the main thread at any moment, so nothing may handle it early."""


@contextlib.contextmanager
def deadline_errors() -> Iterator[None]:
    """Raise ``TimeOver`` as an error, where all that the ``with`` block opened is closed.

    Raises:
        DeadlineError: the time was over.
    """
    try:
        yield
    except TimeOver as over:
        raise DeadlineError(str(over)) from None
