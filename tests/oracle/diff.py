"""What the cluster's diff must contain, from two captured states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.base_path import NoList, absolute, join
from tests.oracle.capture import parent_of, same_object

if TYPE_CHECKING:
    from tests.oracle.capture import Node, Tree

DIFFERENT_DIRECTORIES = 65


def expected_diff(before: Tree, after: Tree, source: bytes | str) -> set[tuple[str, str]]:
    """Return what the cluster's diff of two snapshots of `source` must contain.

    Args:
        before: What the older snapshot contains.
        after: What the newer snapshot contains.
        source: Where the captured root is on the cluster.

    Returns:
        `(op, path)`. `op` is CREATE, MODIFY or DELETE. The path is absolute, ends in `/` for a
        directory, and has lone surrogates for bytes that are not UTF-8 (`surrogateescape`). If the
        root was renamed, the paths are those below its newer path.

    Raises:
        NoList: The captured roots are different directories.
    """
    kept = kept_paths(before, after)
    at = absolute(source)
    created = {
        ("CREATE", _diff_path(at, path, node))
        for path, node in after.nodes.items()
        if path not in kept and parent_of(path) in kept
    }
    deleted = {
        ("DELETE", _diff_path(at, path, node))
        for path, node in before.nodes.items()
        if path not in kept and parent_of(path) in kept
    }
    modified = {
        ("MODIFY", _diff_path(at, path, after.nodes[path]))
        for path in modified_paths(before, after, kept)
    }
    return created | deleted | modified


def kept_paths(before: Tree, after: Tree) -> set[bytes]:
    """Return the paths where, and above which, everything is the same object as before.

    Raises:
        NoList: The captured roots are different directories.
    """
    if not same_object(before.nodes[b""], after.nodes[b""]):
        raise NoList(DIFFERENT_DIRECTORIES, "the two captured roots are not the same directory")
    kept = {b""}
    # A directory sorts before what is below it, since its path is the beginning of theirs.
    for path in sorted(before.nodes.keys() & after.nodes.keys()):
        if parent_of(path) in kept and same_object(before.nodes[path], after.nodes[path]):
            kept.add(path)
    return kept


def modified_paths(before: Tree, after: Tree, kept: set[bytes]) -> set[bytes]:
    """Return the kept paths whose object changed."""
    entry_came_or_went = {
        parent_of(path)
        for path in (before.nodes.keys() | after.nodes.keys()) - kept
        if parent_of(path) in kept
    }
    metadata_changed = {
        path for path in kept if _metadata(before.nodes[path]) != _metadata(after.nodes[path])
    }
    return entry_came_or_went | metadata_changed


def _metadata(node: Node) -> tuple[int, ...]:
    """Return the metadata whose change modifies a kept path, a directory's entries aside."""
    if node.kind == "dir":
        return (node.mtime_ns, node.mode, node.uid, node.gid)
    return (
        node.size,
        node.mtime_ns,
        node.ctime_ns,
        node.mode,
        node.uid,
        node.gid,
        node.nlink,
    )


def _diff_path(source: bytes, path: bytes, node: Node) -> str:
    """Return a path as the diff writes it."""
    ending = b"/" if node.kind == "dir" else b""
    return (join(source, path) + ending).decode("utf-8", "surrogateescape")
