"""`.snapshot` in every directory that a snapshot covers, as on a mount of a cluster.

The trees themselves are in `.snapshot/.trees` of the root, which cannot be renamed. Every directory
has one link per snapshot to its copy in these trees. So the links still work when the directory is
moved, or when the snapshot's own directory is moved or deleted.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress

from qumulo_emulator.local.directories import (
    GONE_ERRORS,
    HIDDEN,
    list_all_names,
    list_subdirectories,
    opened,
    walk,
)
from qumulo_emulator.local.dot_snapshot import opened_dot_snapshot, remove_empty_dot_snapshot
from qumulo_emulator.local.entry_stat import stat_entry
from qumulo_emulator.local.file_ids import FileIds
from qumulo_emulator.local.removal import remove_tree
from qumulo_emulator.local.tree_writer import write_tree
from qumulo_emulator.model import Node
from qumulo_emulator.names import to_bytes

TREES = ".trees"
_TREES = TREES.encode()
# No link is made where `.snapshot` is not a directory, or where the link's target is too long.
_NO_LINK_ERRORS = (errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)


class SnapshotLinks:
    """The trees of snapshots in the root's `.snapshot`, and the links to them in all directories.

    Args:
        root_fd: the root, open.
        root: its path on this machine, which the links begin with.
        ids: identifies directories, whatever their names are.
    """

    def __init__(self, root_fd: int, root: str, ids: FileIds) -> None:
        self._root = root_fd
        self._trees = os.path.join(os.fsencode(root), HIDDEN, _TREES)
        self._ids = ids

    def publish(self, source: int, name: str, top: Node) -> None:
        """Make a captured tree appear in its open source and in each directory below that.

        Of the directories' times, only the change time is affected.

        Raises:
            OSError: if the tree or a link cannot be made; nothing of it is left then.
        """
        try:
            with opened_dot_snapshot(self._root) as dot_snapshot:
                with suppress(FileExistsError):
                    os.mkdir(_TREES, 0o755, dir_fd=dot_snapshot)
                with opened(dot_snapshot, _TREES) as trees:
                    write_tree(trees, name, top)
            self._link(source, to_bytes(name), _directory_paths(top))
        except OSError:
            self.withdraw(name)
            raise

    def holds(self, name: str) -> bool:
        """Return whether a snapshot was published here."""
        return os.path.lexists(os.path.join(self._trees, to_bytes(name)))

    def withdraw(self, name: str) -> None:
        """Remove the tree of a snapshot and all links to it, wherever the directories are now."""
        self._remove(lambda found: found == to_bytes(name))

    def withdraw_all_but(self, names: set[str]) -> None:
        """Remove the trees and links of all other snapshots, which an earlier emulator left."""
        kept = {to_bytes(name) for name in names}
        self._remove(lambda found: found not in kept)

    def _link(self, source: int, name: bytes, paths: dict[int, bytes]) -> None:
        def visit(fd: int, _: None) -> list[tuple[bytes, None]]:
            path = paths.get(stat_entry(fd, b".", self._ids).id)
            if path is not None:
                target = b"/".join(filter(None, (self._trees, name, path)))
                try:
                    with opened_dot_snapshot(fd) as dot_snapshot:
                        remove_tree(dot_snapshot, name)
                        os.symlink(target, name, dir_fd=dot_snapshot)
                except OSError as error:
                    if error.errno not in _NO_LINK_ERRORS:
                        raise
                    remove_empty_dot_snapshot(fd)
            return [(below, None) for below in list_subdirectories(fd)]

        walk(source, None, visit)

    def _remove(self, is_gone: Callable[[bytes], bool]) -> None:
        def visit(fd: int, _: None) -> list[tuple[bytes, None]]:
            with (
                suppress(FileNotFoundError, NotADirectoryError),
                opened(fd, HIDDEN) as dot_snapshot,
            ):
                for name in list_all_names(dot_snapshot):
                    if is_gone(name) and self._is_own_link(dot_snapshot, name):
                        os.unlink(name, dir_fd=dot_snapshot)
                remove_empty_dot_snapshot(fd)
            return [(below, None) for below in list_subdirectories(fd)]

        # A directory without permission has no link, or keeps a broken one.
        walk(self._root, None, visit, skipped_errors=(*GONE_ERRORS, errno.EACCES))
        with suppress(FileNotFoundError), opened(self._root, HIDDEN) as dot_snapshot:
            with opened(dot_snapshot, _TREES) as trees:
                for name in filter(is_gone, list_all_names(trees)):
                    remove_tree(trees, name)
            with suppress(OSError):  # it still holds other snapshots
                os.rmdir(_TREES, dir_fd=dot_snapshot)
            remove_empty_dot_snapshot(self._root)

    def _is_own_link(self, directory: int, name: bytes) -> bool:
        try:
            return os.readlink(name, dir_fd=directory).startswith(self._trees + b"/")
        except OSError:
            return False


def _directory_paths(top: Node) -> dict[int, bytes]:
    """Return the paths of all directories in a tree by their ids; the path of its top is empty."""
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
