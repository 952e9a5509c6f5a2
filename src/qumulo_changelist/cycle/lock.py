"""One run of a project at a time: a lock that ends with the process that holds it."""

import contextlib
import hashlib
import os
from collections.abc import Iterator

from qumulo_changelist.errors import ProjectBusyError, StateFileError
from qumulo_changelist.events import Listener, ProjectAwaited
from qumulo_changelist.machine.durable import make_folders
from qumulo_changelist.machine.lock_holder import describe_holder, read_holder
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.machine.waiting import lock_when_free
from qumulo_changelist.names import to_bytes


@contextlib.contextmanager
def lock_project(state_path: str, project: str, wait: float, listener: Listener) -> Iterator[None]:
    """Hold the lock of a project for a ``with`` block.

    Args:
        state_path: the file of what was committed; locks are beside it.
        project: the project's name.
        wait: the number of seconds to wait for a different run that holds it.
        listener: receives a ``ProjectAwaited`` if it has to wait.

    Raises:
        ProjectBusyError: a different run still holds it.
        StateFileError: the file of the lock cannot be used.
    """
    # The file may have several names, and has the same locks under each.
    state_path = os.path.realpath(os.fsdecode(to_bytes(state_path)))
    # Of a name, the file system may not hold every character, or not distinguish the case.
    digest = hashlib.sha256(to_bytes(project)).hexdigest()[:16]
    path = f"{state_path}.{digest}.lock"
    with _errors(path):
        make_folders(os.path.dirname(path), 0o700)
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with _errors(path):  # not every file system has locks
            _acquire(lock, project, wait, listener)
        yield
    finally:
        os.close(lock)


@contextlib.contextmanager
def _errors(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        check_shortage(error)
        raise StateFileError(f"the lock {path} cannot be used: {error.strerror}") from error


def _acquire(lock: int, project: str, wait: float, listener: Listener) -> None:
    try:
        try:
            lock_when_free(lock, 0)
        except BlockingIOError:
            if wait <= 0:
                raise
            listener(ProjectAwaited(project, read_holder(lock)))
            lock_when_free(lock, wait)
    except BlockingIOError:
        holder = read_holder(lock)
        raise ProjectBusyError(f"the project {project} is being run by {holder}") from None
    describe_holder(lock)
