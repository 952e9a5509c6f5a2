"""What a scan list must contain, from two captured states."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tests.oracle.base_path import Names, check_base
from tests.oracle.capture import NANOSECONDS, parent_of
from tests.oracle.diff import kept_paths, modified_paths
from tests.oracle.filters import NO_FILTERS, Filters
from tests.oracle.moves import find_moves
from tests.oracle.restrictions import (
    NO_RESTRICTIONS,
    Restrictions,
    directories_above,
    find_obstacle,
)
from tests.oracle.xml_list import Entry, is_nameable, render, sort_key

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.oracle.capture import Kind, Node, Tree
    from tests.oracle.xml_list import Element, EntryType


def expected_entries(
    before: Tree,
    after: Tree,
    *,
    source: bytes | str,
    older_source: bytes | str | None = None,
    base: bytes | str,
    deletes: bool,
    moves: bool = False,
    run_time: int = 0,
    newer_restrictions: Restrictions = NO_RESTRICTIONS,
    older_restrictions: Restrictions = NO_RESTRICTIONS,
    filters: Filters = NO_FILTERS,
) -> list[Entry]:
    """Return the entries of a list, in its order: names descending.

    Args:
        before: What the older snapshot contains.
        after: What the newer snapshot contains; attributes are taken from it.
        source: Where the captured root is on the cluster, in the newer state.
        older_source: Where it was in the older state, if that is another path.
        base: The base path as the newer state has it: at, below or above the source.
        deletes: Whether deleted paths are listed.
        moves: Whether files that were only moved are listed with their older names.
        run_time: The time of the run, in seconds.
        newer_restrictions: What the run cannot read in the newer state. Where a walk of a created
            directory meets such a path, it is one bad entry; elsewhere each changed path at or
            below it is one. What was deleted below a created directory that cannot be read is not
            listed: it is unknown what is there now.
        older_restrictions: The same for the older state, where deleted paths are looked up. A
            deleted path that cannot be looked up is a file, unless the diff calls it a directory.
        filters: What may be listed.

    Raises:
        NoList: The captured roots are different directories, or neither state has the base path.
        ValueError: A cluster path is not absolute; or the base path itself is unreadable, so that
            there is nothing to name; or the names below it are not those of the older state, see
            `has_same_names`.
    """
    kept = kept_paths(before, after)
    check_base(before, after, base, source, source if older_source is None else older_source)
    modified = modified_paths(before, after, kept)
    names = Names(source, base)
    found = _Found({}, {}, set())

    for path in filter(names.has, before.nodes.keys() - kept if deletes else ()):
        obstacle = find_obstacle(path, kept, older_restrictions, names.base)
        is_unknown = _is_unknown(path, after, kept, newer_restrictions, names.base)
        gone = _deleted_entry(path, before, after, kept, names, filters, obstacle, is_unknown)
        if gone:
            found.add(_without_attributes(*gone, run_time), _change_of(gone[:2], "deleted"))

    for path in filter(names.has, (after.nodes.keys() - kept) | modified):
        obstacle = find_obstacle(path, kept, newer_restrictions, names.base)
        node = after.nodes[path]
        change = "modified" if path in kept else "created"
        if obstacle is not None:
            name, bad_type = names.of(obstacle), _type_of(after.nodes[obstacle])
            if _is_bad_listed(name, bad_type, filters, is_walked=obstacle not in kept):
                entry = _without_attributes("bad-dir", bad_type, name, run_time)
                found.add(entry, _change_of((entry.element, bad_type), change))
        elif node.kind == "file" or (node.kind == "dir" and path in modified):
            if _is_listed(node, names.of(path), filters):
                found.add(_with_attributes(node, names.of(path), run_time), change)
            else:
                found.hidden.add(path)

    entries = found.entries
    if moves:
        created = set(filter(names.has, after.nodes.keys() - kept)) - found.hidden
        deleted = {
            path
            for path in filter(names.has, before.nodes.keys() - kept)
            if find_obstacle(path, kept, older_restrictions, names.base) is None
            and not _is_unknown(path, after, kept, newer_restrictions, names.base)
            and filters.allow_name(names.of(path), is_dir=before.nodes[path].kind == "dir")
        }
        _apply_moves(entries, names, before, after, created, deleted)

    listed = [entry for entry in entries.values() if found.is_among(entry, filters.only)]
    return sorted(listed, key=sort_key, reverse=True)


def _deleted_entry(
    path: bytes,
    before: Tree,
    after: Tree,
    kept: set[bytes],
    names: Names,
    filters: Filters,
    obstacle: bytes | None,
    is_unknown: bool,
) -> tuple[Element, EntryType, bytes] | None:
    """Return element, type and name of what is listed of a path that is gone; None for nothing."""
    kind = before.nodes[path].kind
    if obstacle is not None and (obstacle != path or kind == "dir"):
        name = names.of(obstacle)
        return None if filters.exclude_name(name, is_dir=True) else ("bad-dir", "F_DIR", name)
    if is_unknown:
        return None
    name, successor = names.of(path), after.nodes.get(path)
    is_listed = successor is not None and _is_listed(successor, name, filters)
    gone = _deleted_type(path, "file" if obstacle else kind, successor, kept, is_listed=is_listed)
    if gone and filters.allow_name(name, is_dir=gone == "F_DIR"):
        return "delete-file", gone, name
    return None


class _Found(NamedTuple):
    """What was found for a list."""

    entries: dict[bytes, Entry]
    changes: dict[bytes, str]
    """What happened to each: `created`, `modified` or `deleted`; or `unknown`, see `_change_of`."""
    hidden: set[bytes]
    """Paths that are there, and that filters leave out."""

    def add(self, entry: Entry, change: str) -> None:
        self.entries[entry.path] = entry
        self.changes[entry.path] = change

    def is_among(self, entry: Entry, kinds: Collection[str]) -> bool:
        """Return whether an entry is of one of some kinds; of any, if there are none."""
        change = "moved" if entry.moved_from else self.changes[entry.path]
        return not kinds or change in (*kinds, "unknown")


def _change_of(found: tuple[Element, EntryType], change: str) -> str:
    """Return what happened to an entry: nobody knows what is in a directory that is unreadable."""
    return "unknown" if found == ("bad-dir", "F_DIR") else change


def _is_bad_listed(name: bytes, kind: EntryType, filters: Filters, *, is_walked: bool) -> bool:
    """Return whether filters let something pass that is there and cannot be read.

    What is in a created directory is unknown, so it may be something that is wanted.
    """
    is_dir = kind == "F_DIR"
    if filters.exclude_name(name, is_dir=is_dir):
        return False
    return (is_dir and is_walked) or filters.include_name(name, is_dir=is_dir)


def _is_listed(node: Node, name: bytes, filters: Filters) -> bool:
    """Return whether filters let something pass that is there and can be read."""
    if not filters.allow_name(name, is_dir=node.kind == "dir"):
        return False
    return node.kind != "file" or filters.allow_file(node)


def expected_list(
    before: Tree,
    after: Tree,
    *,
    source: bytes | str,
    older_source: bytes | str | None = None,
    base: bytes | str,
    deletes: bool,
    moves: bool = False,
    run_time: int,
    index: int | str = 1,
    newer_restrictions: Restrictions = NO_RESTRICTIONS,
    older_restrictions: Restrictions = NO_RESTRICTIONS,
    filters: Filters = NO_FILTERS,
) -> bytes:
    """Return the list's file, to the byte; see `expected_entries` for the arguments."""
    entries = expected_entries(
        before,
        after,
        source=source,
        older_source=older_source,
        base=base,
        deletes=deletes,
        moves=moves,
        run_time=run_time,
        newer_restrictions=newer_restrictions,
        older_restrictions=older_restrictions,
        filters=filters,
    )
    return render(entries, index)


