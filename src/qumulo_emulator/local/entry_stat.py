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
from typing import NamedTuple

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


class EntryStat(NamedTuple):
    """The kernel's data about a directory entry.

    `inode` (device and inode number) identifies the object while it exists; `life` distinguishes
    it from earlier objects with the same inode. `attributes` are complete except for the id, which
    is 0, and a symbolic link's target, which is None.
    """

    inode: tuple[int, int]
    life: bytes
    attributes: Attributes


def _libc_function(name: str) -> "ctypes._NamedFuncPointer | None":
    if not sys.platform.startswith("linux"):
        return None
    # Older C libraries lack one of these functions or both.
    return getattr(ctypes.CDLL(None, use_errno=True), name, None)


_statx = _libc_function("statx")
_name_to_handle_at = _libc_function("name_to_handle_at")
_devices_without_handles: set[int] = set()


def stat_entry(directory: int, name: bytes) -> EntryStat:
    """Return the data of an entry of an open directory, or of the directory itself (`.`).

    A symbolic link is not followed.

    Raises:
        OSError: in the same cases as `os.stat`.
    """
    if _statx is None:
        return _portable_stat(directory, name)
    buffer = ctypes.create_string_buffer(256)
    if _statx(directory, name, _AT_SYMLINK_NOFOLLOW, _STATX_BASIC_AND_BIRTH, buffer):
        number = ctypes.get_errno()
        if number == errno.ENOSYS:
            return _portable_stat(directory, name)
        raise OSError(number, os.strerror(number), name)
    return _from_statx(directory, name, _STATX.unpack_from(buffer))


def _from_statx(directory: int, name: bytes, fields: tuple[int, ...]) -> EntryStat:
    mask, links, owner, group, mode, inode, size, blocks, *rest = fields
    accessed_s, accessed_ns, born_s, born_ns, changed_s, changed_ns, *rest = rest
    modified_s, modified_ns, major, minor, on_major, on_minor = rest
    born = born_s * _SECOND + born_ns if mask & _STATX_BIRTH else None
    device = os.makedev(on_major, on_minor)
    attributes = Attributes(
        0,
        _TYPES[stat.S_IFMT(mode)],
        stat.S_IMODE(mode),
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
    life = _handle(directory, name, device) or str(born).encode()
    return EntryStat((device, inode), life, attributes)


def _handle(directory: int, name: bytes, device: int) -> bytes | None:
    """Return the file handle, which contains the inode's generation; None if there is none."""
    if _name_to_handle_at is None or device in _devices_without_handles:
        return None
    buffer = ctypes.create_string_buffer(_HANDLE_HEAD.size + _MAX_HANDLE_BYTES)
    _HANDLE_HEAD.pack_into(buffer, 0, _MAX_HANDLE_BYTES, 0)
    mount = ctypes.c_int()
    if _name_to_handle_at(directory, name, buffer, ctypes.byref(mount), 0):
        number = ctypes.get_errno()
        if number in (errno.ENOENT, errno.ENOTDIR):
            raise OSError(number, os.strerror(number), name)
        _devices_without_handles.add(device)
        return None
    length, _ = _HANDLE_HEAD.unpack_from(buffer)
    return buffer.raw[4 : _HANDLE_HEAD.size + length]


def _portable_stat(directory: int, name: bytes) -> EntryStat:
    found = os.stat(name, dir_fd=directory, follow_symlinks=False)
    birth = getattr(found, "st_birthtime", None)
    born = None if birth is None else int(birth * _SECOND)
    attributes = Attributes(
        0,
        _TYPES[stat.S_IFMT(found.st_mode)],
        stat.S_IMODE(found.st_mode),
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
    kind = str(stat.S_IFMT(found.st_mode))
    return EntryStat((found.st_dev, found.st_ino), f"{born} {kind}".encode(), attributes)
