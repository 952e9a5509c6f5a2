"""Changing the live tree: create, rename, delete, read, write, set attributes."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from qumulo_emulator import errors
from qumulo_emulator.local.directories import HIDDEN, list_names, opened
from qumulo_emulator.local.live_tree import LiveTree, translate_os_errors
from qumulo_emulator.local.removal import remove_tree
from qumulo_emulator.model import AttributeChanges, FileType
from qumulo_emulator.names import Parts, check_name, join_path, to_bytes

_OPEN = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK = 1024 * 1024
_MAX_FILE_SIZE = 2**63 - 1
_FILE_TYPES = {
    FileType.FILE: stat.S_IFREG,
    FileType.PIPE: stat.S_IFIFO,
    FileType.SOCKET: stat.S_IFSOCK,
    FileType.CHARACTER_DEVICE: stat.S_IFCHR,
    FileType.BLOCK_DEVICE: stat.S_IFBLK,
}


class LocalEditor:
    """Changes the live tree; see `qumulo_emulator.interface.Editor`.

    All methods raise NoSuchEntryError if a path does not exist, and the other errors about paths of
    `qumulo_emulator.errors`.
    """

    def __init__(self, files: LiveTree) -> None:
        self._files = files

    def create_file(self, directory: Parts, name: str) -> Parts:
        """Create an empty file."""

        def make(raw: bytes, fd: int) -> None:
            os.close(os.open(raw, os.O_CREAT | os.O_EXCL | _OPEN, 0o666, dir_fd=fd))

        return self._make(directory, name, make)

    def create_directory(self, directory: Parts, name: str) -> Parts:
        """Create an empty directory."""
        return self._make(directory, name, lambda raw, fd: os.mkdir(raw, 0o777, dir_fd=fd))

    def create_symlink(self, directory: Parts, name: str, target: str) -> Parts:
        """Create a symbolic link; the target need not exist.

        Raises:
            InvalidPathError: if no link can have this target.
        """
        raw_target = to_bytes(target)
        if not target or "\0" in target:
            raise errors.InvalidPathError(f"{target!a} cannot be a link's target")
        return self._make(directory, name, lambda raw, fd: os.symlink(raw_target, raw, dir_fd=fd))

    def create_special(
        self, directory: Parts, name: str, kind: FileType, device: tuple[int, int] = (0, 0)
    ) -> Parts:
        """Create a pipe, a socket, a device, or a file."""
        if kind not in _FILE_TYPES:
            raise errors.InvalidRequestError(f"{kind.value} is not the type of such an entry")
        mode, number = _FILE_TYPES[kind] | 0o666, os.makedev(*device)
        return self._make(directory, name, lambda raw, fd: os.mknod(raw, mode, number, dir_fd=fd))

    def create_link(self, directory: Parts, name: str, target: Parts) -> Parts:
        """Create a hard link to an entry that is not a directory."""
        with self._parent(target) as (source, old):

            def make(raw: bytes, fd: int) -> None:
                os.link(old, raw, src_dir_fd=source, dst_dir_fd=fd, follow_symlinks=False)

            return self._make(directory, name, make)

    def rename(self, source: Parts, directory: Parts, name: str, *, clobber: bool) -> Parts:
        """Rename or move an entry.

        Raises:
            EntryExistsError: if the name is taken and `clobber` is false.
        """
        raw = to_bytes(check_name(name))
        target = (*directory, name)
        if target[: len(source)] == source and len(target) > len(source):
            raise errors.InvalidRequestError("a directory cannot be moved into itself")
        with (
            self._parent(source) as (old_directory, old),
            self._files.directory(directory) as new_directory,
            translate_os_errors(join_path(target, directory=False)),
        ):
            if not clobber and _exists(new_directory, raw):
                raise errors.EntryExistsError(f"{name!a} is taken")
            if not _exists(old_directory, old):
                path = join_path(source, directory=False)
                raise errors.NoSuchEntryError(f"{path!a}: no such entry")
            if target != source and _is_directory(old_directory, old):
                _remove_dot_snapshot_if_empty(new_directory, raw)
            os.rename(old, raw, src_dir_fd=old_directory, dst_dir_fd=new_directory)
        return target

    def delete(self, parts: Parts) -> None:
        """Delete an entry.

        Raises:
            DirectoryNotEmptyError: if it is a directory with entries.
        """
        with (
            self._parent(parts) as (directory, name),
            translate_os_errors(join_path(parts, directory=False)),
        ):
            if not _is_directory(directory, name):
                os.unlink(name, dir_fd=directory)
                return
            _remove_dot_snapshot_if_empty(directory, name)
            os.rmdir(name, dir_fd=directory)

    def set_attributes(self, parts: Parts, new: AttributeChanges) -> None:
        """Set some attributes of an entry."""
        known = self._files.entry(parts).attributes
        where = self._parent(parts) if parts else self._root()
        with where as (directory, name), translate_os_errors(join_path(parts, directory=False)):
            if new.size is not None:
                with _opened_file(directory, name, os.O_WRONLY) as fd:
                    os.ftruncate(fd, new.size)
            if new.owner is not None or new.group is not None:
                owner = -1 if new.owner is None else new.owner
                group = -1 if new.group is None else new.group
                os.chown(name, owner, group, dir_fd=directory, follow_symlinks=False)
            if new.mode is not None:
                if known.type is FileType.SYMLINK:
                    raise errors.NotEmulatedError("the mode of a symbolic link cannot be changed")
                os.chmod(name, new.mode, dir_fd=directory)
            if new.accessed is not None or new.modified is not None:
                accessed = known.accessed if new.accessed is None else new.accessed
                modified = known.modified if new.modified is None else new.modified
                times = (accessed, modified)
                os.utime(name, ns=times, dir_fd=directory, follow_symlinks=False)

    def read(self, parts: Parts, offset: int, length: int | None) -> tuple[int, Iterator[bytes]]:
        """Return the number of bytes from the offset on, and these bytes in chunks.

        The data of a symbolic link is its target.
        """
        known = self._files.entry(parts).attributes
        if known.target is not None:
            data = known.target[offset:][:length]
            return len(data), iter([data])
        with (
            self._parent(parts) as (directory, name),
            translate_os_errors(join_path(parts, directory=False)),
            _opened_file(directory, name, os.O_RDONLY) as fd,
        ):
            size = max(0, os.fstat(fd).st_size - offset)
            length = size if length is None else min(length, size)
            return length, _chunks(os.dup(fd), offset, length)

    def write(self, parts: Parts, data: bytes, offset: int | None) -> None:
        """Write into a file at an offset; None replaces everything in it."""
        if offset is not None and offset + len(data) > _MAX_FILE_SIZE:
            raise errors.InvalidRequestError(
                f"a file cannot be that large: more than {offset} bytes"
            )
        flags = os.O_WRONLY | (os.O_TRUNC if offset is None else 0)
        with (
            self._parent(parts) as (directory, name),
            translate_os_errors(join_path(parts, directory=False)),
            _opened_file(directory, name, flags) as fd,
        ):
            position, view = offset or 0, memoryview(data)
            while view:
                written = os.pwrite(fd, view, position)
                position, view = position + written, view[written:]

    def _make(self, directory: Parts, name: str, make: Callable[[bytes, int], None]) -> Parts:
        raw = to_bytes(check_name(name))
        parts = (*directory, name)
        with (
            self._files.directory(directory) as fd,
            translate_os_errors(join_path(parts, directory=False)),
        ):
            make(raw, fd)
        return parts

    @contextmanager
    def _parent(self, parts: Parts) -> Iterator[tuple[int, bytes]]:
        """Yield a file descriptor of an entry's directory, and the entry's name in it."""
        if not parts:
            raise errors.InvalidRequestError("the root cannot be moved, deleted or written")
        with self._files.directory(parts[:-1]) as fd:
            yield fd, to_bytes(parts[-1])

    @contextmanager
    def _root(self) -> Iterator[tuple[int, bytes]]:
        with self._files.directory(()) as fd:
            yield fd, b"."


def _exists(directory: int, name: bytes) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_directory(directory: int, name: bytes) -> bool:
    return stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)


def _remove_dot_snapshot_if_empty(directory: int, name: bytes) -> None:
    """Remove `.snapshot` from a directory that will be deleted or replaced, if it has nothing else.

    Snapshots must not prevent a directory from being deleted.

    Raises:
        OSError: if the directory has other entries.
    """
    if _exists(directory, name) and _is_directory(directory, name):
        with opened(directory, name) as fd:
            if list_names(fd):
                raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY))
            remove_tree(fd, HIDDEN)


@contextmanager
def _opened_file(directory: int, name: bytes, flags: int) -> Iterator[int]:
    """Yield a file descriptor of a regular file.

    Raises:
        NotAFileError: if it is not a regular file.
    """
    # Checked first, because opening a device can have effects.
    if not stat.S_ISREG(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
        raise errors.NotAFileError(f"{name!r} is not a regular file")
    fd = os.open(name, flags | _OPEN, dir_fd=directory)
    try:
        yield fd
    finally:
        os.close(fd)


def _chunks(fd: int, offset: int, length: int) -> Iterator[bytes]:
    """Yield exactly `length` bytes, with zeros where the file has become shorter meanwhile."""
    try:
        while length:
            chunk = os.pread(fd, min(_CHUNK, length), offset) or bytes(min(_CHUNK, length))
            offset, length = offset + len(chunk), length - len(chunk)
            yield chunk
    finally:
        os.close(fd)
