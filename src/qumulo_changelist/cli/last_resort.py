"""The last resort: an exception that nobody foresaw becomes a message, and shows no secret."""

import contextlib
import threading
from collections.abc import Iterator, Sequence

from qumulo_changelist.cli.screen import say
from qumulo_changelist.errors import ChangelistError, MistakeError
from qumulo_changelist.mistakes import error_for

_VERBOSE = ("-v", "--verbose")


@contextlib.contextmanager
def mistake_errors(*, with_traceback: bool) -> Iterator[None]:
    """Raise a ``MistakeError`` for an exception of the block that is none of ours.

    An exception that ends a thread is reported in the same words, and ends nothing else.

    Args:
        with_traceback: whether it is also shown where in the code that was.

    Raises:
        ResourceError: the exception reports only what this machine lacks.
    """

    def report(ended: threading.ExceptHookArgs) -> None:
        if ended.exc_value and not isinstance(ended.exc_value, SystemExit):
            mistake = error_for(ended.exc_value)
            if with_traceback:
                _say_frames(mistake)
            say(str(mistake))

    usual, threading.excepthook = threading.excepthook, report
    try:
        yield
    except Exception as error:
        ours = error_for(error)
        if with_traceback:
            _say_frames(ours)  # a worker process may have sent them
        if ours is error:
            raise
        raise ours from None
    finally:
        threading.excepthook = usual


def is_traceback_wanted(arguments: Sequence[str]) -> bool:
    """Return whether the arguments of a command ask where in the code a mistake is."""
    end = list(arguments).index("--") if "--" in arguments else None
    return any(one in _VERBOSE for one in arguments[:end])


def _say_frames(error: ChangelistError) -> None:
    if isinstance(error, MistakeError) and error.frames:
        say(error.frames)
        error.frames = ""  # it is said once
