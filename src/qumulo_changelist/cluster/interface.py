"""A Qumulo cluster, as much of it as this project needs, however it is reached.

Paths are absolute on the cluster. No answer is ever cut short silently: an iterator that ends
without an error has yielded everything. A failure that is not about one entry raises a
``ChangelistError``.
"""

from collections.abc import AsyncGenerator, Container, Coroutine, Generator, Iterator
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from msgspec import Struct

from qumulo_changelist.columns import FileColumns
from qumulo_changelist.errors import IncompleteReplyError, UnreadableError
from qumulo_changelist.model import Caller, Change, Description, EntryStat, Snapshot
from qumulo_changelist.pending import Pending
from qumulo_changelist.wording import count

T = TypeVar("T")


class DiffPage(Protocol):
    """A page of a diff that is decoded where its changes are needed; it can be pickled."""

    def changes(self) -> list[Change]:
        """Return the changes, possibly none.

        Raises:
            ReplyError: an entry is not a change of an absolute path, or the page is malformed.
        """


BEGUN_ANEW: Final[list[Change]] = []
"""This very page announces that all changes before it come again."""


class UndecodedPage(NamedTuple):
    """A page of a diff as the cluster has sent it."""

    source: str
    """The request for it, for messages."""
    data: bytes
    """JSON."""
    next_uri: str
    """Where the next page is; "" if there is none."""


class PageStore(Protocol):
    """Keeps the pages of one diff, for a run that reads it again."""

    @property
    def next_uri(self) -> str | None:
        """Where the page is that follows those that are kept.

        It is "" if none follows, and None if none are kept.
        """

    def last(self) -> tuple[str, UndecodedPage]:
        """Return the last page that is kept, and where it is: "" for where the diff begins.

        Raises:
            IncompleteReplyError: it cannot be read any more.
        """

    def pages(self) -> Iterator[UndecodedPage]:
        """Yield the pages that an earlier run has kept, in order.

        Raises:
            IncompleteReplyError: they cannot be read any more.
        """

    def start_over(self, reason: str) -> None:
        """Forget the pages that are kept, since the cluster does not go on after them."""

    def keep(self, page: UndecodedPage) -> None:
        """Keep a page that follows those that are kept, if that is possible."""


class Cluster(Protocol):
    """What every way to a cluster can do."""

    def create_snapshot(self, name: str, path: str, expires: int = 0) -> Snapshot:
        """Take a snapshot of the directory ``path``.

        Args:
            name: its name.
            path: the directory.
            expires: when the cluster deletes it by itself, in nanoseconds since the epoch, which
                are rounded up to seconds; 0 for never.

        Raises:
            ClusterPathError: the cluster cannot be asked for a path with such a name.
            UnclearOutcomeError: the cluster may have taken the snapshot, or not.
        """

    def snapshots(self, *numbers: int) -> dict[int, Snapshot]:
        """Return those of the snapshots that the cluster has, by their ids."""

    def all_snapshots(self) -> list[Snapshot]:
        """Return the status of every snapshot of the cluster, in no order.

        Those that it is deleting are among them. Version 2 of its API does not state which these
        are, and knows neither locks nor the names of policies.
        """

    def delete_snapshot(self, number: int) -> None:
        """Delete a snapshot; the cluster may still be at it when this returns.

        It can be repeated: after a broken connection the snapshot may be gone already.

        Raises:
            SnapshotMissingError: the cluster does not have it, or not any more.
            StatusError: the cluster refuses, such as for a snapshot that is locked.
        """

    def caller(self) -> Caller:
        """Return the user who is logged in, and what that user may do.

        Raises:
            ReplyError: the cluster does not state the user's privileges.
        """

    def core_version(self) -> str:
        """Return the version of the cluster's Core, such as ``Qumulo Core 7.2.1``."""

    def changes(self, older: int, newer: int) -> Generator[list[Change], None, None]:
        """Yield the differences between two snapshots of one directory, in pages, in no order.

        A change may come more than once. After a failure that may pass, or once a session was
        renewed, ``qq`` begins anew: then ``BEGUN_ANEW`` comes, and everything from the beginning.
        Close the generator when no more is wanted.
        """

    def diff_pages(
        self, older: int, newer: int, store: PageStore | None = None
    ) -> Generator[DiffPage, None, None] | None:
        """Yield the same as pages that are not decoded, so that several processes can share that.

        Args:
            older: the id of the older snapshot.
            newer: that of the newer one.
            store: keeps the pages, and has those that need not be requested again.

        Returns:
            The pages; None if this way to the cluster decodes a diff while it reads it.
        """

    def inspect_entry(self, reference: str, snapshot: int | None) -> EntryStat:
        """Return what an entry is, and what identifies it, without following a link.

        Args:
            reference: an absolute path, or a file id.
            snapshot: the snapshot to look in; None for the live tree.

        Raises:
            AbsentError: there is no such entry.
            UnreadableError: the cluster cannot read it, or cannot be asked for such a name.
        """

    def first_entries(
        self, directory: str, snapshot: int | None, limit: int
    ) -> dict[str, EntryStat]:
        """Return the first entries of a directory that the cluster lists, by names without a path.

        Args:
            directory: its path.
            snapshot: the snapshot to look in; None for the live tree.
            limit: the number of entries that is enough.

        Raises:
            AbsentError: there is no such directory.
            UnreadableError: the cluster cannot read it, or cannot be asked for such a name.
        """

    def count_files_below(self, directory: str, snapshot: int) -> int:
        """Return the number of regular files that a snapshot has below a directory, at any depth.

        The cluster keeps this count, so it costs one request. A directory that the snapshot does
        not have contains none.

        Raises:
            UnreadableError: the cluster does not state it, or cannot be asked for such a name.
        """

    def snapshot_reader(self) -> "SnapshotReader | None":
        """Return what describes snapshots over the same connections, many entries at once.

        Returns:
            It; None if this way to the cluster answers one question after the other.
        """


