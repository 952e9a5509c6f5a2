"""Directories that could not be read, in each slice that has a part of them.

A directory that cannot be read has one entry, in the slice that its own name is in. The slices of
what is below it lack that as well. So if it could be read for its own slice and not for one of
those, the list would lack files, and would not say so.
"""

from msgspec import Struct, field

from qumulo_changelist.model import Op


class UnreadDirectories(Struct):
    """Directories that could not be read, each with what happened to it. It can be pickled."""

    listed: set[tuple[str, Op]] = field(default_factory=set)
    """Those that have an entry in the same slice."""
    unlisted: set[tuple[str, Op]] = field(default_factory=set)
    """Those that have an entry in a different slice, if they cannot be read there either."""

    def merge(self, other: "UnreadDirectories") -> None:
        """Add those of another slice."""
        self.listed |= other.listed
        self.unlisted |= other.unlisted

    @property
    def missing(self) -> list[str]:
        """The names of those that no slice has an entry of, once all slices have been added."""
        return sorted({name for name, _ in self.unlisted - self.listed})
