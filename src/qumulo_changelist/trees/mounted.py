"""A tree on a mount: the live share, or a snapshot under its ``.snapshot``."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TypeVar

from qumulo_changelist.errors import MappedPathError, MountChangedError, UnreadableError
from qumulo_changelist.machine.shortages import is_shortage
from qumulo_changelist.model import EntryStat, Kind, ReadFailure
from qumulo_changelist.names import parent_of, to_bytes, to_text
from qumulo_changelist.trees.found import MISSING, NEVER, FoundDescriber
from qumulo_changelist.trees.interface import (
    NOT_READ,
    Described,
    DescribedEntries,
    NamedEntries,
    Subtree,
    TreeRequest,
)
from qumulo_changelist.trees.lookup import LIST_FLAGS, Listing, NamedLookup
from qumulo_changelist.trees.lookup_window import LookupWindow, Mount
from qumulo_changelist.trees.lookups import LookupThreads
from qumulo_changelist.trees.mount_root import look_at_root, once_more_if_stale, open_root
from qumulo_changelist.trees.open_directories import (
    OpenDirectories,
    retry_on_shortage,
)
from qumulo_changelist.trees.posix import SNAPSHOTS, kind_of, last_components, name_of
from qumulo_changelist.trees.read_ahead import ReadAhead, SkippedDirectory, Step

_REFRESH_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW

_Result = TypeVar("_Result")


class MountedTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree` over a directory of this machine.

    Every directory is opened from its parent, so no link is followed, even if a link replaces a
    directory during the run, and no path is too long. A shortage of this machine is not a property
    of an entry: every method raises a ``ResourceError`` for it, and a ``MountTimeoutError`` if the
    mount does not answer. Use it in one thread; it has threads of its own for the mount.

    Args:
        root: the directory.
        since: when the snapshot was taken that the directory should be like, in nanoseconds since
            the epoch, by the clock that stamps its changes; 0 for a directory that cannot change.
        max_lookups: the greatest number of lookups at once.
        timeout: the number of seconds that the mount may take for an answer.

    Raises:
        MappedPathError: ``root`` is not a directory that can be opened.
        MountTimeoutError: the mount does not answer.
    """

    def __init__(
        self,
        root: str,
        since: int = 0,
        *,
        max_lookups: int = 64,
        timeout: float = 120,
    ) -> None:
        self._path = root
        self._threads = LookupThreads(timeout)
        try:
            root_descriptor, self.root = self._call(partial(open_root, root), "")
        except BaseException as error:
            self._threads.close()
            if not isinstance(error, (OSError, ValueError)):
                raise
            reason = error.strerror if isinstance(error, OSError) else error
            raise MappedPathError(
                f"the mapped path {root} is not a directory that can be read: {reason}"
            ) from error
        self._directories = OpenDirectories(root_descriptor)
        self._mount = Mount(root, self._directories, self._threads, max_lookups)
        self._describer = FoundDescriber(since or NEVER)

    def __enter__(self) -> "MountedTree":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close everything that is open; a thread that the mount holds goes on waiting."""
        self._threads.close()
        self._directories.close()

    @property
    def changed_since(self) -> int:
        """See :class:`~..interface.Tree`: entries with a later change time, or that are gone."""
        return self._describer.changed_since

    def check_root(self) -> None:
        """Make sure that the path still leads to the directory that is open, and that it is there.

        Raises:
            MountChangedError: it leads to something else, or to nothing that can be read.
            MountTimeoutError: the mount does not answer.
        """
        try:
            now = self._call(partial(look_at_root, self._path), "")
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise MountChangedError(
                f"the mapped path {self._path} could be read when the run began, and cannot be "
                f"any more: {reason}"
            ) from error
        self.root.check(now, self._path)

    def find_snapshot(self, number: int) -> str | None:
        """Return the path of a snapshot of this tree, by its id; None if the mount shows none.

        Raises:
            MountChangedError: it could show some, and cannot be read.
        """
        snapshots = to_bytes(self._path) + b"/" + SNAPSHOTS
        find = partial(once_more_if_stale, partial(_find_snapshot, snapshots, number))
        try:
            return self._call(find, "/.snapshot")
        except OSError as error:
            if error.errno in (*MISSING, errno.EACCES, errno.EPERM):
                return None
            raise MountChangedError(
                f"{self._path}/.snapshot cannot be read: {error.strerror}"
            ) from error

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
        return self._call(lambda: self._inspect(name, refresh=refresh), name)

    def first_names(self, limit: int) -> list[str]:
        """Return some names that the directory has, at most a number of them, in no order."""
        return self._call(partial(self._list_first, limit), "/")

    def _list_first(self, limit: int) -> list[str]:
        try:
            with self._directories.opened("/") as top:
                listed = os.open(b".", LIST_FLAGS, dir_fd=top)
            try:
                with os.scandir(listed) as entries:
                    found = [name_of("/", entry) for entry in islice(entries, limit)]
                return list(filter(None, found))
            finally:
                os.close(listed)
        except OSError as error:
            if is_shortage(error):
                raise
            return []

    def _inspect(self, name: str, *, refresh: bool) -> EntryStat | None:
        try:
            (component,) = last_components([name], name.rstrip("/").rfind("/") + 1)
            with self._directories.opened(parent_of(name)) as parent:
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

    def _call(self, function: Callable[[], _Result], name: str) -> _Result:
        """Return the result of a function that calls the mount for one name."""
        call = partial(self._threads.call, function, self._path + name)
        return retry_on_shortage(call)

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[Described]]:
        """Answer the requests in their order; see :class:`~..interface.Tree`."""
        requests = list(wanted)
        steps = iter(ReadAhead(self._mount, requests))
        for number, request in enumerate(requests, 1):
            answer = _Answer(self._entries(steps))
            yield tuple(answer) if isinstance(request, NamedEntries) else answer
            if number < len(requests):
                answer.keep()

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, in descending order; see :class:`~..interface.Tree`."""
        listing = Listing(directory, Subtree(directory))
        LookupWindow(self._mount, [listing]).run()
        self._check_listing(listing)
        return listing.names or []

    def _entries(self, steps: Iterator[Step]) -> Iterator[Described]:
        """Yield the answer to one request, from what the mount answers."""
        for step in steps:
            if isinstance(step, NamedLookup):
                yield from self._describer.describe(step)
            elif isinstance(step, SkippedDirectory):
                yield DescribedEntries([step.directory], [NOT_READ])
            elif isinstance(step, Listing):
                try:
                    self._check_listing(step)
                except UnreadableError as error:
                    yield DescribedEntries([step.directory], [ReadFailure(str(error))])
            else:
                return

    def _check_listing(self, listing: Listing) -> None:
        # A directory can be listed for several walks; it counts in the one that is about itself.
        status, is_counted = listing.status, listing.is_wanted
        if isinstance(status, os.stat_result):
            if is_counted:
                self._describer.count_if_changed(status)
        elif status is not None:
            reason = self._describer.reason(status, is_counted=is_counted)
            raise UnreadableError(reason) from status


class _Answer:
    """The answer to a request: it is read when it is wanted, or kept until then."""

    def __init__(self, entries: Iterator[Described]) -> None:
        self._entries = entries

    def __iter__(self) -> "_Answer":
        return self

    def __next__(self) -> Described:
        return next(self._entries)

    def keep(self) -> None:
        """Read what has not been taken yet, because the next answer comes after it."""
        self._entries = iter(list(self._entries))


def _find_snapshot(snapshots: bytes, number: int) -> str | None:
    for name in os.listdir(snapshots):
        path = snapshots + b"/" + name
        if name.startswith(b"%d_" % number) and stat.S_ISDIR(os.stat(path).st_mode):
            return to_text(path)
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
