"""What the kernel knows about a directory entry.

On Linux, `statx` adds the time of birth, and `name_to_handle_at` the generation of the inode. With
them, a new file is distinguished from a deleted file that had the same inode number. Python's `os`
has neither. Other systems use `os.stat`; if it has no time of birth either, a new file looks like
the deleted file of the same type whose inode number it got.
"""

import ctypes
import errno
import os
import stat
import struct
import sys
import threading
from functools import lru_cache
from typing import Any

from qumulo_emulator.local.file_ids import FileIds
from qumulo_emulator.model import Attributes, FileType

_AT_SYMLINK_NOFOLLOW = 0x100
_STATX_BASIC_AND_BIRTH = 0xFFF
_STATX_BIRTH = 0x800
# The mask; links, owner, group, mode; inode, size, blocks; the times of access, birth, change and
# modification, each in seconds and nanoseconds; the device that it is, and the device it lies on.
_STATX = struct.Struct("=I12x IIIH2x QQQ8x qI4x qI4x qI4x qI4x II II")
_MAX_HANDLE_BYTES = 128
_HANDLE_HEAD = struct.Struct("=Ii")

_TYPES = {
    stat.S_IFREG: FileType.FILE,
    stat.S_IFDIR: FileType.DIRECTORY,
    stat.S_IFLNK: FileType.SYMLINK,
    stat.S_IFIFO: FileType.PIPE,
    stat.S_IFCHR: FileType.CHARACTER_DEVICE,
    stat.S_IFBLK: FileType.BLOCK_DEVICE,
    stat.S_IFSOCK: FileType.SOCKET,
}
_SECOND = 1_000_000_000
_TYPE_BITS, _MODE_BITS = 0o170_000, 0o7_777
_device_number = lru_cache(os.makedev)


def _libc_function(name: str, *argument_types: Any) -> "ctypes._NamedFuncPointer | None":
    if not sys.platform.startswith("linux"):
        return None
    # Older C libraries lack one of these functions or both.
    function = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if function is not None:
        function.argtypes = argument_types
    return function


_statx = _libc_function(
    *("statx", ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)
)
_name_to_handle_at = _libc_function(
    *("name_to_handle_at", ctypes.c_int, ctypes.c_char_p),
    *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int),
)
_devices_without_handles: set[int] = set()


class _Buffers(threading.local):
    """The memory that the kernel writes to, made once for each thread."""

    def __init__(self) -> None:
        self.statx = ctypes.create_string_buffer(256)
        self.handle = ctypes.create_string_buffer(_HANDLE_HEAD.size + _MAX_HANDLE_BYTES)
        self.mount = ctypes.c_int()
        self.statx_address, self.handle_address, self.mount_address = map(
            ctypes.addressof, (self.statx, self.handle, self.mount)
        )


_buffers = _Buffers()


def stat_entry(directory: int, name: bytes, ids: FileIds) -> Attributes:
    """Return the attributes of an entry of an open directory, or of the directory itself (`.`).

    A symbolic link is not followed, and its target is None. The id comes from `ids`.

    Raises:
        OSError: in the same cases as `os.stat`.
    """
    if _statx is None:
        return _portable_stat(directory, name, ids)
    mine = _buffers
    flags, wanted = _AT_SYMLINK_NOFOLLOW, _STATX_BASIC_AND_BIRTH
    if _statx(directory, name, flags, wanted, mine.statx_address):
        number = ctypes.get_errno()
        if number == errno.ENOSYS:
            return _portable_stat(directory, name, ids)
        raise OSError(number, os.strerror(number), name)
    fields = _STATX.unpack_from(mine.statx)
    mask, links, owner, group, mode, inode, size, blocks = fields[:8]
    accessed_s, accessed_ns, born_s, born_ns, changed_s, changed_ns = fields[8:14]
    modified_s, modified_ns, major, minor, on_major, on_minor = fields[14:]
    born = born_s * _SECOND + born_ns if mask & _STATX_BIRTH else None
    device = _device_number(on_major, on_minor)
    known_id = None if born is None else ids.id_by_birth((device, inode), born)
    if known_id is None:
        life = _handle(directory, name, device) or str(born).encode()
        known_id = ids.id_of((device, inode), life, born)
    return Attributes(
        known_id,
        _TYPES[mode & _TYPE_BITS],
        mode & _MODE_BITS,
        owner,
        group,
        size,
        blocks,
        links,
        accessed_s * _SECOND + accessed_ns,
        modified_s * _SECOND + modified_ns,
        changed_s * _SECOND + changed_ns,
        born,
        (major, minor),
        None,
    )


def _handle(directory: int, name: bytes, device: int) -> bytes | None:
    """Return the file handle, which contains the inode's generation; None if there is none."""
    if _name_to_handle_at is None or device in _devices_without_handles:
        return None
    mine = _buffers
    _HANDLE_HEAD.pack_into(mine.handle, 0, _MAX_HANDLE_BYTES, 0)
    if _name_to_handle_at(directory, name, mine.handle_address, mine.mount_address, 0):
        number = ctypes.get_errno()
        if number in (errno.ENOENT, errno.ENOTDIR):
            raise OSError(number, os.strerror(number), name)
        _devices_without_handles.add(device)
        return None
    length, _ = _HANDLE_HEAD.unpack_from(mine.handle)
    return mine.handle.raw[4 : _HANDLE_HEAD.size + length]


def _portable_stat(directory: int, name: bytes, ids: FileIds) -> Attributes:
    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    birth = getattr(found, "st_birthtime", None)
    born = None if birth is None else int(birth * _SECOND)
    kind = found.st_mode & _TYPE_BITS
    return Attributes(
        ids.id_of((found.st_dev, found.st_ino), f"{born} {kind}".encode()),
        _TYPES[kind],
        found.st_mode & _MODE_BITS,
        found.st_uid,
        found.st_gid,
        found.st_size,
        found.st_blocks,
        found.st_nlink,
        found.st_atime_ns,
        found.st_mtime_ns,
        found.st_ctime_ns,
        born,
        (os.major(found.st_rdev), os.minor(found.st_rdev)),
        None,
    )
