"""Directories of a mount that stay open, because entries close together in a list share them."""

import errno
import itertools
import os
import resource
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from qumulo_changelist.machine.shortages import is_shortage, resource_error
from qumulo_changelist.names import parent_of, to_bytes

# For directories in which names are looked up. That needs no permission to read the directory.
LOOKUP_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC

_MAX_OPEN = 128
# Of the files that a process may open, this part: pipes, sockets and files need the rest.
_PART_OF_ALLOWED = 8
# After a shortage, this part of the directories that were kept open before.
_PART_AFTER_SHORTAGE = 4

_Key = tuple[int, str]
"""A tree and the name of a directory in it."""
_Result = TypeVar("_Result")


class OpenDirectory:
    """A directory that is open, or that a thread is about to open."""

    __slots__ = ("descriptor", "is_kept", "opened", "users")

    def __init__(self, descriptor: int = -1) -> None:
        self.descriptor = descriptor
        """-1 until it is open."""
        self.users = 1
        """The number of threads that use it now; it is closed only while there are none."""
        self.is_kept = True
        """Whether it stays open when nobody uses it."""
        self.opened: threading.Event | None = None
        """Set when it is known whether it could be opened; made by the first thread that waits."""


class _DirectoryCache:
    """The directories that all trees of a process keep open together, for all of its threads."""

    def __init__(self) -> None:
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if allowed == resource.RLIM_INFINITY:
            allowed = _MAX_OPEN * _PART_OF_ALLOWED
        self.limit = max(min(_MAX_OPEN, allowed // _PART_OF_ALLOWED), 1)
        self.lock = threading.Lock()
        """Held while anything here, or of a directory, is read or changed; never while waiting."""
        self.directories: OrderedDict[_Key, OpenDirectory] = OrderedDict()
        """The most recently used one is last."""

    def close_surplus(self) -> None:
        """Close the least recently used directories that nobody uses, if there are too many."""
        surplus = len(self.directories) - self.limit
        if surplus > 0:
            idle = (key for key, found in self.directories.items() if not found.users)
            for key in list(itertools.islice(idle, surplus)):
                os.close(self.directories.pop(key).descriptor)

    def shrink(self) -> None:
        """Close all directories that nobody uses, and keep fewer open from now on."""
        with self.lock:
            for key in [key for key, found in self.directories.items() if not found.users]:
                os.close(self.directories.pop(key).descriptor)
            self.limit = max(self.limit // _PART_AFTER_SHORTAGE, 1)


_cache = _DirectoryCache()
_tree_numbers = itertools.count()


def max_threads() -> int:
    """Return the number of threads that may open directories at once.

    Each of them holds at most three descriptors at a time. So with those that are kept open, a
    process uses at most half of what it may open.
    """
    return _cache.limit


def is_stale(error: Exception) -> bool:
    """Return whether a file server no longer knows what this machine has open.

    That is worth one more try from the root: what is there now can be something else.
    """
    return isinstance(error, OSError) and error.errno == errno.ESTALE


def use_less() -> None:
    """Use fewer descriptors from now on, because this machine lacks them."""
    _cache.shrink()


def retry_on_shortage(work: Callable[[], _Result]) -> _Result:
    """Return the result of ``work``, which opens or reads files.

    If this machine lacks descriptors or memory for it, the directories that are kept open are
    closed, and it is done again.

    Args:
        work: can be repeated after it raised an ``OSError``, and hides no shortage.

    Raises:
        ResourceError: the shortage remains when almost nothing is kept open.
    """
    retried = False
    while True:
        try:
            return work()
        except OSError as error:
            if not is_shortage(error):
                raise
            if retried and _cache.limit == 1:
                raise resource_error(error) from error
        _cache.shrink()
        retried = True


class OpenDirectories:
    """The directories of one tree, each opened from its parent.

    So no link is followed, even if one replaces a directory meanwhile, and no path is too long.
    Any number of threads can use it. A directory is opened by one of them while others that need
    it wait.

    Args:
        root: a descriptor of the tree's root, which is closed with the others.
    """

    def __init__(self, root: int) -> None:
        self._root = OpenDirectory(root)
        self._tree = next(_tree_numbers)

    @contextmanager
    def opened(self, directory: str) -> Iterator[int]:
        """Give a descriptor of ``directory``, valid in the ``with`` block; see :meth:`lease`."""
        lease = self.lease(directory)
        try:
            yield lease.descriptor
        finally:
            self.release(lease)

    @contextmanager
    def reopened(self, directory: str) -> Iterator[int]:
        """Give a descriptor of ``directory`` that is opened anew from the root, as for NFS."""
        self._forget(directory)
        with self.opened(directory) as descriptor:
            yield descriptor

    def lease(self, directory: str) -> OpenDirectory:
        """Return ``directory``, open until it is released.

        Raises:
            OSError: it cannot be opened.
            ValueError: no file system can have such a name.
        """
        try:
            return self._lease(directory)
        except OSError as error:
            if not is_stale(error):
                raise
        self._forget(directory)
        return self._lease(directory)

    def _lease(self, directory: str) -> OpenDirectory:
        here, missing = self._nearest(directory)
        for name in missing:
            try:
                below = self._open_below(here, name)
            finally:
                self.release(here)
            here = below
        return here

    def release(self, lease: OpenDirectory) -> None:
        """Give back what :meth:`lease` returned."""
        with _cache.lock:
            lease.users -= 1
            if not lease.users:
                if not lease.is_kept:
                    os.close(lease.descriptor)
                elif len(_cache.directories) > _cache.limit:
                    _cache.close_surplus()

    def _forget(self, directory: str) -> None:
        """Let a directory, and all above it, be opened anew by those that need it next."""
        with _cache.lock:
            while directory != "/":
                key = (self._tree, directory)
                found = _cache.directories.get(key)
                if found and found.descriptor >= 0:
                    del _cache.directories[key]
                    found.is_kept = False
                    if not found.users:
                        os.close(found.descriptor)
                directory = parent_of(directory)

    def close(self) -> None:
        """Close all directories of this tree, with its root; those in use, when they no longer are.

        A thread can still use one if the mount does not answer.
        """
        with _cache.lock:
            mine = [key for key in _cache.directories if key[0] == self._tree]
            for found in (*map(_cache.directories.pop, mine), self._root):
                found.is_kept = False
                if found is self._root:
                    found.users -= 1
                if not found.users:
                    os.close(found.descriptor)

    def _nearest(self, directory: str) -> tuple[OpenDirectory, list[str]]:
        """Return the nearest open directory, now in use, and what is missing below it, in order."""
        missing: list[str] = []
        with _cache.lock:
            here = self._root
            while directory != "/":
                found = _cache.directories.get((self._tree, directory))
                if found and found.descriptor >= 0:
                    _cache.directories.move_to_end((self._tree, directory))
                    here = found
                    break
                missing.append(directory)
                directory = parent_of(directory)
            here.users += 1
        missing.reverse()
        return here, missing

    def _open_below(self, parent: OpenDirectory, name: str) -> OpenDirectory:
        key = (self._tree, name)
        while True:
            with _cache.lock:
                found = _cache.directories.get(key)
                if not found:
                    opening = _cache.directories[key] = OpenDirectory()
                    break
                if found.descriptor >= 0:
                    found.users += 1
                    _cache.directories.move_to_end(key)
                    return found
                opened = found.opened = found.opened or threading.Event()
            opened.wait()
        descriptor = -1
        try:
            component = to_bytes(name[:-1].rpartition("/")[2])
            flags = LOOKUP_FLAGS | os.O_NOFOLLOW
            descriptor = os.open(component, flags, dir_fd=parent.descriptor)
        finally:
            with _cache.lock:
                opening.descriptor = descriptor
                if descriptor < 0 and opening.is_kept:
                    del _cache.directories[key]
                _cache.close_surplus()
                if opening.opened:
                    opening.opened.set()
        return opening
