"""Work on a real tree: whatever people and programs do to files and directories.

What is worked on is told by numbers, taken modulo how much there is, so that any draw makes sense
and small ones are simple. Work that the kernel refuses (a directory moved into itself) is none.
Every path is followed from directory to directory, so that none is too long.
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
Told = ParamSpec("Told")

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DEEPEST = 450
# What has such a number is outside of the source of snapshots.
OUTSIDE = 56
SPECIAL = {"pipe": stat.S_IFIFO, "socket": stat.S_IFSOCK, "device": stat.S_IFCHR}
REFUSALS = {
    *(errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENOENT, errno.EINVAL, errno.ENOTEMPTY),
    *(errno.EPERM, errno.ENXIO, errno.ELOOP, errno.EFBIG, errno.EACCES),
}


def work(done: Callable[Told, None]) -> Callable[Told, None]:
    """Let a piece of work end where the kernel refuses to go on."""

    @functools.wraps(done)
    def as_far_as_it_goes(*args: Told.args, **kwargs: Told.kwargs) -> None:
        try:
            done(*args, **kwargs)
        except OSError as error:
            if error.errno not in REFUSALS:
                raise

    return as_far_as_it_goes


class Place(NamedTuple):
    """Where something shall be: a directory by its number, and a name in it, existing or not."""

    directory: int
    name: bytes


class Ground:
    """A folder to work in: the source of snapshots, and a folder beside it.

    Attributes:
        folder: the path of what holds the two.
        source: the name of the source.
        beside: the name of the other, which no snapshot holds.
    """

    def __init__(self, folder: bytes, source: bytes = b"show", beside: bytes = b"show10") -> None:
        self.folder = folder
        self.source = source
        self.beside = beside
        self._lost: list[bytes] = []
        for name in (source, beside):
            os.mkdir(os.path.join(folder, name), 0o755)
        self._top = os.open(folder, _DIRECTORY)

    def close(self) -> None:
        """Remove all of it."""
        os.close(self._top)
        shutil.rmtree(self.folder)

    @work
    def rename_source(self, name: bytes) -> None:
        """Give the source of snapshots another name, with all that is in it."""
        if name not in (self.source, self.beside):
            os.rename(self.source, name, src_dir_fd=self._top, dst_dir_fd=self._top)
            self._lost = [_renamed(path, self.source, name) for path in self._lost]
            self.source = name

    def rename_folder(self, name: bytes) -> None:
        """Give what holds the source another name."""
        new = os.path.join(os.path.dirname(self.folder), name)
        os.rename(self.folder, new)
        self.folder = new

    def exchange(self) -> None:
        """Let the source and the folder beside it change names: another directory is there then."""
        aside = b"aside"
        for old, new in ((self.source, aside), (self.beside, self.source), (aside, self.beside)):
            os.rename(old, new, src_dir_fd=self._top, dst_dir_fd=self._top)

    @work
    def write(self, place: Place, size: int) -> None:
        """Write the beginning of a file, a new one or not."""
        with self._at(self._path(place)) as (fd, name), _file(fd, name, os.O_CREAT) as file:
            os.write(file, b"x" * size)

    @work
    def append(self, number: int, size: int) -> None:
        with self._existing(number, "file") as (fd, name), _file(fd, name, os.O_APPEND) as file:
            os.write(file, b"y" * size)

    @work
    def truncate(self, number: int, size: int) -> None:
        """Make a file shorter, or longer by a hole."""
        with self._existing(number, "file") as (fd, name), _file(fd, name) as file:
            os.ftruncate(file, size)

    @work
    def touch(self, number: int, mtime_ns: int) -> None:
        with self._existing(number, None, tops=True) as (fd, name):
            os.utime(name, ns=(0, mtime_ns), dir_fd=fd, follow_symlinks=False)

    @work
    def chmod(self, number: int, mode: int) -> None:
        with self._existing(number, None) as (fd, name):
            found = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if stat.S_ISLNK(found.st_mode):
                return
            if stat.S_ISDIR(found.st_mode) and os.geteuid():
                mode |= stat.S_IRWXU  # the emulator has to look into it
            os.chmod(name, mode, dir_fd=fd)

    @work
    def chown(self, number: int, owner: int, group: int) -> None:
        with self._existing(number, None, tops=True) as (fd, name):
            os.chown(name, owner, group, dir_fd=fd, follow_symlinks=False)

    @work
    def make_folder(self, place: Place) -> None:
        with self._at(self._path(place)) as (fd, name):
            os.mkdir(name, 0o755, dir_fd=fd)

    @work
    def nest(self, place: Place, depth: int, name: bytes) -> None:
        """Make directories in each other, with a file in the last one."""
        path = self._path(place)
        if path.count(b"/") + depth > _DEEPEST:
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

    @work
    def widen(self, place: Place, count: int, *, folders: bool) -> None:
        """Make a directory with so many entries, which is there or not."""
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

    @work
    def link(self, number: int, place: Place) -> None:
        with self._existing(number, None) as (fd, name), self._at(self._path(place)) as (to, new):
            os.link(name, new, src_dir_fd=fd, dst_dir_fd=to, follow_symlinks=False)

    @work
    def symlink(self, target: bytes, place: Place) -> None:
        with self._at(self._path(place)) as (fd, name):
            os.symlink(target, name, dir_fd=fd)

    @work
    def make_special(self, kind: str, place: Place) -> None:
        """Make a pipe, a socket or a device."""
        with self._at(self._path(place)) as (fd, name):
            os.mknod(name, SPECIAL[kind] | 0o644, os.makedev(1, 3), dir_fd=fd)

    @work
    def delete(self, number: int, kind: Kind | None = None) -> None:
        """Delete a file, or a directory with all that is in it."""
        if path := self._find(number, kind):
            self._remove(path)

    @work
    def rename(self, number: int, place: Place, kind: Kind | None = None) -> None:
        """Give something another name, or move it, also out of the source and back."""
        if path := self._find(number, kind):
            self._move(path, self._path(place))

    @work
    def rename_over(self, number: int, other: int, *, cleared: bool) -> None:
        """Put something in the place of something else, where need be after deleting that."""
        path, onto = self._find(number, None), self._find(other, None)
        if path and onto and not _holds(path, onto) and not _holds(onto, path):
            if cleared:
                self._remove(onto)
            self._move(path, onto)

    @work
    def swap(self, number: int, other: int) -> None:
        """Let two things change names."""
        one, two = self._find(number, None), self._find(other, None)
        if one and two and not _holds(one, two) and not _holds(two, one):
            aside = self.beside + b"/swapped aside"
            for old, new in ((one, aside), (two, one), (aside, two)):
                self._move(old, new)

    @work
    def move_into_new(self, number: int, place: Place) -> None:
        """Make a directory and move something into it."""
        path, new = self._find(number, None), self._path(place)
        if path and not _holds(path, new):
            with self._at(new) as (fd, name):
                os.mkdir(name, 0o755, dir_fd=fd)
            self._move(path, new + b"/" + path.rpartition(b"/")[2])

    @work
    def leave(self, number: int, place: Place) -> None:
        """Move a directory away, and make an empty one where it was."""
        path, new = self._find(number, "dir"), self._path(place)
        if path and not _holds(path, new):
            self._move(path, new)
            with self._at(path) as (fd, name):
                os.mkdir(name, 0o755, dir_fd=fd)

    @work
    def make_anew(self, number: int, stays: int, *, deep: bool) -> None:
        """Delete a directory and make it again, with some of what was in it, as new things.

        Args:
            number: which one.
            stays: the bits say which names come again.
            deep: whether directories in it come again as directories, else all come as files.
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

    @work
    def make_again(self, number: int, *, folder: bool) -> None:
        """Put a file or a directory where something was once."""
        if self._lost:
            with self._at(self._lost[number % len(self._lost)]) as (fd, name):
                if folder:
                    os.mkdir(name, 0o755, dir_fd=fd)
                else:
                    with _file(fd, name, os.O_CREAT | os.O_EXCL) as file:
                        os.write(file, b"new")

    def _below(self, path: bytes, depth: int = -1) -> Iterator[tuple[bytes, Kind]]:
        """Yield what is below a directory, a directory before what is in it."""
        with self._in(path) as fd:
            yield from _found(fd, path, depth)

    def _everything(self, number: int) -> Iterator[tuple[bytes, Kind]]:
        top = self.beside if number >= OUTSIDE else self.source
        yield top, "dir"
        yield from self._below(top)

    def _find(self, number: int, kind: Kind | None, *, tops: bool = False) -> bytes | None:
        """Return the path of something that exists, by its number; None if there is nothing."""
        found = [
            path
            for path, its in self._everything(number)
            if kind in (None, its) and (tops or path not in (self.source, self.beside))
        ]
        return found[number % len(found)] if found else None

    def _path(self, place: Place) -> bytes:
        found = [path for path, kind in self._everything(place.directory) if kind == "dir"]
        return found[place.directory % len(found)] + b"/" + place.name

    @contextmanager
    def _in(self, path: bytes) -> Iterator[int]:
        """A directory, open while in the block."""
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
        """The open directory and the name of a path, while in the block."""
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
        with self._at(path or self.source + b"/nothing is here yet") as at:
            yield at

    def _move(self, old: bytes, new: bytes) -> None:
        with self._at(old) as (fd, name), self._at(new) as (to, other):
            os.rename(name, other, src_dir_fd=fd, dst_dir_fd=to)
            self._lost.append(old)

    def _remove(self, path: bytes) -> None:
        with self._at(path) as (fd, name):
            if stat.S_ISDIR(os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode):
                _remove_directory(name, fd)
            else:
                os.unlink(name, dir_fd=fd)
            self._lost.append(path)


