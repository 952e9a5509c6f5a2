"""Which directory a path leads to: if a mount vanished, or was replaced, it is another one."""

import os
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from qumulo_changelist.errors import MountChangedError
from qumulo_changelist.names import to_bytes
from qumulo_changelist.trees.lookup import LIST_FLAGS
from qumulo_changelist.trees.open_directories import LOOKUP_FLAGS, is_stale

_Result = TypeVar("_Result")


class MountRoot(NamedTuple):
    """A directory of this machine: as long as anybody has it open, no other has these numbers."""

    device: int
    inode: int

    def check(self, now: "MountRoot", path: str) -> None:
        """Make sure that a path still leads to this directory.

        Raises:
            MountChangedError: it leads to another one.
        """
        if now != self:
            raise MountChangedError(
                f"the mapped path {path} is not the directory that it was when the run began"
            )


def open_root(path: str) -> tuple[int, MountRoot]:
    """Return a descriptor of a directory, and which directory it is.

    Raises:
        OSError: it cannot be opened, also not at a second try if the file server lost it.
    """
    return once_more_if_stale(lambda: _open(path))


def look_at_root(path: str) -> MountRoot:
    """Return which directory a path leads to now, and see that its file server lists it.

    Raises:
        OSError: nothing can be read there. Whoever may only look up names in it can do that.
    """
    return once_more_if_stale(lambda: _look(path))


def once_more_if_stale(work: Callable[[], _Result]) -> _Result:
    """Return the result of ``work``, which begins from a path, at a second try if need be."""
    try:
        return work()
    except OSError as error:
        if not is_stale(error):
            raise
    return work()


def _open(path: str) -> tuple[int, MountRoot]:
    # Opening it mounts what is mounted on demand; asking for its status would not.
    descriptor = os.open(to_bytes(path), LOOKUP_FLAGS)
    try:
        status = os.fstat(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, MountRoot(status.st_dev, status.st_ino)


def _look(path: str) -> MountRoot:
    descriptor, root = _open(path)
    try:
        _list_one(descriptor)
    except PermissionError:
        pass  # names in it can be looked up nevertheless
    finally:
        os.close(descriptor)
    return root


def _list_one(descriptor: int) -> None:
    listed = os.open(b".", LIST_FLAGS, dir_fd=descriptor)
    try:
        with os.scandir(listed) as entries:
            next(entries, None)
    finally:
        os.close(listed)
