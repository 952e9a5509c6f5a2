"""Going down directory trees by open directories: any depth, few open at once, no link followed."""

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from qumulo_emulator.names import DOT_SNAPSHOT

_MAX_OPEN_DIRECTORIES = 64
_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Passing through needs no right to list, where the system can express that.
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# What opening says of a directory that was moved, removed, or replaced meanwhile.
GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)

HIDDEN = DOT_SNAPSHOT.encode()

Context = TypeVar("Context")


def open_directory(directory: int, name: bytes) -> int:
    """Open a directory in an open directory, to be listed.

    Raises:
        OSError: NotADirectoryError also for a symbolic link.
    """
    return os.open(name, _READ, dir_fd=directory)


@contextmanager
def opened(top: int, names: Sequence[bytes]) -> Iterator[int]:
    """The directory that these names lead to from an open one, open while in the block.

    Raises:
        OSError: NotADirectoryError also where the way goes through a symbolic link.
    """
    here = os.dup(top)
    try:
        for name in names[:-1]:
            here, last = os.open(name, _PASS, dir_fd=here), here
            os.close(last)
        if names:
            here, last = open_directory(here, names[-1]), here
            os.close(last)
        yield here
    finally:
        os.close(here)


def list_all_names(directory: int) -> list[bytes]:
    """The names in an open directory, also `.snapshot`."""
    return [os.fsencode(name) for name in os.listdir(directory)]


def list_names(directory: int) -> list[bytes]:
    """The names in an open directory, without `.snapshot`."""
    return [name for name in list_all_names(directory) if name != HIDDEN]


def list_subdirectories(directory: int) -> list[bytes]:
    """The names of the directories in an open directory, without `.snapshot`."""
    with os.scandir(directory) as entries:
        found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    return [name for name in map(os.fsencode, found) if name != HIDDEN]


class _Level(Generic[Context]):
    """A directory on the way down, with those of its subdirectories that are still to be seen."""

    def __init__(self, fd: int, todo: Iterable[tuple[bytes, Context]]) -> None:
        self.fd: int | None = fd
        self.todo = list(todo)[::-1]

    def close(self) -> None:
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None


def walk(
    top: int,
    context: Context,
    visit: Callable[[int, Context], Iterable[tuple[bytes, Context]]],
    passed_over: Sequence[int] = GONE,
) -> None:
    """Visit a directory and those below it, each before what is in it.

    `visit` gets an open directory and what was said of it, and names the subdirectories to go on
    with, each with what to say of it. One that has gone by the time its turn comes is passed over;
    `passed_over` are the errors of opening one that mean this.
    """
    levels: list[_Level[Context]] = []
    way: list[bytes] = []
    fd = os.dup(top)
    try:
        levels.append(_Level(fd, visit(fd, context)))
        while levels:
            level = levels[-1]
            if not level.todo:
                levels.pop().close()
                del way[-1:]
                continue
            name, said = level.todo.pop()
            try:
                if level.fd is None:
                    level.fd = _reopened(top, way)
                fd = open_directory(level.fd, name)
            except OSError as error:
                if error.errno not in passed_over:
                    raise
                continue
            levels.append(_Level(fd, ()))
            way.append(name)
            levels[-1].todo = list(visit(fd, said))[::-1]
            if len(levels) > _MAX_OPEN_DIRECTORIES:
                levels[-_MAX_OPEN_DIRECTORIES].close()
    finally:
        for level in levels:
            level.close()


def _reopened(top: int, way: Sequence[bytes]) -> int:
    with opened(top, way) as fd:
        return os.dup(fd)
