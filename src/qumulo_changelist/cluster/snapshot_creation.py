"""Taking a snapshot once, also if nobody knows at first whether the cluster took it."""

import time
from collections.abc import Callable, Container

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.errors import ChangelistError, UnclearOutcomeError
from qumulo_changelist.events import Listener, SnapshotSought
from qumulo_changelist.machine import waiting
from qumulo_changelist.model import Snapshot

PAUSES = (0.5, 5.0)
"""The number of seconds to wait before the cluster is asked whether it has the snapshot."""

_CLOCKS_APART = 24 * 3600 * 10**9
"""The clocks of the cluster and of this machine differ by no more nanoseconds than this."""


def take_snapshot(
    cluster: Cluster,
    name: str,
    path: str,
    listener: Listener,
    *,
    expires: int = 0,
    known: Container[int] = (),
) -> Snapshot:
    """Take a snapshot of a directory, and only one.

    After an unclear answer the cluster is asked for the snapshot, by its name. If it certainly has
    none, and the connection broke, the request is sent once more.

    Args:
        cluster: the cluster.
        name: its name, which no other snapshot of the directory has, except those that are known.
        path: the directory, without a trailing ``/``.
        listener: receives a ``SnapshotSought`` after an unclear answer.
        expires: when the cluster deletes it by itself, in nanoseconds since the epoch; 0 for never.
        known: the ids of snapshots that exist already, perhaps with the same name.

    Raises:
        UnclearOutcomeError: the cluster may have taken the snapshot, or not; it is named.
        ChangelistError: it was not taken.
    """
    earliest = time.time_ns() - _CLOCKS_APART

    def is_it(one: Snapshot) -> bool:
        has_name = name in (one.name, one.label) and one.source in ("", path)
        is_new = one.id not in known and (not one.taken or one.taken >= earliest)
        return has_name and is_new and not one.is_going

    for may_repeat in (True, False):
        try:
            return cluster.create_snapshot(name, path, expires)
        except UnclearOutcomeError as error:
            unclear = error
        listener(SnapshotSought(name, str(unclear)))
        if found := _find(cluster, is_it, name, unclear):
            return found
        if not unclear.connection_broke or not may_repeat:
            break
    raise _named(unclear, name)


def _find(
    cluster: Cluster, is_it: Callable[[Snapshot], bool], name: str, unclear: UnclearOutcomeError
) -> Snapshot | None:
    """Return the snapshot, or None if the cluster says each time that it has none."""
    for seconds in PAUSES:
        waiting.pause(seconds)
        try:
            found = list(filter(is_it, cluster.all_snapshots()))
        except ChangelistError as error:
            raise _named(unclear, name, f", and it cannot be asked: {error}") from error
        if found:
            return max(found, key=lambda one: one.id)
    return None


def _named(unclear: UnclearOutcomeError, name: str, why: str = "") -> UnclearOutcomeError:
    named = UnclearOutcomeError(
        f"{unclear}: take a snapshot named {name}{why}", exit_code=unclear.exit_code
    )
    named.__cause__ = unclear
    return named
