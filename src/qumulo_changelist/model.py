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
    """A snapshot that a cluster holds.

    ``name`` is the entry's name in ``.snapshot``, where the cluster told it.
    """

    id: int
    name: str


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


class Unreadable(Struct, frozen=True, gc=False):
    """Why something has no attributes."""

    reason: str


Described = Attributes | Unreadable


class State(Enum):
    """What a list says of a name; the value is the element that says it."""

    PRESENT = "file"
    DELETED = "delete-file"
    UNREADABLE = "bad-dir"
    LEFT_OUT = ""
    """It changed but is never listed: a link, pipe, socket or device."""


class Entry(Struct, frozen=True, gc=False):
    """One line of a list, or what is left out of it.

    ``name`` begins with ``/`` and never ends in one.
    """

    state: State
    name: str
    attributes: Attributes
    reason: str = ""
    """Why it is UNREADABLE."""


class Totals(NamedTuple):
    """What a list holds: numbers of entries, and bytes."""

    files: int = 0
    size: int = 0
    directories: int = 0
    deleted_files: int = 0
    deleted_directories: int = 0
    unreadable: int = 0
    left_out: int = 0
    """Changed, but never listed: links, pipes, sockets and devices."""
    without_ids: int = 0
    """Listed with an owner or a group that has no numeric id."""

    def plus(self, other: "Totals") -> "Totals":
        """Return the totals of both."""
        return Totals(*map(operator.add, self, other))


def to_bytes(name: str) -> bytes:
    """Return the bytes that the file system knows ``name`` by, whatever the locale."""
    try:
        return name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # A lone surrogate that stands for no byte: only a cluster can hold such a name.
        return name.encode("utf-8", "surrogatepass")


def to_text(name: bytes) -> str:
    """Return the text for a name that the file system gave."""
    return name.decode("utf-8", "surrogateescape")
