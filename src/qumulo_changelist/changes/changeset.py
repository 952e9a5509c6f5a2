"""The changes between two snapshots: each path once, in descending order, in memory or on disk."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from qumulo_changelist.changes import key
from qumulo_changelist.changes.key import CREATED, DELETED, EncodedChanges
from qumulo_changelist.changes.scope import Scope
from qumulo_changelist.changes.sieve import NO_SIEVE, ChangeSieve
from qumulo_changelist.changes.sorted_keys import SortedKeys
from qumulo_changelist.filters.tally import FilterTally
from qumulo_changelist.model import Change

_BASE = "/"


class SelectedChanges(NamedTuple):
    """Those changes of a page that count."""

    in_scope: int
    """The number of changes at or below the base path, whether they are left out or not."""
    encoded: EncodedChanges
    """What filters let pass; the directories in it are those that were created or deleted, and are
    not excluded."""
    left_out: FilterTally


def encode_changes(
    scope: Scope, page: list[Change], sieve: ChangeSieve = NO_SIEVE
) -> SelectedChanges:
    """Return those of the changes that count, as keys."""
    left_out = FilterTally()
    selected = scope.select(page)
    kept = sieve.sift(selected, scope.base, left_out)
    encoded = key.encode(kept, prefix_length=len(scope.base))
    if sieve.paths.exclude:
        directories = [
            pair for pair in encoded.directories if not sieve.paths.excludes(key.unescape(pair[0]))
        ]
        encoded = encoded._replace(directories=directories)
    return SelectedChanges(len(selected), encoded, left_out)


class ChangeSet:
    """Collects what differs between two snapshots at or below the base path.

    Args:
        scope: the base path.
        limit: the number of changes to keep in memory; if there are more, they go to disk.
        folder: the folder for them.
        sieve: leaves changes out.

    Raises:
        SpillError: there is no room on disk; raised by every method.
    """

    def __init__(
        self, scope: Scope, *, limit: int, folder: str, sieve: ChangeSieve = NO_SIEVE
    ) -> None:
        self.scope = scope
        """What counts."""
        self.sieve = sieve
        self.left_out = FilterTally()
        """What the sieve has left out."""
        self.in_scope = 0
        """The number of changes at or below the base path, also those that are left out."""
        self._keys = SortedKeys(limit, folder)
        self._count = 0
        self.whole_directories: set[str] = set()
        """The directories that were created or deleted, as escaped paths (``key.py``).

        Each stands for everything below it. None of them is excluded.
        """
        self.base_created = self.base_deleted = False
        """Whether the base path was created, or deleted, itself or with a directory above it."""
        self.has_creations = self.has_deletions = False
        self._forgotten: set[str] = set()

    def add(self, page: list[Change]) -> int:
        """Add changes, possibly several times the same; return the number of those that count."""
        return self.add_selected(encode_changes(self.scope, page, self.sieve))

    def add_selected(self, selected: SelectedChanges) -> int:
        """Add what :func:`encode_changes` returned; return the number of changes in scope."""
        encoded = selected.encoded
        for directory, letter in encoded.directories:
            self.whole_directories.add(directory)
            if directory == _BASE:
                self.base_created = self.base_created or letter == CREATED
                self.base_deleted = self.base_deleted or letter == DELETED
        self.has_creations = self.has_creations or encoded.has_creations
        self.has_deletions = self.has_deletions or encoded.has_deletions
        self._keys.add(encoded.keys)
        self._count += len(encoded.keys)
        self.in_scope += selected.in_scope
        self.left_out.merge(selected.left_out)
        return selected.in_scope

    def clear(self) -> None:
        """Remove all changes, and what was counted of them."""
        self._keys.clear()
        self._count = self.in_scope = 0
        self.left_out = FilterTally()
        self.whole_directories.clear()
        self._forgotten.clear()
        self.base_created = self.base_deleted = False
        self.has_creations = self.has_deletions = False

    def __len__(self) -> int:
        return self._count

    def drain(self) -> Iterator[list[str]]:
        """Yield the keys of all changes in descending order, in blocks, and remove them.

        Keys that are in memory may come several times, one directly after the other.
        """
        if not self._forgotten:
            return self._keys.drain()
        return (
            kept
            for block in self._keys.drain()
            if (kept := [changed for changed in block if changed not in self._forgotten])
        )

    def forget_base(self, letter: str) -> None:
        """Ignore the creation or the deletion of the base path: ``CREATED`` or ``DELETED``."""
        self._forgotten.add(key.make_key(_BASE, letter))
        self.base_created = self.base_created and letter != CREATED
        self.base_deleted = self.base_deleted and letter != DELETED
        if not self.base_created and not self.base_deleted:
            self.whole_directories.discard(_BASE)

    def only_created_directories(self) -> list[str]:
        """Return the directories that the diff reports as created, and as nothing else.

        Excluded directories are not among them. Changes that are on disk are not searched.
        """
        # A directory's first key is followed by its others, and by those of what is below it.
        keys = sorted({*self._keys.in_memory} - self._forgotten)
        return [
            key.unescape(key.path_of(changed))
            for changed, following in pairwise([*keys, ""])
            if key.is_created_directory(changed)
            and key.path_of(changed) in self.whole_directories
            and not following.startswith(key.path_of(changed))
        ]

    def count_folders(self, *letters: str) -> int:
        """Return the number of folders that were changed in a certain way, or contain such changes.

        It is an estimate if changes are on disk.

        Args:
            letters: what counts: ``CREATED``, ``DELETED``, or both; a folder with both counts
                twice.
        """
        if not self._keys.in_memory:
            return len(self.whole_directories)
        counted = (changed for changed in self._keys.in_memory if key.letter_of(changed) in letters)
        return len(
            {
                (key.letter_of(changed), key.path_of(changed).rpartition("/")[0])
                for changed in counted
            }
        )

    def close(self) -> None:
        """Remove everything from the disk."""
        self._keys.close()
