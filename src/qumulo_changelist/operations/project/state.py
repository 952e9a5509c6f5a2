"""The file that keeps what this machine has committed."""

import os

from qumulo_changelist.cycle.journal import IN_MEMORY, Journal, default_state_path
from qumulo_changelist.errors import StateFileError
from qumulo_changelist.machine.owners import check_owners
from qumulo_changelist.names import to_bytes, to_text


def state_path(path: str) -> str:
    """Return the file: the given one, or if that is "", this user's own.

    Raises:
        StateFileError: others could replace it.
    """
    path = path or default_state_path()
    check_owners(to_text(os.path.abspath(to_bytes(path))), StateFileError)
    return path


def open_journal(path: str) -> Journal:
    """Open the file, which is made if it is missing.

    Raises:
        StateFileError: it cannot be used.
    """
    return Journal(state_path(path))


def open_existing_journal(path: str) -> Journal:
    """Open the file to read it: if it is missing, as an empty one that is not stored.

    Raises:
        StateFileError: it cannot be used.
    """
    path = state_path(path)
    return Journal(path if os.path.exists(to_bytes(path)) else IN_MEMORY)
