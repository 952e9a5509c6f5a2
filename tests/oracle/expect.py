"""Says what the cluster's diff and the scan list must hold, from two captured states."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tests.oracle.capture import NANOSECONDS, Kind, Node, Tree, parent_of, same_object
from tests.oracle.moves import moved
from tests.oracle.sight import EVERYTHING, Sight, directories_above, obstacle

if TYPE_CHECKING:
    from collections.abc import Iterable

Element = Literal["file", "delete-file", "bad-dir"]
EntryType = Literal["F_REG", "F_DIR"]

NEITHER_HOLDS_THE_BASE = 2
TWO_DIRECTORIES = 65

_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}


class NoList(Exception):  # noqa: N818 - that there must be none is no error
    """There must be no list of these states: the run ends with an exit code of its own.

    Attributes:
        code: The exit code.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Entry:
    """One line of the list.

    Attributes:
        element: What the line is.
        type: What it is about.
        path: The path below the base path, beginning with `/`, as the file system has it.
        size: In bytes.
        mtime: In whole seconds.
        atime: In whole seconds.
        owner: The numeric user id.
        group: The numeric group id.
        moved_from: The path that a file had before, where it was only moved.
    """

    element: Element
    type: EntryType
    path: bytes
    size: int
    mtime: int
    atime: int
    owner: int
    group: int
    moved_from: bytes | None = None

    @property
    def name(self) -> str:
        """The name as a reader of the list gets it."""
        return written_name(self.path)


def diff_claims(before: Tree, after: Tree, source: bytes | str) -> set[tuple[str, str]]:
    """Say what the cluster's diff of two snapshots of `source` must list.

    Args:
        before: What the older snapshot holds.
        after: What the newer snapshot holds.
        source: Where the captured root is on the cluster.

    Returns:
        `(op, path)`, op being CREATE, MODIFY or DELETE, the path absolute, a directory's ending in
        `/`, bytes that are no UTF-8 as lone surrogates (`surrogateescape`). Where the root was
        renamed, the paths are those below its newer path.

    Raises:
        NoList: The captured roots are two directories.
    """
    kept = kept_paths(before, after)
    at = _cluster_path(source)
    created = {
        ("CREATE", _claimed(at, path, node))
        for path, node in after.nodes.items()
        if path not in kept and parent_of(path) in kept
    }
    deleted = {
        ("DELETE", _claimed(at, path, node))
        for path, node in before.nodes.items()
        if path not in kept and parent_of(path) in kept
    }
    modified = {
        ("MODIFY", _claimed(at, path, after.nodes[path]))
        for path in modified_paths(before, after, kept)
    }
    return created | deleted | modified


def holds(tree: Tree, source: bytes | str, base: bytes | str) -> bool:
    """Say whether a state holds the base path as a directory.

    Args:
        tree: The state.
        source: Where the captured root is on the cluster.
        base: The base path. One above the root is held, as far as the root is in it; one beside
            it is not, nor is one that leads through a link.
    """
    at, above = _cluster_path(source), _cluster_path(base)
    if _name_below(above, at) is not None:
        return True
    below = _name_below(at, above)
    node = tree.nodes.get(below[1:]) if below else None
    return node is not None and node.kind == "dir"


