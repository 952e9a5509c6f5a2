"""What the API asks of a cluster, whichever kind it is."""

from collections.abc import Sequence
from typing import Protocol

from qumulo_emulator.listings import ListingCache
from qumulo_emulator.local.editor import Editor
from qumulo_emulator.model import Change, Snapshot, Tree
from qumulo_emulator.names import Parts
from qumulo_emulator.settings import Settings
from qumulo_emulator.tokens import Tokens


class Snapshots(Protocol):
    """The snapshots of a cluster; see `qumulo_emulator.local.snapshots.LocalSnapshots`."""

    def take(self, parts: Parts, label: str | None, expires: int | None) -> Snapshot:
        """Take a snapshot of a directory."""

    def all(self) -> list[Snapshot]:
        """The snapshots that there are now, by ascending id."""

    def get(self, number: int) -> Snapshot:
        """One snapshot."""

    def tree(self, number: int) -> Tree:
        """The tree of a snapshot."""

    def set_expiration(self, number: int, expires: int | None) -> Snapshot:
        """Change when a snapshot goes by itself."""

    def delete(self, number: int) -> None:
        """Delete a snapshot."""

    def remove_expired(self) -> None:
        """Remove what has expired."""


class Cluster(Protocol):
    """A cluster; see `qumulo_emulator.local.cluster.LocalCluster`.

    Attributes:
        settings: how it answers where the API does not say.
    """

    settings: Settings

    @property
    def root(self) -> str:
        """A directory on the disk that the cluster's capacity is that of."""

    @property
    def name(self) -> str:
        """The cluster's name."""

    @property
    def uuid(self) -> str:
        """The cluster's identity."""

    @property
    def files(self) -> Tree:
        """The live tree."""

    @property
    def editor(self) -> Editor:
        """What changes the live tree."""

    @property
    def listings(self) -> ListingCache:
        """The names of directories that are being read."""

    @property
    def snapshots(self) -> Snapshots:
        """The snapshots."""

    @property
    def tokens(self) -> Tokens:
        """Who may ask."""

    def startup_facts(self) -> dict[str, object]:
        """What it serves, to be told at the start."""

    def rename(self, name: str) -> None:
        """Give the cluster another name."""

    def tree(self, snapshot: int | None) -> Tree:
        """The live tree, or that of a snapshot."""

    def diff(self, newer: int, older: int) -> Sequence[Change]:
        """What changed between two snapshots."""

    def save_ids(self) -> None:
        """Make the ids that were given out since the last time outlive the process."""

    def close(self) -> None:
        """Let go of everything."""
