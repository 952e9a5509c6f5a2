"""A tree on a mount, with the ids and revisions by which the cluster knows its files.

No documentation promises that a mount shows a file under the same inode number in the live share
and in a snapshot, so the cluster is asked. Its answer for a file counts if size and time of
modification are those on the mount.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from qumulo_changelist.model import Attributes, Description, ReadFailure
from qumulo_changelist.trees.interface import Described, Tree, TreeRequest
from qumulo_changelist.trees.parts import divide_descriptions


class IdentifiedTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree`.

    Args:
        described: gives names and attributes, such as a mount.
        identified: gives ids and revisions: the snapshot that the mount shows, or of which it
            shows the live share.
    """

    def __init__(self, described: Tree, identified: Tree) -> None:
        self._described = described
        self._identified = identified

    @property
    def changed_since(self) -> int:
        """The number of entries, so far, that are no longer as the snapshot has them."""
        return self._described.changed_since

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[Described]]:
        """Answer the requests in their order; see :class:`~..interface.Tree`."""
        requests = list(wanted)
        answers = zip(self._described.read(requests), self._identified.read(requests), strict=True)
        for described, identified in answers:
            yield _merge(described, identified)

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, in descending order; see :class:`~..interface.Tree`."""
        return self._described.names(directory)


def _merge(described: Iterable[Described], identified: Iterable[Described]) -> Iterator[Described]:
    """Yield the described entries, with ids. Both arguments are in descending order of names."""
    identities = (
        pair
        for entries in identified
        for pair in zip(entries.names, entries.described, strict=True)
    )
    identity_name, identity = next(identities, ("", None))
    for entries in described:
        merged: list[Description] = []
        for name, description in zip(entries.names, entries.described, strict=True):
            while identity_name > name:
                identity_name, identity = next(identities, ("", None))
            known = identity if identity_name == name else None
            merged.append(_with_identity(description, known))
        yield from divide_descriptions(entries.names, merged)


def _with_identity(description: Description, known: Description | None) -> Description:
    if isinstance(description, ReadFailure) or not isinstance(known, Attributes):
        return description
    shown = (description.kind, description.size, description.mtime)
    if shown != (known.kind, known.size, known.mtime):
        return description  # the live share changed after the snapshot
    return replace(description, id=known.id, revision=known.revision)