def expected_full_list(
    tree: Tree,
    *,
    source: bytes | str,
    base: bytes | str,
    run_time: int,
    index: int | str = 1,
    restrictions: Restrictions = NO_RESTRICTIONS,
    filters: Filters = NO_FILTERS,
) -> bytes:
    """Return the file of a full list, to the byte: every regular file below the base path.

    Args:
        tree: What the snapshot contains.
        source: Where the captured root is on the cluster.
        base: The base path, which is at, below or above the source.
        run_time: The time of the run, in seconds.
        index: The source index.
        restrictions: What the run cannot read; where the walk meets such a path, it is one bad
            entry.
        filters: What may be listed.
    """
    names = Names(source, base)
    above = {path for path in directories_above(names.base) if path != names.base}
    entries: dict[bytes, Entry] = {}
    for path in filter(names.has, tree.nodes):
        node, obstacle = tree.nodes[path], find_obstacle(path, above, restrictions, names.base)
        if obstacle is not None:
            name, bad = names.of(obstacle), _type_of(tree.nodes[obstacle])
            if _is_bad_listed(name, bad, filters, is_walked=True):
                entries[name] = _without_attributes("bad-dir", bad, name, run_time)
        elif node.kind == "file" and _is_listed(node, names.of(path), filters):
            entries[names.of(path)] = _with_attributes(node, names.of(path), run_time)
    return render(sorted(entries.values(), key=sort_key, reverse=True), index)


