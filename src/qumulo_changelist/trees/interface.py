"""A directory tree at one moment, wherever it is read from."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from qumulo_changelist.bounds import EVERYTHING, Bounds
from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.columns import FileColumns
from qumulo_changelist.events import Listener
from qumulo_changelist.filters.paths import NO_PATTERNS, PathFilter
from qumulo_changelist.model import Attributes, Description, Kind


class NamedEntries(Struct, frozen=True):
    """A request to describe entries of one directory: one name or more, each once."""

    names: list[str]


class KnownListing(Struct, frozen=True):
    """What was read before of a directory that is too wide to be read more than once."""

    directory: str
    names: list[str]
    """Full names in descending order: at least those of the directory that the bounds select."""
    page: DirectoryPage | None = None
    """What describes each of them; None if the tree has to be asked for that. A mount asks in any
    case."""


class Subtree(Struct, frozen=True):
    """A request to describe everything below a directory, as far as it is in bounds."""

    directory: str
    filters: PathFilter = NO_PATTERNS
    """Directories that it excludes are not read: such a one is described, and nothing below it."""
    bounds: Bounds = EVERYTHING
    """What is in them is described. Listed is every directory that they touch; if one cannot be, it
    is described even if only a name below it would be in the bounds. So is, in a snapshot, what may
    be such a directory since not even its kind can be read."""
    known: KnownListing | None = None
    """A directory at or below this one that need not be listed, since this is known of it."""


TreeRequest = NamedEntries | Subtree

NOT_READ = Attributes(Kind.DIRECTORY)
"""The description of a directory that is not read."""

GONE_REASON = "it is gone since the snapshot"
"""Why an entry of the diff cannot be read: the live share changed after the snapshot."""


class DescribedEntries(Struct, frozen=True):
    """Entries of one directory, or one directory alone, in descending order of names."""

    names: list[str]
    described: list[Description]
    """One for each name; the reason for an entry that cannot be read."""

    def __len__(self) -> int:
        return len(self.names)


class DescribedFiles(Struct, frozen=True):
    """Regular files of one directory that can all be read, in descending order of names."""

    directory: str
    below: list[str]
    """Their names in the directory."""
    columns: FileColumns

    @property
    def names(self) -> list[str]:
        """Their names."""
        return [self.directory + below for below in self.below]

    @property
    def described(self) -> list[Description]:
        """One for each name."""
        return list(self.columns.attributes())

    def __len__(self) -> int:
        return len(self.below)


Described = DescribedEntries | DescribedFiles
"""A part of an answer. Many files of one directory come as columns, which is quicker."""


class Tree(Protocol):
    """What can be read of a tree.

    Names are relative to the base path and begin with ``/``. The name of a directory ends in ``/``;
    ``/`` is the base path itself. Symbolic links are never followed, in no part of a name.
    """

    @property
    def changed_since(self) -> int:
        """The number of entries, so far, that are no longer as the snapshot has them.

        It is 0 for a tree that cannot change.
        """

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[Described]]:
        """Answer the requests in their order; the tree may work ahead, and on several together.

        The answer to ``NamedEntries`` has the names in the order in which they were given: one part
        or, if some are regular files and some are not, several. The answer to a ``Subtree`` is many
        parts: everything below the directory in descending order, with each
        directory alone and after everything below it. It continues past entries that cannot be
        read; if the directory itself cannot be read, that is the whole answer. A directory that
        filters exclude is ``NOT_READ``. The bounds of the request must touch its directory.
        """

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, in descending order.

        Raises:
            UnreadableError: it cannot be read, or is not a directory.
        """


class WorkerPlace(Struct, frozen=True):
    """Which one of several workers it is that opens a tree."""

    number: int = 0
    """Counted from 0."""
    count: int = 1
    """The number of workers that share the work."""


class TreeSource(Protocol):
    """How to reach a tree: a frozen value that can be pickled and sent to another process."""

    def at(self, place: WorkerPlace) -> "TreeSource":
        """Return how one of several workers reaches the tree.

        Each asks a different node first, and all of them together keep to the limits of one.
        """

    def open(self, listener: Listener) -> AbstractContextManager[Tree]:
        """Open the tree for one thread.

        Args:
            listener: receives what happens while the tree is read.
        """
