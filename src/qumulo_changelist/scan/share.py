"""Whether the mapped path shows the base path, or another directory with the same names in it.

A few entries that the newer snapshot holds are compared with what is there on the mount. People go
on working on a share, so an entry that differs proves nothing by itself. It does where the cluster
says that the entry is still as the snapshot has it. One entry that agrees is enough.
"""

import contextlib
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timezone
from enum import Enum
from typing import NamedTuple, Protocol

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.errors import UnreadableError, UsageError
from qumulo_changelist.model import Kind, Sighting
from qumulo_changelist.scan.bases import Moment
from qumulo_changelist.wording import count

# The number of names that are asked for of a directory, and that are compared of these.
_NAMES = 100
_COMPARED = 8

# The number of directories that are listed at most, the base path among them.
_DIRECTORIES = 4

# The times that every mount can show, in nanoseconds since the epoch: NFS version 3 knows none
# before 1970 (RFC 1813), and others end in 2038.
_FIRST_TIME, _END_OF_TIME = 0, 2**31 * 1_000_000_000

# What mounts cut a time to, in nanoseconds: NFS shows all of it, SMB tenths of a microsecond.
_PRECISIONS = (1, 100, 1_000, 1_000_000, 1_000_000_000)


class Share(Protocol):
    """A mounted directory, looked at entry by entry."""

    def look_at(self, name: str, *, afresh: bool = False) -> Sighting | None:
        """Return what is there under a name; None for nothing.

        A mount can remember for a minute what was there. ``afresh`` makes it ask its server again.

        Raises:
            UnreadableError: this user may not look.
        """


class Likeness(Enum):
    """What a mount shows."""

    SNAPSHOT = "the base path as the newer snapshot has it"
    LIVE = "the base path, where nothing that was compared is as the snapshot has it"
    EMPTY = "nothing, and the snapshot holds nothing there either"
    UNKNOWN = "nothing that could be compared"


class _Compared(NamedTuple):
    """An entry of the snapshot, and what the mount shows in its place."""

    name: str
    known: Sighting
    shown: Sighting | None


def check_share(
    cluster: Cluster, newer: Moment, share: Share, mapped_path: str, *, live: bool
) -> Likeness:
    """Return what a mount shows, once it is sure that it is nothing else than the base path.

    Args:
        cluster: is asked about the snapshot and, for what differs, about the live tree.
        newer: the newer snapshot, which holds the base path.
        share: the mapped path, or the snapshot below its ``.snapshot``.
        mapped_path: what this machine calls it.
        live: whether it is the mapped path, which can have changed since the snapshot.

    Raises:
        UsageError: it shows something else.
    """
    wrong: _Compared | None = None
    entries: list[tuple[str, Sighting]] | None = None
    for entries in _some_entries(cluster, newer):
        compared = list(_compare(share, entries))
        if any(_agree(one.known, one.shown) for one in compared):
            return Likeness.SNAPSHOT
        for one in compared:
            if wrong and not one.shown:
                continue  # it cannot agree any more, and to ask takes its time
            now = _look_now(cluster, newer.location.path(one.name)) if live else one.known
            if now and _agree(now, one.shown):
                return Likeness.LIVE
            if now and _is_untouched(one.known, now) and not _is_same_file(now, one.shown):
                wrong = wrong or one
    if wrong:
        raise UsageError(
            f"the mapped path {mapped_path} does not show {newer.base}: {wrong.name} is "
            f"{_words(wrong.known)} in snapshot {newer.snapshot.id}"
            f"{' and on the cluster now' if live else ''}, but {_words(wrong.shown)} on the mount",
            hint="Check that the share is mounted there, and that -m names the directory where "
            "this machine sees the base path. No list was written; an earlier one is unchanged.",
        )
    return Likeness.EMPTY if entries == [] else Likeness.UNKNOWN


def shows_snapshot(cluster: Cluster, moment: Moment, share: Share) -> bool:
    """Say whether a mount shows an entry of the base path as a snapshot has it.

    Args:
        cluster: is asked about the snapshot.
        moment: the snapshot, which holds the base path.
        share: the same snapshot, as the mount is thought to show it.
    """
    return any(
        _agree(one.known, one.shown)
        for entries in _some_entries(cluster, moment)
        for one in _compare(share, entries)
    )


def _some_entries(cluster: Cluster, newer: Moment) -> Iterator[list[tuple[str, Sighting]]]:
    """Yield entries that the snapshot holds, a directory at a time, from the base path down.

    Those come first that are least likely to have changed since: old files. An empty list is that
    of a base path that has no entries.
    """
    directories = deque([newer.top])
    for _ in range(_DIRECTORIES):
        if not directories:
            return
        directory = directories.popleft()
        path = newer.location.path(directory)
        try:
            there = cluster.look_into(path, newer.snapshot.id, _NAMES)
        except UnreadableError:
            continue
        named = [
            (directory + name, known)
            for name, known in there.items()
            if known.kind in (Kind.FILE, Kind.DIRECTORY)
            and known.mtime is not None
            and _FIRST_TIME <= known.mtime < _END_OF_TIME
        ]
        named.sort(key=lambda pair: (pair[1].kind is Kind.DIRECTORY, pair[1].mtime))
        if named or (directory == newer.top and not there):
            yield named[:_COMPARED]
        directories += [f"{name}/" for name, known in named if known.kind is Kind.DIRECTORY]


def _compare(share: Share, entries: list[tuple[str, Sighting]]) -> Iterator[_Compared]:
    """Yield entries with what the mount shows, but for those that this user may not look at."""
    for name, known in entries:
        with contextlib.suppress(UnreadableError):
            shown = share.look_at(name)
            if not _agree(known, shown):
                shown = share.look_at(name, afresh=True)
            yield _Compared(name, known, shown)


def _look_now(cluster: Cluster, path: str) -> Sighting | None:
    try:
        return cluster.look_at(path, None)
    except UnreadableError:
        return None


def _agree(known: Sighting, shown: Sighting | None) -> bool:
    """Say whether a mount shows what the cluster knows: the same kind, time and, of files, size.

    An inode number proves nothing: that of another file system can be equal to a file's id.
    """
    if not shown or shown.kind is not known.kind or known.mtime is None:
        return False
    if known.kind is Kind.FILE and shown.size != known.size:
        return False
    return shown.mtime in {known.mtime // cut * cut for cut in _PRECISIONS}


def _is_untouched(known: Sighting, now: Sighting) -> bool:
    return (known.kind, known.size, known.mtime, known.id) == (
        now.kind,
        now.size,
        now.mtime,
        now.id,
    )


def _is_same_file(now: Sighting, shown: Sighting | None) -> bool:
    """Say whether a mount may show an earlier state of a file, which it remembers."""
    return shown is not None and shown.id == now.id != ""


def _words(seen: Sighting | None) -> str:
    """Return an entry in words, for people to compare."""
    if not seen:
        return "not there"
    modified = "at an unknown time"
    if seen.mtime is not None:
        with contextlib.suppress(ValueError, OverflowError):
            moment = datetime.fromtimestamp(seen.mtime // 1_000_000_000, timezone.utc)
            modified = f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    if seen.kind is Kind.FILE:
        return f"a file of {count(seen.size, 'byte')}, modified {modified}"
    if seen.kind is Kind.DIRECTORY:
        return f"a directory, modified {modified}"
    return "a link, or a special file"
