"""Writing a captured tree to disk, as a mount of a cluster would show it.

Files have their names, sizes, modes, owners and times, but no contents: all of them are holes.
"""

import os
import stat
from contextlib import suppress
from typing import NamedTuple

from qumulo_emulator.local.directories import opened, walk
from qumulo_emulator.local.removal import remove_tree
from qumulo_emulator.model import FileType, Node
from qumulo_emulator.names import to_bytes

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_SPECIAL_TYPES = {
    FileType.PIPE: stat.S_IFIFO,
    FileType.SOCKET: stat.S_IFSOCK,
    FileType.CHARACTER_DEVICE: stat.S_IFCHR,
    FileType.BLOCK_DEVICE: stat.S_IFBLK,
}


def write_tree(directory: int, name: str, tree: Node) -> None:
    """Write a captured tree under a name in an open directory, where it appears complete.

    Raises:
        OSError: if it cannot be written; nothing of it is left then.
    """
    unfinished, links = b"unfinished", b"links"
    try:
        os.mkdir(unfinished, 0o700, dir_fd=directory)
        os.mkdir(links, 0o700, dir_fd=directory)
        with opened(directory, unfinished) as top, opened(directory, links) as staging:
            _TreeWriter(top, staging).write(tree)
        os.rename(unfinished, to_bytes(name), src_dir_fd=directory, dst_dir_fd=directory)
    finally:
        for scaffold in (unfinished, links):
            remove_tree(directory, scaffold)


class _PathLink:
    """The path of a directory as a linked list, so that paths share their beginnings."""

    __slots__ = ("name", "parent")

    def __init__(self, parent: "_PathLink | None", name: bytes) -> None:
        self.parent = parent
        self.name = name

    def names(self) -> list[bytes]:
        names = []
        here: _PathLink | None = self
        while here is not None:
            names.append(here.name)
            here = here.parent
        return names[::-1]


class _PendingDirectory(NamedTuple):
    """A directory that is still to be written, and its path; None for the top."""

    node: Node
    path: _PathLink | None


class _TreeWriter:
    """Writes one tree into an empty directory.

    Args:
        top: the directory, open.
        links: an open directory that holds one path of each hard-linked file until all are made.
    """

    def __init__(self, top: int, links: int) -> None:
        self._top = top
        self._links = links
        self._linked: set[int] = set()
        # Directories that their owner may not enter get their final mode at the very end.
        self._final_modes: list[tuple[list[bytes], int]] = []

    def write(self, tree: Node) -> None:
        walk(self._top, _PendingDirectory(tree, None), self._write_children)
        for path, mode in reversed(self._final_modes):
            with opened(self._top, *path) as fd:
                os.fchmod(fd, mode)

    def _write_children(
        self, fd: int, pending: _PendingDirectory
    ) -> list[tuple[bytes, _PendingDirectory]]:
        node, path = pending
        below = []
        for text, child in node.children.items():
            name = to_bytes(text)
            if child.is_directory:
                os.mkdir(name, 0o700, dir_fd=fd)
                below.append((name, _PendingDirectory(child, _PathLink(path, name))))
            else:
                self._write_entry(fd, name, child)
        # All entries exist now, so nothing changes the directory's own times any more.
        mode = node.attributes.mode
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            self._final_modes.append((path.names() if path else [], mode))
            mode |= stat.S_IRWXU
        _set_owner(fd, node)
        os.fchmod(fd, mode)
        os.utime(fd, ns=(node.attributes.accessed, node.attributes.modified))
        return below

    def _write_entry(self, fd: int, name: bytes, node: Node) -> None:
        known = node.attributes
        staged = str(known.id).encode()
        if known.id in self._linked:
            os.link(staged, name, src_dir_fd=self._links, dst_dir_fd=fd, follow_symlinks=False)
            return
        if known.type is FileType.FILE:
            _write_file(fd, name, node)
        elif known.type is FileType.SYMLINK:
            _write_symlink(fd, name, node)
        elif not _write_special(fd, name, node):
            return
        if known.links > 1:
            os.link(name, staged, src_dir_fd=fd, dst_dir_fd=self._links, follow_symlinks=False)
            self._linked.add(known.id)


def _write_file(directory: int, name: bytes, node: Node) -> None:
    known = node.attributes
    fd = os.open(name, _NEW_FILE, 0o600, dir_fd=directory)
    try:
        if known.size:
            os.ftruncate(fd, known.size)
        _set_owner(fd, node)
        os.fchmod(fd, known.mode)
        os.utime(fd, ns=(known.accessed, known.modified))
    finally:
        os.close(fd)


def _write_symlink(directory: int, name: bytes, node: Node) -> None:
    known = node.attributes
    os.symlink(known.target or b"", name, dir_fd=directory)
    with suppress(PermissionError):
        os.chown(name, known.owner, known.group, dir_fd=directory, follow_symlinks=False)
    _set_times(directory, name, node)


def _write_special(directory: int, name: bytes, node: Node) -> bool:
    """Make a pipe, a socket or a device; return False if the process lacks permission."""
    known = node.attributes
    mode = _SPECIAL_TYPES[known.type] | 0o600
    try:
        os.mknod(name, mode, os.makedev(*known.device), dir_fd=directory)
    except PermissionError:
        return False
    with suppress(PermissionError):
        os.chown(name, known.owner, known.group, dir_fd=directory, follow_symlinks=False)
    os.chmod(name, known.mode, dir_fd=directory)
    _set_times(directory, name, node)
    return True


def _set_owner(fd: int, node: Node) -> None:
    # Only a privileged process may give files away; for others, they stay their own.
    with suppress(PermissionError):
        os.fchown(fd, node.attributes.owner, node.attributes.group)


def _set_times(directory: int, name: bytes, node: Node) -> None:
    times = (node.attributes.accessed, node.attributes.modified)
    os.utime(name, ns=times, dir_fd=directory, follow_symlinks=False)
