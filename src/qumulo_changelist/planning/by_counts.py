"""A division of whole directories by the cluster's own counts."""

from collections.abc import Collection, Iterable, Iterator

from qumulo_changelist.changes.marks import Mark
from qumulo_changelist.planning.contents import ContentsReader
from qumulo_changelist.planning.division import divide
from qumulo_changelist.planning.weights import Weights

# A directory of which nothing is known counts as this part of a slice: much can be in it.
UNKNOWN_IN_A_SLICE = 4

# For the decision whether there is work for several processes, less is expected of it.
ENTRIES_IF_UNKNOWN = 500


class CountedDivision:
    """Implements :class:`~qumulo_changelist.changes.marks.Division`.

    Args:
        weights: what whole directories weigh.
        contents: reads what is in directories that are divided.
        letters: of the trees that are walked.
        size: the number of entries in a slice.
        undivided: what happened to directories that stay in one slice.
    """

    def __init__(
        self,
        weights: Weights,
        contents: ContentsReader,
        letters: Collection[str],
        size: int,
        undivided: str = "",
    ) -> None:
        self._weights = weights
        self._contents = contents
        self._letters = letters
        self._size = size
        self._undivided = frozenset(undivided)

    def count(self, directories: Iterable[str], enough: int) -> int:
        """Return about the number of entries below whole directories, or more than ``enough``."""
        entries = 0
        for directory in directories:
            weight = self._weights.weigh(directory, self._letters)
            entries += ENTRIES_IF_UNKNOWN if weight is None else weight
            if entries > enough:
                break
        return entries

    def weigh(self, directory: str) -> int:
        """Return the number of entries below a whole directory; see ``Division``."""
        weight = self._weights.weigh(directory, self._letters)
        return max(self._size // UNKNOWN_IN_A_SLICE, 1) if weight is None else weight

    def marks(self, directory: str, letters: str) -> Iterator[Mark]:
        """Yield where a whole directory can be cut; see ``Division``."""
        if self._undivided.isdisjoint(letters) and self.weigh(directory) > self._size:
            yield from divide(
                directory, lambda name: self._contents.read(name, letters), self._size
            )
