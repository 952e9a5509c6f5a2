"""The snapshots of a local directory: taking, listing, changing, deleting, expiring them."""

import threading
from contextlib import suppress

from msgspec.structs import replace

from qumulo_emulator import clock
from qumulo_emulator.clock import ClusterClock
from qumulo_emulator.errors import (
    InvalidPathError,
    InvalidRequestError,
    NoSuchEntryError,
    NotADirectoryHereError,
    SnapshotLockedError,
    SnapshotNotFoundError,
)
from qumulo_emulator.local import dot_snapshot, snapshot_links
from qumulo_emulator.local.file_ids import FileIds
from qumulo_emulator.local.live_tree import LiveTree, translate_os_errors
from qumulo_emulator.local.snapshot_links import SnapshotLinks
from qumulo_emulator.local.snapshot_tree import SnapshotTree
from qumulo_emulator.model import ROOT_ID, Node, Snapshot, SnapshotPolicy
from qumulo_emulator.names import MAX_NAME_BYTES, Parts, join_path, to_bytes
from qumulo_emulator.policies import snapshot_name
from qumulo_emulator.state import State

_MAX_SNAPSHOTS = 40_000


class LocalSnapshots:
    """The snapshots of one cluster; see `qumulo_emulator.interface.Snapshots`. Thread-safe.

    Args:
        files: the live tree.
        ids: the ids of its entries.
        state: where snapshots are stored.
        links: shows snapshots in every directory.
        clock: the cluster's.
        everywhere: whether new snapshots are shown in every directory, or only in their own.
    """

    def __init__(
        self,
        files: LiveTree,
        ids: FileIds,
        state: State,
        links: SnapshotLinks,
        clock: ClusterClock,
        *,
        everywhere: bool,
    ) -> None:
        self._files = files
        self._ids = ids
        self._state = state
        # Only one snapshot at a time is written or removed on disk. The other lock is held briefly.
        self._disk = threading.Lock()
        self._lock = threading.Lock()
        self._known = {snapshot.id: snapshot for snapshot in state.snapshots()}
        self._trees: dict[int, SnapshotTree] = {}
        self._links = links
        self._clock = clock
        self._everywhere = everywhere
        if everywhere:
            names = {snapshot.directory_name for snapshot in self._known.values()}
            links.withdraw_all_but(names)

    def take(
        self,
        parts: Parts,
        label: str | None,
        expires: int | None,
        policy: SnapshotPolicy | None = None,
    ) -> Snapshot:
        """Take a snapshot of a directory; it is in `.snapshot` when this returns.

        Args:
            parts: the directory's path.
            label: the name of the snapshot, if any.
            expires: when it expires, in nanoseconds since the epoch; None means never.
            policy: the policy that takes it, whose template names it, and whose key locks it.

        Raises:
            NotADirectoryHereError: if the entry is not a directory.
            InvalidPathError: if the snapshot's name is not valid for a directory.
            InvalidRequestError: if the expiration is in the past.
        """
        _check_label(label)
        if expires is not None and expires <= self._clock.now():
            raise InvalidRequestError("the expiration lies in the past")
        with self._disk:
            number = self._next_number()
            new = _new_snapshot(number, parts, label, expires, policy, self._clock.now())
            with self._files.directory(parts) as source:
                top = self._files.capture(parts)
                snapshot = replace(new, taken=self._clock.now(), source_id=top.attributes.id)
                with translate_os_errors(join_path(parts, directory=True)):
                    snapshot = self._publish(source, snapshot, top)
            # The ids first: an id in a stored snapshot must never be issued again.
            self._state.add_ids(self._ids.pop_new())
            self._state.add_snapshot(snapshot, top)
            with self._lock:
                self._known[number] = snapshot
                self._trees[number] = SnapshotTree(top, parts)
            linked = clock.now() if self._everywhere else 0
            clock.wait_until_timestamps_pass(max(_newest_change(top), linked))
        return snapshot

    def _publish(self, source: int, snapshot: Snapshot, top: Node) -> Snapshot:
        """Make a snapshot appear in its open directory; return it with the time of that."""
        if self._everywhere:
            self._links.publish(source, snapshot.directory_name, top)
            # Getting a link changes a directory; that must not be later than the snapshot.
            return replace(snapshot, taken=self._clock.now())
        others = self._directory_names(top.attributes.id)
        dot_snapshot.publish(source, snapshot.directory_name, top, others)
        return snapshot

    def _next_number(self) -> int:
        if len(self._known) >= _MAX_SNAPSHOTS:
            raise InvalidRequestError(f"a cluster has at most {_MAX_SNAPSHOTS} snapshots")
        last = self._state.fact("last_snapshot")
        number = 1 + (last if isinstance(last, int) else 0)
        # Stored first, so that a number is never used twice, even if this snapshot fails.
        self._state.set_fact("last_snapshot", number)
        return number

    def _directory_names(self, source_id: int) -> set[str]:
        with self._lock:
            known = list(self._known.values())
        names = {snapshot.directory_name for snapshot in known if snapshot.source_id == source_id}
        # An earlier run may have shown snapshots everywhere.
        has_trees = source_id == ROOT_ID and any(map(self._has_links, known))
        return names | {snapshot_links.TREES} if has_trees else names

    def _has_links(self, snapshot: Snapshot) -> bool:
        return self._links.holds(snapshot.directory_name)

    def all(self) -> list[Snapshot]:
        """Return the current snapshots by ascending id."""
        with self._lock:
            known = sorted(self._known.values(), key=lambda snapshot: snapshot.id)
        return [snapshot for snapshot in known if not self._has_expired(snapshot)]

    def get(self, number: int) -> Snapshot:
        """Return the snapshot with this id.

        Raises:
            SnapshotNotFoundError: if there is none, or it was deleted or has expired.
        """
        with self._lock:
            snapshot = self._known.get(number)
        if snapshot is None or self._has_expired(snapshot):
            raise SnapshotNotFoundError(f"there is no snapshot {number}")
        return snapshot

    def _has_expired(self, snapshot: Snapshot) -> bool:
        return snapshot.expires is not None and snapshot.expires <= self._clock.now()

    def _whole(self, number: int) -> Snapshot:
        snapshot = self.get(number)
        if snapshot.in_delete:
            raise SnapshotNotFoundError(f"snapshot {number} is being deleted")
        return snapshot

    def tree(self, number: int) -> SnapshotTree:
        """Return the tree of a snapshot; raises as `get` does, and if it is being deleted."""
        snapshot = self._whole(number)
        with self._lock:
            if number not in self._trees:
                self._trees[number] = SnapshotTree(self._state.tree(number), snapshot.source)
            return self._trees[number]

    def set_expiration(self, number: int, expires: int | None) -> Snapshot:
        """Change when a snapshot expires; None means never. Raises as `get` does.

        Raises:
            SnapshotLockedError: if it is locked, and would expire earlier.
        """
        known = self.get(number)
        if known.lock_key is not None and _is_earlier(expires, known.expires):
            raise SnapshotLockedError(f"snapshot {number} is locked, and cannot expire earlier")
        snapshot = replace(known, expires=expires)
        with self._lock:
            if number not in self._known:
                raise SnapshotNotFoundError(f"there is no snapshot {number}")
            self._known[number] = snapshot
            self._state.set_expiration(number, expires)
        return snapshot

    def lock(self, number: int, key: str) -> Snapshot:
        """Lock a snapshot with a key, of which nothing is checked. Raises as `get` does.

        Raises:
            SnapshotLockedError: if it is locked already.
        """
        with self._lock:
            snapshot = self._known.get(number)
            if snapshot is None or self._has_expired(snapshot):
                raise SnapshotNotFoundError(f"there is no snapshot {number}")
            if snapshot.lock_key is not None:
                raise SnapshotLockedError(f"snapshot {number} is locked already")
            self._known[number] = locked = replace(snapshot, lock_key=key)
            self._state.set_lock(number, key)
        return locked

    def delete(self, number: int, *, lasts: bool = False) -> None:
        """Delete a snapshot; it is no longer in `.snapshot` when this returns.

        Args:
            number: its id.
            lasts: whether it remains listed, as one that is being deleted, until the next start.

        Raises:
            SnapshotLockedError: if it is locked; it still expires by itself.
            SnapshotNotFoundError: as `get` does, and if it is being deleted already.
        """
        if self._whole(number).lock_key is not None:
            raise SnapshotLockedError(f"snapshot {number} is locked, and cannot be deleted")
        self._remove(number, lasts=lasts)

    def remove_expired(self) -> None:
        """Remove the snapshots that have expired, also from `.snapshot`."""
        with self._lock:
            expired = [
                snapshot.id for snapshot in self._known.values() if self._has_expired(snapshot)
            ]
        for number in expired:
            self._remove(number)

    def _remove(self, number: int, *, lasts: bool = False) -> None:
        with self._disk:
            with self._lock:
                if number not in self._known:
                    return
                before = self._known[number]
                snapshot = self._known[number] = replace(before, in_delete=True)
            if not before.in_delete:
                self._withdraw(snapshot)
                self._state.remove_snapshot(number)
            with self._lock:
                self._trees.pop(number, None)
                if not lasts:
                    del self._known[number]

    def _withdraw(self, snapshot: Snapshot) -> None:
        name = snapshot.directory_name
        if self._has_links(snapshot):
            with translate_os_errors("/.snapshot"):
                self._links.withdraw(name)
            return
        # The directory may have been renamed with its `.snapshot`, or deleted with it.
        with suppress(NoSuchEntryError, NotADirectoryHereError):
            source = self._files.locate(str(snapshot.source_id))
            with self._files.directory(source) as fd, translate_os_errors("/.snapshot"):
                dot_snapshot.withdraw(fd, name)


