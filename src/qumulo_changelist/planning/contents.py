"""What is in a directory that is divided, and what each of its entries weighs."""

import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import NamedTuple, Protocol

from qumulo_changelist.changes.key import CREATED
from qumulo_changelist.cluster.interface import DirectoryCounts
from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.filters.paths import PathFilter
from qumulo_changelist.names import is_directory
from qumulo_changelist.planning.counts import PendingCounts, SnapshotCounts
from qumulo_changelist.planning.division import Child, Contents
from qumulo_changelist.planning.knowledge import ListedKnowledge
from qumulo_changelist.planning.listing import Listed

MOST_NAMED = 1000
"""The number of entries of a directory that the cluster is asked to name."""

# Entries whose counts are asked for before they are needed.
_AHEAD = 16

# It is worth requests to learn the weights of directories if they are not more than this, or have
# at least this number of entries each. Listing them would cost as many.
_FEW_TO_ASK = 1000
_ENTRIES_WORTH_ASKING = 50


class Lister(Protocol):
    """Lists directories of a tree."""

    def list(self, directory: str) -> Listed:
        """Return the entries of a directory.

        Raises:
            UnreadableError: it cannot be read, or is not a directory.
        """


class PlannedTree(NamedTuple):
    """One of the trees, as a plan sees it."""

    counts: SnapshotCounts
    lister: Lister
    has_use_for_listings: bool = True
    """Whether those who work on a part of a directory can do with what was listed of it before. If
    not, a wide directory is not divided."""


class ContentsReader:
    """Reads what is in directories, as far as the cluster's counts do not say it.

    Args:
        trees: the trees that are walked, by what happened to the directories that are walked in
            them: ``CREATED`` or ``DELETED``.
        size: what a part of a directory weighs at most.
        excluded: directories that nothing is read of.
    """

    def __init__(self, trees: Mapping[str, PlannedTree], size: int, excluded: PathFilter) -> None:
        self._trees = trees
        self._size = size
        self._excluded = excluded
        self._asked: dict[tuple[str, str], PendingCounts] = {}

    def read(self, directory: str, letters: str) -> Contents | None:
        """Return what is in a directory; None if that is unknown, or nothing.

        Args:
            directory: its name.
            letters: of the trees that count.
        """
        children: list[Iterator[Child]] = []
        listed: dict[str, Listed] = {}
        try:
            for letter, tree in self._trees_of(letters):
                counts = self._ask(letter, directory).result()
                self._asked.pop((letter, directory), None)
                if not counts:
                    return None
                if counts.is_complete:
                    children.append(self._named(directory, counts))
                    continue
                found = tree.lister.list(directory)
                children.append(self._weigh(letter, found, counts))
                if tree.has_use_for_listings:
                    listed[letter] = found
                elif found.entries > self._size:
                    return None
        except UnreadableError:
            return None  # the walk reports it
        if not children:
            return None
        together = children[0] if len(children) == 1 else _merge(children)
        knowledge = ListedKnowledge(listed) if listed else None
        return Contents(self._ahead(together, letters), knowledge)

    def _trees_of(self, letters: str) -> list[tuple[str, PlannedTree]]:
        return [pair for pair in self._trees.items() if pair[0] in letters]

    def _ask(self, letter: str, directory: str) -> PendingCounts:
        pending = self._asked.get((letter, directory))
        if not pending:
            pending = self._trees[letter].counts.ask(directory, MOST_NAMED)
            self._asked[letter, directory] = pending
        return pending

    def _ahead(self, children: Iterator[Child], letters: str) -> Iterator[Child]:
        """Yield the children, those of which more has to be known after it was asked for."""
        coming: deque[Child] = deque()
        for child in children:
            coming.append(child)
            if child.weight > self._size and is_directory(child.name):
                for letter, _ in self._trees_of(letters):
                    self._ask(letter, child.name)
            if len(coming) > _AHEAD:
                yield coming.popleft()
        yield from coming

    def _named(self, directory: str, counts: DirectoryCounts) -> Iterator[Child]:
        """Yield the entries that the cluster names."""
        for below in sorted(counts.children, reverse=True):
            name = directory + below
            yield Child(name, 1 if self._is_excluded(name) else counts.children[below])

    def _is_excluded(self, name: str) -> bool:
        return is_directory(name) and self._excluded.excludes(name)

    def _weigh(self, letter: str, listed: Listed, counts: DirectoryCounts) -> Iterator[Child]:
        """Yield the entries of a directory that was listed, with their weights."""
        estimate = _Estimate(listed, counts)
        is_asked = estimate.most > self._size and estimate.is_worth_asking
        coming: deque[tuple[str, str, int, PendingCounts | None]] = deque()
        begin = len(listed.directory)

        def next_child() -> Child:
            name, record, weight, pending = coming.popleft()
            answer = pending.result() if pending else None
            known = (record, "") if letter == CREATED else ("", record)
            return Child(name, answer.below + 1 if answer else weight, *known)

        for name, record in listed.records:
            is_light = not is_directory(name) or self._excluded.excludes(name)
            weight = 1 if is_light else counts.children.get(name[begin:], 0)
            pending = None
            if not weight:
                weight = estimate.mean
                pending = self._trees[letter].counts.ask(name) if is_asked else None
            coming.append((name, record, weight, pending))
            if len(coming) > _AHEAD:
                yield next_child()
        while coming:
            yield next_child()


class _Estimate:
    """What the directories weigh that the cluster does not name.

    Args:
        listed: the directory that they are in.
        counts: its counts.
    """

    def __init__(self, listed: Listed, counts: DirectoryCounts) -> None:
        named = [weight for name, weight in counts.children.items() if is_directory(name)]
        unnamed = max(listed.directories - len(named), 1)
        others = listed.entries - listed.directories
        left = max(counts.below - sum(named) - others, unnamed)
        self.most = min(left, min(named, default=left))
        """What one of them weighs at most, if the cluster named the largest ones."""
        self.mean = min(-(-left // unnamed), self.most)
        self.is_worth_asking = unnamed <= _FEW_TO_ASK or self.mean >= _ENTRIES_WORTH_ASKING
        """Whether it would pay to ask for the weight of each."""


def _merge(streams: Iterable[Iterator[Child]]) -> Iterator[Child]:
    """Yield the entries of several trees, each name once."""
    held: Child | None = None
    for child in heapq.merge(*streams, key=attrgetter("name"), reverse=True):
        if held and held.name == child.name:
            held = Child(
                held.name,
                held.weight + child.weight,
                held.newer or child.newer,
                held.older or child.older,
            )
        else:
            if held:
                yield held
            held = child
    if held:
        yield held
