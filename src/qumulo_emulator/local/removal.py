"""Removing directory trees of any depth."""

import os
import stat
from contextlib import suppress

from qumulo_emulator.local.directories import list_all_names, opened


def remove_tree(directory: int, name: bytes) -> None:
    """Remove an entry of an open directory and everything below it, if it exists.

    Works for any depth, and whatever the modes of its directories are.

    Raises:
        OSError: if something cannot be removed.
    """
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode):
        os.unlink(name, dir_fd=directory)
        return
    # Each subdirectory is moved up next to the first, so that no path ever gets long.
    heap = b"%s.removing" % name[:200]
    with suppress(FileExistsError):
        os.mkdir(heap, 0o700, dir_fd=directory)
    with opened(directory, heap) as top:
        # Not empty where an earlier removal was interrupted.
        pending = [int(number) for number in os.listdir(top)]
        last = max(pending, default=0) + 1
        os.chmod(name, 0o700, dir_fd=directory)
        os.rename(name, b"%d" % last, src_dir_fd=directory, dst_dir_fd=top)
        pending.append(last)
        while pending:
            number = pending.pop()
            moved = _empty(top, b"%d" % number, last)
            pending += range(last + 1, moved + 1)
            last = moved
            os.rmdir(b"%d" % number, dir_fd=top)
    os.rmdir(heap, dir_fd=directory)


def _empty(top: int, name: bytes, last: int) -> int:
    """Empty a directory in `top`: unlink files, move subdirectories to `top` as numbers after last.

    Returns:
        The last number that is used now.
    """
    with opened(top, name) as fd:
        for entry in list_all_names(fd):
            if not _unlinked(entry, fd):
                last += 1
                os.chmod(entry, 0o700, dir_fd=fd)
                os.rename(entry, b"%d" % last, src_dir_fd=fd, dst_dir_fd=top)
    return last


def _unlinked(name: bytes, directory: int) -> bool:
    try:
        os.unlink(name, dir_fd=directory)
    except (IsADirectoryError, PermissionError):
        return False
    return True
