"""What is known of a directory that was listed, for those who work on a part of it."""

from collections.abc import Mapping

from qumulo_changelist.changes.key import CREATED, DELETED
from qumulo_changelist.planning.division import Child, Known
from qumulo_changelist.planning.listing import Listed
from qumulo_changelist.trees.interface import KnownListing


class ListedKnowledge:
    """Implements :class:`~qumulo_changelist.planning.division.Knowledge`.

    Args:
        listed: the directory as each tree has it, as far as it was listed, by what happened to it:
            ``CREATED`` or ``DELETED``.
    """

    def __init__(self, listed: Mapping[str, Listed]) -> None:
        self._newer = listed.get(CREATED)
        self._older = listed.get(DELETED)
        self.entries = sum(each.entries for each in listed.values())

    def of(self, children: list[Child]) -> Known:
        """Return what is known of children; see ``Knowledge``."""
        newer = [(child.name, child.newer) for child in children if child.newer]
        older = [(child.name, child.older) for child in children if child.older]
        return Known(_known(self._newer, newer), _known(self._older, older))


def _known(listed: Listed | None, some: list[tuple[str, str]]) -> KnownListing | None:
    if not listed:
        return None
    return listed.known([name for name, _ in some], [record for _, record in some])
