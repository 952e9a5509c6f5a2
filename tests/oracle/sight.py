"""Says what of a tree a run cannot get at, and where that stops it."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tests.oracle.capture import Tree


@dataclass(frozen=True)
class Sight:
    """What of a tree a run cannot get at; paths are relative to the captured root.

    Attributes:
        unreadable: Paths that can neither be opened nor asked about, nor anything below them.
        closed: Directories that can be asked about, but not gone into: nothing below them can be
            asked about.
        unlisted: Directories that can be gone into but not listed: who knows a name in them can
            ask about it.
    """

    unreadable: Collection[bytes] = frozenset()
    closed: Collection[bytes] = frozenset()
    unlisted: Collection[bytes] = frozenset()

    def reaches(self, path: bytes) -> bool:
        """Say whether a run can ask what is at a path."""
        if path in self.unreadable:
            return False
        return not any(
            above in self.unreadable or above in self.closed for above in directories_above(path)
        )

    def stops_at(self, path: bytes) -> bool:
        """Say whether a walk that gets as far as a path cannot go on there."""
        return path in self.unreadable or path in self.closed or path in self.unlisted


EVERYTHING = Sight()


def directories_above(path: bytes) -> Iterator[bytes]:
    """Yield the paths of the directories that a path is in, the root `b""` first."""
    if path:
        yield b""
        end = path.find(b"/")
        while end >= 0:
            yield path[:end]
            end = path.find(b"/", end + 1)


def sight_of_a_stranger(tree: Tree) -> Sight:
    """Say what is out of reach for a user who owns nothing in a tree and is in no group of it."""
    directories = {path: node.mode for path, node in tree.nodes.items() if node.kind == "dir"}
    closed = {path for path, mode in directories.items() if not mode & stat.S_IXOTH}
    unlisted = {path for path, mode in directories.items() if not mode & stat.S_IROTH}
    return Sight(closed=frozenset(closed), unlisted=frozenset(unlisted - closed))


def sight_in_unicode(tree: Tree) -> Sight:
    """Say what is out of reach for who can send no path but one in UTF-8."""
    return Sight(
        closed=frozenset(
            path for path, node in tree.nodes.items() if node.kind == "dir" and not is_unicode(path)
        )
    )


def is_unicode(path: bytes) -> bool:
    """Say whether a path is UTF-8."""
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True


def obstacle(path: bytes, kept: set[bytes], sight: Sight, base: bytes = b"") -> bytes | None:
    """Return the path at which a run that was told of a change at `path` cannot go on, if any.

    Args:
        path: What changed.
        kept: The paths at which everything is the same object as before.
        sight: What the run cannot get at, in the tree in which it looks.
        base: The base path where that is below the captured root; it can be looked into.
    """
    upwards = [*directories_above(path), path]
    # The diff names a created or deleted directory, not what is below it, and there a walk begins;
    # or at the base path, where that is further down.
    told = next((above for above in upwards if above not in kept), path)
    if base.startswith(told + b"/"):
        told = base
    if not sight.reaches(told):
        return told
    if path in kept:
        return None
    walked = upwards[upwards.index(told) :]
    return next((step for step in walked if sight.stops_at(step)), None)
