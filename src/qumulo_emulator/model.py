"""The values that both kinds of cluster are made of."""

from enum import Enum
from typing import Any, NamedTuple

from msgspec import Struct

from qumulo_emulator.names import Parts

ROOT_ID = 2


class FileType(Enum):
    """The type of an entry, in Qumulo's words."""

    FILE = "FS_FILE_TYPE_FILE"
    DIRECTORY = "FS_FILE_TYPE_DIRECTORY"
    SYMLINK = "FS_FILE_TYPE_SYMLINK"
    PIPE = "FS_FILE_TYPE_UNIX_PIPE"
    CHARACTER_DEVICE = "FS_FILE_TYPE_UNIX_CHARACTER_DEVICE"
    BLOCK_DEVICE = "FS_FILE_TYPE_UNIX_BLOCK_DEVICE"
    SOCKET = "FS_FILE_TYPE_UNIX_SOCKET"


class Attributes(NamedTuple):
    """The attributes of a file, directory or other object, without its names.

    Times are nanoseconds since the epoch. `mode` holds the permission bits only. `blocks` is the
    number of blocks of 512 bytes. `created` is None where the disk does not record it.
    """

    id: int
    type: FileType
    mode: int
    owner: int
    group: int
    size: int
    blocks: int
    links: int
    accessed: int
    modified: int
    changed: int
    created: int | None
    device: tuple[int, int]
    target: bytes | None


class AttributeChanges(NamedTuple):
    """The attributes to set; None leaves an attribute as it is. Times are nanoseconds."""

    mode: int | None = None
    owner: int | None = None
    group: int | None = None
    size: int | None = None
    accessed: int | None = None
    modified: int | None = None


class Node:
    """An object in a captured tree: its attributes and, for a directory, its entries by name."""

    __slots__ = ("attributes", "children")

    def __init__(self, attributes: Attributes) -> None:
        self.attributes = attributes
        self.children: dict[str, Node] = {}

    @property
    def is_directory(self) -> bool:
        """Whether it can have children."""
        return self.attributes.type is FileType.DIRECTORY


class Entry(NamedTuple):
    """An object under one of its paths. `child_count` is None unless it is a directory."""

    parts: Parts
    attributes: Attributes
    child_count: int | None


class IdRecord(NamedTuple):
    """The id that was issued to an object.

    `device` and `inode` identify the object while it exists; `life` distinguishes it from earlier
    objects with the same inode number.
    """

    device: int
    inode: int
    life: bytes
    id: int


class Operation(Enum):
    """What happened to a path between two snapshots."""

    CREATE = "CREATE"
    MODIFY = "MODIFY"
    DELETE = "DELETE"


class Change(NamedTuple):
    """One line of a diff. The path is absolute; a directory's path ends in a slash."""

    operation: Operation
    path: str


class SnapshotPolicy(Struct, frozen=True):
    """A snapshot policy. The emulator takes its snapshots on demand, and never by its schedule.

    `template` is None for a cluster's default. `lock_key_ref` is None if its snapshots are not
    locked.
    """

    id: int
    name: str
    template: str | None
    source_id: int
    schedule: dict[str, Any]
    enabled: bool
    lock_key_ref: str | None


class Snapshot(Struct, frozen=True):
    """A snapshot without its tree. Times are nanoseconds since the epoch.

    `label` is the name that it was given, if any. `expires` is None if it never expires. If a
    policy took it, `policy_id` and `policy_name` are that policy's, and `full_name` is what its
    template gave. `lock_key` is the key that it is locked with, if any.
    """

    id: int
    label: str | None
    taken: int
    source_id: int
    source: Parts
    expires: int | None
    in_delete: bool = False
    policy_id: int | None = None
    policy_name: str | None = None
    full_name: str | None = None
    lock_key: str | None = None

    @property
    def name(self) -> str:
        """The name that it was given, or the default name of a cluster."""
        return self.label or "OnDemand"

    @property
    def directory_name(self) -> str:
        """The name of its directory in `.snapshot`."""
        return self.full_name or f"{self.id}_{self.name}"
