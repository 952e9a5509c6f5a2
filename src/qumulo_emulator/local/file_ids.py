"""File ids: an object keeps its id wherever it is moved, and no other object ever gets that id."""

import threading
from collections.abc import Iterable, Iterator

from qumulo_emulator import clock
from qumulo_emulator.model import ROOT_ID, IdRecord

_UNKNOWN = b"", 0
# Of the times on a disk, at most.
_COARSENESS = 3 * clock.SECOND


class FileIds:
    """Issues ids, the same id for as long as the object exists. Thread-safe.

    Args:
        root: the device and inode number of the cluster's root, which has a fixed id.
        known: the ids that were issued before.
    """

    def __init__(self, root: tuple[int, int], known: Iterable[IdRecord] = ()) -> None:
        self._lock = threading.Lock()
        self._known = {(record.device, record.inode): (record.life, record.id) for record in known}
        self._last = max((number for _, number in self._known.values()), default=ROOT_ID)
        self._root = root
        self._new: list[tuple[int, int]] = []
        # Times of birth that are long ago, and the ids of the objects that they identify.
        self._sure: dict[tuple[int, int], tuple[int, int]] = {}

    def id_by_birth(self, inode: tuple[int, int], born: int) -> int | None:
        """Return the id of an object, if its time of birth is enough to know it; else None.

        An object that gets the same inode number later is born later, by more than the
        coarseness of any disk's times. So nothing else is to be asked for.

        Args:
            inode: its device and inode number, which identify it while it exists.
            born: its time of birth, in nanoseconds since the epoch.
        """
        sure = self._sure.get(inode)
        if sure is not None and sure[0] == born:
            return sure[1]
        if not _is_old(born):
            return None
        life, (known, number) = _life(born), self._known.get(inode, _UNKNOWN)
        if known != life:
            if number:
                return None
            number = self.id_of(inode, life)
        self._sure[inode] = (born, number)
        return number

    def id_of(self, inode: tuple[int, int], life: bytes, born: int | None = None) -> int:
        """Return the id of an object; a new object gets a new id.

        Args:
            inode: its device and inode number, which identify it while it exists.
            life: distinguishes it from earlier objects with the same inode number.
            born: its time of birth, if it is known.
        """
        if inode == self._root:
            return ROOT_ID
        with self._lock:
            known, number = self._known.get(inode, _UNKNOWN)
            if known != life:
                self._last = number = self._last + 1
                self._known[inode] = (life, number)
                self._new.append(inode)
        if born is not None and _is_old(born):
            self._sure[inode] = (born, number)
        return number

    def was_issued(self, number: int) -> bool:
        """Return whether this id was ever issued."""
        return ROOT_ID <= number <= self._last

    def pop_new(self) -> Iterator[IdRecord]:
        """Return the ids that were issued since the last call."""
        with self._lock:
            new, self._new = self._new, []
        # Where an inode number was used twice meanwhile, only the later object can come back.
        return (IdRecord(*inode, *self._known[inode]) for inode in new)


def _life(born: int) -> bytes:
    return str(born).encode()


def _is_old(born: int) -> bool:
    return born < clock.now() - _COARSENESS
