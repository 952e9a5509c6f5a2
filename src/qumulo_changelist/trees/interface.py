"""A directory tree at one moment, wherever it is read from."""

from collections.abc import Iterator
from typing import Protocol

from qumulo_changelist.model import Attributes, Found


class Tree(Protocol):
    """What can be read of a tree.

    Names are relative to the base path and begin with ``/``; a directory's ends in ``/``, and
    ``/`` is the base path itself. Symbolic links are never followed, at no place of a name.
    """

    def describe(self, name: str) -> Attributes:
        """Return the attributes of one entry.

        Raises:
            UnreadableError: it is not there, or cannot be read; says why.
        """

    def walk(self, directory: str) -> Iterator[Found]:
        """Yield all that is below ``directory``, in descending order of names.

        A directory comes after what is below it. What cannot be read comes with the reason, also
        ``directory`` itself, and the walk goes on beside it.
        """
