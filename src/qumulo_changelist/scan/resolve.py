"""From changes to the entries of a list: the rules of the contract, pure over streams.

The numbers of rules are those of the contract, section "What is on it".
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from itertools import groupby
from typing import NamedTuple

from qumulo_changelist.model import Attributes, Described, Entry, Kind, State, Unreadable
from qumulo_changelist.scan.changeset import CREATED, DELETED, Changed
from qumulo_changelist.scan.order import Batch, by_name, in_list_order, merged, outermost
from qumulo_changelist.trees.interface import All, Found, Some, Tree, Wanted

# Looked up once, not for every entry.
_FILE = Kind.FILE

_GONE = "it is gone since the snapshot"
_NO_FILE = "the diff calls it a file, but it was a directory"
_PRECEDENCE = (State.PRESENT, State.UNREADABLE, State.DELETED)

Rule = Callable[[str, Described], Entry | None]


def resolve(changed: Changed, newer: Tree, older: Tree | None) -> Iterator[Batch]:
    """Yield what the list holds, in the list's order, and what is left out of it.

    Args:
        changed: names relative to the base path.
        newer: where the attributes of what exists come from.
        older: the older snapshot's tree; None where deletions are not wanted.
    """
    existing = _Existing(changed, newer)
    present = in_list_order(existing.entries())
    deleted = in_list_order(_Deleted(changed, older).entries()) if older else ()
    both = (_known(batch, existing.unknown) for batch in merged(present, deleted))
    return by_name((batch for batch in both if batch), _one_entry)


def _known(batch: Batch, unknown: AbstractSet[str]) -> Batch:
    """Return a batch without deletions below a created directory that cannot be read."""
    if not unknown:
        return batch
    return [
        entry
        for entry in batch
        if entry.state is not State.DELETED or not outermost(unknown, entry.name)
    ]


def _one_entry(same: Batch) -> Batch:
    """Return what is listed of one name: rule 6."""
    for state in _PRECEDENCE:
        for entry in same:
            if entry.state is state:
                # A link in the place of a file does not keep the file from being deleted.
                return [*same[:1], entry] if same[0].state is State.LEFT_OUT else [entry]
    return same[:1]


class _Side(ABC):
    """One side of a diff: what a tree is asked for, and what its answers mean."""

    _state: State
    """What is said of a regular file on this side."""
    _attributes: Attributes | None = None
    """What is told of it, where that is not what was found."""

    def __init__(self, names: list[str], whole: AbstractSet[str], tree: Tree) -> None:
        self._tree = tree
        self._wishes = _wishes(names, whole)

    def entries(self) -> Iterator[Batch]:
        """Yield what is listed or left out, in stream order."""
        wanted = [wish.wanted for wish in self._wishes]
        for wish, answer in zip(self._wishes, self._tree.read(wanted), strict=True):
            if isinstance(wish.wanted, Some):
                for found in answer:
                    yield from self._batch(self.of_name, found)
            elif len(wish.named) == 1:
                yield from self._walked(wish.wanted.directory, answer)
            else:
                yield from self._walked_and_named(wish, wish.wanted.directory, answer)

    def _batch(self, rule: Rule, found: Found) -> Iterator[Batch]:
        """Yield the entries for what was found, if there are any."""
        names, described = found.names, found.described
        if names[0][-1] == "/":
            batch = [rule(names[0], described[0])]
        else:
            # What nearly all are is an entry without a question.
            state, gone = self._state, self._attributes
            batch = [
                Entry(state, name, gone or known)
                if isinstance(known, Attributes) and known.kind is _FILE
                else rule(name, known)
                for name, known in zip(names, described, strict=True)
            ]
        if entries := [entry for entry in batch if entry]:
            yield entries

    @staticmethod
    @abstractmethod
    def of_name(name: str, described: Described) -> Entry | None:
        """Return the entry for what the diff names, outside of whole directories."""

    @abstractmethod
    def within(self, name: str, described: Described) -> Entry | None:
        """Return the entry for what a walk of a whole directory found."""

    @abstractmethod
    def of_directory(self, name: str, described: Described | None) -> Entry | None:
        """Return the entry for a directory that the diff names, at or below a whole one.

        Args:
            name: the directory's.
            described: what the walk found there, None if nothing.
        """

    def _walked(self, top: str, answer: Iterable[Found]) -> Iterator[Batch]:
        readable = True
        for found in answer:
            readable = found.names != [top]
            yield from self._batch(self.within, found)
        if readable and (entry := self.of_directory(top, None)):
            yield [entry]

    def _walked_and_named(
        self, wish: "_Wish", top: str, answer: Iterable[Found]
    ) -> Iterator[Batch]:
        """Reconcile a whole directory with names in it, which no diff should have."""
        found = {
            name: described
            for part in answer
            for name, described in zip(part.names, part.described, strict=True)
        }
        entries = {name: self.within(name, described) for name, described in found.items()}
        for name in wish.named:
            described = found.get(name)
            if isinstance(described, Unreadable):
                continue
            if name.endswith("/"):
                entries[name] = self.of_directory(name, described)
            elif described is None:
                ((alone,),) = self._tree.read([Some([name])])
                entries[name] = self.of_name(name, alone.described[0])
        for name in sorted(entries, reverse=True):
            if entry := entries[name]:
                yield [entry]


class _Existing(_Side):
    """What the newer tree holds: rules 2, 3 and 4."""

    _state = State.PRESENT

    def __init__(self, changed: Changed, newer: Tree) -> None:
        pairs = list(zip(*changed, strict=True))
        self._created = _directories(pairs, CREATED)
        self.unknown: set[str] = set()
        """Created directories that cannot be read: nobody knows what is still there."""
        super().__init__([name for name, what in pairs if what != DELETED], self._created, newer)

    @staticmethod
    def of_name(name: str, described: Described) -> Entry | None:
        if isinstance(described, Unreadable):
            return _unreadable(name, described.reason)
        is_directory = name[-1] == "/"
        if described.kind is Kind.OTHER and not is_directory:
            return _left_out(name)
        if (described.kind is Kind.DIRECTORY) != is_directory:
            return _unreadable(name, _GONE)
        return Entry(State.PRESENT, _plain(name), described)

    def within(self, name: str, described: Described) -> Entry | None:
        if isinstance(described, Unreadable):
            # Not every file system says which name is a directory's without being asked for more.
            self.unknown.add(name.removesuffix("/") + "/")
        elif described.kind is Kind.DIRECTORY and name[-1] == "/":
            return None
        return self.of_name(name, described)

    def of_directory(self, name: str, described: Described | None) -> Entry | None:
        if described is not None:
            return None if name in self._created else self.of_name(name, described)
        if name in self._created:
            # One that no walk met is not there, unless it is where a walk began.
            above = outermost(self._created, name)
            return None if above == name else _unreadable(name, _GONE)
        ((alone,),) = self._tree.read([Some([name])])
        return self.of_name(name, alone.described[0])


class _Deleted(_Side):
    """What the older tree held and the newer does not: rule 5."""

    _state = State.DELETED
    _attributes = Attributes(Kind.FILE)

    def __init__(self, changed: Changed, older: Tree) -> None:
        pairs = [(name, what) for name, what in zip(*changed, strict=True) if DELETED in what]
        self._replaced = {name for name, what in pairs if what != DELETED}
        super().__init__([name for name, _ in pairs], _directories(pairs, DELETED), older)

    @staticmethod
    def of_name(name: str, described: Described) -> Entry | None:
        if isinstance(described, Attributes) and described.kind is Kind.OTHER:
            return _left_out(name)
        if isinstance(described, Attributes) and described.kind is Kind.DIRECTORY:
            # What was in it is deleted, too, and nobody walks there.
            return _unreadable(name, _NO_FILE)
        # Even where the older tree cannot say, the diff says that it was there.
        return _deleted(name, Kind.FILE)

    def within(self, name: str, described: Described) -> Entry | None:
        if isinstance(described, Unreadable):
            return _unreadable(name, described.reason)
        if described.kind is Kind.DIRECTORY and name[-1] == "/":
            return None
        return self.of_name(name, described)

    def of_directory(self, name: str, described: Described | None) -> Entry | None:
        if name == "/" or name in self._replaced:
            return None
        return _deleted(name, Kind.DIRECTORY)


class _Wish(NamedTuple):
    """What a tree is asked for, and the names that the diff has for it."""

    wanted: Wanted
    named: list[str]


def _wishes(names: list[str], whole: AbstractSet[str]) -> list[_Wish]:
    """Return what to ask a tree for, in stream order: the entries of a directory together.

    Args:
        names: in stream order.
        whole: directories to be walked, among the names.
    """
    wishes: list[_Wish] = []
    walked = ""
    # A directory shares the head of its name with what is in it.
    for head, group in groupby(names, lambda name: name.rpartition("/")[0]):
        together = list(group)
        top = outermost(whole, f"{head}/")
        if top and top == walked:
            wishes[-1].named.extend(together)
        elif top:
            wishes.append(_Wish(All(top), together))
        else:
            itself = [together.pop()] if together[-1].endswith("/") else []
            wishes += [_Wish(Some(some), some) for some in (together, itself) if some]
        walked = top
    return wishes


def _directories(pairs: Iterable[tuple[str, str]], happened: str) -> set[str]:
    return {name for name, what in pairs if name[-1] == "/" and happened in what}


def _left_out(name: str) -> Entry:
    return Entry(State.LEFT_OUT, name, Attributes(Kind.OTHER))


def _deleted(name: str, kind: Kind) -> Entry:
    return Entry(State.DELETED, _plain(name), Attributes(kind))


def _unreadable(name: str, reason: str) -> Entry:
    kind = Kind.DIRECTORY if name[-1] == "/" else Kind.FILE
    return Entry(State.UNREADABLE, _plain(name), Attributes(kind), reason)


def _plain(name: str) -> str:
    """Return a name as lists write it: a directory's without its trailing slash."""
    return name.removesuffix("/") or "/"
