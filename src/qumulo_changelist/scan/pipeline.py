"""The whole way, from a cluster's diff to a published list."""

import contextlib
from typing import NamedTuple

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.model import Entry, State, Totals
from qumulo_changelist.output.interface import ListWriter
from qumulo_changelist.progress import Listener
from qumulo_changelist.scan.changeset import ChangeSet
from qumulo_changelist.scan.resolve import resolve
from qumulo_changelist.scan.scope import Scope
from qumulo_changelist.trees.interface import Tree

# So many unreadable entries are told one by one; all are in the list.
_TOLD = 20


class Outcome(NamedTuple):
    """What a list holds, and how many changes are not on it because they are never listed."""

    totals: Totals
    left_out: int


def collect(
    cluster: Cluster, older: int, newer: int, scope: Scope, listener: Listener
) -> ChangeSet:
    """Return what differs between two snapshots at or below the base path."""
    changes = ChangeSet()
    elsewhere = 0
    with contextlib.closing(cluster.changes(older, newer)) as diff:
        for change in diff:
            located = scope.locate(change)
            if located:
                changes.add(located)
            else:
                elsewhere += 1
    if elsewhere and not changes:
        listener.warning(
            f"none of the {elsewhere} changes between the snapshots is at or below the base path "
            f"{scope.base or '/'}"
        )
    listener.detail(f"{len(changes)} changes below the base path, {elsewhere} that do not count")
    return changes


def write_list(
    changes: ChangeSet, newer: Tree, older: Tree | None, writer: ListWriter, listener: Listener
) -> Outcome:
    """Write and publish the list of ``changes``; see :func:`resolve` for the trees."""
    left_out = unreadable = 0
    for item in resolve(changes, newer, older):
        if not isinstance(item, Entry):
            left_out += 1
            listener.detail(f"not listed, as no regular file: {item.name!r}")
            continue
        entry = writer.add(item)
        if entry.state is State.UNREADABLE:
            unreadable += 1
            if unreadable <= _TOLD:
                listener.warning(f"cannot be read: {entry.name!r}: {entry.reason}")
    if unreadable > _TOLD:
        listener.warning(f"and {unreadable - _TOLD} more cannot be read; the list names them all")
    return Outcome(writer.publish(), left_out)
