"""`.snapshot` in the directory of a snapshot, as a mount of a cluster would show it."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from qumulo_emulator.local.directories import HIDDEN, list_all_names, open_directory
from qumulo_emulator.local.removal import remove_tree
from qumulo_emulator.local.tree_writer import write_tree
from qumulo_emulator.model import Node
from qumulo_emulator.names import to_bytes

_NOT_EMPTY_OR_MISSING = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR)


def publish(source: int, name: str, tree: Node, others: set[str]) -> None:
    """Make a captured tree appear, complete, as `.snapshot/<name>` of an open directory.

    Everything else in `.snapshot` that is not among `others` was left by an earlier emulator, and
    is removed. The times of the directory itself do not change.

    Raises:
        OSError: if the tree cannot be written; nothing of it is left then.
    """
    with opened_dot_snapshot(source) as dot_snapshot:
        keep = {to_bytes(other) for other in others}
        for stale in list_all_names(dot_snapshot):
            if stale not in keep:
                remove_tree(dot_snapshot, stale)
        write_tree(dot_snapshot, name, tree)


def withdraw(source: int, name: str) -> None:
    """Remove `.snapshot/<name>` of an open directory, and `.snapshot` itself if it is then empty.

    Raises:
        OSError: if it cannot be removed.
    """
    try:
        dot_snapshot = open_directory(source, HIDDEN)
    except FileNotFoundError:
        return
    try:
        remove_tree(dot_snapshot, to_bytes(name))
    finally:
        os.close(dot_snapshot)
    remove_empty_dot_snapshot(source)


def remove_empty_dot_snapshot(source: int) -> None:
    """Remove `.snapshot` of an open directory if it is empty; the directory's times stay.

    Raises:
        OSError: if it is empty and cannot be removed.
    """
    before = os.stat(source)
    try:
        os.rmdir(HIDDEN, dir_fd=source)
    except OSError as error:
        if error.errno not in _NOT_EMPTY_OR_MISSING:
            raise
    else:
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))


@contextmanager
def opened_dot_snapshot(source: int) -> Iterator[int]:
    """Yield a file descriptor of `.snapshot` in an open directory; create it if it is missing.

    Raises:
        OSError: if it cannot be opened or created.
    """
    before = os.stat(source)
    created = True
    try:
        os.mkdir(HIDDEN, 0o755, dir_fd=source)
    except FileExistsError:
        created = False
    else:
        # On a cluster, `.snapshot` is not an entry of the directory, and changes no times.
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    fd = open_directory(source, HIDDEN)
    try:
        if created:
            os.fchmod(fd, 0o755)
        yield fd
    finally:
        os.close(fd)
