"""Whether a mount shows the same directory on two machines.

What is compared are the numbers of its inodes and, since a different file system can have the same
numbers, also kinds, sizes and times. On NFS, and on SMB as Linux mounts it, the number of an inode
is the one that the file server has for the file, so every machine sees the same. On a mount where
each machine makes up such numbers, the directory counts as a different one.
"""

import contextlib
from typing import Protocol

from msgspec import Struct

from qumulo_changelist.errors import AbsentError, UnreadableError, WrongMountError
from qumulo_changelist.model import EntryStat, Kind
from qumulo_changelist.wording import count, describe_moment

_TOP = "/."

_MAX_LOOKED_AT = 100
_MAX_COMPARED = 8


class Mount(Protocol):
    """A mounted directory."""

    def first_names(self, limit: int) -> list[str]:
        """Return some names that the directory has, at most a number of them."""

    def inspect_entry(self, name: str, *, refresh: bool = False) -> EntryStat | None:
        """Return the entry of a name; None if there is none.

        Raises:
            UnreadableError: this user has no permission.
        """


class MountSample(Struct, frozen=True):
    """A mounted directory and a few of its entries, as one machine has seen them."""

    top: EntryStat
    """The directory itself."""
    entries: dict[str, EntryStat]
    """By name; empty if there is nothing in it that can be seen."""

    @classmethod
    def of(cls, mount: Mount) -> "MountSample":
        """Return those of the first entries of a mount that changed longest ago.

        Another machine may look at them hours later, while people go on working on the share.

        Raises:
            UnreadableError: this user has no permission.
        """
        top = mount.inspect_entry(_TOP)
        if not top:
            raise AbsentError("it is gone")
        seen = ((_inspect(mount, name), name) for name in mount.first_names(_MAX_LOOKED_AT))
        found = sorted((one.mtime or 0, name, one) for one, name in seen if one)
        return cls(top, {name: one for _, name, one in found[:_MAX_COMPARED]})

    def check(self, mount: Mount, path: str) -> None:
        """Make sure that a mount of this machine shows the same directory.

        One entry that is still the same is enough, or that none came or went.

        Args:
            mount: the mount.
            path: its path.

        Raises:
            WrongMountError: it shows a different one.
        """
        top = _inspect(mount, _TOP, refresh=True)
        if not top or top.id != self.top.id:
            raise _difference(path, self.top, top)
        if _is_same(self.top, top):
            return
        shown = {name: _inspect(mount, name, refresh=True) for name in self.entries}
        if not any(_is_same(known, shown[name]) for name, known in self.entries.items()):
            name, known = next(iter(self.entries.items()), ("", self.top))
            raise _difference(path + name, known, shown[name] if name else top)


def _inspect(mount: Mount, name: str, *, refresh: bool = False) -> EntryStat | None:
    with contextlib.suppress(UnreadableError):
        return mount.inspect_entry(name, refresh=refresh)
    return None


def _is_same(known: EntryStat, shown: EntryStat | None) -> bool:
    if not shown or (known.id, known.kind, known.mtime) != (shown.id, shown.kind, shown.mtime):
        return False
    return known.kind is not Kind.FILE or known.size == shown.size


def _difference(path: str, known: EntryStat, shown: EntryStat | None) -> WrongMountError:
    return WrongMountError(
        f"{path} is not what the machine that started the run sees there: {_describe(shown)}, not "
        f"{_describe(known)}"
    )


def _describe(seen: EntryStat | None) -> str:
    if not seen:
        return "nothing"
    size = f", {count(seen.size, 'byte')}" if seen.kind is Kind.FILE else ""
    return f"inode {seen.id}{size}, modified {describe_moment(seen.mtime)}"
