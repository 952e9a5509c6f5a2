"""Which snapshot a user means: by its id, its name, or its place in time."""

import re
from collections.abc import Iterable

from qumulo_changelist.checks.request import is_whole_number
from qumulo_changelist.cycle.snapshot_names import parse_any_name
from qumulo_changelist.errors import SnapshotMissingError, UsageError
from qumulo_changelist.model import Snapshot

_LATEST = re.compile(r"latest(?:~(\d{1,6}))?")
_COMMITTED = "committed"
_MAX_SHOWN = 5


def depends_on_source(text: str) -> bool:
    """Return whether a text means a snapshot only together with a directory: ``latest~1``."""
    return text == _COMMITTED or _LATEST.fullmatch(text) is not None


def choose_snapshot(
    text: str, snapshots: Iterable[Snapshot], source: str = "", committed: int | None = None
) -> Snapshot:
    """Return the snapshot that a text means.

    Args:
        text: an id; a name, with or without the id in front; ``latest`` for the newest of the
            source, ``latest~1`` for the one before, and so on; or ``committed``.
        snapshots: all snapshots of the cluster.
        source: the directory for ``latest``; "" if it is unknown. Markers do not count.
        committed: the snapshot that was committed last; None if there is none.

    Raises:
        SnapshotMissingError: the cluster has no such snapshot.
        UsageError: several have the name, or it is unknown which directory is meant.
    """
    existing = sorted((one for one in snapshots if not one.is_going), key=lambda one: one.id)
    if latest := _LATEST.fullmatch(text):
        return _latest(existing, source, int(latest[1] or 0), text)
    if text == _COMMITTED:
        if committed is None:
            raise SnapshotMissingError("nothing was committed yet")
        return _only([one for one in existing if one.id == committed], str(committed))
    if is_whole_number(text):
        return _only([one for one in existing if one.id == int(text)], text)
    return _only([one for one in existing if text in (one.name, one.label)], text)


def _latest(existing: list[Snapshot], source: str, before: int, text: str) -> Snapshot:
    if not source:
        raise UsageError(f"{text} of which directory?", hint="Name the project, or the source.")
    found = [one for one in existing if one.source == source and not _is_marker(one)]
    if before >= len(found):
        raise SnapshotMissingError(
            f"there is no {text}: the cluster has {len(found)} snapshots of {source}"
        )
    return found[-1 - before]


def _is_marker(snapshot: Snapshot) -> bool:
    name = parse_any_name(snapshot.id, snapshot.name)
    return name is not None and name.committed is not None


def _only(found: list[Snapshot], text: str) -> Snapshot:
    if not found:
        raise SnapshotMissingError(f"the cluster has no snapshot {text!r:.300}")
    if len(found) > 1:
        ids = ", ".join(str(one.id) for one in found[:_MAX_SHOWN])
        raise UsageError(f"{len(found)} snapshots are named {text!r:.300}: give an id ({ids}, …)")
    return found[0]
