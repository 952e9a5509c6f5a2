"""Which files were only moved, from two captured states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.oracle.capture import Node, Tree, same_object

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable


def find_moves(
    before: Tree, after: Tree, created: Iterable[bytes], deleted: Iterable[bytes]
) -> dict[bytes, bytes]:
    """Return the older path of each file that was only moved, by its newer path.

    A file with several paths keeps those that it has in both states; its other paths are paired in
    their order.

    Args:
        before: The older state.
        after: The newer state.
        created: Paths of the newer state where another object was before, or none.
        deleted: Paths of the older state where another object is afterwards, or none.
    """
    older: dict[Hashable, list[bytes]] = {}
    for path in deleted:
        older.setdefault(_object_id(before.nodes[path]), []).append(path)
    newer: dict[Hashable, list[bytes]] = {}
    for path in created:
        newer.setdefault(_object_id(after.nodes[path]), []).append(path)
    pairs: dict[bytes, bytes] = {}
    for number in older.keys() & newer.keys():
        olds, news = set(older[number]), set(newer[number])
        if _is_unchanged(before.nodes[min(olds)], after.nodes[min(news)]):
            pairs.update(zip(sorted(news - olds), sorted(olds - news), strict=False))
    return pairs


def _object_id(node: Node) -> Hashable:
    given = node.identity.given
    return (node.identity.device, node.identity.inode) if given is None else given


def _is_unchanged(old: Node, new: Node) -> bool:
    """Return whether two nodes are one file with the same data."""
    same_data = (old.size, old.mtime_ns) == (new.size, new.mtime_ns)
    return old.kind == "file" and same_data and same_object(old, new)
