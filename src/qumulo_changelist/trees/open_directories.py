"""Directories of a mount that stay open, because entries close together in a list share them."""

import itertools
import os
import resource
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from qumulo_changelist.names import parent_of, to_bytes
from qumulo_changelist.shortages import is_shortage, resource_error

# For directories in which names are looked up. That needs no permission to read the directory.
LOOKUP_FLAGS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC

_MAX_OPEN = 64
# Of the files that a process may open, this part: pipes, sockets and files need the rest.
_PART_OF_ALLOWED = 8
# After a shortage, this part of the directories that were kept open before.
_PART_AFTER_SHORTAGE = 4

_Result = TypeVar("_Result")


class _DirectoryCache(threading.local):
    """The directories that all trees of a thread keep open together."""

    def __init__(self) -> None:
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if allowed == resource.RLIM_INFINITY:
            allowed = _MAX_OPEN * _PART_OF_ALLOWED
        self.limit = max(min(_MAX_OPEN, allowed // _PART_OF_ALLOWED), 1)
        self.descriptors: OrderedDict[tuple[int, str], int] = OrderedDict()
        """By tree and name; the most recently used one is last."""

    def add(self, key: tuple[int, str], descriptor: int) -> None:
        """Keep a directory open; close the least recently used one if there are too many."""
        self.descriptors[key] = descriptor
        if len(self.descriptors) > self.limit:
            os.close(self.descriptors.popitem(last=False)[1])

    def shrink(self) -> None:
        """Close all directories, and keep fewer open from now on."""
        while self.descriptors:
            os.close(self.descriptors.popitem()[1])
        self.limit = max(self.limit // _PART_AFTER_SHORTAGE, 1)


_cache = _DirectoryCache()
_tree_numbers = itertools.count()


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
    The thread that made it must be the one that uses and closes it.

    Args:
        root: a descriptor of the tree's root, which is closed with the others.
    """

    def __init__(self, root: int) -> None:
        self.root = root
        self._tree = next(_tree_numbers)

    def open(self, directory: str) -> int:
        """Return a descriptor of ``directory``, valid until the next call for any tree.

        Raises:
            OSError: it cannot be opened.
            ValueError: no file system can have such a name.
        """
        cached, tree = _cache.descriptors, self._tree
        missing: list[str] = []
        while directory != "/" and (tree, directory) not in cached:
            missing.append(directory)
            directory = parent_of(directory)
        descriptor = self.root
        if directory != "/":
            cached.move_to_end((tree, directory))
            descriptor = cached[tree, directory]
        for name in reversed(missing):
            component = to_bytes(name[:-1].rpartition("/")[2])
            descriptor = os.open(component, LOOKUP_FLAGS | os.O_NOFOLLOW, dir_fd=descriptor)
            _cache.add((tree, name), descriptor)
        return descriptor

    def close(self) -> None:
        """Close all directories of this tree, with its root."""
        for key in [key for key in _cache.descriptors if key[0] == self._tree]:
            os.close(_cache.descriptors.pop(key))
        os.close(self.root)
