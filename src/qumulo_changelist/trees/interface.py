"""A directory tree at one moment, wherever it is read from."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from qumulo_changelist.model import Description


class NamedEntries(Struct, frozen=True):
    """A wish to have entries of one directory described: one name or more, none twice."""

    names: list[str]


class Subtree(Struct, frozen=True):
    """A wish to have all that is below a directory described."""

    directory: str


TreeRequest = NamedEntries | Subtree

GONE = "it is gone since the snapshot"
"""Why something cannot be read that the diff says is there: the live share moved on."""


class DescribedEntries(Struct, frozen=True):
    """Some entries of one directory, or one directory alone, in descending order of names.

    What cannot be read is described by the reason.
    """

    names: list[str]
    described: list[Description]


class Tree(Protocol):
    """What can be read of a tree.

    Names are relative to the base path and begin with ``/``; a directory's ends in ``/``, and
    ``/`` is the base path itself. Symbolic links are never followed, at no place of a name.
    """

    @property
    def changed_since(self) -> int:
        """How many entries turned out, so far, to be no longer as the snapshot has them.

        0 for a tree that stands still.
        """

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        """Answer each wish in turn; some of them may be asked for ahead, and together.

        ``NamedEntries`` has one answer, for its names as they stand. ``Subtree`` has many: all that is below
        the directory in descending order, a directory alone and after what is below it. It goes on
        beside what cannot be read; where that is the directory itself, it is all that is found.
        """

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, in descending order.

        Raises:
            UnreadableError: it cannot be read, or is none.
        """


TreeSource = Callable[[], AbstractContextManager[Tree]]
"""How to reach a tree, also from another process: it can be pickled."""
