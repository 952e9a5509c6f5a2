"""Whether the mapped path shows the base path, or a different directory with the same names in it.

A few entries of the newer snapshot are compared with what the mount shows. People go on working on
a share, so a difference proves something only if the cluster reports that the entry is still as the
snapshot has it. One entry that agrees is enough.
"""

import contextlib
from collections import deque
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, Protocol

from qumulo_changelist.checks.base_path import SnapshotView
from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.errors import UnreadableError, WrongMountError
from qumulo_changelist.model import EntryStat, Kind
from qumulo_changelist.wording import count, describe_moment

# The number of entries to request of a directory, and how many of these to compare.
_MAX_ENTRIES = 100
_MAX_COMPARED = 8

# The number of directories to list, including the base path.
_MAX_DIRECTORIES = 4

# The times that every mount can show, in nanoseconds since the epoch: NFS version 3 has none before
# 1970 (RFC 1813), and other systems end in 2038.
_FIRST_TIME, _TIME_LIMIT = 0, 2**31 * 1_000_000_000

# The precisions of mounts, in nanoseconds: NFS shows the whole time, SMB tenths of microseconds.
_PRECISIONS = (1, 100, 1_000, 1_000_000, 1_000_000_000)


class Mount(Protocol):
    """A mounted directory."""

    def inspect_entry(self, name: str, *, refresh: bool = False) -> EntryStat | None:
        """Return the entry of a name; None if there is none.

        A mount can remember an entry for a minute. ``refresh`` makes it ask its server again.

        Raises:
            UnreadableError: this user has no permission.
        """


class MountMatch(Enum):
    """What a mount shows."""

    SNAPSHOT = "the base path as the newer snapshot has it"
    LIVE = "the base path, but no compared entry is as the snapshot has it"
    EMPTY = "nothing, and the snapshot has nothing there either"
    UNKNOWN = "nothing that could be compared"


class _Comparison(NamedTuple):
    """An entry of the snapshot, and what the mount shows under its name."""

    name: str
    known: EntryStat
    shown: EntryStat | None


def check_mount(
    cluster: Cluster, newer: SnapshotView, mount: Mount, mapped_path: str, *, live: bool
) -> MountMatch:
    """Return what a mount shows, and make sure that it shows nothing but the base path.

    Args:
        cluster: describes the snapshot and, if an entry differs, the live tree.
        newer: the newer snapshot, which has the base path.
        mount: the mapped path, or the snapshot below its ``.snapshot``.
        mapped_path: its path on this machine.
        live: whether it is the mapped path, which can have changed since the snapshot.

    Raises:
        WrongMountError: it shows something else.
    """
    wrong: _Comparison | None = None
    entries: list[tuple[str, EntryStat]] | None = None
    for entries in _sample_entries(cluster, newer):
        compared = list(_compare(mount, entries))
        if any(_agree(comparison.known, comparison.shown) for comparison in compared):
            return MountMatch.SNAPSHOT
        for comparison in compared:
            name, known, shown = comparison
            if wrong and not shown:
                continue  # a missing entry cannot agree, and asking takes time
            now = _inspect_now(cluster, newer.paths.path(name)) if live else known
            if now and _agree(now, shown):
                return MountMatch.LIVE
            if now and _is_untouched(known, now) and not _is_same_file(now, shown):
                wrong = wrong or comparison
    if wrong:
        raise WrongMountError(
            f"the mapped path {mapped_path} does not show {newer.base}: {wrong.name} is "
            f"{_describe(wrong.known)} in snapshot {newer.snapshot.id}"
            f"{' and on the cluster now' if live else ''}, but {_describe(wrong.shown)} on the "
            "mount"
        )
    return MountMatch.EMPTY if entries == [] else MountMatch.UNKNOWN


def shows_snapshot(cluster: Cluster, view: SnapshotView, mount: Mount) -> bool:
    """Return whether a mount shows an entry of the base path as a snapshot has it.

    Args:
        cluster: describes the snapshot.
        view: the snapshot, which has the base path.
        mount: the directory that should show the same snapshot.
    """
    return any(
        _agree(comparison.known, comparison.shown)
        for entries in _sample_entries(cluster, view)
        for comparison in _compare(mount, entries)
    )


def _sample_entries(cluster: Cluster, newer: SnapshotView) -> Iterator[list[tuple[str, EntryStat]]]:
    """Yield entries of the snapshot, one directory at a time, from the base path down.

    Old files come first: they are least likely to have changed since. An empty list means that the
    base path has no entries.
    """
    directories = deque([newer.top])
    for _ in range(_MAX_DIRECTORIES):
        if not directories:
            return
        directory = directories.popleft()
        path = newer.paths.path(directory)
        try:
            found = cluster.first_entries(path, newer.snapshot.id, _MAX_ENTRIES)
        except UnreadableError:
            continue
        named = [
            (directory + name, known)
            for name, known in found.items()
            if known.kind in (Kind.FILE, Kind.DIRECTORY)
            and known.mtime is not None
            and _FIRST_TIME <= known.mtime < _TIME_LIMIT
        ]
        named.sort(key=lambda pair: (pair[1].kind is Kind.DIRECTORY, pair[1].mtime))
        if named or (directory == newer.top and not found):
            yield named[:_MAX_COMPARED]
        directories += [f"{name}/" for name, known in named if known.kind is Kind.DIRECTORY]


def _compare(mount: Mount, entries: list[tuple[str, EntryStat]]) -> Iterator[_Comparison]:
    """Yield entries with what the mount shows, except where this user has no permission."""
    for name, known in entries:
        with contextlib.suppress(UnreadableError):
            shown = mount.inspect_entry(name)
            if not _agree(known, shown):
                shown = mount.inspect_entry(name, refresh=True)
            yield _Comparison(name, known, shown)


def _inspect_now(cluster: Cluster, path: str) -> EntryStat | None:
    try:
        return cluster.inspect_entry(path, None)
    except UnreadableError:
        return None


def _agree(known: EntryStat, shown: EntryStat | None) -> bool:
    """Return whether a mount shows what the cluster reports: the same kind, time and file size.

    An inode number proves nothing: on a different file system it can be equal to a file's id.
    """
    if not shown or shown.kind is not known.kind or known.mtime is None:
        return False
    if known.kind is Kind.FILE and shown.size != known.size:
        return False
    return shown.mtime in {known.mtime // precision * precision for precision in _PRECISIONS}


def _is_untouched(known: EntryStat, now: EntryStat) -> bool:
    return (known.kind, known.size, known.mtime, known.id) == (
        now.kind,
        now.size,
        now.mtime,
        now.id,
    )


def _is_same_file(now: EntryStat, shown: EntryStat | None) -> bool:
    """Return whether the mount shows the same file, perhaps from its cache."""
    return shown is not None and shown.id == now.id != ""


def _describe(seen: EntryStat | None) -> str:
    """Return an entry in words that people can compare."""
    if not seen:
        return "not there"
    modified = describe_moment(seen.mtime)
    if seen.kind is Kind.FILE:
        return f"a file of {count(seen.size, 'byte')}, modified {modified}"
    if seen.kind is Kind.DIRECTORY:
        return f"a directory, modified {modified}"
    return "a link, or a special file"
