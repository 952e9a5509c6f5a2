"""The values that the parts of the project exchange. None of them changes once it is made.

Names and paths are text, see :mod:`qumulo_changelist.names`. The name of an entry is its path below
the base path and begins with ``/``.
"""

import operator
from collections.abc import Sequence
from enum import Enum
from typing import Final, Literal, NamedTuple

from msgspec import Struct

Op = Literal["CREATE", "MODIFY", "DELETE"]
"""What happened to a path between two snapshots, in the cluster's words."""

CREATE: Final = "CREATE"
MODIFY: Final = "MODIFY"
DELETE: Final = "DELETE"


class Change(Struct, frozen=True, gc=False):
    """One line of a cluster's diff. The ``path`` of a directory ends in ``/``."""

    op: Op
    path: str


class Snapshot(NamedTuple):
    """A snapshot of a directory, as the cluster describes it."""

    id: int
    name: str = ""
    """As it was given; of a snapshot just taken perhaps that of its entry in ``.snapshot``."""
    taken: int = 0
    """When, in nanoseconds since the epoch, by the cluster's clock; 0 if unknown."""
    source: str = ""
    """The directory, an absolute path; "" if unknown."""
    source_id: str = ""
    """The file id of the directory; "" if unknown."""
    expires: int = 0
    """When the cluster deletes it by itself, likewise; 0 if never, or if that is unknown."""
    policy: str = ""
    """The name of the snapshot policy that took it; "" if none did, or if its name is unknown."""
    by_policy: bool = False
    """Whether a snapshot policy took it."""
    is_locked: bool = False
    """Whether the cluster refuses to delete it before it expires."""
    is_going: bool = False
    """Whether the cluster is deleting it; False if that is unknown."""

    @property
    def label(self) -> str:
        """The name as it was given, without the id that version 3 of the API puts in front."""
        return self.name.removeprefix(f"{self.id}_")


class Caller(Struct, frozen=True):
    """The user on whose behalf the cluster is asked."""

    name: str
    privileges: frozenset[str]
    """What the user may do, in the cluster's words, such as ``PRIVILEGE_SNAPSHOT_READ``."""
    id: str = ""
    """The cluster's id for the user; "" if unknown."""
    access_token_id: str = ""
    """The id of the access token that was sent; "" after a login with a password."""


class Kind(Enum):
    """What an entry of a directory is, as far as a list distinguishes."""

    FILE = "file"
    DIRECTORY = "directory"
    OTHER = "other"
    """A symbolic link, pipe, socket or device: never listed."""


class Attributes(Struct, frozen=True, gc=False):
    """What a list contains of an entry: bytes, whole seconds since the epoch (rounded down), ids.

    An owner or group of None has no numeric id, such as a Windows user.
    """

    kind: Kind
    size: int = 0
    mtime: int = 0
    atime: int = 0
    owner: int | None = 0
    group: int | None = 0
    id: str = ""
    """The cluster's id for the file under all its names; "" if unknown."""
    revision: str = ""
    """Text that changes with the file's data; "" if unknown."""


class EntryStat(Struct, frozen=True):
    """An entry as the cluster or a mount shows it at one moment, with what identifies it."""

    kind: Kind
    size: int = -1
    """In bytes; -1 if it cannot be read."""
    mtime: int | None = None
    """When its data last changed, in nanoseconds since the epoch; None if it cannot be read."""
    id: str = ""
    """The cluster's id for it; on a mount, its inode number."""
    path: str = ""
    """Its path on the cluster, without a trailing ``/``; "" if unknown."""


class ReadFailure(Struct, frozen=True, gc=False):
    """Why an entry has no attributes, or not all that a list needs."""

    reason: str
    known: Attributes | None = None
    """What could be read, at least the kind; fields that could not are as if they were unknown."""


Description = Attributes | ReadFailure


class State(Enum):
    """What a list says of a name."""

    PRESENT = "present"
    """It was created, modified or moved, and is listed."""
    DELETED = "deleted"
    UNREADABLE = "unreadable"
    """It should be listed, but cannot be read, or the format cannot hold its name."""
    LEFT_OUT = "left out"
    """It changed but is never listed: a link, pipe, socket or device."""
    GONE = "gone"
    """It is no longer there and not listed as deleted: it was moved, deletions are not wanted, or
    it cannot be known what is there now."""
    FILTERED = "filtered"
    """It is a file that is there, and that a filter by size or time leaves out. It stays until it
    is known which file of its name it replaced, and is never listed."""


class Entry(Struct, frozen=True, gc=False):
    """One entry of a list, or what is left out of it.

    ``name`` begins with ``/`` and never ends in one.
    """

    state: State
    name: str
    attributes: Attributes
    op: Op
    reason: str = ""
    """Why it is UNREADABLE, or would be."""
    replaces: bool = False
    """Whether a different regular file had the name in the older snapshot."""
    moved_from: str = ""
    """The name of the same file in the older snapshot, if it was only moved."""


Batch = Sequence[Entry]
"""Entries that flow together: files in descending order of names, mostly of one directory, or one
directory alone. No batch is empty. Most are :class:`~qumulo_changelist.columns.FileBatch`."""


class Totals(NamedTuple):
    """What a list contains, and what is left out of it: numbers of entries, and bytes."""

    files: int = 0
    """Regular files that are there: created, modified or moved."""
    size: int = 0
    created: int = 0
    """Of the files, those that were created and not only moved."""
    created_size: int = 0
    moved: int = 0
    moved_size: int = 0
    replaced: int = 0
    """Created or moved entries whose name a different regular file had; also unreadable ones."""
    directories: int = 0
    deleted_files: int = 0
    deleted_size: int = 0
    """As far as the older snapshot was asked for sizes."""
    deleted_directories: int = 0
    gone_files: int = 0
    """No longer there, and not listed as deleted."""
    unreadable: int = 0
    unreadable_created: int = 0
    """Of the unreadable entries, created regular files."""
    unreadable_deleted: int = 0
    """Of the unreadable entries, deleted regular files."""
    unnameable: int = 0
    """Of the unreadable entries, those that were read, but whose names the format cannot hold."""
    unread_existing: int = 0
    """Of the unreadable entries, created or modified ones that the newer tree does not show."""
    left_out: int = 0
    """Changed, but never listed: links, pipes, sockets and devices."""
    without_numeric_ids: int = 0
    """Listed with an owner or a group that has no numeric id."""
    changed_since: int = 0
    """Entries of a live share that are no longer as the newer snapshot has them."""

    @property
    def listed(self) -> int:
        """All entries of the list."""
        deleted = self.deleted_files + self.deleted_directories
        return self.files + self.directories + deleted + self.unreadable

    @property
    def modified(self) -> int:
        """Of the files, those that existed before."""
        return self.files - self.created - self.moved

    @property
    def modified_size(self) -> int:
        """Of the bytes, those of the modified files."""
        return self.size - self.created_size - self.moved_size

    def plus(self, other: "Totals") -> "Totals":
        """Return the sums of both."""
        return Totals(*map(operator.add, self, other))
