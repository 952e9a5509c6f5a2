"""A directory that is listed once, by the one who plans, and set aside in the order of a list."""

import contextlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from qumulo_changelist.changes.sorted_keys import SortedKeys
from qumulo_changelist.cluster.interface import DirectoryPage, SnapshotReader, check_complete
from qumulo_changelist.names import is_directory
from qumulo_changelist.pending import iterate
from qumulo_changelist.planning.records import decode_page, encode_page, name_of
from qumulo_changelist.trees.interface import KnownListing, Tree

# More records than this go to disk: some 40 MB.
_MOST_IN_MEMORY = 200_000


class Listed(NamedTuple):
    """All entries of a directory."""

    directory: str
    entries: int
    directories: int
    """The number of entries that are directories."""
    records: Iterator[tuple[str, str]]
    """In descending order: each entry's name, and what was read of it."""
    page: Callable[[list[str]], DirectoryPage] | None = None
    """Returns what describes entries, from what was read of them; None if nothing does."""

    def known(self, names: list[str], records: list[str]) -> KnownListing:
        """Return what is known of some entries."""
        return KnownListing(self.directory, names, self.page(records) if self.page else None)


class SnapshotLister:
    """Lists directories of a snapshot, page by page.

    Args:
        reader: the cluster.
        snapshot: the snapshot's id.
        path: returns the path of a directory on the cluster, by its name.
        folder: where many entries are set aside.
        identities_only: whether access times, owners and groups are not needed.
    """

    def __init__(
        self,
        reader: SnapshotReader,
        snapshot: int,
        path: Callable[[str], str],
        folder: str,
        *,
        identities_only: bool = False,
    ) -> None:
        self._reader = reader
        self._snapshot = snapshot
        self._path = path
        self._folder = folder
        self._identities_only = identities_only

    def list(self, directory: str) -> Listed:
        """Return the entries of a directory, which it holds in memory only if they are few.

        Raises:
            UnreadableError: it cannot be read, or is not a directory.
            IncompleteReplyError: some of its entries are on no page; raised by the records, too.
            SpillError: there is no room on disk.
        """
        path = self._path(directory)
        pages = self._reader.pages(path, self._snapshot, identities_only=self._identities_only)
        keys = SortedKeys(_MOST_IN_MEMORY, self._folder)
        entries = directories = total = 0
        with contextlib.ExitStack() as undo:
            undo.callback(keys.close)
            with contextlib.closing(iterate(self._reader.start, pages)) as received:
                for page in received:
                    keys.add(encode_page(page))
                    entries, total = entries + page.received, page.total_entries
                    directories += sum(map(is_directory, page.others))
            undo.pop_all()
        records = _drain(directory, keys, path, total)
        return Listed(directory, entries, directories, records, decode_page)


class MountLister:
    """Lists directories of a mount: names alone.

    Args:
        opened: returns the mount.
    """

    def __init__(self, opened: Callable[[], Tree]) -> None:
        self._opened = opened

    def list(self, directory: str) -> Listed:
        """Return the names in a directory.

        Raises:
            UnreadableError: it cannot be read, or is not a directory.
        """
        names = self._opened().names(directory)
        directories = sum(map(is_directory, names))
        return Listed(directory, len(names), directories, ((name, name) for name in names))


def _drain(directory: str, keys: SortedKeys, path: str, total: int) -> Iterator[tuple[str, str]]:
    """Yield the names of all entries, with their records."""
    last, different = "", 0
    with contextlib.closing(keys):
        for block in keys.drain():
            for record in block:
                name = name_of(record)
                if name != last:
                    different += 1
                    yield directory + name, record
                last = name
    check_complete(path, different, total)
