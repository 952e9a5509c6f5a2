"""A cluster over a local directory: files, snapshots, diffs, tokens and settings, without HTTP."""

import os
import threading
import uuid
from collections import OrderedDict

from qumulo_emulator.clock import ClusterClock
from qumulo_emulator.diff_policy import needs_diff
from qumulo_emulator.errors import StateError
from qumulo_emulator.listings import ListingCache
from qumulo_emulator.local.diff import changes
from qumulo_emulator.local.editor import LocalEditor
from qumulo_emulator.local.file_ids import FileIds
from qumulo_emulator.local.live_tree import LiveTree
from qumulo_emulator.local.partly_live_tree import PartlyLiveTree
from qumulo_emulator.local.snapshot_links import SnapshotLinks
from qumulo_emulator.local.snapshots import LocalSnapshots
from qumulo_emulator.model import Change
from qumulo_emulator.names import join_path
from qumulo_emulator.ordering import order_key
from qumulo_emulator.policies import Policies
from qumulo_emulator.settings import Order, Settings
from qumulo_emulator.state import State
from qumulo_emulator.tokens import Tokens
from qumulo_emulator.tree import Tree

_MAX_CACHED_DIFFS = 4


class LocalCluster:
    """A cluster over a local directory. Thread-safe.

    Args:
        root: the directory that it serves.
        username: its only user.
        password: that user's password.
        state_directory: where ids and snapshots are kept for the next start; None keeps nothing.
        token_lifetime: how many seconds a session lasts.
        settings: how it answers at first; None for the defaults.
        snapshots_everywhere: whether `.snapshot` appears in every directory.

    Raises:
        OSError: if the root cannot be opened as a directory.
        StateError: if the state cannot be used.
    """

    def __init__(
        self,
        root: str,
        *,
        username: str,
        password: str,
        state_directory: str | None = None,
        token_lifetime: float = 36_000,
        settings: Settings | None = None,
        snapshots_everywhere: bool = False,
    ) -> None:
        self.root = os.path.realpath(root)
        self.settings = settings or Settings()
        self.clock = ClusterClock()
        self._root_fd = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._state = State(state_directory, self.root)
        except StateError:
            os.close(self._root_fd)
            raise
        known = os.fstat(self._root_fd)
        self._ids = FileIds((known.st_dev, known.st_ino), self._state.ids())
        self.files = LiveTree(self._root_fd, self._ids)
        self.editor = LocalEditor(self.files)
        self.listings = ListingCache()
        self.snapshots = LocalSnapshots(
            self.files,
            self._ids,
            self._state,
            SnapshotLinks(self._root_fd, self.root, self._ids),
            self.clock,
            everywhere=snapshots_everywhere,
        )
        self.policies = Policies(self._state)
        self.tokens = Tokens(username, password, token_lifetime, self._state, self.clock)
        self.uuid = str(uuid.uuid5(uuid.NAMESPACE_URL, f"qumulo-emulator:{self.root!a}"))
        self._diff_lock = threading.Lock()
        self._diffs: OrderedDict[tuple[int, int, Order], list[Change]] = OrderedDict()

    @property
    def name(self) -> str:
        """The cluster's name."""
        return str(self._state.fact("cluster_name") or "qumulo-emulator")

    def startup_facts(self) -> dict[str, object]:
        """Return what is served, for the line of JSON that is printed at the start."""
        return {"root": self.root}

    def rename(self, name: str) -> None:
        """Change the cluster's name."""
        self._state.set_fact("cluster_name", name)

    def tree(self, snapshot: int | None) -> Tree:
        """Return the tree of a snapshot; None means the live tree."""
        if snapshot is None:
            return self.files
        tree = self.snapshots.tree(snapshot)
        if self.settings.uncovered == "live":
            return PartlyLiveTree(tree, self.files)
        return tree

    def diff(self, newer: int, older: int) -> list[Change]:
        """Return what changed between two snapshots, in the order of the settings.

        The list is computed once for a pair of snapshots, so callers must not change it.

        Raises:
            SnapshotNotFoundError: if one of the snapshots does not exist.
            SnapshotDiffError: if the settings define the comparison as an error.
        """
        new, old = self.snapshots.get(newer), self.snapshots.get(older)
        if not needs_diff(new, old, self.settings):
            return []
        order = self.settings.order
        with self._diff_lock:
            found = self._diffs.get((newer, older, order))
            if found is None:
                source = join_path(new.source, directory=True)
                before, after = self.snapshots.tree(older).top, self.snapshots.tree(newer).top
                found = list(changes(before, after, source))
                if order != "as_found":
                    found.sort(key=lambda change: order_key(order, change.path))
                self._diffs[newer, older, order] = found
                while len(self._diffs) > _MAX_CACHED_DIFFS:
                    self._diffs.popitem(last=False)
        return found

    def save_ids(self) -> None:
        """Store the ids that were issued since the last call, so that they survive a restart."""
        self._state.add_ids(self._ids.pop_new())

    def close(self) -> None:
        """Close the root and the state."""
        self.save_ids()
        self._state.close()
        os.close(self._root_fd)