def named_alike(base: bytes | str, older_source: bytes | str, newer_source: bytes | str) -> bool:
    """Say whether what is below a base path had the same names below it before a rename.

    Nobody knows of a base path above the root: the diff is in the newer path's terms, and says
    neither which directory was renamed nor that one was. The contract leaves such a list open.
    """
    older, newer, top = map(_cluster_path, (older_source, newer_source, base))
    return older == newer or _name_below(newer, top) is not None


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
    newer_sight: Sight = EVERYTHING,
    older_sight: Sight = EVERYTHING,
) -> list[Entry]:
    """Say what the list must hold, in its order.

    Args:
        before: What the older snapshot holds.
        after: What the newer snapshot holds; attributes are taken from it.
        source: Where the captured root is on the cluster, in the newer state.
        older_source: Where it was in the older state, if elsewhere.
        base: The base path, as it is called in the newer state: at, below or above the source.
        deletes: Whether deleted paths are wanted.
        moves: Whether files that were only moved are to be told.
        run_time: The time of the run, in seconds.
        newer_sight: What the run cannot get at in the newer state. Where a walk of a created
            directory meets such a thing, it is one bad entry; elsewhere each changed path at or
            below it is one. What was deleted below a created directory that cannot be looked into
            is not listed: nobody knows what is there now.
        older_sight: The same of the older state, in which the deleted are looked for. A deleted
            path that the diff names as no directory, and that cannot be asked about, is taken for
            a file.

    Returns:
        The entries, names descending.

    Raises:
        NoList: The captured roots are two directories, or neither state holds the base path.
        ValueError: A cluster path is not absolute; the base path itself is unreadable, which
            leaves nothing to name; or the names below it are not those of the older state, see
            `named_alike`.
    """
    kept = kept_paths(before, after)
    _check_base(before, after, base, source, source if older_source is None else older_source)
    modified = modified_paths(before, after, kept)
    names = _Names(_cluster_path(source), _cluster_path(base))
    entries: dict[bytes, Entry] = {}

    if deletes:
        for path in filter(names.below, before.nodes.keys() - kept):
            stop = obstacle(path, kept, older_sight, names.base)
            kind = before.nodes[path].kind
            if stop is not None and (stop != path or kind == "dir"):
                name = names.of(stop)
                entries[name] = _attributeless("bad-dir", "F_DIR", name, run_time)
            elif not _unknown(path, after, kept, newer_sight, names.base):
                gone = _deleted_type(path, "file" if stop else kind, after.nodes.get(path), kept)
                if gone:
                    name = names.of(path)
                    entries[name] = _attributeless("delete-file", gone, name, run_time)

    for path in filter(names.below, (after.nodes.keys() - kept) | modified):
        stop = obstacle(path, kept, newer_sight, names.base)
        node = after.nodes[path]
        if stop is not None:
            name = names.of(stop)
            bad = _type_of(after.nodes[stop])
            entries[name] = _attributeless("bad-dir", bad, name, run_time)
        elif node.kind == "file" or (node.kind == "dir" and path in modified):
            entries[names.of(path)] = _with_attributes(node, names.of(path), run_time)

    if moves:
        came = set(filter(names.below, after.nodes.keys() - kept))
        went = {
            path
            for path in filter(names.below, before.nodes.keys() - kept)
            if obstacle(path, kept, older_sight, names.base) is None
            and not _unknown(path, after, kept, newer_sight, names.base)
        }
        _tell_moves(entries, names, before, after, came, went)

    return sorted(entries.values(), key=_order, reverse=True)


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
    newer_sight: Sight = EVERYTHING,
    older_sight: Sight = EVERYTHING,
) -> bytes:
    """Say what the list's file must be, to the byte; see `expected_entries` for the arguments."""
    entries = expected_entries(
        before,
        after,
        source=source,
        older_source=older_source,
        base=base,
        deletes=deletes,
        moves=moves,
        run_time=run_time,
        newer_sight=newer_sight,
        older_sight=older_sight,
    )
    return render(entries, index)


def render(entries: Iterable[Entry], index: int | str = 1) -> bytes:
    """Write entries as the file holds them, in the order given, the totals before them."""
    lines = list(entries)
    files = [entry for entry in lines if entry.element == "file" and entry.type == "F_REG"]
    deleted = [entry for entry in lines if entry.element == "delete-file" and entry.type == "F_REG"]
    bad = [entry for entry in lines if entry.element == "bad-dir"]
    text = (
        f'<files scanned="{len(files)}" selected="{len(files)}"'
        f' size="{sum(entry.size for entry in files)}"'
        f' bad_dir_count="{len(bad)}" delete_count="{len(deleted)}">\n'
    )
    for entry in lines:
        moved_from = ""
        if entry.moved_from is not None:
            moved_from = f' from="{escaped(written_name(entry.moved_from))}"'
        text += (
            f'    <{entry.element} name="{escaped(entry.name)}"{moved_from} size="{entry.size}"'
            f' mode="0x777"  type="{entry.type}" mtime="{entry.mtime}" atime="{entry.atime}"'
            f' owner="{entry.owner}" group="{entry.group}" index="{index}"/>\n'
        )
    text += "</files>\n"
    return text.encode("utf-8")


