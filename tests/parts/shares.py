"""Directories of this machine that a test fills and reads like a mounted share."""

import contextlib
import os
import resource
from collections.abc import Callable, Iterator
from typing import TypeVar

from qumulo_changelist.names import to_bytes

NOBODY = 65534

AnyShare = TypeVar("AnyShare", bound="Share")


class Share:
    """A new directory. Names are relative to it and begin with ``/``."""

    def __init__(self, root: str) -> None:
        self.root = root
        os.mkdir(root)
        os.chmod(root, 0o755)

    def path(self, name: str) -> bytes:
        return to_bytes(self.root + name)

    def put(self, *names: str, size: int = 0) -> None:
        """Make files, directories (names that end in ``/``), and the directories above them."""
        for name in names:
            directory, _, last = name.rpartition("/")
            os.makedirs(self.path(directory), exist_ok=True)
            if last:
                with open(self.path(name), "wb") as file:
                    file.write(b"x" * size)

    def link(self, name: str, target: str) -> None:
        os.symlink(to_bytes(target), self.path(name))

    def move(self, name: str, new_name: str) -> None:
        os.rename(self.path(name), self.path(new_name))


@contextlib.contextmanager
def new_share(root: str, make: Callable[[str], AnyShare]) -> Iterator[AnyShare]:
    """Make a share; at the end, every directory in it can be read and deleted again."""
    yield make(root)
    for folder, folders, _ in os.walk(root):
        for name in folders:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o755)


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Be a user for whom permissions count: they do not for root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def make_deep_path(root: str, component: str, levels: int) -> None:
    """Make directories inside each other, and a file in the last one, however long the path."""
    here = os.open(root, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir(component, dir_fd=here)
        below = os.open(component, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def count_open_descriptors() -> int:
    return len(os.listdir("/dev/fd"))


@contextlib.contextmanager
def room_for(descriptors: int) -> Iterator[None]:
    """Let this process open this number of further files, and no more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(descriptors + 1)]
    for descriptor in opened:
        os.close(descriptor)
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened[-1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
