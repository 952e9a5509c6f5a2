"""What a run cannot read in a tree, and where that stops it."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tests.oracle.capture import Tree


@dataclass(frozen=True)
class Restrictions:
    """What a run cannot read in a tree; paths are relative to the captured root.

    Attributes:
        unreadable: Paths that can neither be opened nor passed to `lstat`, nor anything below them.
        closed: Directories that cannot be entered: `lstat` works for them, but for nothing below.
        unlisted: Directories that can be entered but not listed: `lstat` works for a known name.
    """

    unreadable: Collection[bytes] = frozenset()
    closed: Collection[bytes] = frozenset()
    unlisted: Collection[bytes] = frozenset()

    def allow(self, path: bytes) -> bool:
        """Return whether a run can find out what is at a path that it knows."""
        if path in self.unreadable:
            return False
        return not any(
            above in self.unreadable or above in self.closed for above in directories_above(path)
        )

    def stop_walk_at(self, path: bytes) -> bool:
        """Return whether a walk that reaches a path cannot continue there."""
        return path in self.unreadable or path in self.closed or path in self.unlisted


NO_RESTRICTIONS = Restrictions()


def directories_above(path: bytes) -> Iterator[bytes]:
    """Yield the paths of the directories that contain a path, the root `b""` first."""
    if path:
        yield b""
        end = path.find(b"/")
        while end >= 0:
            yield path[:end]
            end = path.find(b"/", end + 1)


def restrictions_for_others(tree: Tree) -> Restrictions:
    """Return what a user cannot read who owns nothing in a tree and is in none of its groups."""
    directories = {path: node.mode for path, node in tree.nodes.items() if node.kind == "dir"}
    closed = {path for path, mode in directories.items() if not mode & stat.S_IXOTH}
    unlisted = {path for path, mode in directories.items() if not mode & stat.S_IROTH}
    return Restrictions(closed=frozenset(closed), unlisted=frozenset(unlisted - closed))


def restrictions_to_utf8(tree: Tree) -> Restrictions:
    """Return what cannot be read where every path must be sent as UTF-8."""
    return Restrictions(
        closed=frozenset(
            path for path, node in tree.nodes.items() if node.kind == "dir" and not is_utf8(path)
        )
    )


def is_utf8(path: bytes) -> bool:
    """Return whether a path is UTF-8."""
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True


def find_obstacle(
    path: bytes, kept: set[bytes], restrictions: Restrictions, base: bytes = b""
) -> bytes | None:
    """Return the path that keeps a run from reading a changed path; None if it can be read.

    Args:
        path: What changed.
        kept: The paths where everything is the same object as before.
        restrictions: What the run cannot read in the tree that it reads.
        base: The base path if it is below the captured root; it can be entered.
    """
    upwards = [*directories_above(path), path]
    # A walk begins at the created or deleted directory that the diff names, or at the base path
    # if that is below it. The diff names nothing below such a directory.
    start = next((above for above in upwards if above not in kept), path)
    if base.startswith(start + b"/"):
        start = base
    if not restrictions.allow(start):
        return start
    if path in kept:
        return None
    walked = upwards[upwards.index(start) :]
    return next((step for step in walked if restrictions.stop_walk_at(step)), None)
