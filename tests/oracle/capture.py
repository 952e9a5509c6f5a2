"""Capture of a real directory tree at one moment: what `lstat` reports for each path."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

Kind = Literal["file", "dir", "other"]

SNAPSHOTS = b".snapshot"
NANOSECONDS = 1_000_000_000

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LIBC = ctypes.CDLL(None, use_errno=True)

# At most this many components in one system call: 15 names of 255 bytes are within PATH_MAX.
_MAX_COMPONENTS = 15

# From <linux/stat.h>: struct statx is 256 bytes, with the mask of what was filled in at the start,
# and stx_btime (seconds, nanoseconds) at offset 80.
_STATX_SIZE = 256
_STATX_BTIME = 0x800
_STATX_BTIME_OFFSET = 80
_AT_SYMLINK_NOFOLLOW = 0x100

# From <fcntl.h>: struct file_handle is its length, its type, and at most 128 bytes.
_HANDLE_HEAD = 8
_MAX_HANDLE_SZ = 128


@dataclass(frozen=True)
class Identity:
    """What identifies an object, whatever its path is.

    Attributes:
        device: st_dev.
        inode: st_ino.
        birth_ns: When the object was made, if the system reports it.
        handle: The kernel's handle for the object, inode generation included, if there is one.
        given: An identity that the caller chose; if there is one, nothing else counts.
    """

    device: int = 0
    inode: int = 0
    birth_ns: int | None = None
    handle: bytes | None = None
    given: Hashable = None


@dataclass(frozen=True)
class Node:
    """What `lstat` reports for one path of a tree."""

    kind: Kind
    identity: Identity
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    mtime_ns: int = 0
    ctime_ns: int = 0
    atime_ns: int = 0
    nlink: int = 1


@dataclass(frozen=True)
class Tree:
    """A directory tree at one moment.

    Attributes:
        nodes: The node at each path, relative to the root; the root itself is `b""`.
    """

    nodes: Mapping[bytes, Node]


def parent_of(path: bytes) -> bytes:
    """Return the path of the directory that contains `path`; `b""` for the root."""
    return path.rpartition(b"/")[0]


def same_object(old: Node, new: Node) -> bool:
    """Return whether two nodes are one object at two moments."""
    if old.kind != new.kind:
        return False
    one, other = old.identity, new.identity
    if one.given is not None or other.given is not None:
        return one.given == other.given
    if (one.device, one.inode) != (other.device, other.inode):
        return False
    is_certain = False
    if one.birth_ns is not None and other.birth_ns is not None:
        is_certain = True
        if one.birth_ns != other.birth_ns:
            return False
    if one.handle is not None and other.handle is not None:
        is_certain = True
        if one.handle != other.handle:
            return False
    return is_certain or new.ctime_ns >= old.ctime_ns


def capture(root: bytes | str, identities: Mapping[bytes, Hashable] | None = None) -> Tree:
    """Return everything below a directory; symbolic links are not followed.

    Args:
        root: The directory.
        identities: The identity of the object at each path (`b""` is the root). Missing paths get
            the identity that the system reports.

    Returns:
        The tree, without anything named `.snapshot`.

    Raises:
        OSError: Something could not be read, or was deleted meanwhile.
    """
    known = identities or {}
    root_fd = os.open(os.fsencode(root), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        nodes = {b"": _describe(root_fd, b".", known.get(b""))}
        pending = [b""]
        while pending:
            directory = pending.pop()
            fd = _open_below(root_fd, directory)
            try:
                for name in map(os.fsencode, os.listdir(fd)):
                    if name == SNAPSHOTS:
                        continue
                    path = directory + b"/" + name if directory else name
                    # Before the directory is listed, which changes its access time.
                    nodes[path] = _describe(fd, name, known.get(path))
                    if nodes[path].kind == "dir":
                        pending.append(path)
            finally:
                os.close(fd)
    finally:
        os.close(root_fd)
    return Tree(nodes)


def _open_below(root_fd: int, path: bytes) -> int:
    """Return a directory below an open one, opened; the path may be longer than PATH_MAX."""
    components = path.split(b"/") if path else [b"."]
    fd = os.dup(root_fd)
    for start in range(0, len(components), _MAX_COMPONENTS):
        hop = b"/".join(components[start : start + _MAX_COMPONENTS])
        try:
            deeper = os.open(hop, _DIRECTORY, dir_fd=fd)
        finally:
            os.close(fd)
        fd = deeper
    return fd


def _describe(directory_fd: int, name: bytes, given: Hashable) -> Node:
    """Return the node for a name in an open directory."""
    found = os.stat(name, dir_fd=directory_fd, follow_symlinks=False)
    return Node(
        kind=_kind(found.st_mode),
        identity=Identity(
            device=found.st_dev,
            inode=found.st_ino,
            birth_ns=_birth_ns(directory_fd, name, found),
            handle=_handle(directory_fd, name),
            given=given,
        ),
        size=found.st_size,
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
        mtime_ns=found.st_mtime_ns,
        ctime_ns=found.st_ctime_ns,
        atime_ns=found.st_atime_ns,
        nlink=found.st_nlink,
    )


def _kind(mode: int) -> Kind:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "dir"
    return "other"


def _birth_ns(directory_fd: int, name: bytes, found: os.stat_result) -> int | None:
    """Return when an object was made: from `stat` (macOS, BSD) or from `statx` (Linux)."""
    birth = getattr(found, "st_birthtime", None)
    if birth is not None:
        return int(birth * NANOSECONDS)
    statx = getattr(_LIBC, "statx", None)
    if statx is None:
        return None
    buffer = ctypes.create_string_buffer(_STATX_SIZE)
    wanted = ctypes.c_uint(_STATX_BTIME)
    if statx(directory_fd, name, _AT_SYMLINK_NOFOLLOW, wanted, buffer) != 0:
        return None
    (filled,) = struct.unpack_from("=I", buffer, 0)
    if not filled & _STATX_BTIME:
        return None
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, _STATX_BTIME_OFFSET)
    return int(seconds) * NANOSECONDS + int(nanoseconds)


def _handle(directory_fd: int, name: bytes) -> bytes | None:
    """Return the kernel's handle for an object, the same for all its links (Linux)."""
    name_to_handle_at = getattr(_LIBC, "name_to_handle_at", None)
    if name_to_handle_at is None:
        return None
    buffer = ctypes.create_string_buffer(_HANDLE_HEAD + _MAX_HANDLE_SZ)
    struct.pack_into("=I", buffer, 0, _MAX_HANDLE_SZ)
    mount_id = ctypes.c_int()
    if name_to_handle_at(directory_fd, name, buffer, ctypes.byref(mount_id), 0) != 0:
        return None
    (length,) = struct.unpack_from("=I", buffer, 0)
    return buffer.raw[4 : _HANDLE_HEAD + length]
