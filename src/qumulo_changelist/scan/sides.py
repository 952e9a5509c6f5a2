"""The two sides of a diff: what the newer tree has of it, and what the older tree had.

The rules and their numbers are those of ``docs/scan-list.md``, section "What is listed".
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from itertools import compress

from qumulo_changelist.changes.key import DELETED, ChangedPaths
from qumulo_changelist.columns import FileBatch
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
from qumulo_changelist.scan.requests import (
    ALL_OF_IT,
    Extent,
    NamedOps,
    RequestWithOps,
    make_requests,
)
from qumulo_changelist.scan.sieve import SliceSieve
from qumulo_changelist.scan.unread import UnreadDirectories
from qumulo_changelist.trees.interface import (
    GONE_REASON,
    Described,
    DescribedFiles,
    NamedEntries,
    Tree,
)

_NOT_A_FILE = "the diff calls it a file, but it was a directory"

EntryRule = Callable[[str, Description, Op], Entry | None]


class Side(ABC):
    """One side of a diff: the requests to its tree, and what the answers mean.

    Args:
        named: what the diff names.
        tree: the tree.
        sieve: what is left out.
        extent: how much of whole directories is read.
        unread: receives the directories that cannot be read; None if nobody needs to know.
    """

    _op: Op
    """What happened to everything in a whole directory, which the diff does not list."""

    def __init__(
        self,
        named: NamedOps,
        tree: Tree,
        sieve: SliceSieve,
        extent: Extent = ALL_OF_IT,
        unread: UnreadDirectories | None = None,
    ) -> None:
        self._tree = tree
        self._sieve = sieve
        self._unread = unread if unread is not None else UnreadDirectories()
        self._is_in_bounds = extent.bounds.includes
        self._whole = {
            name for name, op in zip(*named, strict=True) if name[-1] == "/" and op == self._op
        }
        self._requests = make_requests(named, self._whole, sieve.paths, extent)

    def entries(self) -> Iterator[Batch]:
        """Yield the entries, also those that a list leaves out, in stream order."""
        requests = [wanted.request for wanted in self._requests]
        for wanted, answer in zip(self._requests, self._tree.read(requests), strict=True):
            if isinstance(wanted.request, NamedEntries):
                yield from self._read_entries(wanted.ops, answer)
            elif len(wanted.names) == 1:
                yield from self._read_walk(wanted.request.directory, answer)
            else:
                yield from self._reconcile_walk(wanted, answer)

    def _read_entries(self, ops: list[Op], answer: Iterable[Described]) -> Iterator[Batch]:
        begin = 0
        for found in answer:
            end = begin + len(found)
            yield from _batch(self.entry_for_name, found, ops[begin:end])
            begin = end
        if begin != len(ops):
            raise ValueError("an answer is shorter than its request")

    @staticmethod
    @abstractmethod
    def entry_for_name(name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry for a name that the diff lists outside of whole directories, or None."""

    @abstractmethod
    def entry_from_walk(self, name: str, described: Description, op: Op) -> Entry | None:
        """Return the entry for a name that the walk of a whole directory found, or None."""

    @abstractmethod
    def entry_for_directory(self, name: str, described: Description | None, op: Op) -> Entry | None:
        """Return the entry for a directory that the diff names, at or below a whole directory.

        Args:
            name: the name of the directory.
            described: what the walk found under that name; None if it found nothing.
            op: what happened to the directory.
        """

    def _read_walk(self, top: str, answer: Iterable[Described]) -> Iterator[Batch]:
        readable = True
        for found in answer:
            readable = len(found) > 1 or found.names != [top]
            yield from _batch(self._entry_in_bounds, found, [self._op] * len(found))
        if readable and self._is_in_bounds(top):
            entry = self.entry_for_directory(top, None, self._op)
            if entry:
                yield [entry]

    def _entry_in_bounds(self, name: str, described: Description, op: Op) -> Entry | None:
        # A directory above the bounds that cannot be read is listed elsewhere, and yet it matters.
        entry = self.entry_from_walk(name, described, op)
        is_in_bounds = self._is_in_bounds(name)
        if name[-1] == "/" and isinstance(described, ReadFailure):
            unread = self._unread.listed if is_in_bounds else self._unread.unlisted
            unread.add((name, self._op))
        return entry if is_in_bounds else None

    def _reconcile_walk(
        self, wanted: RequestWithOps, answer: Iterable[Described]
    ) -> Iterator[Batch]:
        """Reconcile a walk with names that the diff lists, too, although no diff should."""
        found = {
            name: described
            for part in answer
            for name, described in zip(part.names, part.described, strict=True)
        }
        entries = {
            name: self.entry_from_walk(name, described, self._op)
            for name, described in found.items()
        }
        for name, op in zip(wanted.names, wanted.ops, strict=True):
            described = found.get(name)
            if isinstance(described, ReadFailure) and not described.known:
                continue
            if name.endswith("/"):
                entries[name] = self.entry_for_directory(name, described, op)
            elif described is None:
                ((part,),) = self._tree.read([NamedEntries([name])])
                entries[name] = self.entry_for_name(name, part.described[0], op)
        for name in sorted(entries, reverse=True):
            entry = entries[name]
            if entry and self._is_in_bounds(name):
                yield [entry]


