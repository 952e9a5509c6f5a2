"""Which trees a list is read from: on a mount, or in a snapshot on the cluster."""

from typing import NamedTuple

from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.key import CREATED, DELETED
from qumulo_changelist.checks.base_path import SnapshotPair, SnapshotView
from qumulo_changelist.checks.mapped_path import MountMatch, check_mount, shows_snapshot
from qumulo_changelist.cluster.connect import report_unchecked_certificate
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.cluster.rest.limits import REQUESTS_AT_ONCE
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import (
    HiddenSnapshotError,
    MappedPathError,
    MountChangedError,
    WorkersNeedRestError,
)
from qumulo_changelist.events import Listener, MountUnverified, QqFoldersCounted
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.operations.lists.travelling import check_session
from qumulo_changelist.trees.interface import TreeSource
from qumulo_changelist.trees.mounted import MountedTree
from qumulo_changelist.trees.sources import (
    IdentifiedSource,
    MountLimits,
    MountSource,
    QqSource,
    RestSource,
)

# qq processes at the same time: for each process of ours, and in total. Each needs 0.4 s of a core
# to start, and then waits for the cluster: with one core for two of them, neither waits long.
_QQ_OF_A_PROCESS = 2
_QQ_IN_ALL = 8


class Trees(NamedTuple):
    """How to reach both trees."""

    newer: TreeSource
    older: TreeSource | None
    """None if it is not needed."""
    identified: TreeSource | None = None
    """The newer tree with ids, if ``newer`` has none and moves are wanted."""
    through_qq: bool = False
    """Whether a tree is read through ``qq``, with a process for each folder."""


def check_mapped_path(request: ChangelistRequest) -> None:
    """Make sure that the mapped path can be read, before any work is done.

    Raises:
        MappedPathError: it cannot.
        MountTimeoutError: it does not answer.
    """
    if request.metadata != "rest":
        with mapped_source(request).open_mount():
            pass


def check_way(request: ChangelistRequest, settings: Settings) -> None:
    """Make sure that workers of other machines, if there are any, can ask the cluster.

    Raises:
        WorkersNeedRestError: they would have to start ``qq``.
        NoSessionError: they would need a session, and cannot get one.
    """
    if not request.scheduler:
        return
    goes_through_qq = "rest" not in (settings.transport, request.metadata)
    if goes_through_qq and request.reads_older:
        raise WorkersNeedRestError(
            "workers of other machines ask the cluster over REST, and this run goes through qq"
        )
    check_session(request.scheduler, settings)


def mapped_source(request: ChangelistRequest, since: int = 0) -> MountSource:
    """Return how the mapped path is read.

    Args:
        request: has the mapped path.
        since: when the snapshot was taken that it should be like; see ``MountSource``.
    """
    return MountSource(request.mapped_path or "", since, _mount_limits(request))


def _mount_limits(request: ChangelistRequest) -> MountLimits:
    return MountLimits(request.lookups, request.mount_timeout)


