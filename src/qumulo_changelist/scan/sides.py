"""The two sides of a diff: what the newer tree has of it, and what the older tree had.

The rules and their numbers are those of ``docs/scan-list.md``, section "What is listed".
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from qumulo_changelist.changes.key import DELETED, ChangedPaths
from qumulo_changelist.model import (
    CREATE,
    DELETE,
    Attributes,
    Batch,
    Description,
    Entry,
    Kind,
    Op,
    ReadFailure,
    State,
)
from qumulo_changelist.names import outermost
from qumulo_changelist.trees.interface import (
    GONE_REASON,
    DescribedEntries,
    NamedEntries,
    Subtree,
    Tree,
    TreeRequest,
)

# Looked up once, not for every entry.
_FILE = Kind.FILE

_NOT_A_FILE = "the diff calls it a file, but it was a directory"

EntryRule = Callable[[str, Description, Op], Entry | None]
NamedOps = list[tuple[str, Op]]
"""Names in stream order, and what happened to each."""


class Side(ABC):
    """One side of a diff: what its tree is asked for, and what the answers mean."""

    _state: State
    """The state of a regular file on this side."""
    _op: Op
    """What happened to everything in a whole directory, which the diff does not list."""

    def __init__(self, named_ops: NamedOps, tree: Tree) -> None:
        self._tree = tree
        self._whole = {name for name, op in named_ops if op == self._op and name[-1] == "/"}
        self._requests = _make_requests(named_ops, self._whole)

    def entries(self) -> Iterator[Batch]:
        """Yield the entries, also those that a list leaves out, in stream order."""
        requests = [wanted.request for wanted in self._requests]
        for wanted, answer in zip(self._requests, self._tree.read(requests), strict=True):
            if isinstance(wanted.request, NamedEntries):
                for found in answer:
                    yield from self._batch(self.entry_for_name, found, wanted.ops)
            elif len(wanted.named) == 1:
                yield from self._read_walk(wanted.request.directory, answer)
            else:
                yield from self._reconcile_walk(wanted, answer)

    def _batch(self, rule: EntryRule, found: DescribedEntries, ops: list[Op]) -> Iterator[Batch]:
        """Yield the entries for a part of the answer, if any; ``ops`` has one for each name."""
        names, described = found.names, found.described
        state = self._state
        if names[0][-1] == "/":
            batch = [rule(*each) for each in zip(names, described, ops, strict=True)]
        else:
            # Nearly all entries are regular files that can be read.
            batch = [
                Entry(state, name, known, op)
                if isinstance(known, Attributes) and known.kind is _FILE
                else rule(name, known, op)
                for name, known, op in zip(names, described, ops, strict=True)
            ]
        if entries := [entry for entry in batch if entry]:
            yield entries

    @staticmethod
    @abstractmethod
    def entry_for_name(name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry for a name of the diff outside of whole directories; None for none."""

    @abstractmethod
    def entry_from_walk(self, name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry for a name that the walk of a whole directory found; None for none."""

    @abstractmethod
    def entry_for_directory(self, name: str, described: Description | None, op: Op) -> Entry | None:
        """Return the entry for a directory that the diff names, at or below a whole directory.

        Args:
            name: the name of the directory.
            described: what the walk found under that name; None if it found nothing.
            op: what happened to the directory.
        """

    def _read_walk(self, top: str, answer: Iterable[DescribedEntries]) -> Iterator[Batch]:
        readable = True
        for found in answer:
            readable = found.names != [top]
            yield from self._batch(self.entry_from_walk, found, [self._op] * len(found.names))
        if readable and (entry := self.entry_for_directory(top, None, self._op)):
            yield [entry]

    def _reconcile_walk(
        self, wanted: "_RequestWithOps", answer: Iterable[DescribedEntries]
    ) -> Iterator[Batch]:
        """Reconcile a whole directory with names of the diff in it, which no diff should have."""
        found = {
            name: described
            for part in answer
            for name, described in zip(part.names, part.described, strict=True)
        }
        entries = {
            name: self.entry_from_walk(name, described, self._op)
            for name, described in found.items()
        }
        for name, op in zip(wanted.named, wanted.ops, strict=True):
            described = found.get(name)
            if isinstance(described, ReadFailure) and not described.known:
                continue
            if name.endswith("/"):
                entries[name] = self.entry_for_directory(name, described, op)
            elif described is None:
                ((part,),) = self._tree.read([NamedEntries([name])])
                entries[name] = self.entry_for_name(name, part.described[0], op)
        for name in sorted(entries, reverse=True):
            if entry := entries[name]:
                yield [entry]


class NewerSide(Side):
    """What the newer tree has: rules 2, 3 and 4."""

    _state = State.PRESENT
    _op = CREATE

    def __init__(self, named_ops: NamedOps, newer: Tree) -> None:
        super().__init__(named_ops, newer)
        self.unknown: set[str] = set()
        """Created directories that cannot be read: it cannot be known what is still in them."""

    @staticmethod
    def entry_for_name(name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        reason, known = _split_description(described)
        is_directory = name[-1] == "/"
        if known and known.kind is Kind.OTHER and not is_directory:
            return _left_out(name, op)
        if known and (known.kind is Kind.DIRECTORY) != is_directory:
            return _unreadable(name, GONE_REASON, op)
        if reason or not known:
            return _unreadable(name, reason, op)
        return Entry(State.PRESENT, _list_name(name), known, op)

    def entry_from_walk(self, name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        _, known = _split_description(described)
        if not known:
            # Not every file system reports the kind of a name together with the name.
            self.unknown.add(name.removesuffix("/") + "/")
        elif known.kind is Kind.DIRECTORY and name[-1] == "/":
            return None
        return self.entry_for_name(name, described, op)

    def entry_for_directory(self, name: str, described: Description | None, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        if described is not None:
            return None if name in self._whole else self.entry_for_name(name, described, op)
        if name in self._whole:
            # A directory that no walk met does not exist, unless the walk began with it.
            above = outermost(self._whole, name)
            return None if above == name else _unreadable(name, GONE_REASON, op)
        ((part,),) = self._tree.read([NamedEntries([name])])
        return self.entry_for_name(name, part.described[0], op)


class OlderSide(Side):
    """What the older tree had and the newer one does not: rule 5."""

    _state = State.DELETED
    _op = DELETE

    def __init__(self, changed: ChangedPaths, older: Tree) -> None:
        named_letters = [pair for pair in zip(*changed, strict=True) if DELETED in pair[1]]
        self._replaced = {name for name, letters in named_letters if letters != DELETED}
        super().__init__([(name, DELETE) for name, _ in named_letters], older)

    @staticmethod
    def entry_for_name(name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        # A list contains no attribute of a deleted file, so none can be missing.
        _, known = _split_description(described)
        if not known:
            # Even if the older tree does not show it, the diff says that it existed.
            return _deleted(name, Attributes(Kind.FILE))
        if known.kind is Kind.OTHER:
            return _left_out(name, op)
        if known.kind is Kind.DIRECTORY:
            # What was in it is deleted, too, and no walk lists it.
            return _unreadable(name, _NOT_A_FILE, op)
        return _deleted(name, known)

    def entry_from_walk(self, name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        if isinstance(described, ReadFailure) and not described.known:
            return _unreadable(name, described.reason, op)
        _, known = _split_description(described)
        if known and known.kind is Kind.DIRECTORY and name[-1] == "/":
            return None
        return self.entry_for_name(name, described, op)

    def entry_for_directory(self, name: str, described: Description | None, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        if name == "/" or name in self._replaced:
            return None
        return _deleted(name, Attributes(Kind.DIRECTORY))


class _RequestWithOps(NamedTuple):
    """What a tree is asked for, and what the diff says of the names in it."""

    request: TreeRequest
    named: list[str]
    ops: list[Op]


def _make_requests(named_ops: NamedOps, whole: AbstractSet[str]) -> list[_RequestWithOps]:
    """Return what to ask a tree for, in stream order: the entries of a directory together.

    Args:
        named_ops: what the diff says.
        whole: those of the names that are directories to walk.
    """
    requests: list[_RequestWithOps] = []
    walked = ""
    # A directory begins with the same text as the names in it.
    for head, group in groupby(named_ops, lambda pair: pair[0].rpartition("/")[0]):
        together = list(group)
        top = outermost(whole, f"{head}/")
        if top and top == walked:
            requests[-1].named.extend(map(itemgetter(0), together))
            requests[-1].ops.extend(map(itemgetter(1), together))
        elif top:
            requests.append(_make_request(Subtree(top), together))
        else:
            itself = [together.pop()] if together[-1][0].endswith("/") else []
            requests += [
                _make_request(NamedEntries([name for name, _ in pairs]), pairs)
                for pairs in (together, itself)
                if pairs
            ]
        walked = top
    return requests


def _make_request(wanted: TreeRequest, named_ops: NamedOps) -> _RequestWithOps:
    return _RequestWithOps(wanted, [name for name, _ in named_ops], [op for _, op in named_ops])


def _split_description(described: Description) -> tuple[str, Attributes | None]:
    """Return why an entry cannot be read, "" if it can, and what is known of it."""
    if isinstance(described, ReadFailure):
        return described.reason, described.known
    return "", described


def _left_out(name: str, op: Op) -> Entry:
    return Entry(State.LEFT_OUT, name, Attributes(Kind.OTHER), op)


def _deleted(name: str, known: Attributes) -> Entry:
    return Entry(State.DELETED, _list_name(name), known, DELETE)


def _unreadable(name: str, reason: str, op: Op) -> Entry:
    kind = Kind.DIRECTORY if name[-1] == "/" else Kind.FILE
    return Entry(State.UNREADABLE, _list_name(name), Attributes(kind), op, reason)


def _list_name(name: str) -> str:
    """Return a name as lists have it: that of a directory without its trailing slash."""
    return name.removesuffix("/") or "/"
