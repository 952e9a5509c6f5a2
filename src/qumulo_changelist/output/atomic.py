"""A file that appears whole or not at all."""

import contextlib
import fcntl
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from types import TracebackType

from qumulo_changelist.errors import OutputError
from qumulo_changelist.machine.durable import sync_folder
from qumulo_changelist.machine.shortages import check_shortage

_RANDOM_BYTES = 8
_SECONDS_TO_LOCK = 60


class AtomicFile:
    """A file that is written under a temporary name and then replaces ``path``.

    The ``with`` block removes it if it was not placed. Until then it is beside ``path``, hidden,
    under a random name.

    Args:
        path: the file that it replaces, if that exists.
        mode: its permissions, as far as the process does not withhold them from new files.

    Raises:
        OSError: it cannot be written; raised by every method.
    """

    def __init__(self, path: str, mode: int = 0o666) -> None:
        self._path = path
        self._temporary_path = f"{_prefix(path)}{secrets.token_hex(_RANDOM_BYTES)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self.file = os.fdopen(os.open(self._temporary_path, flags, mode), "wb")
        self._is_placed = self._is_locked = False

    def lock(self) -> None:
        """Let those who remove leftovers see, in other processes, that this one is alive.

        They see it until the end of the ``with`` block.
        """
        with contextlib.suppress(OSError):  # not every file system has locks
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._is_locked = True

    def finish(self) -> None:
        """Make sure that everything is on disk, and not only in a cache."""
        self.file.flush()
        os.fsync(self.file.fileno())
        if not self._is_locked:
            self.file.close()

    def place(self) -> None:
        """Replace ``path``, in one step.

        A power cut can undo that until the folder is on the disk, too (``durable.sync_folder``).
        """
        os.replace(self._temporary_path, self._path)
        self._is_placed = True

    def place_new(self) -> None:
        """Take ``path``, which has to be free, and stay there after a power cut.

        Raises:
            FileExistsError: it is not free.
        """
        try:
            os.link(self._temporary_path, self._path)
            os.unlink(self._temporary_path)
        except FileExistsError:
            raise
        except OSError:  # not every file system has a second name for a file
            if os.path.lexists(self._path):
                raise
            os.rename(self._temporary_path, self._path)
        self._is_placed = True
        try:
            sync_folder(os.path.dirname(self._path))
        except OSError:
            os.unlink(self._path)
            raise

    def __enter__(self) -> "AtomicFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._is_placed:
            # If it cannot be removed, the next run does it.
            with contextlib.suppress(OSError):
                os.unlink(self._temporary_path)
        # What is still to be written is of no use, and there may be no room for it.
        with contextlib.suppress(OSError):
            self.file.close()


def check_replaceable(path: str) -> None:
    """Make sure that a path is free, or that of a regular file: nothing else may be replaced.

    Raises:
        OutputError: it is a directory, a device, a pipe or a socket, a link to one, or a link of
            the system to a file that a process has open.
    """
    try:
        mode = os.stat(path).st_mode
        is_of_system = os.path.islink(path) and os.readlink(path).startswith("/proc/")
    except (OSError, ValueError):
        return  # it is free, or writing it fails for a reason that is reported then
    if is_of_system:  # such as /dev/stdout, also while that is a regular file
        raise OutputError(f"{path} cannot be written: it stands for an open file")
    if not stat.S_ISREG(mode):
        kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
        raise OutputError(f"{path} cannot be written: it is {kind}")


def temporary_files_of(path: str) -> list[str]:
    """Return the temporary files for ``path``, by runs that are at work or were killed.

    Raises:
        OSError: the folder cannot be read.
    """
    folder, prefix = os.path.split(_prefix(path))
    ours = re.compile(re.escape(prefix) + f"[0-9a-f]{{{2 * _RANDOM_BYTES}}}")
    return [os.path.join(folder, name) for name in os.listdir(folder) if ours.fullmatch(name)]


def remove_leftovers(path: str) -> None:
    """Remove the temporary files for ``path`` whose processes were killed, as far as possible.

    It is for paths whose files are all locked (:meth:`AtomicFile.lock`). An empty one stays for a
    minute: its process may be about to lock it.
    """
    with contextlib.suppress(OSError):
        for leftover in temporary_files_of(path):
            with contextlib.suppress(OSError):
                remove_if_dead(leftover, _SECONDS_TO_LOCK)


def remove_if_dead(leftover: str, seconds_to_lock: float = 0) -> bool:
    """Remove a temporary file whose process has ended; return whether it had.

    Args:
        leftover: the file, which its process has locked if it is alive.
        seconds_to_lock: for how long an empty one stays in any case.

    Raises:
        OSError: it cannot be looked at or removed.
    """
    flags = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        file = os.open(leftover, os.O_RDWR | flags)
    except PermissionError:  # that of a different user
        file = os.open(leftover, os.O_RDONLY | flags)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        known = os.fstat(file)
        is_dead = bool(known.st_size) or known.st_mtime < time.time() - seconds_to_lock
        if is_dead:
            os.unlink(leftover)
    except BlockingIOError:
        return False
    else:
        return is_dead
    finally:
        os.close(file)


@contextlib.contextmanager
def output_errors(path: str) -> Iterator[None]:
    """Turn errors of the system into an ``OutputError`` that names ``path``."""
    try:
        yield
    except (OSError, ValueError) as error:
        check_shortage(error)
        reason = error.strerror if isinstance(error, OSError) else error
        raise OutputError(f"{path} cannot be written: {reason}") from error


def _prefix(path: str) -> str:
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.")
