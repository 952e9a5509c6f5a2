"""The order of a walk through everything below a directory, for every kind of tree."""

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct

from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.model import ReadFailure
from qumulo_changelist.trees.interface import NOT_READ, Described, DescribedEntries, Subtree

# The number of files that are described together: a directory can have more than fit in memory.
_MAX_FILES = 4096

Describe = Callable[[list[str]], Iterable[Described]]


class DirectoryListing(Struct):
    """The entries of a directory: full names, those of directories with a ``/`` at the end."""

    names: list[str]
    """In descending order; those that the bounds of the walk select."""
    describe: Describe
    """Describes some of the entries."""


def walk(
    subtree: Subtree, list_directory: Callable[[str], DirectoryListing]
) -> Iterator[Described]:
    """Yield everything below a directory, or only its failure if it cannot be read.

    Args:
        subtree: the directory, and what is wanted of it.
        list_directory: lists one directory; raises ``UnreadableError``.
    """
    # Not recursive: a path can have sixteen thousand components.
    try:
        levels = [_Level(list_directory(subtree.directory))]
    except UnreadableError as error:
        yield DescribedEntries([subtree.directory], [ReadFailure(str(error))])
        return
    bounds = subtree.bounds
    while levels:
        level = levels[-1]
        files = level.take_files()
        if files:
            yield from level.listing.describe(files)
            continue
        below = level.next_directory()
        if below is None:
            levels.pop()
        elif level.entered:
            level.skip_directory()
            if bounds.includes(below):
                yield from level.listing.describe([below])
        elif subtree.filters.excludes(below):
            level.skip_directory()
            if bounds.includes(below):
                yield DescribedEntries([below], [NOT_READ])
        else:
            try:
                levels.append(_Level(list_directory(below)))
                level.entered = True
            except UnreadableError as error:
                level.skip_directory()
                yield DescribedEntries([below], [ReadFailure(str(error))])


class _Level:
    """The position of a walk in one directory."""

    def __init__(self, listing: DirectoryListing) -> None:
        self.listing = listing
        self.entered = False
        """Whether the walk has entered the next directory."""
        self._position = 0

    def take_files(self) -> list[str]:
        """Return the files before the next directory, and move past them; not too many."""
        names, begin = self.listing.names, self._position
        end = min(begin + _MAX_FILES, len(names))
        while self._position < end and not names[self._position].endswith("/"):
            self._position += 1
        return names[begin : self._position]

    def next_directory(self) -> str | None:
        """Return the directory at the position; None at the end."""
        names = self.listing.names
        return names[self._position] if self._position < len(names) else None

    def skip_directory(self) -> None:
        """Move past the directory at the position."""
        self._position += 1
        self.entered = False
