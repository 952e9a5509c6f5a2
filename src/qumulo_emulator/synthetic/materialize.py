"""Writing a synthetic tree to disk, as a mount of its directory would show it."""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from qumulo_emulator.names import DOT_SNAPSHOT, to_bytes
from qumulo_emulator.synthetic.cluster import SyntheticCluster
from qumulo_emulator.synthetic.contents import Fate
from qumulo_emulator.synthetic.tree import Place, accessed, modified

_OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_UMASK = 0o022


def materialize(cluster: SyntheticCluster, directory: str, *, snapshots: bool) -> None:
    """Write the newer snapshot to a directory, which must be empty or missing.

    Args:
        cluster: the cluster with the tree.
        directory: the directory that represents the snapshots' directory.
        snapshots: whether to write both snapshots to its `.snapshot` as well. A file that is the
            same in several trees is one file with several links.

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
            _write_directory(cluster.source, _Directories(*fds))
    finally:
        os.umask(umask)


class _Directories(NamedTuple):
    """One directory, open in the live tree and in both snapshots; None where it does not exist."""

    live: int | None
    older: int | None = None
    newer: int | None = None

    def states(self) -> tuple[tuple[int | None, bool], ...]:
        """Return each, and whether its state is that of the newer snapshot."""
        return ((self.live, True), (self.older, False), (self.newer, True))


def _write_directory(place: Place, directories: _Directories) -> None:
    """Make everything in a directory, and then set the directory's own times."""
    for index, row in enumerate(place.contents.rows):
        for copy in range(row.count):
            child = place.child(index, copy)
            if row.contents is None:
                _make_file(child, directories)
            else:
                with ExitStack() as opened:
                    _write_directory(child, _make_directories(child, directories, opened))
    for fd, newer in directories.states():
        if fd is not None:
            os.utime(fd, ns=(accessed(place), modified(place, newer=newer)))


def _make_file(place: Place, directories: _Directories) -> None:
    name = to_bytes(place.parts[-1])
    if directories.live is not None and place.row.exists(newer=True):
        _make(name, directories.live, place, newer=True)
        _link(name, directories.live, directories.newer)
        if place.row.fate is Fate.KEPT:
            _link(name, directories.live, directories.older)
            return
    if directories.older is not None and place.row.exists(newer=False):
        _make(name, directories.older, place, newer=False)


def _make(name: bytes, directory: int, place: Place, *, newer: bool) -> None:
    fd = os.open(name, _NEW_FILE, 0o644, dir_fd=directory)
    os.utime(fd, ns=(accessed(place), modified(place, newer=newer)))
    os.close(fd)


def _link(name: bytes, directory: int, other: int | None) -> None:
    if other is not None:
        os.link(name, name, src_dir_fd=directory, dst_dir_fd=other)


def _make_directories(place: Place, directories: _Directories, opened: ExitStack) -> _Directories:
    """Make a directory in each tree that has it; the results stay open until the stack exits."""
    name = to_bytes(place.parts[-1])
    made: list[int | None] = []
    for fd, newer in directories.states():
        if fd is None or not place.row.exists(newer=newer):
            made.append(None)
            continue
        os.mkdir(name, 0o755, dir_fd=fd)
        made.append(opened.enter_context(_opened(name, fd)))
    return _Directories(*made)


@contextmanager
def _opened(path: str | bytes, directory: int | None = None) -> Iterator[int]:
    fd = os.open(path, _OPEN_DIRECTORY, dir_fd=directory)
    try:
        yield fd
    finally:
        os.close(fd)
