"""A tree on a mount: the live share, or a snapshot under its ``.snapshot``."""

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import TracebackType
from typing import TypeVar

from qumulo_changelist.errors import UnreadableError, UsageError, is_lack
from qumulo_changelist.model import (
    Attributes,
    Described,
    Kind,
    Sighting,
    Unreadable,
    to_bytes,
    to_text,
)
from qumulo_changelist.trees.interface import GONE, All, Found, Some, Wanted, directory_of
from qumulo_changelist.trees.open_directories import STAND, OpenDirectories, attempt
from qumulo_changelist.trees.walk import Listing, walk

# A mount shows the snapshots of a directory here, and lists it nowhere (Qumulo's documentation).
SNAPSHOTS = b".snapshot"

# Looked up once, not for every entry.
_OTHER = Kind.OTHER
_CHANGED = stat.ST_CTIME
_KINDS = {stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY}

# What a path is told of that no longer leads anywhere; the last, by a server of files.
_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ESTALE}

_SECOND = 1_000_000_000
_NEVER = sys.maxsize

_ASK_AGAIN = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW

_Result = TypeVar("_Result")


class MountedTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree` over a directory of this machine.

    Every directory is opened from the one above it, so that no link is followed even where one
    takes the place of a directory meanwhile, and no path is too long. What this machine lacks is no
    property of an entry: every method but ``close`` raises a ``ResourceError`` for it.

    Args:
        root: the directory.
        since: when the snapshot was taken that it should be like, in nanoseconds since the epoch by
            the clock that stamps its changes; 0 for one that stands still.

    Raises:
        UsageError: ``root`` is not a directory that can be opened.
    """

    def __init__(self, root: str, since: int = 0) -> None:
        try:
            self._root = attempt(lambda: os.open(to_bytes(root), STAND))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise UsageError(
                f"the mapped path {root} is not a directory that can be read: {reason}",
                hint="Give with -m the directory where this machine mounts the base path, and "
                "check that the share is mounted.",
            ) from error
        self._path = root
        self._directories = OpenDirectories(self._root)
        self._since = since or _NEVER
        self.moved_on = 0
        """See :class:`~..interface.Tree`: what changed later, by its time of change, or is gone."""

    def __enter__(self) -> "MountedTree":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._directories.close()

    def snapshot(self, number: int) -> str | None:
        """Return where this mount shows a snapshot of the tree, by its id; None if it does not."""
        return attempt(lambda: _shown(to_bytes(self._path) + b"/" + SNAPSHOTS, number))

    def look_at(self, name: str, *, afresh: bool = False) -> Sighting | None:
        """Return what is there under a name, which may be a directory's without its ``/``.

        Args:
            name: the name.
            afresh: look at what the file server has, and not at what the mount remembers. NFS asks
                its server whenever a file is opened (nfs(5), "close-to-open"), and about names that
                are not there whenever their directory is.

        Returns:
            What is there; None for nothing.

        Raises:
            UnreadableError: this user may not look.
        """
        return self._attempt(lambda: self._seen(name, afresh=afresh))

    def _seen(self, name: str, *, afresh: bool) -> Sighting | None:
        try:
            standing = self._directories.stand_in(directory_of(name))
            (part,) = _last_parts([name], name.rstrip("/").rfind("/") + 1)
            if afresh:
                _open_once(b".", standing)
            found = os.stat(part, dir_fd=standing, follow_symlinks=False)
            if afresh and _KINDS.get(stat.S_IFMT(found.st_mode)):
                found = _open_once(part, standing) or found
        except ValueError:
            return None  # no file system has such a name
        except OSError as error:
            if error.errno in _NOT_THERE:
                return None
            if is_lack(error):
                raise
            raise UnreadableError(error.strerror) from error
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), _OTHER)
        return Sighting(kind, found.st_size, found.st_mtime_ns, str(found.st_ino))

    def read(self, wanted: Iterable[Wanted]) -> Iterator[Iterable[Found]]:
        """Answer each wish in turn; see :class:`~..interface.Tree`."""
        for wish in wanted:
            if isinstance(wish, Some):
                yield (Found(wish.names, self._describe(wish.names)),)
            else:
                yield self._walk(wish)

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, descending; see :class:`~..interface.Tree`."""
        return self._listing(directory, directory).names

    def _walk(self, wish: All) -> Iterator[Found]:
        yield from walk(wish.directory, partial(self._listing, wish.directory))

    def _listing(self, top: str, directory: str) -> Listing:
        """List a directory; of a walk, ``top`` is where it begins."""
        names = self._attempt(lambda: self._names(top, directory))
        names.sort(reverse=True)
        return Listing([name for name in names if name], self._describe)

    def _names(self, top: str, directory: str) -> list[str]:
        try:
            standing = self._directories.stand_in(directory)
            descriptor = os.open(b".", _READ, dir_fd=standing)
            try:
                with os.scandir(descriptor) as entries:
                    names = [_name(directory, entry) for entry in entries]
                if directory == top:
                    # No walk describes it, and what went from there leaves no other trace.
                    self._notice(os.fstat(descriptor))
            finally:
                os.close(descriptor)
        except (OSError, ValueError) as error:
            raise UnreadableError(self._reason(error)) from error
        return names

    def _describe(self, names: list[str]) -> list[Described]:
        """Describe entries of one directory."""
        return self._attempt(lambda: self._described(names))

    def _described(self, names: list[str]) -> list[Described]:
        directory = directory_of(names[0])
        described: list[Described] = []
        try:
            if names == ["/"]:
                root = os.fstat(self._root)
                self._notice(root)
                return [_attributes(root)]
            standing = self._directories.stand_in(directory)
        except (OSError, ValueError) as error:
            return [Unreadable(self._reason(error, len(names)))] * len(names)
        # In whole seconds at first: to look at more of every entry would be felt.
        second = self._since // _SECOND
        for name in _last_parts(names, len(directory)):
            try:
                found = os.stat(name, dir_fd=standing, follow_symlinks=False)
            except (OSError, ValueError) as error:
                described.append(Unreadable(self._reason(error)))
            else:
                if found[_CHANGED] >= second:
                    self._notice(found)
                described.append(_attributes(found))
        return described

    def _notice(self, found: os.stat_result) -> None:
        """Count an entry that changed since the snapshot."""
        self.moved_on += found.st_ctime_ns > self._since

    def _reason(self, error: OSError | ValueError, entries: int = 1) -> str:
        """Return why entries cannot be read; count them where they are gone since the snapshot.

        Raises:
            OSError: the error itself, where it says nothing of them but what this machine lacks.
        """
        if isinstance(error, ValueError):
            return str(error)
        if is_lack(error):
            raise error
        if self._since != _NEVER and error.errno in _NOT_THERE:
            self.moved_on += entries
            return GONE
        return error.strerror or str(error)

    def _attempt(self, work: Callable[[], _Result]) -> _Result:
        """Do something, perhaps again; what is noticed in vain does not count."""
        before = self.moved_on

        def begin() -> _Result:
            self.moved_on = before
            return work()

        return attempt(begin)


def _shown(snapshots: bytes, number: int) -> str | None:
    """Return the path of a snapshot below ``.snapshot``; None where that does not show it."""
    try:
        for name in os.listdir(snapshots):
            path = snapshots + b"/" + name
            if name.startswith(b"%d_" % number) and stat.S_ISDIR(os.stat(path).st_mode):
                return to_text(path)
    except OSError as error:
        if is_lack(error):
            raise
    return None


def _open_once(part: bytes, standing: int) -> os.stat_result | None:
    """Return what a file server has at the moment; None where this user may not open it."""
    with contextlib.suppress(PermissionError):
        descriptor = os.open(part, _ASK_AGAIN, dir_fd=standing)
        try:
            return os.fstat(descriptor)
        finally:
            os.close(descriptor)
    return None


def _name(directory: str, entry: os.DirEntry[str]) -> str:
    """Return the full name of what a listing shows; "" for what it should not."""
    raw = os.fsencode(entry.name)
    if raw == SNAPSHOTS:
        return ""
    name = directory + to_text(raw)
    try:
        is_directory = entry.is_dir(follow_symlinks=False)
    except OSError as error:
        if is_lack(error):
            raise
        is_directory = True  # whoever looks into it is told why not
    return f"{name}/" if is_directory else name


def _last_parts(names: list[str], cut: int) -> list[bytes]:
    """Return what the file system calls entries of one directory, whose name has a length."""
    try:
        # In one go, since it is done for every entry: no name on a disk holds a NUL.
        joined = "\0".join([name[cut:] for name in names])
        # A name with its slash would lead through a link.
        parts = joined.replace("/", "").encode().split(b"\0")
    except UnicodeEncodeError:
        parts = []
    if len(parts) != len(names):
        parts = [to_bytes(name[cut:].removesuffix("/")) for name in names]
    return parts


def _attributes(found: os.stat_result) -> Attributes:
    # As a tuple it holds whole seconds, rounded down, whatever its type says.
    mode, _, _, _, owner, group, size, atime, mtime, _ = found
    kind = _KINDS.get(stat.S_IFMT(mode), _OTHER)
    return Attributes(kind, size, int(mtime), int(atime), owner, group)
