"""The values that the emulated cluster is made of."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from qumulo_emulator.names import Parts

ROOT_ID = 2


class FileType(Enum):
    """What an entry is, by Qumulo's names."""

    FILE = "FS_FILE_TYPE_FILE"
    DIRECTORY = "FS_FILE_TYPE_DIRECTORY"
    SYMLINK = "FS_FILE_TYPE_SYMLINK"
    PIPE = "FS_FILE_TYPE_UNIX_PIPE"
    CHARACTER_DEVICE = "FS_FILE_TYPE_UNIX_CHARACTER_DEVICE"
    BLOCK_DEVICE = "FS_FILE_TYPE_UNIX_BLOCK_DEVICE"
    SOCKET = "FS_FILE_TYPE_UNIX_SOCKET"


class Attributes(NamedTuple):
    """What is known of one file, directory, or other object; its names are not part of it.

    Times are nanoseconds since the epoch, `mode` holds the permission bits alone, `blocks` counts
    512 bytes each, and `created` is None where the disk does not know.
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


class Node:
    """A remembered object: its attributes and, for a directory, what is in it by name."""

    __slots__ = ("attributes", "children")

    def __init__(self, attributes: Attributes) -> None:
        self.attributes = attributes
        self.children: dict[str, Node] = {}

    @property
    def is_directory(self) -> bool:
        """Whether it can have children."""
        return self.attributes.type is FileType.DIRECTORY


class Entry(NamedTuple):
    """An object as it is seen under one of its paths.

    `child_count` is None for everything but directories.
    """

    parts: Parts
    attributes: Attributes
    child_count: int | None


class Operation(Enum):
    """What happened to a path between two snapshots."""

    CREATE = "CREATE"
    MODIFY = "MODIFY"
    DELETE = "DELETE"


class Change(NamedTuple):
    """One line of a diff; the path is absolute, a directory's ends in a slash."""

    operation: Operation
    path: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot without its tree. Times are nanoseconds since the epoch.

    `label` is the name it was given, if any; `expires` is None for a snapshot that is kept.
    """

    id: int
    label: str | None
    taken: int
    source_id: int
    source: Parts
    expires: int | None
    in_delete: bool = False

    @property
    def name(self) -> str:
        """The name as it was given, or the one that a cluster makes up."""
        return self.label or "OnDemand"

    @property
    def directory_name(self) -> str:
        """The name of its directory in `.snapshot`."""
        return f"{self.id}_{self.name}"


class Tree(Protocol):
    """A directory tree that can be asked: the live one, or a remembered one."""

    def locate(self, ref: str) -> Parts:
        """The path of a decimal id or of a path in text."""

    def entry(self, parts: Parts) -> Entry:
        """What is under a path."""

    def names(self, parts: Parts) -> list[str]:
        """The names in a directory, in no order."""

    def describe(self, parts: Parts, names: list[str]) -> list[Entry]:
        """Some entries of a directory; a name that has gone is left out."""

    def capture(self, parts: Parts) -> Node:
        """All that is at and below a path."""
