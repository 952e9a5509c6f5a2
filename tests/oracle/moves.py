"""Says which files were only moved, from two captured states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.capture import Node, Tree, same_object

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable


def moved(
    before: Tree, after: Tree, came: Iterable[bytes], went: Iterable[bytes]
) -> dict[bytes, bytes]:
    """Pair the paths of files that were there before under another path, and look the same.

    Args:
        before: the older state.
        after: the newer state.
        came: paths of the newer state at which there is another object than before, or a new one.
        went: the same of the older state.

    Returns:
        The older path for each newer one. A file with several paths keeps those that it has in
        both states; its other paths are paired as they sort.
    """
    older: dict[Hashable, list[bytes]] = {}
    for path in went:
        older.setdefault(_number(before.nodes[path]), []).append(path)
    newer: dict[Hashable, list[bytes]] = {}
    for path in came:
        newer.setdefault(_number(after.nodes[path]), []).append(path)
    pairs: dict[bytes, bytes] = {}
    for number in older.keys() & newer.keys():
        olds, news = set(older[number]), set(newer[number])
        if _unchanged(before.nodes[min(olds)], after.nodes[min(news)]):
            pairs.update(zip(sorted(news - olds), sorted(olds - news), strict=False))
    return pairs


def _number(node: Node) -> Hashable:
    identity = node.identity
    return (identity.device, identity.inode) if identity.given is None else identity.given


def _unchanged(old: Node, new: Node) -> bool:
    """Say whether two nodes are one file with the same data."""
    same_data = (old.size, old.mtime_ns) == (new.size, new.mtime_ns)
    return old.kind == "file" and same_data and same_object(old, new)