def without_run_times(written: bytes) -> bytes:
    """Set the times of what was deleted or bad to 0, so that lists of two runs can be compared."""
    return re.sub(
        rb'^(    <(?:delete-file|bad-dir) .*) mtime="-?\d+" atime="-?\d+"',
        rb'\1 mtime="0" atime="0"',
        written,
        flags=re.MULTILINE,
    )


def without_access_times(written: bytes) -> bytes:
    """Set every access time to 0, since reading a tree moves them."""
    return re.sub(
        rb'^(    <.*) atime="-?\d+"',
        rb'\1 atime="0"',
        written,
        flags=re.MULTILINE,
    )


def without_deleted_attributes(written: bytes) -> bytes:
    """Set what is known of deleted paths to 0, since a list may give their real attributes."""
    return re.sub(
        rb'^(    <delete-file .*) size="\d+"(.*)'
        rb' mtime="-?\d+" atime="-?\d+" owner="\d+" group="\d+"',
        rb'\1 size="0"\2 mtime="0" atime="0" owner="0" group="0"',
        written,
        flags=re.MULTILINE,
    )


def kept_paths(before: Tree, after: Tree) -> set[bytes]:
    """Return the paths at which, and above which, everything is the same object as before.

    Raises:
        NoList: The captured roots are two directories.
    """
    if not same_object(before.nodes[b""], after.nodes[b""]):
        raise NoList(TWO_DIRECTORIES, "the two captured roots are not the same directory")
    kept = {b""}
    # A directory sorts before what is below it, being the beginning of its path.
    for path in sorted(before.nodes.keys() & after.nodes.keys()):
        if parent_of(path) in kept and same_object(before.nodes[path], after.nodes[path]):
            kept.add(path)
    return kept


def modified_paths(before: Tree, after: Tree, kept: set[bytes]) -> set[bytes]:
    """Return the kept paths whose object changed."""
    came_or_went = {
        parent_of(path)
        for path in (before.nodes.keys() | after.nodes.keys()) - kept
        if parent_of(path) in kept
    }
    looks_different = {
        path for path in kept if _metadata(before.nodes[path]) != _metadata(after.nodes[path])
    }
    return came_or_went | looks_different


def xml_can_hold(character: str) -> bool:
    """Say whether XML 1.0 has a place for a character, as itself or as a reference."""
    if character in "\t\n\r":
        return True
    code = ord(character)
    return code >= 0x20 and not 0xD800 <= code <= 0xDFFF and code not in (0xFFFE, 0xFFFF)


def written_name(path: bytes) -> str:
    """Return a path as text; if XML cannot hold it, its bad bytes as `%XX` and `%` as `%25`."""
    if _nameable(path):
        return _decoded(path)
    text = ""
    for character in _decoded(path):
        if character == "%":
            text += "%25"
        elif xml_can_hold(character):
            text += character
        else:
            offending = character.encode("utf-8", "surrogateescape")
            text += "".join(f"%{byte:02X}" for byte in offending)
    return text


