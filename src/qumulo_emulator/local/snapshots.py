"""Snapshots: taken, listed, changed, deleted, and gone when their time has come."""

import threading
from contextlib import suppress
from dataclasses import replace

from qumulo_emulator import clock
from qumulo_emulator.errors import (
    InvalidPathError,
    InvalidRequestError,
    NoSuchEntryError,
    NotADirectoryHereError,
    SnapshotNotFoundError,
)
from qumulo_emulator.local import dot_snapshot, snapshot_links
from qumulo_emulator.local.file_ids import FileIds
from qumulo_emulator.local.live_tree import LiveTree, translate_os_errors
from qumulo_emulator.local.snapshot_links import SnapshotLinks
from qumulo_emulator.local.snapshot_tree import SnapshotTree
from qumulo_emulator.model import ROOT_ID, Node, Snapshot
from qumulo_emulator.names import MAX_NAME_BYTES, Parts, join_path, to_bytes
from qumulo_emulator.state import State

_MAX_SNAPSHOTS = 40_000


class LocalSnapshots:
    """The snapshots of one cluster. May be used by many threads at once.

    Args:
        files: the live tree.
        ids: the ids of what is in it.
        state: where snapshots outlive the process.
        shown: shows snapshots in every directory.
        shown_everywhere: whether new ones are shown there, not only in their own directory.
    """

    def __init__(
        self,
        files: LiveTree,
        ids: FileIds,
        state: State,
        shown: SnapshotLinks,
        *,
        shown_everywhere: bool,
    ) -> None:
        self._files = files
        self._ids = ids
        self._state = state
        # One snapshot is made or unmade on disk at a time; the other lock is never held for long.
        self._disk = threading.Lock()
        self._lock = threading.Lock()
        self._known = {snapshot.id: snapshot for snapshot in state.snapshots()}
        self._trees: dict[int, SnapshotTree] = {}
        self._shown = shown
        self._everywhere = shown_everywhere
        if shown_everywhere:
            shown.withdraw_all_but({one.directory_name for one in self._known.values()})

    def take(self, parts: Parts, label: str | None, expires: int | None) -> Snapshot:
        """Take a snapshot of a directory, and answer when it is in `.snapshot`.

        Args:
            parts: the directory's path.
            label: the name it is given, if any.
            expires: when it shall go by itself, in nanoseconds since the epoch.

        Raises:
            NotADirectoryHereError: if something else is there.
            InvalidPathError: if no directory can have the snapshot's name.
            InvalidRequestError: if it would have expired already.
        """
        _check_label(label)
        if expires is not None and expires <= clock.now():
            raise InvalidRequestError("the expiration lies in the past")
        with self._disk:
            number = self._next_number(label)
            with self._files.directory(parts) as source:
                top = self._files.capture(parts)
                snapshot = Snapshot(number, label, clock.now(), top.attributes.id, parts, expires)
                with translate_os_errors(join_path(parts, directory=True)):
                    snapshot = self._publish(source, snapshot, top)
            # The ids first: one that a kept snapshot knows is never given to anything else.
            self._state.add_ids(self._ids.pop_new())
            self._state.add_snapshot(snapshot, top)
            with self._lock:
                self._known[number] = snapshot
                self._trees[number] = SnapshotTree(top, parts)
            shown = snapshot.taken if self._everywhere else 0
            clock.wait_until_timestamps_pass(max(_newest_change(top), shown))
        return snapshot

    def _publish(self, source: int, snapshot: Snapshot, top: Node) -> Snapshot:
        """Show a snapshot in its open source; returns it with the time at which that was done."""
        if self._everywhere:
            self._shown.publish(source, snapshot.directory_name, top)
            # To have got a link is no change that came after the snapshot.
            return replace(snapshot, taken=clock.now())
        others = self._directory_names(top.attributes.id)
        dot_snapshot.publish(source, snapshot.directory_name, top, others)
        return snapshot

    def _next_number(self, label: str | None) -> int:
        if len(self._known) >= _MAX_SNAPSHOTS:
            raise InvalidRequestError(f"a cluster has at most {_MAX_SNAPSHOTS} snapshots")
        last = self._state.fact("last_snapshot")
        number = 1 + (last if isinstance(last, int) else 0)
        name = Snapshot(number, label, 0, 0, (), None).directory_name
        if len(to_bytes(name)) > MAX_NAME_BYTES:
            raise InvalidPathError(f"the snapshot's directory would have too long a name: {name!a}")
        # Kept first: a number is not used twice, even if this snapshot fails.
        self._state.set_fact("last_snapshot", number)
        return number

    def _directory_names(self, source_id: int) -> set[str]:
        with self._lock:
            known = list(self._known.values())
        names = {one.directory_name for one in known if one.source_id == source_id}
        # Of an earlier run that showed snapshots everywhere.
        kept_trees = source_id == ROOT_ID and any(map(self._shown_everywhere, known))
        return names | {snapshot_links.TREES} if kept_trees else names

    def _shown_everywhere(self, snapshot: Snapshot) -> bool:
        return self._shown.holds(snapshot.directory_name)

    def all(self) -> list[Snapshot]:
        """The snapshots that there are now, by ascending id."""
        with self._lock:
            known = sorted(self._known.values(), key=lambda snapshot: snapshot.id)
        return [snapshot for snapshot in known if not _expired(snapshot)]

    def get(self, number: int) -> Snapshot:
        """One snapshot.

        Raises:
            SnapshotNotFoundError: if there is none with this id, or no longer.
        """
        with self._lock:
            snapshot = self._known.get(number)
        if snapshot is None or _expired(snapshot):
            raise SnapshotNotFoundError(f"there is no snapshot {number}")
        return snapshot

    def tree(self, number: int) -> SnapshotTree:
        """The tree that a snapshot remembers."""
        snapshot = self.get(number)
        with self._lock:
            if number not in self._trees:
                self._trees[number] = SnapshotTree(self._state.tree(number), snapshot.source)
            return self._trees[number]

    def set_expiration(self, number: int, expires: int | None) -> Snapshot:
        """Change when a snapshot goes by itself; None for never."""
        snapshot = replace(self.get(number), expires=expires)
        with self._lock:
            if number not in self._known:
                raise SnapshotNotFoundError(f"there is no snapshot {number}")
            self._known[number] = snapshot
            self._state.set_expiration(number, expires)
        return snapshot

    def delete(self, number: int) -> None:
        """Delete a snapshot, and answer when it is gone from `.snapshot`."""
        self.get(number)
        self._remove(number)

    def remove_expired(self) -> None:
        """Remove what has expired, also from `.snapshot`."""
        with self._lock:
            expired = [snapshot.id for snapshot in self._known.values() if _expired(snapshot)]
        for number in expired:
            self._remove(number)

    def _remove(self, number: int) -> None:
        with self._disk:
            with self._lock:
                if number not in self._known:
                    return
                snapshot = self._known[number] = replace(self._known[number], in_delete=True)
            self._withdraw(snapshot)
            self._state.remove_snapshot(number)
            with self._lock:
                del self._known[number]
                self._trees.pop(number, None)

    def _withdraw(self, snapshot: Snapshot) -> None:
        name = snapshot.directory_name
        if self._shown_everywhere(snapshot):
            with translate_os_errors("/.snapshot"):
                self._shown.withdraw(name)
            return
        # The directory may have been renamed since, with its `.snapshot`, or be gone with it.
        with suppress(NoSuchEntryError, NotADirectoryHereError):
            source = self._files.locate(str(snapshot.source_id))
            with self._files.directory(source) as fd, translate_os_errors("/.snapshot"):
                dot_snapshot.withdraw(fd, name)


def _check_label(label: str | None) -> None:
    if label is not None and ("/" in label or "\0" in label or label in (".", "..")):
        raise InvalidPathError(f"{label!a} cannot be the name of a snapshot")


def _expired(snapshot: Snapshot) -> bool:
    return snapshot.expires is not None and snapshot.expires <= clock.now()


def _newest_change(top: Node) -> int:
    newest = 0
    pending = [top]
    while pending:
        node = pending.pop()
        newest = max(newest, node.attributes.changed)
        pending.extend(node.children.values())
    return newest
