"""The folder among this user's state where runs keep what a later one may go on from, and its size.

It has the pages of diffs (``page_file.py``), and sets of pieces (``piece_sets.py``). Whatever is
wrong with it, a run goes on without it.
"""

import contextlib
import fcntl
import os
import resource
import time
from typing import NamedTuple

from qumulo_changelist.machine.private_folder import (
    ForeignFolderError,
    make_private,
    state_folder,
)
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.operations.lists.keeping.piece_sets import DAYS_KEPT, remove_unused
from qumulo_changelist.operations.lists.keeping.set_facts import sets_in

MAX_SIZE = 2 * 1024**3
"""The number of bytes that everything in it has at most, about; the oldest goes first."""

MIN_FREE = 1024**3
"""The number of bytes that stay free on its file system, or a tenth of it if that is less."""

PAGES_ENDING = ".pages"
_FREE_SHARE = 10
_FEW_FILES = 64
_BYTES_AT_A_TIME = 64 * 1024**2
_SECONDS_OF_A_DAY = 86_400


class NoRoomError(Exception):
    """There is no room for more; ``str()`` is the reason."""


class KeptFolder:
    """The folder, for one run. If it cannot be used, there is no room in it."""

    def __init__(self) -> None:
        self.path = kept_path()
        self._left = 0
        """The number of bytes that may be written until sizes are looked at again."""
        self._problem = _few_files()
        self._is_made = os.path.lexists(self.path) and self._prepare()

    @property
    def is_usable(self) -> bool:
        """Whether there may be something in the folder that a run can use."""
        return self._is_made and not self._problem

    def take_room(self, size: int) -> None:
        """Make sure that there is room for something; what other runs have left goes for it.

        Args:
            size: its number of bytes; 0 to look whether what was written has left any room.

        Raises:
            NoRoomError: there is none.
            OSError: the folder cannot be looked at.
        """
        self._is_made = self._is_made or self._prepare()
        if self._problem:
            raise NoRoomError(self._problem)
        if not 0 < size <= self._left:
            self._left = min(self._room(size), max(size, _BYTES_AT_A_TIME))
        self._left -= size

    def _prepare(self) -> bool:
        """Make the folder, and remove what is too old; return whether it can be used."""
        try:
            make_private(self.path)
            for kept in _all_in(self.path):
                if kept.changed < time.time() - DAYS_KEPT * _SECONDS_OF_A_DAY:
                    _remove(kept.path)
        except (OSError, ForeignFolderError) as error:
            check_shortage(error)
            self._problem = describe_problem(error)
            return False
        return True

    def _room(self, size: int) -> int:
        found = sorted(_all_in(self.path), key=lambda kept: kept.changed)
        total, usage = sum(kept.size for kept in found), os.statvfs(self.path)
        reserve = min(MIN_FREE, usage.f_blocks * usage.f_frsize // _FREE_SHARE)
        free = usage.f_bavail * usage.f_frsize - reserve
        for kept in found:
            if total + size <= MAX_SIZE and size <= free:
                break
            if _remove(kept.path):
                total, free = total - kept.size, free + kept.size
        if total + size > MAX_SIZE:
            raise NoRoomError(f"{self.path} has {MAX_SIZE >> 20:,} MiB, which is its limit")
        if size > free:
            raise NoRoomError(f"its file system is nearly full: {self.path}")
        return min(MAX_SIZE - total, free)


def _few_files() -> str:
    """Return why nothing is kept if a list needs all files that a process may open; else ""."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return f"a process may open only {allowed} files" if 0 <= allowed < _FEW_FILES else ""


def describe_problem(error: Exception) -> str:
    """Return why nothing can be kept, for a message."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error)


def kept_path() -> str:
    """Return the path of the folder; it need not exist."""
    return state_folder("kept")


class _Kept(NamedTuple):
    path: str
    size: int
    changed: float
    """When it was last added to, in seconds since the epoch."""


def _all_in(folder: str) -> list[_Kept]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                known = entry.stat(follow_symlinks=False)
                if entry.name.endswith(PAGES_ENDING):
                    found.append(_Kept(entry.path, known.st_size, known.st_mtime))
    for path in sets_in(folder):
        with contextlib.suppress(FileNotFoundError), os.scandir(path) as entries:
            sizes = [entry.stat(follow_symlinks=False).st_size for entry in entries]
            found.append(_Kept(path, sum(sizes), os.stat(path).st_mtime))
    return found


def _remove(path: str) -> bool:
    """Remove something that no run holds; return whether it is gone."""
    with contextlib.suppress(OSError):
        if not path.endswith(PAGES_ENDING):
            return remove_unused(path)
        # NFS locks no file for one alone that was opened for reading.
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
        finally:
            os.close(descriptor)
        return True
    return False
