"""`.snapshot`: remembered trees on disk, as a mount of a cluster would show them.

Files have their names, sizes, modes, owners and times, and are holes throughout: contents are not
kept.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from qumulo_emulator.local.directories import HIDDEN, list_all_names, open_directory, opened, walk
from qumulo_emulator.model import FileType, Node
from qumulo_emulator.names import to_bytes

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_EMPTY_OR_NONE = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR)
_SPECIAL = {
    FileType.PIPE: stat.S_IFIFO,
    FileType.SOCKET: stat.S_IFSOCK,
    FileType.CHARACTER_DEVICE: stat.S_IFCHR,
    FileType.BLOCK_DEVICE: stat.S_IFBLK,
}


def publish(source: int, name: str, tree: Node, others: set[str]) -> None:
    """Make a remembered tree appear, whole, as `.snapshot/<name>` of an open directory.

    Whatever else is in `.snapshot` and not among `others` was left by an emulator that is gone, and
    is removed. The source directory's own times stay as they were.

    Raises:
        OSError: if it cannot be made; nothing of it is left then.
    """
    with opened_dot_snapshot(source) as dot_snapshot:
        keep = {to_bytes(other) for other in others}
        for stale in list_all_names(dot_snapshot):
            if stale not in keep:
                remove(dot_snapshot, stale)
        lay_out(dot_snapshot, name, tree)


def lay_out(directory: int, name: str, tree: Node) -> None:
    """Make a remembered tree appear, whole, under a name in an open directory.

    Raises:
        OSError: if it cannot be made; nothing of it is left then.
    """
    unfinished, links = b"unfinished", b"links"
    try:
        os.mkdir(unfinished, 0o700, dir_fd=directory)
        os.mkdir(links, 0o700, dir_fd=directory)
        with opened(directory, [unfinished]) as top, opened(directory, [links]) as seen:
            _Copy(top, seen).write(tree)
        os.rename(unfinished, to_bytes(name), src_dir_fd=directory, dst_dir_fd=directory)
    finally:
        for scaffold in (unfinished, links):
            remove(directory, scaffold)


def withdraw(source: int, name: str) -> None:
    """Remove `.snapshot/<name>` of an open directory, and `.snapshot` itself with the last one."""
    try:
        dot_snapshot = open_directory(source, HIDDEN)
    except FileNotFoundError:
        return
    try:
        remove(dot_snapshot, to_bytes(name))
    finally:
        os.close(dot_snapshot)
    remove_empty_dot_snapshot(source)


def remove_empty_dot_snapshot(source: int) -> None:
    """Remove `.snapshot` of an open directory if nothing is in it; times stay as they were."""
    before = os.stat(source)
    try:
        os.rmdir(HIDDEN, dir_fd=source)
    except OSError as error:
        if error.errno not in _NOT_EMPTY_OR_NONE:
            raise
    else:
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))


def withdraw_all(source: int) -> None:
    """Remove `.snapshot` of an open directory with all that is in it, if it is there."""
    remove(source, HIDDEN)


@contextmanager
def opened_dot_snapshot(source: int) -> Iterator[int]:
    """`.snapshot` of an open directory, made if need be, open while in the block."""
    before = os.stat(source)
    made = True
    try:
        os.mkdir(HIDDEN, 0o755, dir_fd=source)
    except FileExistsError:
        made = False
    else:
        # On a cluster it is not an entry of the directory, so nothing there changed.
        os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    fd = open_directory(source, HIDDEN)
    try:
        if made:
            os.fchmod(fd, 0o755)
        yield fd
    finally:
        os.close(fd)


class _Copy:
    """One writing of a tree into an empty directory.

    Args:
        top: the directory, open.
        links: another one, where the first path of each hard link is kept until the last is made.
    """

    def __init__(self, top: int, links: int) -> None:
        self._top = top
        self._links = links
        self._linked: set[int] = set()
        # Directories that their owner could not go into; they are closed when all is written.
        self._closed: list[tuple[list[bytes], int]] = []

    def write(self, tree: Node) -> None:
        walk(self._top, _Place(tree, None), self._write_children)
        for way, mode in reversed(self._closed):
            with opened(self._top, way) as fd:
                os.fchmod(fd, mode)

    def _write_children(self, fd: int, place: "_Place") -> list[tuple[bytes, "_Place"]]:
        node, way = place
        below = []
        for text, child in node.children.items():
            name = to_bytes(text)
            if child.is_directory:
                os.mkdir(name, 0o700, dir_fd=fd)
                below.append((name, _Place(child, _Way(way, name))))
            else:
                self._write_entry(fd, name, child)
        # All entries are there: from now on nothing changes the directory's own times.
        mode = node.attributes.mode
        if mode & stat.S_IRWXU != stat.S_IRWXU:
            self._closed.append((way.names() if way else [], mode))
            mode |= stat.S_IRWXU
        _own(fd, node)
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
            os.symlink(known.target or b"", name, dir_fd=fd)
            with suppress(PermissionError):
                os.chown(name, known.owner, known.group, dir_fd=fd, follow_symlinks=False)
            _set_times(fd, name, node)
        elif not _write_special(fd, name, node):
            return
        if known.links > 1:
            os.link(name, staged, src_dir_fd=fd, dst_dir_fd=self._links, follow_symlinks=False)
            self._linked.add(known.id)


class _Place(NamedTuple):
    """A directory to be written, and the way to it; None for the top."""

    node: Node
    way: "_Way | None"


class _Way:
    """The way to a directory, sharing its beginning with others."""

    __slots__ = ("name", "parent")

    def __init__(self, parent: "_Way | None", name: bytes) -> None:
        self.parent = parent
        self.name = name

    def names(self) -> list[bytes]:
        names = []
        here: _Way | None = self
        while here is not None:
            names.append(here.name)
            here = here.parent
        return names[::-1]


def _write_file(directory: int, name: bytes, node: Node) -> None:
    known = node.attributes
    fd = os.open(name, _NEW_FILE, 0o600, dir_fd=directory)
    try:
        if known.size:
            os.ftruncate(fd, known.size)
        _own(fd, node)
        os.fchmod(fd, known.mode)
        os.utime(fd, ns=(known.accessed, known.modified))
    finally:
        os.close(fd)


def _write_special(directory: int, name: bytes, node: Node) -> bool:
    """Make a pipe, a socket or a device; False where the process may not."""
    known = node.attributes
    try:
        os.mknod(name, _SPECIAL[known.type] | 0o600, os.makedev(*known.device), dir_fd=directory)
    except PermissionError:
        return False
    with suppress(PermissionError):
        os.chown(name, known.owner, known.group, dir_fd=directory, follow_symlinks=False)
    os.chmod(name, known.mode, dir_fd=directory)
    _set_times(directory, name, node)
    return True


def _own(fd: int, node: Node) -> None:
    # Only a privileged process may give files away; others keep them as their own.
    with suppress(PermissionError):
        os.fchown(fd, node.attributes.owner, node.attributes.group)


def _set_times(directory: int, name: bytes, node: Node) -> None:
    times = (node.attributes.accessed, node.attributes.modified)
    os.utime(name, ns=times, dir_fd=directory, follow_symlinks=False)


def remove(directory: int, name: bytes) -> None:
    """Remove an entry and all below it, however deep, and whatever the modes of directories."""
    try:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode):
        os.unlink(name, dir_fd=directory)
        return
    # Flat: each directory found is moved up to stand beside the first, so none is ever deep.
    heap = b"%s.removing" % name[:200]
    with suppress(FileExistsError):
        os.mkdir(heap, 0o700, dir_fd=directory)
    with opened(directory, [heap]) as top:
        # Not empty where an earlier removal was cut off.
        pending = [int(number) for number in os.listdir(top)]
        last = max(pending, default=0) + 1
        os.chmod(name, 0o700, dir_fd=directory)
        os.rename(name, b"%d" % last, src_dir_fd=directory, dst_dir_fd=top)
        pending.append(last)
        while pending:
            number = pending.pop()
            with opened(top, [b"%d" % number]) as fd:
                for entry in list_all_names(fd):
                    try:
                        os.unlink(entry, dir_fd=fd)
                    except (IsADirectoryError, PermissionError):
                        last += 1
                        os.chmod(entry, 0o700, dir_fd=fd)
                        os.rename(entry, b"%d" % last, src_dir_fd=fd, dst_dir_fd=top)
                        pending.append(last)
            os.rmdir(b"%d" % number, dir_fd=top)
    os.rmdir(heap, dir_fd=directory)
