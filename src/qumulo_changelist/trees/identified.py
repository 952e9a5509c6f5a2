"""A tree on a mount, with what the cluster knows its files by: a mount does not tell it surely.

Whether a mount shows the same file under the same inode in a snapshot is documented nowhere, so
the cluster is asked; what it says of a file counts where the mount shows the same size and time.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from qumulo_changelist.model import Attributes, Description, ReadFailure
from qumulo_changelist.trees.interface import DescribedEntries, Tree, TreeRequest


class IdentifiedTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree`.

    Args:
        described: where names and attributes come from, such as a mount.
        identified: the snapshot that it shows, or showed: where ids and revisions come from.
    """

    def __init__(self, described: Tree, identified: Tree) -> None:
        self._described = described
        self._identified = identified

    @property
    def changed_since(self) -> int:
        """How many entries turned out to be no longer as the snapshot has them."""
        return self._described.changed_since

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        """Answer each wish in turn; see :class:`~..interface.Tree`."""
        wishes = list(wanted)
        answers = zip(self._described.read(wishes), self._identified.read(wishes), strict=True)
        for described, identified in answers:
            yield self._together(described, identified)

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, descending; see :class:`~..interface.Tree`."""
        return self._described.names(directory)

    def _together(
        self, described: Iterable[DescribedEntries], known: Iterable[DescribedEntries]
    ) -> Iterator[DescribedEntries]:
        """Yield what is described, with ids: both come in descending order."""
        others = (
            pair for found in known for pair in zip(found.names, found.described, strict=True)
        )
        other, identity = next(others, ("", None))
        for found in described:
            identified: list[Description] = []
            for name, attributes in zip(found.names, found.described, strict=True):
                while other > name:
                    other, identity = next(others, ("", None))
                same = identity if other == name else None
                identified.append(_identified(attributes, same))
            yield DescribedEntries(found.names, identified)


def _identified(known: Description, by: Description | None) -> Description:
    if isinstance(known, ReadFailure) or not isinstance(by, Attributes):
        return known
    if (known.kind, known.size, known.mtime) != (by.kind, by.size, by.mtime):
        return known  # the live share moved on
    return replace(known, id=by.id, revision=by.revision)
