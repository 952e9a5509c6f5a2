"""What whole directories weigh: asked for while the diff still comes in."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from qumulo_changelist.cluster.interface import DirectoryCounts
from qumulo_changelist.names import parent_of
from qumulo_changelist.planning.contents import MOST_NAMED
from qumulo_changelist.planning.counts import PendingCounts, SnapshotCounts

# One answer about the directory that contains them is cheaper than one about each of these.
_MANY_IN_ONE = 8

# The greatest number of whole directories about which the cluster is asked one by one: of more,
# each is light as a rule, and a walk would take hardly longer than the answer.
_MOST_ASKED = 1000

# With this number of known weights, those of others can be guessed.
_ENOUGH_TO_GUESS = 8


class Weights:
    """The number of entries below whole directories, as far as the cluster counts it.

    Args:
        counts: the counts of the trees that are walked, by what happened to the directories that
            are walked in them: ``CREATED`` or ``DELETED``.
        size: the number of entries that is no small amount of work.
    """

    def __init__(self, counts: Mapping[str, SnapshotCounts], size: int) -> None:
        self._counts = counts
        self._size = size
        self._single: dict[tuple[str, str], PendingCounts] = {}
        self._above: dict[tuple[str, str], PendingCounts] = {}
        """What was asked about directories that contain many of them."""
        self._expected: Counter[tuple[str, str]] = Counter()
        """The number of whole directories in each of these, as far as they are known."""
        self._guess = 0

    def expect(self, directories: Iterable[tuple[str, str]]) -> None:
        """Ask what directories weigh; the answers are not awaited.

        Args:
            directories: whole directories by name, and what happened to each: ``CREATED`` or
                ``DELETED``.
        """
        siblings: dict[tuple[str, str], list[str]] = {}
        for name, letter in directories:
            if letter in self._counts:
                siblings.setdefault((letter, parent_of(name)), []).append(name)
        for above, names in siblings.items():
            self._expected[above] += len(names)
            if above not in self._above and len(names) >= _MANY_IN_ONE:
                letter, directory = above
                self._above[above] = self._counts[letter].ask(directory, MOST_NAMED)
            if above not in self._above:
                self._ask(above[0], names)

    def settle(self, names: Iterable[str]) -> None:
        """Ask about those that may be heavy and that no answer has named so far.

        Args:
            names: all whole directories.
        """
        # In a certain order, so that another run with the same answers makes the same slices.
        for name in sorted(names) if self._above else ():
            for letter in self._counts:
                answer = self._answer_above(letter, name)
                if answer and _least_named(answer) > self._size and not _is_named(answer, name):
                    self._ask(letter, [name])

    def weigh(self, directory: str, letters: Collection[str]) -> int | None:
        """Return the number of entries below a directory, in several trees; None if unknown.

        Args:
            directory: its name.
            letters: of the trees that count.
        """
        weights = [self._weight(letter, directory) for letter in self._counts if letter in letters]
        known = [weight for weight in weights if weight is not None]
        return sum(known) if known else self._guessed()

    def _ask(self, letter: str, names: list[str]) -> None:
        for name in names[: _MOST_ASKED - len(self._single)]:
            if (letter, name) not in self._single:
                self._single[letter, name] = self._counts[letter].ask(name)

    def _weight(self, letter: str, directory: str) -> int | None:
        if pending := self._single.get((letter, directory)):
            answer = pending.result()
            return answer.below if answer else None
        above = self._answer_above(letter, directory)
        if not above:
            return None
        named = above.children.get(_name_above(directory))
        return named or min(_least_named(above), self._share(letter, directory, above))

    def _share(self, letter: str, directory: str, above: DirectoryCounts) -> int:
        """Return what is left for one of those that were not named."""
        expected = self._expected[letter, parent_of(directory)]
        left = above.below - sum(above.children.values())
        return -(-left // max(expected - len(above.children), 1))

    def _answer_above(self, letter: str, directory: str) -> DirectoryCounts | None:
        # Nothing that counts is above the base.
        above = (letter, parent_of(directory))
        pending = self._above.get(above) if directory != "/" else None
        return pending.result() if pending else None

    def _guessed(self) -> int | None:
        """Return what a directory weighs of which nothing is known; None if most are unknown."""
        if not self._guess:
            answers = [pending.result() for pending in self._single.values()]
            known = [answer.below for answer in answers if answer]
            if len(known) < _ENOUGH_TO_GUESS:
                return None
            self._guess = max(sum(known) // len(known), 1)
        return self._guess


def _least_named(answer: DirectoryCounts) -> int:
    """Return what a directory weighs at most that was not named."""
    left = max(answer.below - sum(answer.children.values()), 0)
    return min(left, min(answer.children.values(), default=left))


def _is_named(answer: DirectoryCounts, name: str) -> bool:
    return _name_above(name) in answer.children


def _name_above(name: str) -> str:
    """Return the name of a directory in the one above it."""
    return name[len(parent_of(name)) :]