class TreeChoice:
    """Decides where to read the trees.

    Args:
        request: what to list.
        settings: how to reach the cluster.
        cluster: shows whether a mount is of the base path.
        pair: both snapshots.
        listener: receives what the user should know.
    """

    def __init__(
        self,
        request: ChangelistRequest,
        settings: Settings,
        cluster: Cluster,
        pair: SnapshotPair,
        listener: Listener,
    ) -> None:
        self._request = request
        self._settings = settings
        self._cluster = cluster
        self._pair = pair
        self._listener = listener
        self._through_qq = "rest" not in (settings.transport, request.metadata)

    def choose(self, changes: ChangeSet) -> Trees:
        """Return where to read what changed.

        Args:
            changes: what changed; if nothing did, nothing is compared with a mount.

        Raises:
            MappedPathError: the mapped path cannot be read.
            WrongMountError: it does not show the base path.
            HiddenSnapshotError: it does not show the newer snapshot.
            MountChangedError: whether it shows that cannot be read.
        """
        request, pair = self._request, self._pair
        older = self._cluster_source(pair.older, is_older=True) if request.reads_older else None
        if request.metadata == "rest":
            if self._settings.transport == "qq":
                report_unchecked_certificate(self._settings, self._listener)
            return Trees(self._cluster_source(pair.newer), older)
        with mapped_source(request).open_mount() as live:
            newer = self._mount_source(live)
            is_verified = len(changes) > 0 and pair.newer.has_base and self._verify(newer)
            if request.moves:
                # Only the cluster can identify a file reliably.
                identified = IdentifiedSource(newer, self._cluster_source(pair.newer))
                return Trees(newer, older, identified, self._through_qq)
            # A mount's .snapshot shows the past of the directory that is mounted now. That is the
            # base path's past only if both are the same directory.
            if older and changes.has_deletions and not pair.base_replaced:
                older_path = self._find_older_snapshot(live)
                if older_path and (is_verified or self._shows_older_snapshot(older_path)):
                    return Trees(newer, self._snapshot_source(older_path))
        return Trees(newer, older, through_qq=self._through_qq)

    def report_qq_folders(self, trees: Trees, changes: ChangeSet) -> None:
        """Report the number of folders that will be read through ``qq``."""
        request = self._request
        seeks_moves = request.moves and changes.has_creations and changes.has_deletions
        needs_older = seeks_moves or request.deletes or request.verify
        if not trees.through_qq or not needs_older or self._pair.is_full:
            return
        letters = (DELETED, CREATED) if seeks_moves else (DELETED,)
        if folders := changes.count_folders(*letters):
            at_once = max(_qq_at_once(request.workers), request.workers)
            self._listener(QqFoldersCounted(folders, at_once, mount_helps=not request.moves))

    def _find_older_snapshot(self, live: MountedTree) -> str | None:
        try:
            return live.find_snapshot(self._pair.older.snapshot.id)
        except MountChangedError:
            return None  # it can be asked of the cluster

    def _mount_source(self, live: MountedTree) -> MountSource:
        request, newer = self._request, self._pair.newer
        if request.metadata != "snapshot" or not newer.has_base:
            return mapped_source(request, newer.snapshot.taken)
        path = live.find_snapshot(request.newer)
        if path is None:
            raise HiddenSnapshotError(
                f"the mapped path {request.mapped_path} does not show snapshot {request.newer} "
                "under .snapshot"
            )
        return self._snapshot_source(path)

    def _snapshot_source(self, path: str) -> MountSource:
        return MountSource(path, limits=_mount_limits(self._request))

    def _verify(self, mounted: MountSource) -> bool:
        """Return whether a mount shows the base path as the newer snapshot has it."""
        mapped_path, newer = self._request.mapped_path or "", self._pair.newer
        is_live = self._request.metadata == "mount"
        with mounted.open_mount() as mount:
            match = check_mount(self._cluster, newer, mount, mapped_path, live=is_live)
        if match is MountMatch.UNKNOWN:
            self._listener(MountUnverified(mapped_path, newer.base))
        return match is MountMatch.SNAPSHOT

    def _shows_older_snapshot(self, path: str) -> bool:
        """Return whether a mount shows the base path as the older snapshot has it.

        It is checked only if the newer snapshot did not show it. The check is worth its time:
        through ``qq``, each deleted directory would cost a process.
        """
        try:
            with self._snapshot_source(path).open_mount() as mount:
                return shows_snapshot(self._cluster, self._pair.older, mount)
        except MappedPathError:
            return False  # it can be asked of the cluster

    def _cluster_source(self, view: SnapshotView, *, is_older: bool = False) -> TreeSource:
        request, settings = self._request, self._settings
        if self._through_qq:
            at_once = _qq_at_once(request.workers)
            return QqSource(settings, view.snapshot.id, view.paths, at_once)
        return RestSource(
            settings,
            view.snapshot.id,
            view.paths,
            REQUESTS_AT_ONCE,
            request.page_size,
            identities_only=is_older,  # a list has no attributes of what was deleted
        )


def _qq_at_once(workers: int) -> int:
    return min(_QQ_OF_A_PROCESS * workers, _QQ_IN_ALL)
