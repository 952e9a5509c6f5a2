"""Names that stay after a power cut: a folder is on the disk, and not only in a cache."""

import contextlib
import errno
import os
from collections.abc import Iterator

# What file systems answer that cannot do it for a folder, as some on a network.
_UNABLE = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)


def sync_folder(path: str) -> None:
    """Make sure that the names in a folder are on the disk, as far as its file system can do that.

    Args:
        path: the folder; "" is the current one.

    Raises:
        OSError: they are not.
    """
    try:
        folder = os.open(path or os.curdir, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:
        return  # it may be written to, and not be read
    try:
        with _unless_unable():
            os.fsync(folder)
    finally:
        os.close(folder)


def make_folders(path: str, mode: int = 0o777) -> None:
    """Make a folder and all above it that are missing; then their names are on the disk.

    Args:
        path: the folder.
        mode: its permissions, as far as the process does not withhold them from what is new.

    Raises:
        OSError: one cannot be made.
    """
    missing, folder = [], os.path.abspath(path)
    while not os.path.lexists(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    os.makedirs(path, mode, exist_ok=True)
    for made in missing:
        sync_folder(os.path.dirname(made))


@contextlib.contextmanager
def _unless_unable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in _UNABLE:
            raise
