"""Directories of a mount that stay open: neighbours in a list are neighbours on disk."""

import itertools
import os
import resource
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from qumulo_changelist.errors import ResourceError, is_shortage
from qumulo_changelist.names import parent_of, to_bytes

# To stand in a directory and name its entries, permission to read it is not needed.
STAND = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC

_AT_MOST = 64
# Of the files that a process may open, one in this many: pipes, sockets and files need the rest.
_ONE_IN = 8
# After a lack, one in this many of what was kept open before.
_LEFT_AFTER_A_LACK = 4

_Result = TypeVar("_Result")


class _Kept(threading.local):
    """The directories that all trees of a thread keep open together."""

    def __init__(self) -> None:
        allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if allowed == resource.RLIM_INFINITY:
            allowed = _AT_MOST * _ONE_IN
        self.limit = max(min(_AT_MOST, allowed // _ONE_IN), 1)
        self.descriptors: OrderedDict[tuple[int, str], int] = OrderedDict()
        """By tree and name, the one that was used last at the end."""

    def add(self, key: tuple[int, str], descriptor: int) -> None:
        """Keep a directory open, and close the one that was not used for longest."""
        self.descriptors[key] = descriptor
        if len(self.descriptors) > self.limit:
            os.close(self.descriptors.popitem(last=False)[1])

    def let_go(self) -> None:
        """Close all, and keep fewer from now on."""
        while self.descriptors:
            os.close(self.descriptors.popitem()[1])
        self.limit = max(self.limit // _LEFT_AFTER_A_LACK, 1)


_kept = _Kept()
_trees = itertools.count()


def attempt(work: Callable[[], _Result]) -> _Result:
    """Do what opens or reads files; again, with nothing kept open, where that lacks the means.

    Args:
        work: can be done again after it raised an ``OSError``, which must not hide a lack.

    Raises:
        ResourceError: it still lacks them when next to nothing is kept open.
    """
    tried_again = False
    while True:
        try:
            return work()
        except OSError as error:
            if not is_shortage(error):
                raise
            if tried_again and _kept.limit == 1:
                raise ResourceError.of(error) from error
        _kept.let_go()
        tried_again = True


class OpenDirectories:
    """The directories of one tree, each opened from the one above it.

    So no link is followed even where one takes the place of a directory meanwhile, and no path is
    too long. To be used, and closed, by the thread that made it.

    Args:
        root: a descriptor of the tree's root, which is closed with the others.
    """

    def __init__(self, root: int) -> None:
        self.root = root
        self._tree = next(_trees)

    def stand_in(self, directory: str) -> int:
        """Return a descriptor of ``directory``, good until the next call for any tree.

        Raises:
            OSError: it cannot be opened.
            ValueError: no file system knows such a name.
        """
        kept, tree = _kept.descriptors, self._tree
        missing: list[str] = []
        while directory != "/" and (tree, directory) not in kept:
            missing.append(directory)
            directory = parent_of(directory)
        descriptor = self.root
        if directory != "/":
            kept.move_to_end((tree, directory))
            descriptor = kept[tree, directory]
        for name in reversed(missing):
            last = to_bytes(name[:-1].rpartition("/")[2])
            descriptor = os.open(last, STAND | os.O_NOFOLLOW, dir_fd=descriptor)
            _kept.add((tree, name), descriptor)
        return descriptor

    def close(self) -> None:
        """Close them all."""
        for key in [key for key in _kept.descriptors if key[0] == self._tree]:
            os.close(_kept.descriptors.pop(key))
        os.close(self.root)
