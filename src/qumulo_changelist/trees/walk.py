"""The way through all that is below a directory, whatever lists the directories."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.model import Description, ReadFailure
from qumulo_changelist.trees.interface import DescribedEntries

# So many files are described at a time: a directory can hold more than should be in memory.
_AT_ONCE = 4096

Describe = Callable[[list[str]], list[Description]]


class DirectoryListing(Struct):
    """What a directory holds: full names, a directory's with a ``/`` at its end."""

    names: list[str]
    """In descending order."""
    describe: Describe
    """Describes some of them."""


def walk(directory: str, listing: Callable[[str], DirectoryListing]) -> Iterator[DescribedEntries]:
    """Yield all that is below ``directory``, then itself where it cannot be read.

    Args:
        directory: its name.
        listing: lists one directory; raises ``UnreadableError``.
    """
    # Not recursive: a path can have sixteen thousand components.
    try:
        levels = [_Level(listing(directory))]
    except UnreadableError as error:
        yield DescribedEntries([directory], [ReadFailure(str(error))])
        return
    while levels:
        level = levels[-1]
        files = level.files()
        if files:
            yield DescribedEntries(files, level.listing.describe(files))
            continue
        below = level.directory()
        if below is None:
            levels.pop()
        elif level.entered:
            level.leave()
            yield DescribedEntries([below], level.listing.describe([below]))
        else:
            try:
                levels.append(_Level(listing(below)))
                level.entered = True
            except UnreadableError as error:
                level.leave()
                yield DescribedEntries([below], [ReadFailure(str(error))])


class _Level:
    """How far a walk has come in one directory."""

    def __init__(self, listing: DirectoryListing) -> None:
        self.listing = listing
        self.entered = False
        """Whether the walk is below the next directory, or has been."""
        self._at = 0

    def files(self) -> list[str]:
        """Take the next files before the next directory; not too many."""
        names, begin = self.listing.names, self._at
        end = min(begin + _AT_ONCE, len(names))
        while self._at < end and not names[self._at].endswith("/"):
            self._at += 1
        return names[begin : self._at]

    def directory(self) -> str | None:
        """Return the next directory, which comes next; None at the end."""
        return self.listing.names[self._at] if self._at < len(self.listing.names) else None

    def leave(self) -> None:
        """Go on behind the next directory."""
        self._at += 1
        self.entered = False
