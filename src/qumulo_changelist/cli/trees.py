"""Where a run reads the newer and the older tree: on a mount, or in a snapshot on the cluster."""

import argparse
import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from qumulo_changelist.changes.changeset import CREATED, DELETED, ChangeSet
from qumulo_changelist.checks.base_path import SnapshotPair, SnapshotView
from qumulo_changelist.checks.mapped_path import MountMatch, check_share, shows_snapshot
from qumulo_changelist.cli import command
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import UsageError
from qumulo_changelist.events import Listener
from qumulo_changelist.trees.interface import Tree, TreeSource
from qumulo_changelist.trees.mounted import MountedTree

MOUNT, SNAPSHOT, REST = SOURCES = ("mount", "snapshot", "rest")

# Requests under way at once for each tree of a process, and for each tree of all processes. A node
# has 1,000 connections for everybody (Qumulo's documentation).
_SIDE_BY_SIDE = 16
_ALTOGETHER = 128

# Processes of qq at once, for each process that works, and altogether. One takes 0.4 s of a core to
# start, and then waits for the cluster: with a core for each two of them, neither waits for long.
_QQ_SIDE_BY_SIDE = 2
_QQ_ALTOGETHER = 8

# From this number on, the user is to know why it takes so long, also without --verbose.
_MANY_FOLDERS = 20


class Sources(NamedTuple):
    """How to reach both trees."""

    newer: TreeSource
    older: TreeSource | None
    """None where it is not needed."""
    identified: TreeSource | None = None
    """The newer tree with ids, where ``newer`` does not tell them and moves are wanted."""
    through_qq: bool = False
    """Whether a tree is asked through ``qq``, with a process for each folder."""


def check_mounted(options: argparse.Namespace) -> None:
    """Make sure that there is a directory to read, before any work is done.

    Raises:
        UsageError: the mapped path is no directory that can be read.
    """
    if options.metadata != REST:
        with MountedTree(options.mappedpath):
            pass


