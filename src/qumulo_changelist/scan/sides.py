"""The two sides of a diff: what the newer tree holds of it, and what the older one held.

The numbers of rules are those of the contract, section "What is on it".
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from qumulo_changelist.changes.changeset import DELETED, ChangedPaths
from qumulo_changelist.model import (
    CREATE,
    DELETE,
    Attributes,
    Description,
    Entry,
    Kind,
    Op,
    ReadFailure,
    State,
)
from qumulo_changelist.names import outermost
from qumulo_changelist.scan.order import Batch
from qumulo_changelist.trees.interface import (
    GONE,
    DescribedEntries,
    NamedEntries,
    Subtree,
    Tree,
    TreeRequest,
)

# Looked up once, not for every entry.
_FILE = Kind.FILE

_NO_FILE = "the diff calls it a file, but it was a directory"

Rule = Callable[[str, Description, Op], Entry | None]
Pairs = list[tuple[str, Op]]


class Side(ABC):
    """One side of a diff: what a tree is asked for, and what its answers mean."""

    _state: State
    """What is said of a regular file on this side."""
    _op: Op
    """What happened to all that is in a whole directory."""

    def __init__(self, pairs: Pairs, tree: Tree) -> None:
        self._tree = tree
        self._whole = {name for name, op in pairs if op == self._op and name[-1] == "/"}
        self._wishes = _wishes(pairs, self._whole)

    def entries(self) -> Iterator[Batch]:
        """Yield what is listed or left out, in stream order."""
        wanted = [wish.wanted for wish in self._wishes]
        for wish, answer in zip(self._wishes, self._tree.read(wanted), strict=True):
            if isinstance(wish.wanted, NamedEntries):
                for found in answer:
                    yield from self._batch(self.of_name, found, wish.ops)
            elif len(wish.named) == 1:
                yield from self._walked(wish.wanted.directory, answer)
            else:
                yield from self._walked_and_named(wish, answer)

    def _batch(self, rule: Rule, found: DescribedEntries, ops: list[Op]) -> Iterator[Batch]:
        """Yield the entries for what was found, if there are any; ``ops`` has one for each name."""
        names, described = found.names, found.described
        state = self._state
        if names[0][-1] == "/":
            batch = [rule(*one) for one in zip(names, described, ops, strict=True)]
        else:
            # What nearly all are is an entry without a question.
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
    def of_name(name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry for what the diff names, outside of whole directories."""

    @abstractmethod
    def within(self, name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry for what a walk of a whole directory found."""

    @abstractmethod
    def of_directory(self, name: str, described: Description | None, op: Op) -> Entry | None:
        """Return the entry for a directory that the diff names, at or below a whole one.

        Args:
            name: the directory's.
            described: what the walk found there, None if nothing.
            op: what happened to it.
        """

    def _walked(self, top: str, answer: Iterable[DescribedEntries]) -> Iterator[Batch]:
        readable = True
        for found in answer:
            readable = found.names != [top]
            yield from self._batch(self.within, found, [self._op] * len(found.names))
        if readable and (entry := self.of_directory(top, None, self._op)):
            yield [entry]

    def _walked_and_named(
        self, wish: "_Wish", answer: Iterable[DescribedEntries]
    ) -> Iterator[Batch]:
        """Reconcile a whole directory with names in it, which no diff should have."""
        found = {
            name: described
            for part in answer
            for name, described in zip(part.names, part.described, strict=True)
        }
        entries = {
            name: self.within(name, described, self._op) for name, described in found.items()
        }
        for name, op in zip(wish.named, wish.ops, strict=True):
            described = found.get(name)
            if isinstance(described, ReadFailure) and not described.known:
                continue
            if name.endswith("/"):
                entries[name] = self.of_directory(name, described, op)
            elif described is None:
                ((alone,),) = self._tree.read([NamedEntries([name])])
                entries[name] = self.of_name(name, alone.described[0], op)
        for name in sorted(entries, reverse=True):
            if entry := entries[name]:
                yield [entry]


class NewerSide(Side):
    """What the newer tree holds: rules 2, 3 and 4."""

    _state = State.PRESENT
    _op = CREATE

    def __init__(self, pairs: Pairs, newer: Tree) -> None:
        super().__init__(pairs, newer)
        self.unknown: set[str] = set()
        """Created directories that cannot be read: nobody knows what is still there."""

    @staticmethod
    def of_name(name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        reason, known = _parts(described)
        is_directory = name[-1] == "/"
        if known and known.kind is Kind.OTHER and not is_directory:
            return _left_out(name, op)
        if known and (known.kind is Kind.DIRECTORY) != is_directory:
            return _unreadable(name, GONE, op)
        if reason or not known:
            return _unreadable(name, reason, op)
        return Entry(State.PRESENT, _plain(name), known, op)

    def within(self, name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        _, known = _parts(described)
        if not known:
            # Not every file system says which name is a directory's without being asked for more.
            self.unknown.add(name.removesuffix("/") + "/")
        elif known.kind is Kind.DIRECTORY and name[-1] == "/":
            return None
        return self.of_name(name, described, op)

    def of_directory(self, name: str, described: Description | None, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        if described is not None:
            return None if name in self._whole else self.of_name(name, described, op)
        if name in self._whole:
            # One that no walk met is not there, unless it is where a walk began.
            above = outermost(self._whole, name)
            return None if above == name else _unreadable(name, GONE, op)
        ((alone,),) = self._tree.read([NamedEntries([name])])
        return self.of_name(name, alone.described[0], op)


class OlderSide(Side):
    """What the older tree held and the newer does not: rule 5."""

    _state = State.DELETED
    _op = DELETE

    def __init__(self, changed: ChangedPaths, older: Tree) -> None:
        pairs = [(name, what) for name, what in zip(*changed, strict=True) if DELETED in what]
        self._replaced = {name for name, what in pairs if what != DELETED}
        super().__init__([(name, DELETE) for name, _ in pairs], older)

    @staticmethod
    def of_name(name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        # Of what is gone, nothing is listed that could be unreadable.
        _, known = _parts(described)
        if not known:
            # Even where the older tree cannot say, the diff says that it was there.
            return _deleted(name, Attributes(Kind.FILE))
        if known.kind is Kind.OTHER:
            return _left_out(name, op)
        if known.kind is Kind.DIRECTORY:
            # What was in it is deleted, too, and nobody walks there.
            return _unreadable(name, _NO_FILE, op)
        return _deleted(name, known)

    def within(self, name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        if isinstance(described, ReadFailure) and not described.known:
            return _unreadable(name, described.reason, op)
        _, known = _parts(described)
        if known and known.kind is Kind.DIRECTORY and name[-1] == "/":
            return None
        return self.of_name(name, described, op)

    def of_directory(self, name: str, described: Description | None, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        if name == "/" or name in self._replaced:
            return None
        return _deleted(name, Attributes(Kind.DIRECTORY))


class _Wish(NamedTuple):
    """What a tree is asked for, and what the diff says of the names in it."""

    wanted: TreeRequest
    named: list[str]
    ops: list[Op]


def _wishes(pairs: Pairs, whole: AbstractSet[str]) -> list[_Wish]:
    """Return what to ask a tree for, in stream order: the entries of a directory together.

    Args:
        pairs: names in stream order, and what happened to each.
        whole: directories to be walked, among the names.
    """
    wishes: list[_Wish] = []
    walked = ""
    # A directory shares the head of its name with what is in it.
    for head, group in groupby(pairs, lambda pair: pair[0].rpartition("/")[0]):
        together = list(group)
        top = outermost(whole, f"{head}/")
        if top and top == walked:
            wishes[-1].named.extend(map(itemgetter(0), together))
            wishes[-1].ops.extend(map(itemgetter(1), together))
        elif top:
            wishes.append(_wish(Subtree(top), together))
        else:
            itself = [together.pop()] if together[-1][0].endswith("/") else []
            wishes += [
                _wish(NamedEntries([name for name, _ in some]), some)
                for some in (together, itself)
                if some
            ]
        walked = top
    return wishes


def _wish(wanted: TreeRequest, pairs: Pairs) -> _Wish:
    return _Wish(wanted, [name for name, _ in pairs], [op for _, op in pairs])


def _parts(described: Description) -> tuple[str, Attributes | None]:
    """Return why something is unreadable, "" where it is not, and what is known of it."""
    if isinstance(described, ReadFailure):
        return described.reason, described.known
    return "", described


def _left_out(name: str, op: Op) -> Entry:
    return Entry(State.LEFT_OUT, name, Attributes(Kind.OTHER), op)


def _deleted(name: str, known: Attributes) -> Entry:
    return Entry(State.DELETED, _plain(name), known, DELETE)


def _unreadable(name: str, reason: str, op: Op) -> Entry:
    kind = Kind.DIRECTORY if name[-1] == "/" else Kind.FILE
    return Entry(State.UNREADABLE, _plain(name), Attributes(kind), op, reason)


def _plain(name: str) -> str:
    """Return a name as lists write it: a directory's without its trailing slash."""
    return name.removesuffix("/") or "/"