def escaped(text: str) -> str:
    """Return text as it stands in an attribute."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def _metadata(node: Node) -> tuple[int, ...]:
    """Return what makes a kept path a modified one, the entries of a directory aside."""
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


def _check_base(
    before: Tree,
    after: Tree,
    base: bytes | str,
    source: bytes | str,
    older_source: bytes | str,
) -> None:
    if not holds(before, source, base) and not holds(after, source, base):
        raise NoList(NEITHER_HOLDS_THE_BASE, f"neither state holds {base!r} as a directory")
    if not named_alike(base, older_source, source):
        raise ValueError(f"what is below {base!r} had other names before")


class _Names:
    """What paths are called in a list.

    Attributes:
        base: The base path where it is below the captured root, else `b""`.
    """

    def __init__(self, source: bytes, base: bytes) -> None:
        self._source = source
        self._base = base
        below = _name_below(source, base)
        self.base = below[1:] if below else b""

    def below(self, path: bytes) -> bool:
        """Say whether a path has a name in the list."""
        return bool(_name_below(self._base, _join(self._source, path)))

    def of(self, path: bytes) -> bytes:
        """Return the name of a path."""
        name = _name_below(self._base, _join(self._source, path))
        if not name:
            raise ValueError(f"the base path itself is unreadable: {self._base!r}")
        return name


def _unknown(path: bytes, after: Tree, kept: set[bytes], newer_sight: Sight, base: bytes) -> bool:
    """Say whether a path lies below a created directory that cannot be looked into."""
    return any(
        above in after.nodes
        and after.nodes[above].kind == "dir"
        and obstacle(above, kept, newer_sight, base) is not None
        for above in directories_above(path)
        if above not in kept and not base.startswith(above + b"/")
    )


def _deleted_type(
    path: bytes, kind: Kind, successor: Node | None, kept: set[bytes]
) -> EntryType | None:
    """Say as what a path of the older state that is not kept is deleted, if it is."""
    there_now = successor.kind if successor else None
    if kind == "file" and there_now != "file":
        return "F_REG"
    named_by_the_diff = parent_of(path) in kept
    if kind == "dir" and named_by_the_diff and there_now not in ("dir", "file"):
        return "F_DIR"
    return None


def _type_of(node: Node) -> EntryType:
    return "F_DIR" if node.kind == "dir" else "F_REG"


def _with_attributes(node: Node, path: bytes, run_time: int) -> Entry:
    """Return a `<file>`, or a `<bad-dir>` where XML cannot hold its name."""
    if not all(map(xml_can_hold, _decoded(path))):
        return _attributeless("bad-dir", _type_of(node), path, run_time)
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


def _attributeless(element: Element, kind: EntryType, path: bytes, run_time: int) -> Entry:
    """Return a `<delete-file>` or `<bad-dir>`; the latter where XML cannot hold its name."""
    nameable = _nameable(path)
    return Entry(
        element=element if nameable else "bad-dir",
        type=kind,
        path=path,
        size=0,
        mtime=run_time,
        atime=run_time,
        owner=0,
        group=0,
    )


def _tell_moves(
    entries: dict[bytes, Entry],
    names: _Names,
    before: Tree,
    after: Tree,
    came: set[bytes],
    went: set[bytes],
) -> None:
    """Say of files that were only moved from where, and nothing of where they were."""
    listed = {
        path
        for path in came
        if after.nodes[path].kind == "file"
        and names.of(path) in entries
        and entries[names.of(path)].element == "file"
    }
    lost = {
        path for path in went if before.nodes[path].kind == "file" and _nameable(names.of(path))
    }
    for new, old in moved(before, after, listed, lost).items():
        entries[names.of(new)] = replace(entries[names.of(new)], moved_from=names.of(old))
        if names.of(old) in entries and entries[names.of(old)].element == "delete-file":
            del entries[names.of(old)]


def _nameable(path: bytes) -> bool:
    return all(map(xml_can_hold, _decoded(path)))


def _order(entry: Entry) -> tuple[bytes, bool]:
    """Return what the list is sorted by: the name; of two written alike, the one XML can hold."""
    return entry.name.encode("utf-8"), _nameable(entry.path)


def _decoded(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def _cluster_path(path: bytes | str) -> bytes:
    """Return an absolute path without a trailing slash, `b""` for the cluster's root."""
    raw = path if isinstance(path, bytes) else path.encode("utf-8", "surrogateescape")
    if not raw.startswith(b"/"):
        raise ValueError(f"not an absolute cluster path: {path!r}")
    return raw.rstrip(b"/")


def _join(source: bytes, path: bytes) -> bytes:
    """Return where a path below the captured root is on the cluster."""
    return source + b"/" + path if path else source


def _claimed(source: bytes, path: bytes, node: Node) -> str:
    """Return a path as the diff writes it."""
    return _decoded(_join(source, path) + (b"/" if node.kind == "dir" else b""))


def _name_below(base: bytes, path: bytes) -> bytes | None:
    """Return a cluster path below the base path, `b""` for the base, None for what is not below."""
    if path == base:
        return b""
    if path.startswith(base + b"/"):
        return path[len(base) :]
    return None