def sources(
    settings: Settings,
    cluster: Cluster,
    moments: SnapshotPair,
    changes: ChangeSet,
    options: argparse.Namespace,
    listener: Listener,
) -> Sources:
    """Return where to read what changed.

    Args:
        settings: how to reach the cluster.
        cluster: is asked whether a mount shows the base path.
        moments: both snapshots; whether they hold the base path is known.
        changes: what changed; if nothing did, nothing is compared.
        options: of the command line.
        listener: hears what the user should know.

    Raises:
        UsageError: the mapped path is no directory, does not show the base path, or not the newer
            snapshot.
    """
    older_moment, newer_moment, base_replaced = moments
    side_by_side = max(min(_SIDE_BY_SIDE, _ALTOGETHER // options.workers), 2)
    over_rest = partial(_over_rest, settings, options.page_size, side_by_side, listener)
    on_cluster = partial(_through_qq, settings, options.workers, listener)
    through_qq = REST not in (settings.transport, options.metadata)
    if not through_qq:
        on_cluster = over_rest
    needs_older = options.deletes or options.moves or options.verify
    older: TreeSource | None = partial(on_cluster, older_moment) if needs_older else None
    if options.metadata == REST:
        _warn(settings, listener)
        return Sources(partial(over_rest, newer_moment), older)
    with MountedTree(options.mappedpath) as live:
        mounted = partial(MountedTree, options.mappedpath, newer_moment.snapshot.taken)
        if options.metadata == SNAPSHOT and newer_moment.holds_base:
            mounted = partial(MountedTree, live.snapshot(options.newer) or _not_shown(options))
        live_share = options.metadata == MOUNT
        is_sure = (len(changes) > 0 and newer_moment.holds_base) and _shows(
            cluster, newer_moment, mounted, options.mappedpath, listener, live=live_share
        )
        if options.moves:
            # Only the cluster knows surely what is the same file.
            with_ids = partial(_with_ids, mounted, partial(on_cluster, newer_moment))
            return Sources(mounted, older, with_ids, through_qq)
        # A mount shows the past of the directory that has the mapped path now, which is that of
        # the base path only where it is the same directory.
        if older and changes.deletions and not base_replaced:
            older_path = live.snapshot(options.older)
            if older_path and (is_sure or _shows_past(cluster, older_moment, older_path)):
                older, through_qq = partial(MountedTree, older_path), False
    return Sources(mounted, older, through_qq=through_qq)


def announce(
    sources: Sources, changes: ChangeSet, options: argparse.Namespace, listener: Listener
) -> None:
    """Say how many folders will be asked for through ``qq``, and what would be quicker."""
    seeks_moves = options.moves and changes.creations and changes.deletions
    if not sources.through_qq or not (seeks_moves or options.deletes or options.verify):
        return
    asked_for = (DELETED, CREATED) if seeks_moves else (DELETED,)
    if count := changes.folders(*asked_for):
        report = listener.warning if count >= _MANY_FOLDERS else listener.detail
        at_once = max(_qq_at_once(options.workers), options.workers)
        mount = "" if options.moves else "a mount that shows .snapshot at the mapped path, or "
        report(
            f"about {count} folders are asked for through qq, each by a process of half a second, "
            f"at most {at_once} at once; quicker would be {mount}--transport rest"
        )


def _shows(
    cluster: Cluster,
    newer: SnapshotView,
    mounted: Callable[[], MountedTree],
    mapped_path: str,
    listener: Listener,
    *,
    live: bool,
) -> bool:
    """Say whether a mount shows the base path as the newer snapshot has it.

    Raises:
        UsageError: it shows something else.
    """
    with mounted() as share:
        likeness = check_share(cluster, newer, share, mapped_path, live=live)
    if likeness is MountMatch.UNKNOWN:
        listener.warning(
            f"it is not certain that the mapped path {mapped_path} shows {newer.base}: nothing "
            "that the newer snapshot holds there could be compared"
        )
    return likeness is MountMatch.SNAPSHOT


def _shows_past(cluster: Cluster, older: SnapshotView, path: str) -> bool:
    """Say whether a mount shows the base path as the older snapshot has it.

    This is asked where the newer one does not say: through ``qq``, each deleted directory would
    cost a process.
    """
    with MountedTree(path) as share:
        return shows_snapshot(cluster, older, share)


def _warn(settings: Settings, listener: Listener) -> None:
    """Tell whom REST trusts, where the cluster itself was not asked over REST and told it."""
    if settings.transport == "qq":
        from qumulo_changelist.cluster.rest import tls as rest_tls

        rest_tls.warn(settings, listener)


def _not_shown(options: argparse.Namespace) -> str:
    raise UsageError(
        f"the mapped path {options.mappedpath} does not show snapshot {options.newer} under "
        ".snapshot",
        hint="Check the snapshot id and that .snapshot can be reached there (over NFSv4.1 from "
        "Core 5.2.4 on), or read the snapshot with --metadata rest.",
    )


@contextlib.contextmanager
def _over_rest(
    settings: Settings,
    page_size: int,
    side_by_side: int,
    listener: Listener,
    moment: SnapshotView,
) -> Iterator[Tree]:
    # Not at the top: a run without it should not wait for it.
    from qumulo_changelist.cluster.rest.client import RestCluster
    from qumulo_changelist.trees.rest import RestTree

    with (
        RestCluster(settings, listener, page_size=page_size, side_by_side=side_by_side) as cluster,
        RestTree(cluster, moment.snapshot.id, moment.location, side_by_side) as tree,
    ):
        yield tree


@contextlib.contextmanager
def _through_qq(
    settings: Settings, workers: int, listener: Listener, moment: SnapshotView
) -> Iterator[Tree]:
    from multiprocessing import parent_process

    from qumulo_changelist.trees.qq import QqTree

    at_once = _qq_at_once(workers)
    if parent_process():  # this is one of the workers
        at_once = max(at_once // workers, 1)
    cluster = command.open_qq(settings, listener)
    with QqTree(cluster, moment.snapshot.id, moment.location, at_once) as tree:
        yield tree


def _qq_at_once(workers: int) -> int:
    return min(_QQ_SIDE_BY_SIDE * workers, _QQ_ALTOGETHER)


@contextlib.contextmanager
def _with_ids(described: TreeSource, identified: TreeSource) -> Iterator[Tree]:
    from qumulo_changelist.trees.identified import IdentifiedTree

    with described() as shown, identified() as known:
        yield IdentifiedTree(shown, known)
