"""Both sides of a diff together, and one entry for each name: rule 6 of the contract.

The rules and their numbers are those of ``docs/scan-list.md``, section "What is listed".
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import compress
from operator import not_
from typing import Literal

from msgspec.structs import replace

from qumulo_changelist.changes.key import CREATED, DELETED
from qumulo_changelist.columns import FileBatch
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Batch, Entry, Kind, Op, State
from qumulo_changelist.names import outermost
from qumulo_changelist.scan.order import in_list_order, merge
from qumulo_changelist.scan.requests import ALL_OF_IT, Extent, NamedOps
from qumulo_changelist.scan.sides import NewerSide, OlderSide, Side
from qumulo_changelist.scan.sieve import SliceSieve
from qumulo_changelist.scan.unread import UnreadDirectories
from qumulo_changelist.trees.interface import Tree

# What happened in the newer tree, by what a diff says of a path; nothing if it was only deleted.
_NEWER_OPS: dict[str, Op | Literal[""]] = {
    letters: CREATE if CREATED in letters else MODIFY
    for letters in ("C", "M", "CD", "CM", "DM", "CDM")
}
_NEWER_OPS[DELETED] = ""

_PRECEDENCE = (State.PRESENT, State.FILTERED, State.UNREADABLE, State.DELETED, State.GONE)


def read_sides(
    sieve: SliceSieve,
    newer: Tree,
    older: Tree | None,
    identified: Tree | None = None,
    *,
    newer_extent: Extent = ALL_OF_IT,
    older_extent: Extent = ALL_OF_IT,
    unread: UnreadDirectories | None = None,
) -> Iterator[Batch]:
    """Yield the entries of both trees in the list's order; a name that both have comes twice.

    Args:
        sieve: names relative to the base path, what happened to them, and what is left out.
        newer: where the attributes of what exists come from.
        older: the older snapshot's tree; None if it is not needed.
        identified: the newer tree with the cluster's ids, for what was created; None if ``newer``
            has the ids, or they are not needed.
        newer_extent: how much of what was created is read.
        older_extent: how much of what was deleted is read.
        unread: receives the directories that cannot be read; None if nobody needs to know.
    """
    changed = sieve.changed
    ops = [_NEWER_OPS[letters] for letters in changed.letters]
    named = NamedOps(list(compress(changed.names, ops)), [op for op in ops if op])
    if identified:
        # What is below a created directory was created with it, whatever a diff says of it.
        whole = {name for name, op in zip(*named, strict=True) if op == CREATE and name[-1] == "/"}
        is_new = [
            op == CREATE or bool(outermost(whole, name)) for name, op in zip(*named, strict=True)
        ]
        created = NewerSide(named.select(is_new), identified, sieve, newer_extent, unread)
        modified = NewerSide(named.select([*map(not_, is_new)]), newer, sieve, newer_extent, unread)
        present = merge(_listed(created, sieve), _listed(modified, sieve))
    else:
        created = NewerSide(named, newer, sieve, newer_extent, unread)
        present = _listed(created, sieve)
    deleted: Iterable[Batch] = ()
    if older:
        deleted = _listed(OlderSide(changed, older, sieve, older_extent, unread), sieve)
    return (_hide_unknown(batch, created.unknown) for batch in merge(present, deleted))


def _listed(side: Side, sieve: SliceSieve) -> Iterator[Batch]:
    """Yield what stays of the entries of one side, in the order of a list."""
    return in_list_order(sieve.sift(side.entries()))


def choose_entry(entries: list[Entry]) -> list[Entry]:
    """Return what is listed of one name, from all entries of that name: rule 6."""
    entries = sorted(entries, key=_is_deletion)
    for state in _PRECEDENCE:
        for entry in entries:
            if entry.state is not state:
                continue
            if _is_deletion(entry):
                # A link that replaced a file does not keep that file's deletion from being listed.
                return [*[kept for kept in entries if not _is_deletion(kept)][:1], entry]
            return [replace(entry, replaces=True) if any(map(_was_file, entries)) else entry]
    return entries[:1]


def hide_deletions(batch: Batch) -> Batch:
    """Return a batch, with deletions turned into GONE."""
    if isinstance(batch, FileBatch) and DELETE not in batch.ops:
        return batch
    return [replace(entry, state=State.GONE) if _is_deletion(entry) else entry for entry in batch]


def _is_deletion(entry: Entry) -> bool:
    return entry.op == DELETE


def _was_file(entry: Entry) -> bool:
    return _is_deletion(entry) and entry.attributes.kind is Kind.FILE


def _hide_unknown(batch: Batch, unknown: AbstractSet[str]) -> Batch:
    """Return a batch without deletions below created directories that cannot be read."""
    if not unknown or (isinstance(batch, FileBatch) and DELETE not in batch.ops):
        return batch
    return [
        replace(entry, state=State.GONE)
        if entry.state is State.DELETED and outermost(unknown, entry.name)
        else entry
        for entry in batch
    ]
