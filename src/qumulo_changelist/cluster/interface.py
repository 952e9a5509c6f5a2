"""A Qumulo cluster, as much of it as this project needs, whatever the way to it.

Paths are absolute on the cluster. No answer is ever cut short in silence: an iterator that ends
without an error has given everything. What cannot be answered at all raises a ``ChangelistError``.
"""

from collections.abc import Container, Generator
from typing import Protocol

from msgspec import Struct

from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.model import Change, Description, EntryStat, Snapshot


class Cluster(Protocol):
    """What every way to a cluster can do."""

    def create_snapshot(self, name: str, path: str) -> Snapshot:
        """Take a snapshot of the directory ``path``."""

    def snapshots(self, *numbers: int) -> dict[int, Snapshot]:
        """Return what the cluster tells of snapshots, by their ids; of those that it holds."""

    def changes(self, older: int, newer: int) -> Generator[list[Change], None, None]:
        """Yield what differs between two snapshots of one directory, in pages, in no order.

        A change may come more than once, since a session that ends on the way is renewed and the
        question asked again. Close it when no more is wanted.
        """

    def inspect_entry(self, reference: str, snapshot: int | None) -> EntryStat:
        """Return what is at a path, or has a file id, without following a link.

        Args:
            reference: an absolute path, or a file id.
            snapshot: the snapshot to look in; None for the live tree.

        Raises:
            AbsentError: there is nothing.
            UnreadableError: the cluster cannot read it, or cannot be asked for such a name.
        """

    def first_entries(
        self, directory: str, snapshot: int | None, most: int
    ) -> dict[str, EntryStat]:
        """Return some entries of a directory, by names without a path: the first ones that come.

        Args:
            directory: its path.
            snapshot: the snapshot to look in; None for the live tree.
            most: the number of entries that is enough.

        Raises:
            AbsentError: there is no such directory.
            UnreadableError: the cluster cannot read it, or cannot be asked for such a name.
        """

    def count_files_below(self, directory: str, snapshot: int) -> int:
        """Return how many regular files a snapshot holds below a directory, at any depth.

        The cluster keeps count, so this costs one question. A directory that the snapshot does not
        hold has none.

        Raises:
            UnreadableError: the cluster does not tell, or cannot be asked for such a name.
        """


class DirectoryPage(Struct, frozen=True):
    """A part of a directory: entries by name, a directory's with a ``/`` at its end."""

    total_entries: int
    """How many entries the directory has in all."""
    received: int
    """How many of them are on this page, whether they are wanted or not."""
    entries: dict[str, Description]


class SnapshotReader(Protocol):
    """A cluster that tells all about a snapshot's entries; may be asked by many threads at once."""

    def describe(self, path: str, snapshot: int) -> Description:
        """Return the attributes of one entry, without following a link.

        They are ``ReadFailure`` where the cluster sent a field that a list needs malformed.

        Raises:
            UnreadableError: the snapshot does not hold it, or the cluster cannot read it.
        """

    def pages(
        self, directory: str, snapshot: int, limit: int = 0, wanted: Container[str] | None = None
    ) -> Generator[DirectoryPage, None, None]:
        """Yield what a directory holds, a page at a time, in no order.

        Args:
            directory: its path.
            snapshot: the snapshot's id.
            limit: the most entries that the first page shall have; 0 for as many as the others.
                Behind a smaller first page nothing is asked for before it is wanted.
            wanted: the names, without a ``/``, that are of interest; None for all.

        Raises:
            AbsentError: the snapshot does not hold it, or it is no directory.
            UnreadableError: the cluster cannot read it.
        """


class SubtreeReader(Protocol):
    """A cluster that is asked for whole directories and trees, by many threads at once.

    Of attributes it gives the kind, the size, the id and the revision. An entry is ``ReadFailure``
    where the cluster does not say its kind.
    """

    def directory(self, path: str, snapshot: int) -> dict[str, Description]:
        """Return what the directory ``path`` holds in a snapshot: names without a path.

        Raises:
            AbsentError: the snapshot holds no such directory.
        """

    def walk(self, path: str, snapshot: int) -> dict[str, Description]:
        """Return all that is below the directory ``path`` in a snapshot, by absolute path.

        The paths of directories end in ``/``. What is below one that is ``ReadFailure`` is missing.

        Raises:
            AbsentError: the snapshot holds no such directory.
            UnreadableError: the cluster does not say how many entries it has.
        """

    def close(self) -> None:
        """End all questions that are under way, also those of other threads; take no more."""


def check_unicode(name: str) -> None:
    """Raise ``UnreadableError`` for a name that a cluster cannot be asked for.

    The command line and the URL of a request can carry no other name.
    """
    if "\0" in name or any("\ud800" <= character <= "\udfff" for character in name):
        raise UnreadableError("its name is not Unicode, and the cluster cannot be asked for it")
