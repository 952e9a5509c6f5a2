"""A new file that never replaces one that exists."""

import contextlib
import os

from qumulo_changelist.errors import OutputError
from qumulo_changelist.machine.durable import make_folders
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.atomic import AtomicFile, remove_leftovers


def write_new_file(path: str, content: bytes, mode: int = 0o666) -> None:
    """Write a file whose path is free; its folder is made, for this user alone, if it is missing.

    The file appears whole or not at all.

    Args:
        path: the file.
        content: what it contains.
        mode: its permissions, of which the process's mask takes some away.

    Raises:
        OutputError: it exists, or cannot be written.
    """
    try:
        local = os.path.abspath(os.fsdecode(to_bytes(path)))
        make_folders(os.path.dirname(local), 0o700)
        remove_leftovers(local)
        with AtomicFile(local, mode) as file:
            file.lock()
            file.file.write(content)
            file.finish()
            file.place_new()
    except (OSError, ValueError) as error:
        check_shortage(error)
        reason = error.strerror if isinstance(error, OSError) else error
        raise OutputError(f"{path} cannot be made: {reason}", hint=_HINT) from error


_HINT = "Let this user write there, or name a different file."


def remove_file(path: str) -> None:
    """Remove a file, if it is there and that is possible."""
    with contextlib.suppress(OSError):
        os.unlink(to_bytes(path))
