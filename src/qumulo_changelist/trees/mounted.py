"""A tree on a mount: the live share, or a snapshot under its ``.snapshot``."""

import contextlib
import os
import stat
from collections import OrderedDict
from collections.abc import Iterator
from operator import attrgetter
from types import TracebackType
from typing import Self

from qumulo_changelist.errors import UnreadableError, UsageError
from qumulo_changelist.model import Attributes, Found, Kind, to_bytes, to_text

# A mount shows the snapshots of a directory here, and lists it nowhere (Qumulo's documentation).
SNAPSHOTS = b".snapshot"

_KINDS = {stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY}
_NANOSECONDS = 1_000_000_000
_OPEN_DIRECTORIES = 64

# To stand in a directory and name its entries, permission to read it is not needed.
_STAND = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW


class MountedTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree` over a directory of this machine.

    Every directory is opened from the one above it, so that no link is followed even where one
    takes the place of a directory meanwhile, and no path is too long. The last few directories
    stay open: neighbours in a list are neighbours on disk.

    Raises:
        UsageError: ``root`` is not a directory that can be opened.
    """

    def __init__(self, root: str) -> None:
        try:
            self._root = os.open(to_bytes(root), _STAND)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise UsageError(
                f"the mapped path {root} is not a directory that can be read: {reason}",
                hint="Give with -m the directory where this machine mounts the base path, and "
                "check that the share is mounted.",
            ) from error
        self._path = root
        self._open: OrderedDict[str, int] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for descriptor in (self._root, *self._open.values()):
            os.close(descriptor)
        self._open.clear()

    def snapshot(self, number: int) -> "MountedTree | None":
        """Return a snapshot of this tree by its id, None where the mount does not show it."""
        snapshots = to_bytes(self._path) + b"/" + SNAPSHOTS
        with contextlib.suppress(OSError, UsageError):
            for name in os.listdir(snapshots):
                if name.startswith(b"%d_" % number):
                    return MountedTree(to_text(snapshots + b"/" + name))
        return None

    def describe(self, name: str) -> Attributes:
        """Return the attributes of one entry; see :class:`~..interface.Tree`."""
        try:
            if name == "/":
                return _attributes(os.stat(self._root))
            parent, _, last = name.removesuffix("/").rpartition("/")
            found = os.stat(
                to_bytes(last), dir_fd=self._stand_in(f"{parent}/"), follow_symlinks=False
            )
        except (OSError, ValueError) as error:
            raise UnreadableError(_reason(error)) from error
        return _attributes(found)

    def walk(self, directory: str) -> Iterator[Found]:
        """Yield all that is below ``directory``, descending; see :class:`~..interface.Tree`."""
        # Not recursive: a path can have sixteen thousand components.
        try:
            pending = self._children(directory)
        except (OSError, ValueError) as error:
            yield Found(directory, None, _reason(error))
            return
        entered: set[str] = set()
        while pending:
            found = pending[-1]
            if not found.name.endswith("/") or found.name in entered:
                entered.discard(found.name)
                yield pending.pop()
                continue
            try:
                pending += self._children(found.name)
                entered.add(found.name)
            except OSError as error:
                pending[-1] = Found(found.name, None, _reason(error))
                yield pending.pop()

    def _children(self, directory: str) -> list[Found]:
        descriptor = os.open(b".", _READ, dir_fd=self._stand_in(directory))
        try:
            with os.scandir(descriptor) as entries:
                found = [
                    _found(directory, entry)
                    for entry in entries
                    if os.fsencode(entry.name) != SNAPSHOTS
                ]
        finally:
            os.close(descriptor)
        found.sort(key=attrgetter("name"))
        return found

    def _stand_in(self, directory: str) -> int:
        """Return a descriptor of ``directory``, good until the next call."""
        if directory == "/":
            return self._root
        if directory in self._open:
            self._open.move_to_end(directory)
            return self._open[directory]
        missing = [directory]
        while (above := _above(missing[-1])) != "/" and above not in self._open:
            missing.append(above)
        descriptor = self._open.get(above, self._root)
        for name in reversed(missing):
            last = to_bytes(name[:-1].rpartition("/")[2])
            descriptor = os.open(last, _STAND | os.O_NOFOLLOW, dir_fd=descriptor)
            self._open[name] = descriptor
            if len(self._open) > _OPEN_DIRECTORIES:
                os.close(self._open.popitem(last=False)[1])
        return descriptor


def _above(directory: str) -> str:
    return directory[: directory.rindex("/", 0, -1) + 1]


def _found(directory: str, entry: os.DirEntry[str]) -> Found:
    name = directory + to_text(os.fsencode(entry.name))
    try:
        attributes = _attributes(entry.stat(follow_symlinks=False))
    except OSError as error:
        with contextlib.suppress(OSError):
            # The listing itself mostly told which names are directories.
            if entry.is_dir(follow_symlinks=False):
                name += "/"
        return Found(name, None, _reason(error))
    return Found(f"{name}/" if attributes.kind is Kind.DIRECTORY else name, attributes)


def _attributes(found: os.stat_result) -> Attributes:
    return Attributes(
        _KINDS.get(stat.S_IFMT(found.st_mode), Kind.OTHER),
        found.st_size,
        found.st_mtime_ns // _NANOSECONDS,
        found.st_atime_ns // _NANOSECONDS,
        found.st_uid,
        found.st_gid,
    )


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
