"""`.snapshot` in every directory that a snapshot covers, as on a mount of a cluster.

The trees themselves are in `.snapshot/.trees` of the root, which nobody can rename. Every directory
has links to its place in them, one link a snapshot. So a directory keeps them wherever it is moved,
and its source may be moved or deleted as well.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from qumulo_emulator.local.directories import (
    GONE,
    HIDDEN,
    list_all_names,
    list_subdirectories,
    open_directory,
    walk,
)
from qumulo_emulator.local.dot_snapshot import (
    lay_out,
    opened_dot_snapshot,
    remove,
    remove_empty_dot_snapshot,
)
from qumulo_emulator.local.entry_stat import stat_entry
from qumulo_emulator.local.file_ids import FileIds
from qumulo_emulator.model import Node
from qumulo_emulator.names import to_bytes

TREES = ".trees"
_TREES = TREES.encode()
# A directory has no link where `.snapshot` is something else, or the link's target is too long.
_NO_PLACE = (errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)


class SnapshotLinks:
    """The trees of snapshots below the root, and the links to them in directories.

    Args:
        root_fd: the root, open.
        root: its path on this machine, which the links begin with.
        identities: tells directories apart, whatever they are called.
    """

    def __init__(self, root_fd: int, root: str, identities: FileIds) -> None:
        self._root = root_fd
        self._trees = os.path.join(os.fsencode(root), HIDDEN, _TREES)
        self._ids = identities

    def publish(self, source: int, name: str, top: Node) -> None:
        """Make a remembered tree appear in its open source and in each directory below that.

        All times of directories but those of change stay as they were.

        Raises:
            OSError: if it cannot be made; nothing of it is left then.
        """
        try:
            with opened_dot_snapshot(self._root) as dot_snapshot:
                with suppress(FileExistsError):
                    os.mkdir(_TREES, 0o755, dir_fd=dot_snapshot)
                with _opened(dot_snapshot, _TREES) as trees:
                    lay_out(trees, name, top)
            self._link(source, to_bytes(name), _paths_of_directories(top))
        except OSError:
            self.withdraw(name)
            raise

    def holds(self, name: str) -> bool:
        """Whether a snapshot was published here."""
        return os.path.lexists(os.path.join(self._trees, to_bytes(name)))

    def withdraw(self, name: str) -> None:
        """Remove the tree of a snapshot and all links to it, wherever directories are now."""
        self._remove(lambda found: found == to_bytes(name))

    def withdraw_all_but(self, names: set[str]) -> None:
        """Remove what an emulator that is gone has left: trees and links of other snapshots."""
        kept = {to_bytes(name) for name in names}
        self._remove(lambda found: found not in kept)

    def _link(self, source: int, name: bytes, paths: dict[int, bytes]) -> None:
        def visit(fd: int, _: None) -> list[tuple[bytes, None]]:
            path = paths.get(self._ids.of(stat_entry(fd, b".")))
            if path is not None:
                target = b"/".join(filter(None, (self._trees, name, path)))
                try:
                    with opened_dot_snapshot(fd) as dot_snapshot:
                        remove(dot_snapshot, name)
                        os.symlink(target, name, dir_fd=dot_snapshot)
                except OSError as error:
                    if error.errno not in _NO_PLACE:
                        raise
                    remove_empty_dot_snapshot(fd)
            return [(below, None) for below in list_subdirectories(fd)]

        walk(source, None, visit)

    def _remove(self, is_gone: Callable[[bytes], bool]) -> None:
        def visit(fd: int, _: None) -> list[tuple[bytes, None]]:
            with (
                suppress(FileNotFoundError, NotADirectoryError),
                _opened(fd, HIDDEN) as dot_snapshot,
            ):
                for name in list_all_names(dot_snapshot):
                    if is_gone(name) and self._is_link_of_ours(dot_snapshot, name):
                        os.unlink(name, dir_fd=dot_snapshot)
                remove_empty_dot_snapshot(fd)
            return [(below, None) for below in list_subdirectories(fd)]

        # What nobody may look into had no snapshot, or keeps a link that leads nowhere.
        walk(self._root, None, visit, passed_over=(*GONE, errno.EACCES))
        with (
            suppress(FileNotFoundError),
            _opened(self._root, HIDDEN) as dot_snapshot,
        ):
            with _opened(dot_snapshot, _TREES) as trees:
                for name in filter(is_gone, list_all_names(trees)):
                    remove(trees, name)
            with suppress(OSError):  # others are still there
                os.rmdir(_TREES, dir_fd=dot_snapshot)
            remove_empty_dot_snapshot(self._root)

    def _is_link_of_ours(self, directory: int, name: bytes) -> bool:
        try:
            return os.readlink(name, dir_fd=directory).startswith(self._trees + b"/")
        except OSError:
            return False


@contextmanager
def _opened(directory: int, name: bytes) -> Iterator[int]:
    fd = open_directory(directory, name)
    try:
        yield fd
    finally:
        os.close(fd)


def _paths_of_directories(top: Node) -> dict[int, bytes]:
    """The paths of all directories in a tree below its top, by their ids."""
    paths = {top.attributes.id: b""}
    pending = [top]
    while pending:
        node = pending.pop()
        above = paths[node.attributes.id]
        for name, child in node.children.items():
            if child.is_directory:
                path = to_bytes(name)
                paths[child.attributes.id] = above + b"/" + path if above else path
                pending.append(child)
    return paths
