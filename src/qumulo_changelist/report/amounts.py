"""Numbers of files, and their bytes, by kind of change."""

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from qumulo_changelist.model import CREATE, MODIFY, State
from qumulo_changelist.output.interface import ListedEntry


class Amount(Struct, frozen=True):
    """A number of files, and their bytes."""

    files: int = 0
    bytes: int = 0

    def plus(self, other: "Amount") -> "Amount":
        """Return the sums of both."""
        return Amount(self.files + other.files, self.bytes + other.bytes)

    def weight(self, *, by_size: bool) -> int:
        """Return by what amounts are compared: the bytes, or the number of files."""
        return self.bytes if by_size else self.files


class Changes(Struct, frozen=True):
    """Files by kind of change."""

    created: Amount = Amount()
    modified: Amount = Amount()
    changed: Amount = Amount()
    """Created or modified: not every format says which."""
    moved: Amount = Amount()
    """Only moved: their data is what it was."""
    deleted: Amount = Amount()
    """A list does not say their bytes."""

    @property
    def written(self) -> Amount:
        """Files with new data: created or modified."""
        return self.created.plus(self.modified).plus(self.changed)

    @property
    def there(self) -> Amount:
        """All files but the deleted ones."""
        return self.written.plus(self.moved)

    def plus(self, other: "Changes") -> "Changes":
        """Return the sums of both."""
        return Changes(
            *(getattr(self, one).plus(getattr(other, one)) for one in Changes.__struct_fields__)
        )


KINDS = Changes.__struct_fields__
"""The kinds of change of a file, in the order of a :data:`Counts`."""

Counts = list[int]
"""The numbers of files by kind of change, and after them the bytes: quick to add to."""


class CountIndex(NamedTuple):
    """Where counts have the files of a kind of change; their bytes are ``len(KINDS)`` later."""

    created: int = 0
    modified: int = 1
    changed: int = 2
    moved: int = 3
    deleted: int = 4


_AT = CountIndex()


def new_counts() -> Counts:
    """Return counts of nothing."""
    return [0] * (2 * len(KINDS))


def kind_of(entry: ListedEntry) -> int:
    """Return which kind of change a file of a list is: an index of counts."""
    if entry.state is State.DELETED:
        return _AT.deleted
    if entry.moved_from:
        return _AT.moved
    if entry.op == CREATE:
        return _AT.created
    return _AT.modified if entry.op == MODIFY else _AT.changed


def changes_of(counts: Sequence[int]) -> Changes:
    """Return counts as a value."""
    kinds = len(KINDS)
    return Changes(*(Amount(counts[at], counts[at + kinds]) for at in range(kinds)))


def counts_of(changes: Changes) -> Counts:
    """Return a value as counts."""
    amounts = [getattr(changes, kind) for kind in KINDS]
    return [*(one.files for one in amounts), *(one.bytes for one in amounts)]
