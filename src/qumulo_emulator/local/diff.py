"""What changed between two captured trees."""

from collections.abc import Iterator

from qumulo_emulator.model import Attributes, Change, FileType, Node, Operation


def changes(older: Node, newer: Node, path: str) -> Iterator[Change]:
    """Yield the changes from one tree of a directory to another, each directory before its entries.

    A created or deleted directory stands for everything below it. A rename is a DELETE and a
    CREATE, and so is a path that now belongs to another object. A directory is modified when its
    own metadata changed: an entry was added, removed or replaced, or its mode, owner, group or
    mtime changed. Everything else is modified when its data or metadata changed, except for the
    access time; a hard link is then modified under each of its paths.

    Args:
        older: the directory in the older tree.
        newer: the same directory in the newer tree.
        path: its path, which ends in a slash.
    """
    pending = [(older, newer, path)]
    while pending:
        older, newer, path = pending.pop()
        inside, below = _compare_entries(older, newer, path)
        entries_changed = any(change.operation is not Operation.MODIFY for change in inside)
        if entries_changed or _directory_facts(older) != _directory_facts(newer):
            yield Change(Operation.MODIFY, path)
        yield from inside
        pending.extend(reversed(below))


def _compare_entries(
    older: Node, newer: Node, path: str
) -> tuple[list[Change], list[tuple[Node, Node, str]]]:
    """Return the changes of a directory's entries, and the subdirectories that both trees have."""
    inside: list[Change] = []
    below: list[tuple[Node, Node, str]] = []
    for name, was in older.children.items():
        now = newer.children.get(name)
        if now is None or not _same_object(was, now):
            inside.append(Change(Operation.DELETE, _path_of(path, name, was)))
        elif was.is_directory:
            below.append((was, now, _path_of(path, name, now)))
        elif _file_facts(was.attributes) != _file_facts(now.attributes):
            inside.append(Change(Operation.MODIFY, path + name))
    for name, now in newer.children.items():
        before = older.children.get(name)
        if before is None or not _same_object(before, now):
            inside.append(Change(Operation.CREATE, _path_of(path, name, now)))
    return inside, below


def _path_of(parent: str, name: str, node: Node) -> str:
    return f"{parent}{name}/" if node.is_directory else parent + name


def _same_object(was: Node, now: Node) -> bool:
    return was.attributes.id == now.attributes.id and was.attributes.type is now.attributes.type


def _directory_facts(node: Node) -> tuple[int, ...]:
    # Neither ctime nor the link count: creating `.snapshot` in a directory changes both.
    known = node.attributes
    return (known.modified, known.mode, known.owner, known.group)


def _file_facts(known: Attributes) -> tuple[FileType, tuple[int, ...], bytes | None]:
    numbers = (
        *(known.mode, known.owner, known.group, known.size, known.links),
        *(known.modified, known.changed, *known.device),
    )
    return known.type, numbers, known.target
