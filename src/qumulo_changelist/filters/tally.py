"""Counting what filters leave out, by filter, and how that changes the number of files."""

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct

from qumulo_changelist.filters.filters import FILTER_NAMES, FilterName

MAX_DIRECTORIES = 1000
"""The number of excluded directories of which the files can be counted."""


class FilterCount(Struct, frozen=True):
    """What one filter leaves out. A name that was deleted and created again counts twice."""

    files: int = 0
    """Files, and whatever else is no directory."""
    bytes: int = 0
    """Of the files whose sizes were read: those that are there."""
    directories: int = 0
    """An excluded directory stands for everything in it."""


class FilterTallyFacts(Struct, frozen=True):
    """All that a :class:`FilterTally` has counted, as a value."""

    files: dict[FilterName, int]
    bytes: dict[FilterName, int]
    directories: dict[FilterName, int]
    created: int
    deleted: int
    existing: int
    unseen: int
    newer_directories: list[str]
    """In ascending order, like the other ones."""
    older_directories: list[str]


class FilterTally:
    """Counts what filters leave out; can be pickled, and merged with others."""

    def __init__(self) -> None:
        self._files: Counter[FilterName] = Counter()
        self._bytes: Counter[FilterName] = Counter()
        self._directories: Counter[FilterName] = Counter()
        self.created = 0
        """Regular files that the newer snapshot has under names where the older one had none, or
        something else that was counted as deleted."""
        self.deleted = 0
        """Regular files that the older snapshot has and the newer one does not, likewise."""
        self.existing = 0
        """Created and modified entries that were read."""
        self.unseen = 0
        """Created or deleted names that were not looked up."""
        self.newer_directories: set[str] = set()
        """Excluded directories in which something changed, and that the newer snapshot has; at
        most one more than ``MAX_DIRECTORIES``."""
        self.older_directories: set[str] = set()
        """Those that the older snapshot has, likewise."""

    @classmethod
    def of(cls, facts: FilterTallyFacts) -> "FilterTally":
        """Return a tally that has counted the same."""
        tally = cls()
        tally._files.update(facts.files)
        tally._bytes.update(facts.bytes)
        tally._directories.update(facts.directories)
        tally.created, tally.deleted = facts.created, facts.deleted
        tally.existing, tally.unseen = facts.existing, facts.unseen
        tally.newer_directories.update(facts.newer_directories)
        tally.older_directories.update(facts.older_directories)
        return tally

    @property
    def facts(self) -> FilterTallyFacts:
        """All that was counted."""
        return FilterTallyFacts(
            dict(self._files),
            dict(self._bytes),
            dict(self._directories),
            self.created,
            self.deleted,
            self.existing,
            self.unseen,
            sorted(self.newer_directories),
            sorted(self.older_directories),
        )

    def __bool__(self) -> bool:
        return bool(self.counts)

    @property
    def counts(self) -> Mapping[FilterName, FilterCount]:
        """What each filter has left out, if it has."""
        return {
            name: FilterCount(self._files[name], self._bytes[name], self._directories[name])
            for name in FILTER_NAMES
            if self._files[name] or self._directories[name]
        }

    @property
    def has_directories(self) -> bool:
        """Whether something changed in an excluded directory."""
        return bool(self.newer_directories or self.older_directories)

    def add_files(self, name: FilterName, number: int, size: int = 0) -> None:
        """Count what is no directory."""
        self._files[name] += number
        self._bytes[name] += size

    def add_directory(self, name: FilterName) -> None:
        """Count a directory that is not listed, although what is in it may be."""
        self._directories[name] += 1

    def add_excluded(
        self, directory: str, *, in_older: bool, in_newer: bool, is_wanted: bool = True
    ) -> None:
        """Count a directory that is not read.

        Args:
            directory: its name.
            in_older: whether the older snapshot has it.
            in_newer: whether the newer one has it.
            is_wanted: whether what is in it would be listed otherwise.
        """
        self._directories["exclude"] += is_wanted
        if in_newer:
            _add(self.newer_directories, [directory])
        if in_older:
            _add(self.older_directories, [directory])

    def merge(self, other: "FilterTally") -> None:
        """Add what another tally counted."""
        for name, each in other.counts.items():
            self.add_files(name, each.files, each.bytes)
            self._directories[name] += each.directories
        self.created += other.created
        self.deleted += other.deleted
        self.existing += other.existing
        self.unseen += other.unseen
        _add(self.newer_directories, other.newer_directories)
        _add(self.older_directories, other.older_directories)


def _add(known: set[str], directories: Iterable[str]) -> None:
    for directory in directories:
        if len(known) > MAX_DIRECTORIES:
            return
        known.add(directory)
