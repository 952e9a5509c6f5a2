"""Where a snapshot has what a name refers to: pure path logic.

A snapshot is of a directory, and that directory can be renamed, or moved together with a directory
above it, before its next snapshot is taken. Each of the two snapshots then has paths of its own,
while the names in a list are those of the newer one.
"""

from msgspec import Struct


class SnapshotPaths(Struct, frozen=True):
    """Turns names into the paths that one snapshot has for them; see :func:`snapshot_paths`."""

    base: str
    """The base path as this snapshot has it, without a trailing ``/``."""
    source: str = ""
    """The snapshot's directory as a name below the base path, if only its path differs."""
    path_of_source: str = ""
    """That directory's path in this snapshot, without a trailing ``/``."""

    def path(self, name: str) -> str:
        """Return the path of a name, without a trailing ``/``; the cluster's root is ``/``."""
        plain = name.removesuffix("/")
        if self.source and f"{plain}/".startswith(f"{self.source}/"):
            return self.path_of_source + plain[len(self.source) :] or "/"
        return self.base + plain or "/"


def snapshot_paths(base: str, source: str = "", path_of_source: str = "") -> SnapshotPaths:
    """Return the paths of a snapshot.

    Args:
        base: the base path, as the newer snapshot has it.
        source: the directory that the snapshots are of, likewise; "" if unknown.
        path_of_source: that directory as this snapshot has it; "" if unknown.
    """
    base, source, then = (path.rstrip("/") for path in (base, source, path_of_source))
    if not source or not then or source == then:
        return SnapshotPaths(base)
    if f"{base}/".startswith(f"{source}/"):
        return SnapshotPaths(then + base[len(source) :])
    if f"{source}/".startswith(f"{base}/"):
        return SnapshotPaths(base, source[len(base) :], then)
    return SnapshotPaths(base)
