"""A tree on a mount: the live share, or a snapshot under its ``.snapshot``."""

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from functools import partial

from qumulo_changelist.errors import MappedPathError, UnreadableError
from qumulo_changelist.model import EntryStat, Kind
from qumulo_changelist.names import parent_of, to_bytes, to_text
from qumulo_changelist.shortages import is_shortage
from qumulo_changelist.trees.found import MISSING, NEVER, Found, FoundDescriber
from qumulo_changelist.trees.interface import Described, NamedEntries, Subtree, TreeRequest
from qumulo_changelist.trees.open_directories import (
    LOOKUP_FLAGS,
    OpenDirectories,
    retry_on_shortage,
)
from qumulo_changelist.trees.posix import (
    SNAPSHOTS,
    kind_of,
    last_components,
    name_of,
)
from qumulo_changelist.trees.walk import DirectoryListing, walk

_REFRESH_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
_LIST_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW


class MountedTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree` over a directory of this machine.

    Every directory is opened from its parent, so no link is followed, even if a link replaces a
    directory during the run, and no path is too long. A shortage of this machine is not a property
    of an entry: every method raises a ``ResourceError`` for it.

    Args:
        root: the directory.
        since: when the snapshot was taken that the directory should be like, in nanoseconds since
            the epoch, by the clock that stamps its changes; 0 for a directory that cannot change.

    Raises:
        MappedPathError: ``root`` is not a directory that can be opened.
    """

    def __init__(self, root: str, since: int = 0) -> None:
        try:
            self._root = retry_on_shortage(lambda: os.open(to_bytes(root), LOOKUP_FLAGS))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise MappedPathError(
                f"the mapped path {root} is not a directory that can be read: {reason}"
            ) from error
        self._path = root
        self._directories = OpenDirectories(self._root)
        self._describer = FoundDescriber(since or NEVER)

    def __enter__(self) -> "MountedTree":
        return self

    def __exit__(self, *_: object) -> None:
        self._directories.close()

    @property
    def changed_since(self) -> int:
        """See :class:`~..interface.Tree`: entries with a later change time, or that are gone."""
        return self._describer.changed_since

    def find_snapshot(self, number: int) -> str | None:
        """Return the path of a snapshot of this tree, by its id; None if the mount shows none."""
        snapshots = to_bytes(self._path) + b"/" + SNAPSHOTS
        return retry_on_shortage(lambda: _find_snapshot(snapshots, number))

    def inspect_entry(self, name: str, *, refresh: bool = False) -> EntryStat | None:
        """Return what exists under a name; the name of a directory need not end in ``/``.

        Args:
            name: the name.
            refresh: ask the file server, and do not rely on what the mount has cached. An NFS
                client asks its server about a file when that is opened (nfs(5), "close-to-open"),
                and about a name that does not exist when its directory is opened.

        Returns:
            The entry; None if there is none.

        Raises:
            UnreadableError: this user may not see it.
        """
        return retry_on_shortage(lambda: self._inspect(name, refresh=refresh))

    def _inspect(self, name: str, *, refresh: bool) -> EntryStat | None:
        try:
            parent = self._directories.open(parent_of(name))
            (component,) = last_components([name], name.rstrip("/").rfind("/") + 1)
            if refresh:
                _stat_by_opening(b".", parent)
            status = os.stat(component, dir_fd=parent, follow_symlinks=False)
            if refresh and kind_of(status) is not Kind.OTHER:
                status = _stat_by_opening(component, parent) or status
        except ValueError:
            return None  # no file system can have such a name
        except OSError as error:
            if error.errno in MISSING:
                return None
            if is_shortage(error):
                raise
            raise UnreadableError(error.strerror) from error
        return EntryStat(kind_of(status), status.st_size, status.st_mtime_ns, str(status.st_ino))

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[Described]]:
        """Answer the requests in their order; see :class:`~..interface.Tree`."""
        for request in wanted:
            if isinstance(request, NamedEntries):
                yield self._describe(request.names)
            else:
                yield self._walk(request)

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, in descending order; see :class:`~..interface.Tree`."""
        return self._list(directory, directory).names

    def _walk(self, request: Subtree) -> Iterator[Described]:
        yield from walk(request.directory, partial(self._list, request.directory))

    def _list(self, top: str, directory: str) -> DirectoryListing:
        """List a directory; ``top`` is the directory in which the walk begins."""
        names = retry_on_shortage(lambda: self._read_names(top, directory))
        names.sort(reverse=True)
        return DirectoryListing([name for name in names if name], self._describe)

    def _read_names(self, top: str, directory: str) -> list[str]:
        try:
            descriptor = os.open(b".", _LIST_FLAGS, dir_fd=self._directories.open(directory))
            try:
                with os.scandir(descriptor) as entries:
                    names = [name_of(directory, entry) for entry in entries]
                if directory == top:
                    # No walk describes it, and it alone shows that an entry in it is gone.
                    self._describer.count_if_changed(os.fstat(descriptor))
            finally:
                os.close(descriptor)
        except (OSError, ValueError) as error:
            raise UnreadableError(self._describer.reason(_checked(error))) from error
        return names

    def _describe(self, names: list[str]) -> list[Described]:
        """Describe entries of one directory."""
        return self._describer.describe(names, retry_on_shortage(lambda: self._look(names)))

    def _look(self, names: list[str]) -> list[Found]:
        """Look at entries of one directory.

        Raises:
            OSError: this machine lacks what it takes.
        """
        if names == ["/"]:
            return [os.fstat(self._root)]
        directory = parent_of(names[0])
        try:
            parent = self._directories.open(directory)
        except (OSError, ValueError) as error:
            return [_checked(error)] * len(names)
        found: list[Found] = []
        for component in last_components(names, len(directory)):
            try:
                found.append(os.stat(component, dir_fd=parent, follow_symlinks=False))
            except (OSError, ValueError) as error:
                found.append(_checked(error))
        return found


def _checked(error: OSError | ValueError) -> OSError | ValueError:
    """Return an error that is about an entry; raise one that is about this machine."""
    if is_shortage(error):
        raise error
    return error


def _find_snapshot(snapshots: bytes, number: int) -> str | None:
    try:
        for name in os.listdir(snapshots):
            path = snapshots + b"/" + name
            if name.startswith(b"%d_" % number) and stat.S_ISDIR(os.stat(path).st_mode):
                return to_text(path)
    except OSError as error:
        if is_shortage(error):
            raise
    return None


def _stat_by_opening(component: bytes, parent: int) -> os.stat_result | None:
    """Open an entry, and return what the file server has; None if this user may not open it."""
    with contextlib.suppress(PermissionError):
        descriptor = os.open(component, _REFRESH_FLAGS, dir_fd=parent)
        try:
            return os.fstat(descriptor)
        finally:
            os.close(descriptor)
    return None