def _renamed(path: bytes, old: bytes, new: bytes) -> bytes:
    return new + path[len(old) :] if _holds(old, path) else path


def _found(fd: int, path: bytes, depth: int) -> Iterator[tuple[bytes, Kind]]:
    with os.scandir(fd) as entries:
        named = sorted((os.fsencode(entry.name), _kind(entry)) for entry in entries)
    for name, kind in named:
        if name == b".snapshot":
            continue
        yield path + b"/" + name, kind
        if kind == "dir" and depth != 1:
            deeper = os.open(name, _DIRECTORY, dir_fd=fd)
            try:
                yield from _found(deeper, path + b"/" + name, depth - 1)
            finally:
                os.close(deeper)


def _kind(entry: os.DirEntry[str]) -> Kind:
    if entry.is_dir(follow_symlinks=False):
        return "dir"
    return "file" if entry.is_file(follow_symlinks=False) else "other"


@contextmanager
def _file(directory: int, name: bytes, flags: int = 0) -> Iterator[int]:
    """A file, open for writing while in the block."""
    fd = os.open(name, _WRITE | flags, 0o644, dir_fd=directory)
    try:
        yield fd
    finally:
        os.close(fd)


def _holds(path: bytes, other: bytes) -> bool:
    return other == path or other.startswith(path + b"/")


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
