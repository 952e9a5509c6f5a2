"""How whole directories are divided: prepared while the diff still comes in."""

import contextlib
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, Protocol

from qumulo_changelist.changes import key
from qumulo_changelist.changes.changeset import ChangeSet
from qumulo_changelist.changes.key import CREATED, DELETED
from qumulo_changelist.changes.marks import Division
from qumulo_changelist.checks.base_path import SnapshotPair
from qumulo_changelist.cluster.connect import open_rest
from qumulo_changelist.cluster.interface import Cluster, SnapshotReader
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.events import Listener
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.output.formats import FORMATS
from qumulo_changelist.planning.by_counts import CountedDivision
from qumulo_changelist.planning.by_listing import MANY_DIRECTORIES, ListedDivision
from qumulo_changelist.planning.contents import ContentsReader, Lister, PlannedTree
from qumulo_changelist.planning.counts import SnapshotCounts
from qumulo_changelist.planning.listing import MountLister, SnapshotLister
from qumulo_changelist.planning.weights import Weights
from qumulo_changelist.runners.job import SliceJob
from qumulo_changelist.trees.interface import Tree, TreeSource
from qumulo_changelist.trees.sources import RestSource


class CountingDivision(Division, Protocol):
    """How whole directories are divided, and what they weigh together."""

    def count(self, directories: Iterable[str], enough: int, /) -> int:
        """Return about the number of entries below whole directories.

        Args:
            directories: their names.
            enough: if there are more, how many more does not matter.
        """


class Planner:
    """Learns what whole directories weigh, and divides them.

    Args:
        request: what to list.
        settings: how to reach the cluster.
        cluster: is asked for its counts, if this way to it answers many questions at once.
        pair: both snapshots.
        listener: receives the events of a way to the cluster that is opened for that.
        stack: closes what is opened.
    """

    def __init__(
        self,
        request: ChangelistRequest,
        settings: Settings,
        cluster: Cluster,
        pair: SnapshotPair,
        listener: Listener,
        stack: contextlib.ExitStack,
    ) -> None:
        self._request = request
        self._settings = settings
        self._cluster = cluster
        self._listener = listener
        self._stack = stack
        self._views = {CREATED: pair.newer}
        if request.reads_older:
            self._views[DELETED] = pair.older
        self._reader: SnapshotReader | None = None
        self._counts: dict[str, SnapshotCounts] = {}
        self._weights: Weights | None = None

    def expect(self, directories: Iterable[tuple[str, str]]) -> None:
        """Ask for the weights of whole directories, without waiting for the answers.

        Args:
            directories: escaped path and letter of each.
        """
        named = [(key.unescape(path), letter) for path, letter in directories]
        if named and (weights := self._opened_weights()):
            weights.expect(named)

    def divide(
        self, job: SliceJob[Any], changes: ChangeSet, folder: str, *, is_parallel: bool
    ) -> CountingDivision:
        """Return how the whole directories among changes are divided.

        Args:
            job: the work for which they are divided.
            changes: all changes.
            folder: where the entries of wide directories are set aside.
            is_parallel: whether several processes could share the work.
        """
        size, excluded = self._request.slice_size, changes.sieve.paths
        # In some lists, a deleted directory stands for what was in it, which one piece decides.
        undivided = DELETED if any(map(_covers_deletions, self._request.formats)) else ""
        # Names alone do not help to find the ids of files.
        has_names = not job.identified
        whole = changes.whole_directories
        if not whole or not self._weights:
            division = ListedDivision(size, excluded, undivided, has_names=has_names)
            if is_parallel and len(whole) < MANY_DIRECTORIES:
                created = changes.only_created_directories() if whole else []
                if created:
                    division.list_some(created, self._open(job.newer)())
            return division
        self._weights.settle(map(key.unescape, whole))
        newer = PlannedTree(self._counts[CREATED], self._lister(job.newer, folder), has_names)
        trees = {CREATED: newer}
        if job.older:
            older = self._lister(job.older, folder)
            trees[DELETED] = PlannedTree(self._counts[DELETED], older)
        contents = ContentsReader(trees, size, excluded)
        return CountedDivision(self._weights, contents, trees.keys(), size, undivided)

    def _opened_weights(self) -> Weights | None:
        if not self._weights:
            self._reader = self._cluster.snapshot_reader()
            if not self._reader and self._request.metadata == "rest":
                opened = open_rest(
                    self._settings, self._listener, page_size=self._request.page_size
                )
                self._reader = self._stack.enter_context(opened).files
            if not self._reader:
                return None
            self._counts = {
                letter: SnapshotCounts(self._reader, view.snapshot.id, view.paths.path)
                for letter, view in self._views.items()
            }
            self._weights = Weights(self._counts, self._request.slice_size)
        return self._weights

    def _lister(self, source: TreeSource, folder: str) -> Lister:
        if not isinstance(source, RestSource):
            return MountLister(self._open(source))
        assert self._reader
        return SnapshotLister(
            self._reader,
            source.snapshot,
            source.paths.path,
            folder,
            identities_only=source.identities_only,
        )

    def _open(self, source: TreeSource) -> Callable[[], Tree]:
        return cache(lambda: self._stack.enter_context(source.open(self._listener)))


def _covers_deletions(name: str) -> bool:
    """Return whether a format, or that of the list beside it, covers deletions."""
    known = FORMATS[name]
    return known.covers_deletions or bool(known.beside and FORMATS[known.beside].covers_deletions)
