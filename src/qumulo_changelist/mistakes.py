"""What is said of an exception that nobody foresaw, which is a mistake in this package.

Nothing of the exception is shown but its class, the system's own words for an error of the system,
and where it was raised. Its message may contain whatever was being worked on, and so a secret; the
lines of code in a traceback do not.
"""

import os
import sys
from types import TracebackType

from qumulo_changelist.errors import ChangelistError, MistakeError
from qumulo_changelist.machine.shortages import is_shortage, resource_error

_PACKAGE = os.path.dirname(__file__) + os.sep
_MOST_CAUSES = 5


def error_for(error: BaseException) -> ChangelistError:
    """Return our error for an exception that may be none of ours: a mistake, or a shortage."""
    if isinstance(error, ChangelistError):
        return error
    if is_shortage(error):
        return resource_error(error)
    what = type(error).__name__
    if isinstance(error, OSError) and error.errno:
        what += f" ({os.strerror(error.errno)})"
    place = _place(error.__traceback__)
    mistake = MistakeError(f"this is a mistake in qumulo-changelist: {what} at {place}")
    mistake.frames = describe_traceback(error)
    return mistake


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
