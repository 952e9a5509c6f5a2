"""A division of created directories by listing some of them, where no counts can be had."""

from collections import deque
from collections.abc import Iterable, Iterator

from qumulo_changelist.changes.key import CREATED
from qumulo_changelist.changes.marks import Mark
from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.filters.paths import PathFilter
from qumulo_changelist.names import is_directory
from qumulo_changelist.planning.by_counts import ENTRIES_IF_UNKNOWN, UNKNOWN_IN_A_SLICE
from qumulo_changelist.planning.division import Child, Contents, divide
from qumulo_changelist.planning.knowledge import ListedKnowledge
from qumulo_changelist.planning.listing import Listed
from qumulo_changelist.trees.interface import Tree

MANY_DIRECTORIES = 200
"""With this number of directories there is work for every process."""

# The maximum number of directories to list: if they contain few directories, more listing is of no
# help.
_MOST_LISTED = 50


class ListedDivision:
    """Implements :class:`~qumulo_changelist.changes.marks.Division`.

    Args:
        size: the number of entries in a slice.
        excluded: directories that are not listed.
        undivided: what happened to directories that stay in one slice.
        has_names: whether those who work on a part of a wide directory can do with names.
    """

    def __init__(
        self, size: int, excluded: PathFilter, undivided: str = "", *, has_names: bool
    ) -> None:
        self._size = size
        self._unknown = max(size // UNKNOWN_IN_A_SLICE, 1)
        self._excluded = excluded
        self._undivided = frozenset(undivided)
        self._has_names = has_names
        self._names: dict[str, list[str]] = {}
        self._weights: dict[str, int] = {}

    def list_some(self, created: Iterable[str], newer: Tree) -> None:
        """List created directories, and directories in them, as long as that is of help.

        Args:
            created: their names.
            newer: the newer tree.
        """
        upcoming = deque(created)
        known = len(upcoming)
        while upcoming and known < MANY_DIRECTORIES and len(self._names) < _MOST_LISTED:
            directory = upcoming.popleft()
            try:
                names = newer.names(directory)
            except UnreadableError:
                names = []  # the walk of this directory will report it
            self._names[directory] = names
            below = [
                name for name in names if is_directory(name) and not self._excluded.excludes(name)
            ]
            known += len(below) - 1
            upcoming += below
        for directory in reversed(self._names):
            if self._names[directory]:
                self._weights[directory] = sum(map(self._weigh_child, self._names[directory]))

    def count(self, directories: Iterable[str], _enough: int) -> int:
        """Return about the number of entries below whole directories."""
        unlisted = sum(directory not in self._weights for directory in directories)
        listed = [name for names in self._names.values() for name in names]
        unlisted += sum(is_directory(name) and name not in self._weights for name in listed)
        return len(listed) + unlisted * ENTRIES_IF_UNKNOWN

    def weigh(self, directory: str) -> int:
        """Return about the number of entries below a whole directory; see ``Division``."""
        return self._weights.get(directory, self._unknown)

    def marks(self, directory: str, letters: str) -> Iterator[Mark]:
        """Yield where a whole directory can be cut; see ``Division``."""
        is_possible = CREATED in letters and self._undivided.isdisjoint(letters)
        if is_possible and self.weigh(directory) > self._size:
            yield from divide(directory, self._contents, self._size)

    def _weigh_child(self, name: str) -> int:
        if not is_directory(name) or self._excluded.excludes(name):
            return 1
        return self.weigh(name)

    def _contents(self, directory: str) -> Contents | None:
        names = self._names.get(directory)
        if not names:
            return None
        children = (Child(name, self._weigh_child(name), newer=name) for name in names)
        if not self._has_names or len(names) <= self._size:
            return Contents(children)
        listed = Listed(directory, len(names), 0, iter(()))
        return Contents(children, ListedKnowledge({CREATED: listed}))
