"""From changes to the entries of a list: the rules of the contract, pure over streams.

The numbers of rules are those of the contract, section "What is on it".
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import compress
from operator import not_

from msgspec.structs import replace

from qumulo_changelist.changes.changeset import CREATED, DELETED, ChangedPaths
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Entry, Kind, State
from qumulo_changelist.names import outermost
from qumulo_changelist.scan.order import Batch, by_name, in_list_order, merged
from qumulo_changelist.scan.sides import NewerSide, OlderSide, Pairs
from qumulo_changelist.trees.interface import Tree

_PRECEDENCE = (State.PRESENT, State.UNREADABLE, State.DELETED, State.GONE)


def resolve(changed: ChangedPaths, newer: Tree, older: Tree | None) -> Iterator[Batch]:
    """Yield what the list holds, in the list's order, and what is left out of it.

    Args:
        changed: names relative to the base path.
        newer: where the attributes of what exists come from.
        older: the older snapshot's tree; None where deletions are not wanted.
    """
    return by_name(sides(changed, newer, older), one_entry)


def sides(
    changed: ChangedPaths, newer: Tree, older: Tree | None, identified: Tree | None = None
) -> Iterator[Batch]:
    """Yield what both trees say, in the list's order: a name that both know comes twice.

    Args:
        changed: names relative to the base path.
        newer: where the attributes of what exists come from.
        older: the older snapshot's tree; None where it is of no interest.
        identified: the newer tree with the cluster's ids, for what was created, where ``newer``
            does not tell them and somebody wants to know.
    """
    pairs: Pairs = [
        (name, CREATE if CREATED in what else MODIFY)
        for name, what in zip(*changed, strict=True)
        if what != DELETED
    ]
    if identified:
        # What is below a created directory was created with it, whatever a diff says of it.
        whole = {name for name, op in pairs if op == CREATE and name[-1] == "/"}
        is_new = [op == CREATE or bool(outermost(whole, name)) for name, op in pairs]
        new = NewerSide(list(compress(pairs, is_new)), identified)
        kept = NewerSide(list(compress(pairs, map(not_, is_new))), newer)
        present = merged(in_list_order(new.entries()), in_list_order(kept.entries()))
    else:
        new = NewerSide(pairs, newer)
        present = in_list_order(new.entries())
    deleted = in_list_order(OlderSide(changed, older).entries()) if older else ()
    return (_known(batch, new.unknown) for batch in merged(present, deleted))


def one_entry(same: Batch) -> Batch:
    """Return what is listed of one name: rule 6."""
    same = sorted(same, key=_is_deletion)
    for state in _PRECEDENCE:
        for entry in same:
            if entry.state is not state:
                continue
            if _is_deletion(entry):
                # A link in the place of a file does not keep the file from being deleted.
                return [*[other for other in same if not _is_deletion(other)][:1], entry]
            return [replace(entry, replaces=True) if any(map(_was_file, same)) else entry]
    return same[:1]


def unlisted(entry: Entry) -> Entry:
    """Return what is left of an entry where deletions are not wanted."""
    return replace(entry, state=State.GONE) if _is_deletion(entry) else entry


def _is_deletion(entry: Entry) -> bool:
    return entry.op == DELETE


def _was_file(entry: Entry) -> bool:
    return _is_deletion(entry) and entry.attributes.kind is Kind.FILE


def _known(batch: Batch, unknown: AbstractSet[str]) -> Batch:
    """Return a batch without deletions below a created directory that cannot be read."""
    if not unknown:
        return batch
    return [
        replace(entry, state=State.GONE)
        if entry.state is State.DELETED and outermost(unknown, entry.name)
        else entry
        for entry in batch
    ]