def _is_unknown(
    path: bytes, after: Tree, kept: set[bytes], restrictions: Restrictions, base: bytes
) -> bool:
    """Return whether a path is below a created directory that cannot be read."""
    return any(
        above in after.nodes
        and after.nodes[above].kind == "dir"
        and find_obstacle(above, kept, restrictions, base) is not None
        for above in directories_above(path)
        if above not in kept and not base.startswith(above + b"/")
    )


def _deleted_type(
    path: bytes, kind: Kind, successor: Node | None, kept: set[bytes], *, is_listed: bool
) -> EntryType | None:
    """Return the type of the deleted entry for a path that is not kept; None if there is none.

    Args:
        path: The path.
        kind: What the older state has there.
        successor: What the newer state has there, if anything.
        kept: The kept paths.
        is_listed: Whether filters let the successor pass. A file exists, listed or not; but one
            that is not listed does not stand for a directory that is gone.
    """
    successor_kind = successor.kind if successor else None
    if kind == "file" and successor_kind != "file":
        return "F_REG"
    named_by_the_diff = parent_of(path) in kept
    replacing = ("dir", "file") if is_listed else ("dir",)
    if kind == "dir" and named_by_the_diff and successor_kind not in replacing:
        return "F_DIR"
    return None


def _type_of(node: Node) -> EntryType:
    return "F_DIR" if node.kind == "dir" else "F_REG"


def _with_attributes(node: Node, path: bytes, run_time: int) -> Entry:
    """Return a `<file>`, or a `<bad-dir>` if XML cannot hold its name."""
    if not is_nameable(path):
        return _without_attributes("bad-dir", _type_of(node), path, run_time)
    return Entry(
        element="file",
        type=_type_of(node),
        path=path,
        size=node.size,
        mtime=node.mtime_ns // NANOSECONDS,
        atime=node.atime_ns // NANOSECONDS,
        owner=node.uid,
        group=node.gid,
    )


def _without_attributes(element: Element, kind: EntryType, path: bytes, run_time: int) -> Entry:
    """Return a `<delete-file>` or `<bad-dir>`; the latter if XML cannot hold its name."""
    return Entry(
        element=element if is_nameable(path) else "bad-dir",
        type=kind,
        path=path,
        size=0,
        mtime=run_time,
        atime=run_time,
        owner=0,
        group=0,
    )


def _apply_moves(
    entries: dict[bytes, Entry],
    names: Names,
    before: Tree,
    after: Tree,
    created: set[bytes],
    deleted: set[bytes],
) -> None:
    """Give files that were only moved their older names, and remove the entries of those names."""
    listed = {
        path
        for path in created
        if after.nodes[path].kind == "file"
        and names.of(path) in entries
        and entries[names.of(path)].element == "file"
    }
    lost = {
        path
        for path in deleted
        if before.nodes[path].kind == "file" and is_nameable(names.of(path))
    }
    for new, old in find_moves(before, after, listed, lost).items():
        entries[names.of(new)] = replace(entries[names.of(new)], moved_from=names.of(old))
        if names.of(old) in entries and entries[names.of(old)].element == "delete-file":
            del entries[names.of(old)]