class NewerSide(Side):
    """What the newer tree has: rules 2, 3 and 4."""

    _op = CREATE

    def __init__(
        self,
        named: NamedOps,
        newer: Tree,
        sieve: SliceSieve,
        extent: Extent = ALL_OF_IT,
        unread: UnreadDirectories | None = None,
    ) -> None:
        super().__init__(named, newer, sieve, extent, unread)
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
            self._sieve.see_directory(name, self._op)
            return None
        return self.entry_for_name(name, described, op)

    def entry_for_directory(self, name: str, described: Description | None, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        if described is not None:
            return None if name in self._whole else self.entry_for_name(name, described, op)
        if name in self._whole:
            # A directory that the walk did not find does not exist, unless the walk began with it.
            above = outermost(self._whole, name)
            return None if above == name else _unreadable(name, GONE_REASON, op)
        ((part,),) = self._tree.read([NamedEntries([name])])
        return self.entry_for_name(name, part.described[0], op)


class OlderSide(Side):
    """What the older tree had and the newer one does not: rule 5."""

    _op = DELETE

    def __init__(
        self,
        changed: ChangedPaths,
        older: Tree,
        sieve: SliceSieve,
        extent: Extent = ALL_OF_IT,
        unread: UnreadDirectories | None = None,
    ) -> None:
        is_deleted = [DELETED in letters for letters in changed.letters]
        names = list(compress(changed.names, is_deleted))
        self._replaced = {
            name
            for name, letters in zip(names, compress(changed.letters, is_deleted), strict=True)
            if letters != DELETED
        }
        super().__init__(NamedOps(names, [DELETE] * len(names)), older, sieve, extent, unread)

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
            self._sieve.see_directory(name, self._op)
            return None
        return self.entry_for_name(name, described, op)

    def entry_for_directory(self, name: str, described: Description | None, op: Op) -> Entry | None:
        """Return the entry; see ``Side``."""
        if name == "/" or name in self._replaced:
            return None
        return _deleted(name, Attributes(Kind.DIRECTORY))


def _batch(rule: EntryRule, found: Described, ops: list[Op]) -> Iterator[Batch]:
    """Yield the entries for a part of an answer, if any; ``ops`` has one for each name."""
    if isinstance(found, DescribedFiles):
        # Nearly all entries: regular files that can be read, to which no rule applies.
        yield FileBatch(found.directory, found.below, ops, found.columns)
    elif entries := [
        entry
        for each in zip(found.names, found.described, ops, strict=True)
        if (entry := rule(*each))
    ]:
        yield entries


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
