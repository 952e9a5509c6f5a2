"""A new file that never replaces one that exists."""

import contextlib
import os

from qumulo_changelist.errors import OutputError
from qumulo_changelist.names import to_bytes
from qumulo_changelist.shortages import check_shortage


def write_new_file(path: str, content: bytes, mode: int = 0o666) -> None:
    """Write a file whose path is free; its folder is made, for this user alone, if it is missing.

    After an error or an interruption, the file is not there.

    Args:
        path: the file.
        content: what it contains.
        mode: its permissions, of which the process's mask takes some away.

    Raises:
        OutputError: it exists, or cannot be written.
    """
    name = to_bytes(path)
    try:
        os.makedirs(os.path.dirname(os.path.abspath(name)), 0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(name, flags, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            remove_file(path)
            raise
    except (OSError, ValueError) as error:
        check_shortage(error)
        reason = error.strerror if isinstance(error, OSError) else error
        raise OutputError(f"{path} cannot be made: {reason}", hint=_HINT) from error


_HINT = "Let this user write there, or name a different file."


def remove_file(path: str) -> None:
    """Remove a file, if it is there and that is possible."""
    with contextlib.suppress(OSError):
        os.unlink(to_bytes(path))
