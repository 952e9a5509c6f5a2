"""The changes of one diff: each path once, in descending order."""

from collections.abc import Iterator
from typing import NamedTuple

from qumulo_changelist.model import Change, Op

_BITS = {Op.CREATE: 1, Op.MODIFY: 2, Op.DELETE: 4}


class Changed(NamedTuple):
    """A path, and everything that a diff says of it."""

    name: str
    created: bool
    modified: bool
    deleted: bool

    @property
    def exists(self) -> bool:
        """Tell whether the newer snapshot holds it: present wins over deleted."""
        return self.created or self.modified


class ChangeSet:
    """Collects changes as they come; the same one again changes nothing."""

    def __init__(self) -> None:
        self._happened: dict[str, int] = {}

    def add(self, change: Change) -> None:
        """Take in one change."""
        op, path = change
        self._happened[path] = self._happened.get(path, 0) | _BITS[op]

    def __len__(self) -> int:
        return len(self._happened)

    def __iter__(self) -> Iterator[Changed]:
        """Yield each path once, in descending order of its text.

        A directory's path ends in ``/``: so it comes right behind all that is below it.
        """
        for name in sorted(self._happened, reverse=True):
            bits = self._happened[name]
            yield Changed(name, bool(bits & 1), bool(bits & 2), bool(bits & 4))

    def directories(self, op: Op) -> frozenset[str]:
        """Return the directories to which ``op`` happened."""
        bit = _BITS[op]
        return frozenset(
            name for name, bits in self._happened.items() if bits & bit and name.endswith("/")
        )
