"""Walking directory trees by open directories: at any depth, few open at once, no link followed."""

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from qumulo_emulator.names import DOT_SNAPSHOT, to_text

_MAX_OPEN_DIRECTORIES = 64
_OPEN_TO_LIST = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Where the system has O_PATH, a directory on the way need not be readable.
_OPEN_TO_PASS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# The errors of opening a directory that was moved, removed or replaced meanwhile.
GONE_ERRORS = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)

HIDDEN = DOT_SNAPSHOT.encode()
# Whether Python decodes names as `names.to_text` does, which depends on the locale.
_IS_UTF_8 = (sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()) == (
    "utf-8",
    "surrogateescape",
)

Context = TypeVar("Context")


def open_directory(directory: int, name: bytes) -> int:
    """Open a subdirectory of an open directory for listing; return its file descriptor.

    Raises:
        OSError: if it cannot be opened; NotADirectoryError also for a symbolic link.
    """
    return os.open(name, _OPEN_TO_LIST, dir_fd=directory)


@contextmanager
def opened(top: int, *names: bytes) -> Iterator[int]:
    """Yield a file descriptor of the directory that these names lead to from an open directory.

    Raises:
        OSError: if it cannot be opened; NotADirectoryError also where the path goes through a
            symbolic link.
    """
    here = os.dup(top)
    try:
        for name in names[:-1]:
            here, last = os.open(name, _OPEN_TO_PASS, dir_fd=here), here
            os.close(last)
        if names:
            here, last = open_directory(here, names[-1]), here
            os.close(last)
        yield here
    finally:
        os.close(here)


def list_all_names(directory: int) -> list[bytes]:
    """Return the names in an open directory, including `.snapshot`."""
    return [os.fsencode(name) for name in os.listdir(directory)]


def list_names(directory: int) -> list[bytes]:
    """Return the names in an open directory, without `.snapshot`."""
    return [name for name in list_all_names(directory) if name != HIDDEN]


def list_texts(directory: int) -> list[str]:
    """Return the same as text."""
    if _IS_UTF_8:
        return [name for name in os.listdir(directory) if name != DOT_SNAPSHOT]
    return [to_text(name) for name in list_names(directory)]


def list_subdirectories(directory: int) -> list[bytes]:
    """Return the names of the subdirectories of an open directory, without `.snapshot`."""
    with os.scandir(directory) as entries:
        found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    return [name for name in map(os.fsencode, found) if name != HIDDEN]


class _Level(Generic[Context]):
    """A directory on the current path of a walk, and its subdirectories that are still to visit."""

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
    skipped_errors: Sequence[int] = GONE_ERRORS,
) -> None:
    """Visit a directory and its subdirectories at any depth, parents first.

    Args:
        top: the directory, open.
        context: what `visit` gets with it.
        visit: gets an open directory and its context; returns the names of the subdirectories to
            visit next, each with its context.
        skipped_errors: the error numbers of opening a subdirectory that mean to skip it; by
            default, those of one that no longer exists.
    """
    levels: list[_Level[Context]] = []
    path: list[bytes] = []
    fd = os.dup(top)
    try:
        levels.append(_Level(fd, visit(fd, context)))
        while levels:
            level = levels[-1]
            if not level.todo:
                levels.pop().close()
                del path[-1:]
                continue
            name, below = level.todo.pop()
            try:
                if level.fd is None:
                    level.fd = _reopened(top, path)
                fd = open_directory(level.fd, name)
            except OSError as error:
                if error.errno not in skipped_errors:
                    raise
                continue
            levels.append(_Level(fd, ()))
            path.append(name)
            levels[-1].todo = list(visit(fd, below))[::-1]
            if len(levels) > _MAX_OPEN_DIRECTORIES:
                levels[-_MAX_OPEN_DIRECTORIES].close()
    finally:
        for level in levels:
            level.close()


def _reopened(top: int, path: Sequence[bytes]) -> int:
    with opened(top, *path) as fd:
        return os.dup(fd)