def _new_snapshot(
    number: int,
    parts: Parts,
    label: str | None,
    expires: int | None,
    policy: SnapshotPolicy | None,
    now: int,
) -> Snapshot:
    """Return a snapshot that is not taken yet.

    Raises:
        InvalidPathError: if its name is too long for a directory.
    """
    new = Snapshot(number, label, 0, 0, parts, expires)
    if policy is not None:
        new = replace(
            new,
            policy_id=policy.id,
            policy_name=policy.name,
            full_name=snapshot_name(policy, number, parts, now),
            lock_key=policy.lock_key_ref,
        )
    name = new.directory_name
    if len(to_bytes(name)) > MAX_NAME_BYTES:
        raise InvalidPathError(f"the name of the snapshot's directory is too long: {name!a}")
    return new


def _is_earlier(expires: int | None, than: int | None) -> bool:
    return expires is not None and (than is None or expires < than)


def _check_label(label: str | None) -> None:
    if label is not None and ("/" in label or "\0" in label or label in (".", "..")):
        raise InvalidPathError(f"{label!a} cannot be the name of a snapshot")


def _newest_change(top: Node) -> int:
    newest = 0
    pending = [top]
    while pending:
        node = pending.pop()
        newest = max(newest, node.attributes.changed)
        pending.extend(node.children.values())
    return newest
