"""What the parts of the project hand to each other: values, never changed once made.

Names and paths are text in which a byte that is not UTF-8 stands as a lone surrogate (as Python's
``surrogateescape`` writes it); :func:`to_bytes` and :func:`to_text` cross over to the file system.
The name of a directory ends in ``/``, so that sorting by name keeps a directory and all below it
together; see :mod:`qumulo_changelist.scan`.
"""

import operator
from enum import Enum
from typing import Final, Literal, NamedTuple

from msgspec import Struct

Op = Literal["CREATE", "MODIFY", "DELETE"]
"""What a cluster says happened to a path between two snapshots."""

CREATE: Final = "CREATE"
MODIFY: Final = "MODIFY"
DELETE: Final = "DELETE"


class Change(Struct, frozen=True, gc=False):
    """One line of a cluster's diff. ``path`` ends in ``/`` when it is a directory's."""

    op: Op
    path: str


class Snapshot(NamedTuple):
    """A snapshot that a cluster holds, as far as the cluster told of it."""

    id: int
    name: str
    """As it was given; of one just taken perhaps the entry's in ``.snapshot``."""
    taken: int = 0
    """When, in nanoseconds since the epoch, by the cluster's clock; 0 if it did not say."""
    source: str = ""
    """The directory that it is of, an absolute path; "" if it did not say."""
    source_id: str = ""
    """The file id of the directory that it is of; "" if the cluster did not say."""


class Kind(Enum):
    """What an entry of a directory is, as far as a list cares."""

    FILE = "F_REG"
    DIRECTORY = "F_DIR"
    OTHER = "other"
    """A symbolic link, pipe, socket or device: never listed."""


class Attributes(Struct, frozen=True, gc=False):
    """What a list tells of a file: bytes, whole seconds since the epoch (rounded down), ids.

    An owner or group of None is one that has no numeric id, such as a Windows user.
    """

    kind: Kind
    size: int = 0
    mtime: int = 0
    atime: int = 0
    owner: int | None = 0
    group: int | None = 0
    id: str = ""
    """What the cluster knows the file by, whatever it is called; "" where nobody said."""
    revision: str = ""
    """What changes when the file's data changes; "" where nobody said."""


class EntryStat(Struct, frozen=True):
    """An entry as the cluster or a mount shows it at one moment, with what identifies it."""

    kind: Kind
    size: int = -1
    """In bytes; -1 where it cannot be read."""
    mtime: int | None = None
    """When its data changed last, in nanoseconds since the epoch; None where it cannot be read."""
    id: str = ""
    """What the cluster knows it by; of a mount, its inode number."""
    path: str = ""
    """Where it is on the cluster, without a last ``/``; "" if nobody said."""


class ReadFailure(Struct, frozen=True, gc=False):
    """Why something has no attributes, or not all that a list needs."""

    reason: str
    known: Attributes | None = None
    """What could be read all the same, its kind at least; the rest is as if nothing was said."""


Description = Attributes | ReadFailure


class State(Enum):
    """What a list says of a name; the value is the element that says it."""

    PRESENT = "file"
    DELETED = "delete-file"
    UNREADABLE = "bad-dir"
    LEFT_OUT = ""
    """It changed but is never listed: a link, pipe, socket or device."""
    GONE = "gone"
    """It is not there any more, and not listed as deleted: it was moved, deletions are not wanted,
    or nobody can say what is there now."""


class Entry(Struct, frozen=True, gc=False):
    """One line of a list, or what is left out of it.

    ``name`` begins with ``/`` and never ends in one.
    """

    state: State
    name: str
    attributes: Attributes
    op: Op
    reason: str = ""
    """Why it is UNREADABLE, or would be."""
    replaces: bool = False
    """Whether another regular file had the name in the older snapshot."""
    moved_from: str = ""
    """The name of the same file in the older snapshot, where it was only moved."""


class Totals(NamedTuple):
    """What a list holds, and what is left out of it: numbers of entries, and bytes."""

    files: int = 0
    """Regular files that are there: created, modified or moved."""
    size: int = 0
    created: int = 0
    """Of the files, those that were created and not just moved."""
    created_size: int = 0
    moved: int = 0
    moved_size: int = 0
    replaced: int = 0
    """Created or moved, under a name that another regular file had; also those unreadable now."""
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
    unread: int = 0
    """Of the unreadable entries, those created or modified that the newer tree did not show."""
    left_out: int = 0
    """Changed, but never listed: links, pipes, sockets and devices."""
    without_numeric_ids: int = 0
    """Listed with an owner or a group that has no numeric id."""
    changed_since: int = 0
    """Entries of a live tree that are no longer as the newer snapshot has them."""

    @property
    def modified(self) -> int:
        """Of the files, those that were there before."""
        return self.files - self.created - self.moved

    @property
    def modified_size(self) -> int:
        """Of the bytes, those of the modified files."""
        return self.size - self.created_size - self.moved_size

    def plus(self, other: "Totals") -> "Totals":
        """Return the totals of both."""
        return Totals(*map(operator.add, self, other))
