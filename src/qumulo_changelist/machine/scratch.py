"""Folders for a while: what killed processes left of them, the next one removes."""

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator

_RANDOM = "[a-z0-9_]{8}"  # as tempfile names them
_LOCK = ".lock"
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
_SECONDS_TO_BEGIN = 60
"""Until then, a process may be about to lock a folder that it has made."""


@contextlib.contextmanager
def scratch_folder(parent: str, prefix: str) -> Iterator[str]:
    """Yield a new folder that this user alone can use, and that goes with the ``with`` block.

    Args:
        parent: where it is.
        prefix: how its name begins.

    Raises:
        OSError: it cannot be made.
    """
    for old in _old(parent, prefix):
        with contextlib.suppress(OSError):
            _remove_unlocked(old)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as path:
        # NFS locks no directory, and no file that was opened for reading.
        lock = os.open(os.path.join(path, _LOCK), _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with contextlib.suppress(OSError):  # not every file system has locks
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield path
        finally:
            os.close(lock)


def _remove_unlocked(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # then its process was killed before it locked it
        lock = os.open(os.path.join(path, _LOCK), _FLAGS)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(lock)  # NFS keeps a folder as long as a file in it is open
    shutil.rmtree(path)


def _old(folder: str, prefix: str) -> list[str]:
    """Return the folders that this user has in a folder under such names for a while already."""
    found = []
    name = re.compile(re.escape(prefix) + _RANDOM)
    latest = time.time() - _SECONDS_TO_BEGIN
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if name.fullmatch(entry.name):
                known = entry.stat(follow_symlinks=False)
                is_ours = known.st_uid == os.geteuid() and not known.st_mode & 0o077
                if is_ours and stat.S_ISDIR(known.st_mode) and known.st_mtime < latest:
                    found.append(entry.path)
    return found
