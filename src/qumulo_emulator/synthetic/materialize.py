"""A made-up tree on disk, as a mount of its directory would show it: empty files with times."""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from qumulo_emulator.names import DOT_SNAPSHOT, to_bytes
from qumulo_emulator.synthetic.cluster import SyntheticCluster
from qumulo_emulator.synthetic.contents import Fate
from qumulo_emulator.synthetic.tree import Place, accessed, modified

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_UMASK = 0o022


def materialize(cluster: SyntheticCluster, directory: str, *, snapshots: bool) -> None:
    """Lay out the newer snapshot in a directory, which is to be empty or missing.

    Args:
        cluster: what it is laid out for.
        directory: stands for the snapshots' directory.
        snapshots: whether to lay out both snapshots in its `.snapshot`, too. A file that is the
            same in several places is one, with as many links.

    Raises:
        OSError: if the directory is not empty, or cannot be used.
    """
    os.makedirs(directory, exist_ok=True)
    if os.listdir(directory):
        raise FileExistsError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), directory)
    names = [snapshot.directory_name for snapshot in cluster.snapshots.all()] if snapshots else []
    tops = [directory, *(os.path.join(directory, DOT_SNAPSHOT, name) for name in names)]
    umask = os.umask(_UMASK)
    try:
        with ExitStack() as opened:
            for top in tops:
                os.makedirs(top, exist_ok=True)
            fds = [opened.enter_context(_opened(top)) for top in tops]
            _lay_out(cluster.source, _Directories(*fds))
    finally:
        os.umask(umask)


class _Directories(NamedTuple):
    """One directory, open in the live tree and in both snapshots; None where it is not there."""

    live: int | None
    older: int | None = None
    newer: int | None = None


def _lay_out(place: Place, inside: _Directories) -> None:
    """Make all that is in a directory, and then give the directory its times."""
    for index, row in enumerate(place.contents.rows):
        for copy in range(row.count):
            child = place.child(index, copy)
            if row.contents is None:
                _make_file(child, inside)
            else:
                with ExitStack() as opened:
                    _lay_out(child, _made_directories(child, inside, opened))
    for fd, newer in ((inside.live, True), (inside.older, False), (inside.newer, True)):
        if fd is not None:
            os.utime(fd, ns=(accessed(place), modified(place, newer=newer)))


def _make_file(place: Place, inside: _Directories) -> None:
    name = to_bytes(place.parts[-1])
    if inside.live is not None and place.row.exists(newer=True):
        _make(name, inside.live, place, newer=True)
        _link(name, inside.live, inside.newer)
        if place.row.fate is Fate.KEPT:
            _link(name, inside.live, inside.older)
            return
    if inside.older is not None and place.row.exists(newer=False):
        _make(name, inside.older, place, newer=False)


def _make(name: bytes, directory: int, place: Place, *, newer: bool) -> None:
    fd = os.open(name, _MAKE, 0o644, dir_fd=directory)
    os.utime(fd, ns=(accessed(place), modified(place, newer=newer)))
    os.close(fd)


def _link(name: bytes, directory: int, other: int | None) -> None:
    if other is not None:
        os.link(name, name, src_dir_fd=directory, dst_dir_fd=other)


def _made_directories(place: Place, inside: _Directories, opened: ExitStack) -> _Directories:
    """A directory made wherever it is, open until the stack is left."""
    name = to_bytes(place.parts[-1])
    made: list[int | None] = []
    for fd, newer in ((inside.live, True), (inside.older, False), (inside.newer, True)):
        if fd is None or not place.row.exists(newer=newer):
            made.append(None)
            continue
        os.mkdir(name, 0o755, dir_fd=fd)
        made.append(opened.enter_context(_opened(name, fd)))
    return _Directories(*made)


@contextmanager
def _opened(path: str | bytes, directory: int | None = None) -> Iterator[int]:
    fd = os.open(path, _OPEN, dir_fd=directory)
    try:
        yield fd
    finally:
        os.close(fd)
