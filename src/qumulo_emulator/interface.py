"""What the API needs of a cluster. There are two kinds: `local` and `synthetic`."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from qumulo_emulator.clock import ClusterClock
from qumulo_emulator.listings import ListingCache
from qumulo_emulator.model import AttributeChanges, Change, FileType, Snapshot, SnapshotPolicy
from qumulo_emulator.names import Parts
from qumulo_emulator.policies import Policies
from qumulo_emulator.settings import Settings
from qumulo_emulator.tokens import Tokens
from qumulo_emulator.tree import Tree


class Editor(Protocol):
    """Changes the live tree. The methods that make an entry return its path."""

    def create_file(self, directory: Parts, name: str) -> Parts:
        """Create an empty file."""

    def create_directory(self, directory: Parts, name: str) -> Parts:
        """Create an empty directory."""

    def create_symlink(self, directory: Parts, name: str, target: str) -> Parts:
        """Create a symbolic link; the target need not exist."""

    def create_special(
        self, directory: Parts, name: str, kind: FileType, device: tuple[int, int]
    ) -> Parts:
        """Create a pipe, a socket, a device, or a file."""

    def create_link(self, directory: Parts, name: str, target: Parts) -> Parts:
        """Create a hard link to an entry that is not a directory."""

    def rename(self, source: Parts, directory: Parts, name: str, *, clobber: bool) -> Parts:
        """Rename or move an entry; `clobber` allows it to replace another."""

    def delete(self, parts: Parts) -> None:
        """Delete an entry; a directory must be empty."""

    def set_attributes(self, parts: Parts, new: AttributeChanges) -> None:
        """Set some attributes of an entry."""

    def read(self, parts: Parts, offset: int, length: int | None) -> tuple[int, Iterator[bytes]]:
        """Return the number of bytes from the offset on, and these bytes in chunks."""

    def write(self, parts: Parts, data: bytes, offset: int | None) -> None:
        """Write into a file at an offset; None replaces everything in it."""


class Snapshots(Protocol):
    """The snapshots of a cluster."""

    def take(
        self,
        parts: Parts,
        label: str | None,
        expires: int | None,
        policy: SnapshotPolicy | None = None,
    ) -> Snapshot:
        """Take a snapshot of a directory, for a policy if one is given."""

    def all(self) -> list[Snapshot]:
        """Return the current snapshots by ascending id."""

    def get(self, number: int) -> Snapshot:
        """Return the snapshot with this id."""

    def tree(self, number: int) -> Tree:
        """Return the tree of a snapshot."""

    def set_expiration(self, number: int, expires: int | None) -> Snapshot:
        """Change when a snapshot expires; None means never."""

    def lock(self, number: int, key: str) -> Snapshot:
        """Lock a snapshot with a key."""

    def delete(self, number: int, *, lasts: bool = False) -> None:
        """Delete a snapshot; if that lasts, it remains listed."""

    def remove_expired(self) -> None:
        """Remove the snapshots that have expired."""


class Cluster(Protocol):
    """A cluster without HTTP.

    Attributes:
        settings: how it answers where the API's documentation leaves it open.
    """

    settings: Settings

    @property
    def clock(self) -> ClusterClock:
        """The clock by which snapshots, sessions and access tokens expire."""

    @property
    def root(self) -> str:
        """A directory on the disk whose capacity is reported as the cluster's."""

    @property
    def name(self) -> str:
        """The cluster's name."""

    @property
    def uuid(self) -> str:
        """The cluster's UUID, which is also its node's."""

    @property
    def files(self) -> Tree:
        """The live tree."""

    @property
    def editor(self) -> Editor:
        """Changes the live tree."""

    @property
    def listings(self) -> ListingCache:
        """The names of the directories that clients are reading."""

    @property
    def snapshots(self) -> Snapshots:
        """The snapshots."""

    @property
    def policies(self) -> Policies:
        """The snapshot policies."""

    @property
    def tokens(self) -> Tokens:
        """The sessions and access tokens."""

    def startup_facts(self) -> dict[str, object]:
        """Return what is served, for the line of JSON that is printed at the start."""

    def rename(self, name: str) -> None:
        """Change the cluster's name."""

    def tree(self, snapshot: int | None) -> Tree:
        """Return the tree of a snapshot; None means the live tree."""

    def diff(self, newer: int, older: int) -> Sequence[Change]:
        """Return what changed between two snapshots."""

    def save_ids(self) -> None:
        """Store the ids that were issued since the last call, so that they survive a restart."""

    def close(self) -> None:
        """Release everything that the cluster holds open."""
