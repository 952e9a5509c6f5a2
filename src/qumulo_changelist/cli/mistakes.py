"""The last resort: an exception that nobody foresaw, which is a mistake in this package.

Nothing of the exception is shown but its class, the system's own words for an error of the system,
and where it was raised. Its message may contain whatever was being worked on, and so a secret; the
lines of code in a traceback do not.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType

from qumulo_changelist.cli.screen import say
from qumulo_changelist.errors import ChangelistError, MistakeError
from qumulo_changelist.shortages import check_shortage

_PACKAGE = os.path.dirname(os.path.dirname(__file__)) + os.sep
_VERBOSE = ("-v", "--verbose")
_MOST_CAUSES = 5


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
            say(str(_mistake(ended.exc_value, with_traceback=with_traceback)))

    usual, threading.excepthook = threading.excepthook, report
    try:
        yield
    except ChangelistError:
        raise
    except Exception as error:  # noqa: BLE001 - this is what it is for
        check_shortage(error)
        raise _mistake(error, with_traceback=with_traceback) from None
    finally:
        threading.excepthook = usual


def is_traceback_wanted(arguments: Sequence[str]) -> bool:
    """Return whether the arguments of a command ask where in the code a mistake is."""
    end = list(arguments).index("--") if "--" in arguments else None
    return any(one in _VERBOSE for one in arguments[:end])


def _mistake(error: BaseException, *, with_traceback: bool) -> MistakeError:
    if with_traceback:
        say(describe_traceback(error))
    what = type(error).__name__
    if isinstance(error, OSError) and error.errno:
        what += f" ({os.strerror(error.errno)})"
    place = _place(error.__traceback__)
    return MistakeError(f"this is a mistake in qumulo-changelist: {what} at {place}")


def describe_traceback(error: BaseException) -> str:
    """Return where an exception and its causes were raised, without their messages."""
    import traceback  # no usual run needs it

    parts: list[str] = []
    one: BaseException | None = error
    while one and len(parts) < _MOST_CAUSES:
        frames = traceback.format_list(traceback.extract_tb(one.__traceback__))
        parts.append(f"{type(one).__name__}, raised at:\n{''.join(frames)}".rstrip())
        one = one.__cause__ or one.__context__
    return "\nwhile handling:\n".join(parts)


def _place(trace: TracebackType | None) -> str:
    """Return the last line of this package that a traceback names, and the version of Python."""
    import traceback

    names = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(trace)]
    own = [(name.removeprefix(_PACKAGE), line) for name, line in names if _PACKAGE in name]
    name, line = own[-1] if own else ("an unknown file", 0)
    return f"line {line} of {name} (Python {sys.version.split()[0]})"