class DirectoryCounts(Struct, frozen=True):
    """How much a snapshot has in a directory, by the counts that the cluster keeps."""

    below: int = 0
    """The number of entries below it, at any depth; perhaps it is counted, too."""
    children: dict[str, int] = {}
    """The number of entries at and below each entry that the cluster names of the directory: as a
    rule the largest ones, perhaps none. By name without a path; that of a directory ends in ``/``.
    """

    @property
    def is_complete(self) -> bool:
        """Whether the cluster seems to name everything that is in the directory."""
        return sum(self.children.values()) >= self.below - 1


class DirectoryPage(Struct, frozen=True):
    """A part of a directory, as far as its entries are wanted."""

    total_entries: int
    """The number of entries that the whole directory has."""
    received: int
    """The number of them that this page has, whether they are wanted or not."""
    files: list[str]
    """The names of regular files; each of them is only here."""
    columns: FileColumns
    """The attributes of these files."""
    others: dict[str, Description]
    """All other entries by name; the name of a directory ends in ``/``."""

    @property
    def entries(self) -> dict[str, Description]:
        """All entries by name."""
        return {**dict(zip(self.files, self.columns.attributes(), strict=True)), **self.others}


class SnapshotReader(Protocol):
    """A cluster that describes a snapshot's entries, many at once: to work that awaits them."""

    @property
    def idle_seconds(self) -> float:
        """The number of seconds, so far, for which nothing could be done but wait for answers."""

    def start(self, work: Coroutine[Pending[Any], None, T]) -> Pending[T]:
        """Begin work that uses this object; its first request is sent at once."""

    async def describe(self, path: str, snapshot: int) -> Description:
        """Return the attributes of one entry, without following a link.

        They are a ``ReadFailure`` if the cluster sent a field malformed that a list needs.

        Raises:
            UnreadableError: the snapshot does not have it, or the cluster cannot read it.
        """

    async def count(self, directory: str, snapshot: int, most_named: int = 0) -> DirectoryCounts:
        """Return how much is in a directory; nothing is if the snapshot does not have it.

        A run can do without, so the cluster is not asked for long.

        Args:
            directory: its path.
            snapshot: the snapshot's id.
            most_named: the number of entries that are named at most, those with most files.

        Raises:
            UnreadableError: the cluster cannot count it, or cannot be asked for such a name.
            ReplyError: the answer states no number.
        """

    def pages(
        self,
        directory: str,
        snapshot: int,
        limit: int = 0,
        wanted: Container[str] | None = None,
        *,
        identities_only: bool = False,
    ) -> AsyncGenerator[DirectoryPage, None]:
        """Yield the entries of a directory, a page at a time, in no order.

        Args:
            directory: its path.
            snapshot: the snapshot's id.
            limit: the maximal number of entries of the first page; 0 for that of other pages.
                After a smaller first page, nothing is requested before it is wanted.
            wanted: the names, without a ``/``, that are of interest; None for all.
            identities_only: whether to leave out access times, owners and groups.

        Raises:
            AbsentError: the snapshot does not have it, or it is not a directory.
            UnreadableError: the cluster cannot read it.
            IncompleteReplyError: the cluster listed fewer entries than the directory has.
        """


class SubtreeReader(Protocol):
    """A cluster that lists whole directories and trees; may be used by many threads at once.

    Of attributes it returns the kind, the size, the id and the revision. An entry is a
    ``ReadFailure`` if the cluster does not state its kind.
    """

    def directory(self, path: str, snapshot: int) -> dict[str, Description]:
        """Return the entries of the directory ``path`` in a snapshot, by names without a path.

        Raises:
            AbsentError: the snapshot has no such directory.
            UnreadableError: the cluster cannot be asked for such a name.
        """

    def walk(self, path: str, snapshot: int) -> dict[str, Description]:
        """Return everything below the directory ``path`` in a snapshot, by absolute path.

        The paths of directories end in ``/``. What is below a directory that is a ``ReadFailure``
        is missing.

        Raises:
            AbsentError: the snapshot has no such directory.
            UnreadableError: the cluster does not state how many entries it has, or cannot be asked
                for such a name.
            IncompleteReplyError: a directory came with fewer or more entries than it has.
        """

    def close(self) -> None:
        """End all requests that are under way, also those of other threads; accept no more."""


def is_unicode(name: str) -> bool:
    """Return whether a cluster can be asked for a name."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in name


def check_unicode(name: str) -> None:
    """Raise ``UnreadableError`` for a name that a cluster cannot be asked for.

    Neither the command line nor the URL of a request can carry such a name.
    """
    if not is_unicode(name):
        raise UnreadableError("its name is not Unicode, and the cluster cannot be asked for it")


def check_complete(directory: str, listed: int, total: int) -> None:
    """Raise ``IncompleteReplyError`` if fewer different entries were listed than there are.

    An entry that is on two pages of a directory can hide that another one is on none.
    """
    if listed < total:
        raise IncompleteReplyError(
            f"the cluster lists {listed} of the {count(total, 'entry')} of {directory}"
        )
