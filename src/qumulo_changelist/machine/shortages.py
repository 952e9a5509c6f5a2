"""What this machine lacks: file descriptors, memory, threads or processes.

A shortage is no property of an entry or a peer, so it ends the run wherever it is noticed.
"""

import contextlib
import errno
import os
from collections.abc import Iterator
from typing import TypeGuard

from qumulo_changelist.errors import ResourceError

# Errors of the system that are about this machine, whatever file or peer they came from. EAGAIN
# means that only when a process is started: of a connection, it means that nothing came in time.
_SHORTAGES = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS))
# All that Python reports when the system has no room for another thread.
_NO_THREAD = "can't start new thread"

Shortage = OSError | MemoryError | RuntimeError


def is_shortage(error: object) -> TypeGuard[Shortage]:
    """Return whether an error of the system reports only what this machine lacks."""
    if isinstance(error, RuntimeError):
        return _NO_THREAD in str(error)
    return isinstance(error, MemoryError) or (
        isinstance(error, OSError) and error.errno in _SHORTAGES
    )


def check_shortage(error: object) -> None:
    """Raise a ``ResourceError`` for an error that reports only what this machine lacks."""
    if is_shortage(error):
        raise resource_error(error) from error


@contextlib.contextmanager
def shortage_errors() -> Iterator[None]:
    """Raise a ``ResourceError`` for an error of the block that reports only a shortage."""
    try:
        yield
    except (OSError, MemoryError, RuntimeError) as error:
        check_shortage(error)
        raise


def resource_error(error: Shortage) -> ResourceError:
    """Return the error for a shortage."""
    number, reason = errno.ENOMEM, ""
    if isinstance(error, RuntimeError):
        number, reason = errno.EAGAIN, str(error)
    elif isinstance(error, OSError) and error.errno:
        number = error.errno
    reason = reason or os.strerror(number)
    return ResourceError(f"this machine lacks what the run needs: {reason}", number=number)
