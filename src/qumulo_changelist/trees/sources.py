"""How to reach each kind of tree: frozen values that travel to other processes."""

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.config.settings import Settings
from qumulo_changelist.config.worker import WorkerSettings
from qumulo_changelist.errors import (
    MappedPathError,
    MountChangedError,
    UnreadableError,
    WorkersNeedRestError,
)
from qumulo_changelist.events import Listener
from qumulo_changelist.snapshot_paths import SnapshotPaths
from qumulo_changelist.trees.interface import Tree, TreeSource, WorkerPlace
from qumulo_changelist.trees.sample import MountSample

if TYPE_CHECKING:
    from qumulo_changelist.trees.mount_root import MountRoot
    from qumulo_changelist.trees.mounted import MountedTree

# Some modules are imported only where they are used, since they take long to load.


class MountLimits(Struct, frozen=True):
    """How a mount is read."""

    lookups: int = 256
    """The greatest number of lookups at once, for all workers together."""
    timeout: float = 120
    """The number of seconds that the mount may take for an answer."""


class MountSource(Struct, frozen=True):
    """A directory of this machine, such as the mapped path."""

    path: str
    since: int = 0
    """When the snapshot was taken that it should be like, in nanoseconds since the epoch; 0 for a
    directory that cannot change."""
    limits: MountLimits = MountLimits()
    seen: MountSample | None = None
    """What the machine that made this has seen there; None if it is opened there alone."""
    root: "MountRoot | None" = None
    """The directory that it has to be on this machine; None if any will do."""
    place: WorkerPlace = WorkerPlace()

    def at(self, place: WorkerPlace) -> "MountSource":
        """Return the same with its part of the lookups; see ``TreeSource``."""
        return replace(self, place=place)

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[Tree]:
        """Open the directory; see ``TreeSource``.

        Raises:
            MappedPathError: it cannot be read.
            MountChangedError: it is not the one that it has to be.
            WrongMountError: it is not the one that the other machine has seen.
            MountTimeoutError: it does not answer.
        """
        with self.open_mount() as tree:
            if self.seen:
                self.seen.check(tree, self.path)
            yield tree

    def sample(self) -> MountSample:
        """Return what this machine sees there, by which others find that they see the same.

        Raises:
            MappedPathError: it cannot be read.
            MountTimeoutError: it does not answer.
        """
        with self.open_mount() as mount:
            try:
                return MountSample.of(mount)
            except UnreadableError as error:
                raise MappedPathError(f"the mapped path {self.path}: {error}") from error

    def open_mount(self) -> "MountedTree":
        """Open the directory, as a tree of which more can be asked.

        Raises:
            MappedPathError: it cannot be read.
            MountChangedError: it is not the one that it has to be.
            MountTimeoutError: it does not answer.
        """
        if not self.root:
            return self._open()
        try:
            tree = self._open()
        except MappedPathError as error:
            raise MountChangedError(f"{error}; when the run began, it could be read") from error
        try:
            self.root.check(tree.root, self.path)
        except BaseException:
            tree.close()
            raise
        return tree

    def _open(self) -> "MountedTree":
        from qumulo_changelist.trees.mounted import MountedTree

        limits = self.limits
        return MountedTree(
            self.path,
            self.since,
            max_lookups=_share(limits.lookups, self.place),
            timeout=limits.timeout,
        )


class RestSource(Struct, frozen=True):
    """A snapshot, over the REST API."""

    settings: Settings | WorkerSettings
    snapshot: int
    paths: SnapshotPaths
    requests_at_once: int
    """The number of requests to a node at the same time at most, for all workers together; also
    that of one worker to all nodes."""
    page_size: int = 0
    """The greatest number of entries to request at a time; 0 for the usual one."""
    identities_only: bool = False
    """Whether access times, owners and groups are not needed, as of what was deleted."""
    place: WorkerPlace = WorkerPlace()

    def at(self, place: WorkerPlace) -> "RestSource":
        """Return the same, with a different host first; see ``TreeSource``."""
        hosts = self.settings.hosts
        first = place.number % len(hosts)
        settings = replace(self.settings, hosts=hosts[first:] + hosts[:first])
        return replace(self, settings=settings, place=place)

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[Tree]:
        """Open the snapshot; see ``TreeSource``.

        Raises:
            ConfigurationError: this machine has no credentials for the cluster.
        """
        from qumulo_changelist.cluster.connect import open_rest
        from qumulo_changelist.trees.rest import RestTree

        settings = self.settings
        if isinstance(settings, WorkerSettings):
            settings = settings.complete()
        to_a_node = _share(self.requests_at_once, self.place)
        at_once = min(to_a_node * len(settings.hosts), self.requests_at_once)
        with open_rest(
            settings, listener, page_size=self.page_size, requests_at_once=to_a_node
        ) as cluster:
            yield RestTree(
                cluster.files,
                self.snapshot,
                self.paths,
                at_once,
                identities_only=self.identities_only,
            )


class QqSource(Struct, frozen=True):
    """A snapshot, through ``qq``."""

    settings: Settings
    snapshot: int
    paths: SnapshotPaths
    processes_at_once: int = 1
    """The number of ``qq`` processes at the same time, for all workers together."""
    place: WorkerPlace = WorkerPlace()

    def at(self, place: WorkerPlace) -> "QqSource":
        """Return the same with its part of the processes; see ``TreeSource``."""
        return replace(self, place=place)

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[Tree]:
        """Open the snapshot; see ``TreeSource``."""
        from qumulo_changelist.cluster.connect import open_qq
        from qumulo_changelist.trees.qq import QqTree

        at_once = _share(self.processes_at_once, self.place)
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


def _share(limit: int, place: WorkerPlace) -> int:
    """Return a worker's part of a limit that all of them keep to together."""
    return max(limit // place.count, 1)


def without_secrets(
    source: TreeSource, worker_settings: Callable[[], WorkerSettings]
) -> TreeSource:
    """Return how workers of other machines reach a tree: nothing of it is secret to them.

    Args:
        source: how this machine reaches it.
        worker_settings: returns how they reach the cluster, if they have to.

    Raises:
        WorkersNeedRestError: they would have to start ``qq``.
        MappedPathError: this machine cannot read a mount with which theirs are compared.
    """
    if isinstance(source, RestSource):
        return replace(source, settings=worker_settings())
    if isinstance(source, IdentifiedSource):
        return IdentifiedSource(
            without_secrets(source.described, worker_settings),
            without_secrets(source.identified, worker_settings),
        )
    if isinstance(source, MountSource):
        return replace(source, seen=source.sample(), root=None)
    if isinstance(source, QqSource):
        raise WorkersNeedRestError("workers of other machines ask the cluster over REST, not qq")
    return source
