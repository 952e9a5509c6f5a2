"""What the parts of the project hand to each other: values, never changed once made.

Names and paths are text in which a byte that is not UTF-8 stands as a lone surrogate (as Python's
``surrogateescape`` writes it); :func:`to_bytes` and :func:`to_text` cross over to the file system.
The name of a directory ends in ``/``, so that sorting by name keeps a directory and all below it
together; see :mod:`qumulo_changelist.scan`.
"""

from enum import Enum, StrEnum
from typing import NamedTuple


class Op(StrEnum):
    """What a cluster says happened to a path between two snapshots."""

    CREATE = "CREATE"
    MODIFY = "MODIFY"
    DELETE = "DELETE"


class Change(NamedTuple):
    """One line of a cluster's diff. ``path`` ends in ``/`` when it is a directory's."""

    op: Op
    path: str


class Snapshot(NamedTuple):
    """A snapshot that a cluster holds."""

    id: int
    name: str


class Kind(Enum):
    """What an entry of a directory is, as far as a list cares."""

    FILE = "F_REG"
    DIRECTORY = "F_DIR"
    OTHER = "other"
    """A symbolic link, pipe, socket or device: never listed."""


class Attributes(NamedTuple):
    """What a list tells of a file: bytes, whole seconds since the epoch (rounded down), ids."""

    kind: Kind
    size: int = 0
    mtime: int = 0
    atime: int = 0
    owner: int = 0
    group: int = 0


class Found(NamedTuple):
    """Something a walk came upon: its attributes, or why they cannot be read."""

    name: str
    attributes: Attributes | None
    failure: str = ""


class State(Enum):
    """What a list says of a name; the value is the element that says it."""

    PRESENT = "file"
    DELETED = "delete-file"
    UNREADABLE = "bad-dir"


class Entry(NamedTuple):
    """One line of a list. ``name`` begins with ``/`` and never ends in one."""

    state: State
    name: str
    attributes: Attributes
    reason: str = ""
    """Why it is UNREADABLE."""


class Totals(NamedTuple):
    """What a list holds: numbers of entries, and bytes."""

    files: int
    size: int
    directories: int
    deleted_files: int
    deleted_directories: int
    unreadable: int


class LeftOut(NamedTuple):
    """Something that changed but is never listed: a link, pipe, socket or device."""

    name: str


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
