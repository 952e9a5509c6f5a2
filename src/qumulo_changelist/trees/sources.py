"""How to reach each kind of tree: frozen values that travel to other processes."""

import contextlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from msgspec import Struct

from qumulo_changelist.config.settings import Settings
from qumulo_changelist.events import Listener
from qumulo_changelist.snapshot_paths import SnapshotPaths
from qumulo_changelist.trees.interface import Tree, TreeSource, WorkerPlace

if TYPE_CHECKING:
    from qumulo_changelist.trees.mounted import MountedTree

# Some modules are imported only where they are used, since they take long to load.


class MountLimits(Struct, frozen=True):
    """How a mount is read."""

    lookups: int = 256
    """The greatest number of lookups at once, for all processes together."""
    workers: int = 1
    """The number of processes that share the work."""
    timeout: float = 120
    """The number of seconds that the mount may take for an answer."""

    @property
    def lookups_of_a_process(self) -> int:
        """The greatest number of lookups at once in this process, which is a worker or alone."""
        from multiprocessing import parent_process

        return max(self.lookups // self.workers, 1) if parent_process() else self.lookups


class MountSource(Struct, frozen=True):
    """A directory of this machine, such as the mapped path."""

    path: str
    since: int = 0
    """When the snapshot was taken that it should be like, in nanoseconds since the epoch; 0 for a
    directory that cannot change."""
    limits: MountLimits = MountLimits()

    def at(self, place: WorkerPlace) -> "MountSource":
        """Return the same; see ``TreeSource``."""
        return self

    def open(self, listener: Listener) -> AbstractContextManager[Tree]:
        """Open the directory; see ``TreeSource``.

        Raises:
            MappedPathError: it cannot be read.
            MountTimeoutError: it does not answer.
        """
        return self.open_mount()

    def open_mount(self) -> "MountedTree":
        """Open the directory, as a tree of which more can be asked."""
        from qumulo_changelist.trees.mounted import MountedTree

        limits = self.limits
        return MountedTree(
            self.path,
            self.since,
            max_lookups=limits.lookups_of_a_process,
            timeout=limits.timeout,
        )


class RestSource(Struct, frozen=True):
    """A snapshot, over the REST API."""

    settings: Settings
    snapshot: int
    paths: SnapshotPaths
    requests_at_once: int
    """The number of requests at the same time at most."""
    page_size: int = 0
    """The greatest number of entries to request at a time; 0 for the usual one."""
    identities_only: bool = False
    """Whether access times, owners and groups are not needed, as of what was deleted."""

    def at(self, place: WorkerPlace) -> "RestSource":
        """Return the same; see ``TreeSource``."""
        return self

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[Tree]:
        """Open the snapshot; see ``TreeSource``."""
        from qumulo_changelist.cluster.connect import open_rest
        from qumulo_changelist.trees.rest import RestTree

        with open_rest(
            self.settings,
            listener,
            page_size=self.page_size,
            requests_at_once=self.requests_at_once,
        ) as cluster:
            yield RestTree(
                cluster.files,
                self.snapshot,
                self.paths,
                self.requests_at_once,
                identities_only=self.identities_only,
            )


class QqSource(Struct, frozen=True):
    """A snapshot, through ``qq``."""

    settings: Settings
    snapshot: int
    paths: SnapshotPaths
    workers: int = 1
    """The number of processes that share the work."""
    processes_at_once: int = 1
    """The number of ``qq`` processes at the same time, for all of these together."""

    def at(self, place: WorkerPlace) -> "QqSource":
        """Return the same; see ``TreeSource``."""
        return self

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[Tree]:
        """Open the snapshot; see ``TreeSource``."""
        from multiprocessing import parent_process

        from qumulo_changelist.cluster.connect import open_qq
        from qumulo_changelist.trees.qq import QqTree

        is_worker = parent_process() is not None
        at_once = self.processes_at_once
        if is_worker:
            at_once = max(at_once // self.workers, 1)
        cluster = open_qq(self.settings, listener)
        with QqTree(cluster, self.snapshot, self.paths, at_once) as tree:
            yield tree


class IdentifiedSource(Struct, frozen=True):
    """A tree whose entries get the cluster's ids and revisions from another tree."""

    described: TreeSource
    identified: TreeSource

    def at(self, place: WorkerPlace) -> "IdentifiedSource":
        """Return the same of both trees; see ``TreeSource``."""
        return IdentifiedSource(self.described.at(place), self.identified.at(place))

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[Tree]:
        """Open both trees; see ``TreeSource``."""
        from qumulo_changelist.trees.identified import IdentifiedTree

        with (
            self.described.open(listener) as described,
            self.identified.open(listener) as identified,
        ):
            yield IdentifiedTree(described, identified)
