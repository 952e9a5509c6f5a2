"""From changes to the entries of a list: the rules of the contract, pure over streams.

The numbers of rules are those of the contract, section "What is on it".
"""

from collections.abc import Iterator
from itertools import groupby

from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.model import Attributes, Entry, Found, Kind, LeftOut, Op, State
from qumulo_changelist.scan.changeset import Changed, ChangeSet
from qumulo_changelist.scan.order import in_list_order, outermost, side_by_side
from qumulo_changelist.trees.interface import Tree

Resolved = Entry | LeftOut

_GONE = "it is gone since the snapshot"


def resolve(changes: ChangeSet, newer: Tree, older: Tree | None) -> Iterator[Resolved]:
    """Yield what the list holds, in the list's order, and what is left out of it.

    Args:
        changes: relative to the base path.
        newer: where the attributes of what exists come from.
        older: the older snapshot's tree; None where deletions are not wanted.
    """
    # Created directories that cannot be read: nobody knows what of the old ones is still there.
    unknown: set[str] = set()
    present = in_list_order(_present(changes, newer, unknown))
    deleted = in_list_order(_deleted(changes, older)) if older else ()
    for here, gone in side_by_side(present, deleted):
        listed = [item for item in here if isinstance(item, Entry)]
        if listed:
            yield listed[0]
            continue
        # Rule 6: a link in the place of a file does not keep the file from being deleted.
        yield from here[:1]
        delete = [item for item in gone if isinstance(item, Entry)]
        if delete:
            if not outermost(unknown, delete[0].name):
                yield delete[0]
        elif gone and not here:
            yield LeftOut(gone[0].name)


def _present(changes: ChangeSet, newer: Tree, unknown: set[str]) -> Iterator[Resolved]:
    """Yield what exists, in stream order: rules 2, 3 and 4."""
    created = changes.directories(Op.CREATE)
    existing = (changed for changed in changes if changed.exists)
    for top, members in groupby(existing, lambda changed: outermost(created, changed.name)):
        if not top:
            for changed in members:
                yield _described(changed, newer)
            continue
        for found, named in side_by_side(_walked(newer, top, unknown), members):
            if found:
                yield from _found(found[0], listed=bool(named) and not named[0].created)
            elif named[0].name != top:
                yield _described(named[0], newer)


def _walked(newer: Tree, top: str, unknown: set[str]) -> Iterator[Found]:
    for found in newer.walk(top):
        if found.attributes is None:
            # Not every file system says which name is a directory's without being asked for more.
            unknown.add(found.name.removesuffix("/") + "/")
        yield found


def _found(found: Found, *, listed: bool) -> Iterator[Resolved]:
    """Yield what a walk of the newer tree found; a directory only where it is ``listed``."""
    name, attributes, failure = found
    if attributes is None:
        yield _unreadable(name, failure)
    elif attributes.kind is Kind.OTHER:
        yield LeftOut(name)
    elif attributes.kind is Kind.FILE or listed:
        yield Entry(State.PRESENT, _plain(name), attributes)


def _described(changed: Changed, newer: Tree) -> Resolved:
    """Return what the newer tree says of one path that the diff names."""
    name = changed.name
    try:
        attributes = newer.describe(name)
    except UnreadableError as error:
        return _unreadable(name, str(error))
    if attributes.kind is Kind.OTHER and not name.endswith("/"):
        return LeftOut(name)
    directory = attributes.kind is Kind.DIRECTORY
    # A created directory comes here only where the walk of the one above did not meet it.
    if directory != name.endswith("/") or (directory and changed.created):
        return _unreadable(name, _GONE)
    return Entry(State.PRESENT, _plain(name), attributes)


def _deleted(changes: ChangeSet, older: Tree) -> Iterator[Resolved]:
    """Yield what is no longer there, in stream order: rule 5."""
    directories = changes.directories(Op.DELETE)
    deleted = (changed for changed in changes if changed.deleted)
    for top, members in groupby(deleted, lambda changed: outermost(directories, changed.name)):
        if not top:
            for changed in members:
                yield _deleted_file(changed.name, older)
            continue
        for found, named in side_by_side(older.walk(top), members):
            if found and found[0].attributes is None:
                yield _unreadable(found[0].name, found[0].failure)
            elif named and named[0].name.endswith("/"):
                if not named[0].exists and named[0].name != "/":
                    yield _delete(named[0].name, Kind.DIRECTORY)
            elif found:
                yield from _deleted_within(found[0])
            else:
                yield _deleted_file(named[0].name, older)


def _deleted_within(found: Found) -> Iterator[Resolved]:
    name, attributes, _ = found
    if attributes and attributes.kind is Kind.FILE:
        yield _delete(name, Kind.FILE)
    elif attributes and attributes.kind is Kind.OTHER:
        yield LeftOut(name)


def _deleted_file(name: str, older: Tree) -> Resolved:
    try:
        kind = older.describe(name).kind
    except UnreadableError:
        kind = Kind.FILE  # the diff says that it was there; only a link is no loss
    return LeftOut(name) if kind is Kind.OTHER else _delete(name, Kind.FILE)


def _delete(name: str, kind: Kind) -> Entry:
    return Entry(State.DELETED, _plain(name), Attributes(kind))


def _unreadable(name: str, reason: str) -> Entry:
    kind = Kind.DIRECTORY if name.endswith("/") else Kind.FILE
    return Entry(State.UNREADABLE, _plain(name), Attributes(kind), reason)


def _plain(name: str) -> str:
    """Return a name as lists write it: a directory's without its trailing slash."""
    return name.removesuffix("/") or "/"
