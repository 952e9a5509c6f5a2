"""Work on a real tree: everything that people and programs do to files and directories.

Numbers choose what to work on, modulo the number of entries, so that every number that is drawn is
valid and small ones are simple. If the kernel refuses a step (a directory moved into itself), the
step ends there. Every path is opened directory by directory, so that none is too long.
"""

from __future__ import annotations

import errno
import functools
import os
import shutil
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Literal, NamedTuple, ParamSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Kind = Literal["file", "dir", "other"]
Arguments = ParamSpec("Arguments")

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MAX_DEPTH = 450
# These numbers choose entries beside the source of snapshots.
BESIDE = range(56, 64)
SPECIAL = {"pipe": stat.S_IFIFO, "socket": stat.S_IFSOCK, "device": stat.S_IFCHR}
REFUSALS = {
    *(errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENOENT, errno.EINVAL, errno.ENOTEMPTY),
    *(errno.EPERM, errno.ENXIO, errno.ELOOP, errno.EFBIG, errno.EACCES),
}


def step(method: Callable[Arguments, None]) -> Callable[Arguments, None]:
    """Let a method end where the kernel refuses to continue."""

    @functools.wraps(method)
    def until_refused(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            method(*args, **kwargs)
        except OSError as error:
            if error.errno not in REFUSALS:
                raise

    return until_refused


class Place(NamedTuple):
    """A path to create or change: a directory's number, and a name in it, which may exist."""

    directory: int
    name: bytes


class Workspace:
    """A folder to work in: it contains the source of snapshots, and a folder beside that.

    Attributes:
        folder: the path of the folder that contains both.
        source: the name of the source.
        beside: the name of the folder beside it, which no snapshot contains.
    """

    def __init__(self, folder: bytes, source: bytes = b"show", beside: bytes = b"show10") -> None:
        self.folder = folder
        self.source = source
        self.beside = beside
        self._removed: list[bytes] = []
        for name in (source, beside):
            os.mkdir(os.path.join(folder, name), 0o755)
        self._top = os.open(folder, _DIRECTORY)

    def close(self) -> None:
        """Remove everything."""
        os.close(self._top)
        shutil.rmtree(self.folder)

    def count(self) -> int:
        """Return the number of entries below the source."""
        return sum(1 for _ in self._below(self.source))

    @step
    def rename_source(self, name: bytes) -> None:
        """Rename the source of snapshots."""
        if name not in (self.source, self.beside):
            os.rename(self.source, name, src_dir_fd=self._top, dst_dir_fd=self._top)
            self._removed = [_renamed(path, self.source, name) for path in self._removed]
            self.source = name

    def rename_folder(self, name: bytes) -> None:
        """Rename the folder that contains the source."""
        new = os.path.join(os.path.dirname(self.folder), name)
        os.rename(self.folder, new)
        self.folder = new

    def swap_source(self) -> None:
        """Swap the source and the folder beside it, so that another directory is the source."""
        aside = b"aside"
        for old, new in ((self.source, aside), (self.beside, self.source), (aside, self.beside)):
            os.rename(old, new, src_dir_fd=self._top, dst_dir_fd=self._top)

    @step
    def write(self, place: Place, size: int) -> None:
        """Write the beginning of a file, which may exist."""
        with self._at(self._path(place)) as (fd, name), _file(fd, name, os.O_CREAT) as file:
            os.write(file, b"x" * size)

    @step
    def append(self, number: int, size: int) -> None:
        with self._existing(number, "file") as (fd, name), _file(fd, name, os.O_APPEND) as file:
            os.write(file, b"y" * size)

    @step
    def truncate(self, number: int, size: int) -> None:
        """Make a file shorter, or longer with a hole at the end."""
        with self._existing(number, "file") as (fd, name), _file(fd, name) as file:
            os.ftruncate(file, size)

    @step
    def touch(self, number: int, mtime_ns: int) -> None:
        with self._existing(number, None, tops=True) as (fd, name):
            os.utime(name, ns=(0, mtime_ns), dir_fd=fd, follow_symlinks=False)

    @step
    def chmod(self, number: int, mode: int) -> None:
        with self._existing(number, None) as (fd, name):
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if stat.S_ISLNK(found.st_mode):
                return
            if stat.S_ISDIR(found.st_mode) and os.geteuid():
                mode |= stat.S_IRWXU  # the emulator must read it
            os.chmod(name, mode, dir_fd=fd)

    @step
    def chown(self, number: int, owner: int, group: int) -> None:
        with self._existing(number, None, tops=True) as (fd, name):
            os.chown(name, owner, group, dir_fd=fd, follow_symlinks=False)

    @step
    def make_folder(self, place: Place) -> None:
        with self._at(self._path(place)) as (fd, name):
            os.mkdir(name, 0o755, dir_fd=fd)

    @step
    def make_deep(self, place: Place, depth: int, name: bytes) -> None:
        """Make directories inside each other, with a file in the innermost."""
        path = self._path(place)
        if path.count(b"/") + depth > _MAX_DEPTH:
            return
        with self._at(path) as (fd, first):
            os.mkdir(first, 0o755, dir_fd=fd)
            here = os.open(first, _DIRECTORY, dir_fd=fd)
        try:
            for _ in range(depth):
                os.mkdir(name, 0o755, dir_fd=here)
                deeper = os.open(name, _DIRECTORY, dir_fd=here)
                os.close(here)
                here = deeper
            with _file(here, b"file", os.O_CREAT):
                pass
        finally:
            os.close(here)

    @step
    def fill(self, place: Place, count: int, *, folders: bool) -> None:
        """Fill a directory, which may exist, with entries."""
        path = self._path(place)
        with self._at(path) as (fd, name), suppress(FileExistsError):
            os.mkdir(name, 0o755, dir_fd=fd)
        with self._in(path) as here:
            for number in range(count):
                entry = b"%d.mov" % number
                if folders:
                    os.mkdir(entry, 0o755, dir_fd=here)
                else:
                    with _file(here, entry, os.O_CREAT):
                        pass

    @step
    def link(self, number: int, place: Place) -> None:
        with self._existing(number, None) as (fd, name), self._at(self._path(place)) as (to, new):
            os.link(name, new, src_dir_fd=fd, dst_dir_fd=to, follow_symlinks=False)

    @step
    def symlink(self, target: bytes, place: Place) -> None:
        with self._at(self._path(place)) as (fd, name):
            os.symlink(target, name, dir_fd=fd)

    @step
    def make_special(self, kind: str, place: Place) -> None:
        """Make a pipe, a socket or a device."""
        with self._at(self._path(place)) as (fd, name):
            os.mknod(name, SPECIAL[kind] | 0o644, os.makedev(1, 3), dir_fd=fd)

    @step
    def delete(self, number: int, kind: Kind | None = None) -> None:
        """Delete a file, or a directory with all that is in it."""
        if path := self._find(number, kind):
            self._remove(path)

    @step
    def rename(self, number: int, place: Place, kind: Kind | None = None) -> None:
        """Rename or move an entry, also out of the source and back."""
        if path := self._find(number, kind):
            self._move(path, self._path(place))

    @step
    def rename_over(self, number: int, other: int, *, delete_first: bool) -> None:
        """Rename an entry to the name of another one, which may be deleted first."""
        path, onto = self._find(number, None), self._find(other, None)
        if path and onto and not _is_at_or_below(path, onto) and not _is_at_or_below(onto, path):
            if delete_first:
                self._remove(onto)
            self._move(path, onto)

    @step
    def swap(self, number: int, other: int) -> None:
        """Swap the names of two entries."""
        one, two = self._find(number, None), self._find(other, None)
        if one and two and not _is_at_or_below(one, two) and not _is_at_or_below(two, one):
            aside = self.beside + b"/swapped aside"
            for old, new in ((one, aside), (two, one), (aside, two)):
                self._move(old, new)

    @step
    def move_into_new(self, number: int, place: Place) -> None:
        """Make a directory, and move an entry into it."""
        path, new = self._find(number, None), self._path(place)
        if path and not _is_at_or_below(path, new):
            with self._at(new) as (fd, name):
                os.mkdir(name, 0o755, dir_fd=fd)
            self._move(path, new + b"/" + path.rpartition(b"/")[2])

    @step
    def move_away(self, number: int, place: Place) -> None:
        """Move a directory away, and make an empty one at its path."""
        path, new = self._find(number, "dir"), self._path(place)
        if path and not _is_at_or_below(path, new):
            self._move(path, new)
            with self._at(path) as (fd, name):
                os.mkdir(name, 0o755, dir_fd=fd)

    @step
    def replace_folder(self, number: int, stays: int, *, deep: bool) -> None:
        """Delete a directory, and make a new one with some of its names.

        Args:
            number: the directory's number.
            stays: the bits choose the names.
            deep: whether directories in it become directories again; else all become files.
        """
        if not (path := self._find(number, "dir")):
            return
        names = sorted((kind, entry) for entry, kind in self._below(path, depth=1))
        self._remove(path)
        with self._at(path) as (fd, name):
            os.mkdir(name, 0o755, dir_fd=fd)
        for bit, (kind, entry) in enumerate(names):
            if stays >> bit % 16 & 1:
                with self._at(entry) as (fd, name):
                    if kind == "dir" and deep:
                        os.mkdir(name, 0o755, dir_fd=fd)
                    else:
                        with _file(fd, name, os.O_CREAT) as file:
                            os.write(file, b"again")

    @step
    def recreate(self, number: int, *, folder: bool) -> None:
        """Make a file or a directory at a path that existed before."""
        if self._removed:
            with self._at(self._removed[number % len(self._removed)]) as (fd, name):
                if folder:
                    os.mkdir(name, 0o755, dir_fd=fd)
                else:
                    with _file(fd, name, os.O_CREAT | os.O_EXCL) as file:
                        os.write(file, b"new")

    def _below(self, path: bytes, depth: int = -1) -> Iterator[tuple[bytes, Kind]]:
        """Yield the entries below a directory, each directory before its own entries."""
        with self._in(path) as fd:
            yield from _entries(fd, path, depth)

    def _all_entries(self, number: int) -> Iterator[tuple[bytes, Kind]]:
        top = self.beside if number in BESIDE else self.source
        yield top, "dir"
        yield from self._below(top)

    def _find(self, number: int, kind: Kind | None, *, tops: bool = False) -> bytes | None:
        """Return the path of the entry with a number; None if there is no entry."""
        found = [
            path
            for path, its_kind in self._all_entries(number)
            if kind in (None, its_kind) and (tops or path not in (self.source, self.beside))
        ]
        return found[number % len(found)] if found else None

    def _path(self, place: Place) -> bytes:
        found = [path for path, kind in self._all_entries(place.directory) if kind == "dir"]
        return found[place.directory % len(found)] + b"/" + place.name

    @contextmanager
    def _in(self, path: bytes) -> Iterator[int]:
        """An open directory."""
        fd = os.dup(self._top)
        try:
            for name in path.split(b"/"):
                deeper = os.open(name, _DIRECTORY, dir_fd=fd)
                os.close(fd)
                fd = deeper
            yield fd
        finally:
            os.close(fd)

    @contextmanager
    def _at(self, path: bytes) -> Iterator[tuple[int, bytes]]:
        """The open directory of a path, and the name in it."""
        above, _, name = path.rpartition(b"/")
        if above:
            with self._in(above) as fd:
                yield fd, name
        else:
            yield self._top, name

    @contextmanager
    def _existing(
        self, number: int, kind: Kind | None, *, tops: bool = False
    ) -> Iterator[tuple[int, bytes]]:
        path = self._find(number, kind, tops=tops)
        with self._at(path or self.source + b"/does not exist") as at:
            yield at

    def _move(self, old: bytes, new: bytes) -> None:
        with self._at(old) as (fd, name), self._at(new) as (to, other):
            os.rename(name, other, src_dir_fd=fd, dst_dir_fd=to)
            self._removed.append(old)

    def _remove(self, path: bytes) -> None:
        with self._at(path) as (fd, name):
            if stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
                _remove_directory(name, fd)
            else:
                os.unlink(name, dir_fd=fd)
            self._removed.append(path)


def _renamed(path: bytes, old: bytes, new: bytes) -> bytes:
    return new + path[len(old) :] if _is_at_or_below(old, path) else path


def _entries(fd: int, path: bytes, depth: int) -> Iterator[tuple[bytes, Kind]]:
    with os.scandir(fd) as entries:
        named = sorted((os.fsencode(entry.name), _kind(entry)) for entry in entries)
    for name, kind in named:
        if name == b".snapshot":
            continue
        yield path + b"/" + name, kind
        if kind == "dir" and depth != 1:
            deeper = os.open(name, _DIRECTORY, dir_fd=fd)
            try:
                yield from _entries(deeper, path + b"/" + name, depth - 1)
            finally:
                os.close(deeper)


def _kind(entry: os.DirEntry[str]) -> Kind:
    if entry.is_dir(follow_symlinks=False):
        return "dir"
    return "file" if entry.is_file(follow_symlinks=False) else "other"


@contextmanager
def _file(directory: int, name: bytes, flags: int = 0) -> Iterator[int]:
    """A file, open for writing."""
    fd = os.open(name, _WRITE | flags, 0o644, dir_fd=directory)
    try:
        yield fd
    finally:
        os.close(fd)


def _is_at_or_below(top: bytes, path: bytes) -> bool:
    return path == top or path.startswith(top + b"/")


def _remove_directory(name: bytes, fd: int) -> None:
    """Remove a directory in an open one; with `shutil.rmtree` that needs Python 3.11."""
    for _, folders, files, inside in os.fwalk(name, topdown=False, dir_fd=fd):
        for file in files:
            os.unlink(file, dir_fd=inside)
        for folder in folders:
            if stat.S_ISLNK(os.stat(folder, dir_fd=inside, follow_symlinks=False).st_mode):
                os.unlink(folder, dir_fd=inside)
            else:
                os.rmdir(folder, dir_fd=inside)
    os.rmdir(name, dir_fd=fd)
