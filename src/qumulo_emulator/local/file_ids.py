"""File ids: an object keeps its id wherever it is moved, and no other object ever gets that id."""

import threading
from collections.abc import Iterable, Iterator

from qumulo_emulator.model import ROOT_ID, IdRecord

_UNKNOWN = b"", 0


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

    def id_of(self, inode: tuple[int, int], life: bytes) -> int:
        """Return the id of an object; a new object gets a new id.

        Args:
            inode: its device and inode number, which identify it while it exists.
            life: distinguishes it from earlier objects with the same inode number.
        """
        if inode == self._root:
            return ROOT_ID
        # Nearly always it is known, and looking it up needs no lock.
        known, number = self._known.get(inode, _UNKNOWN)
        if known == life:
            return number
        with self._lock:
            known, number = self._known.get(inode, _UNKNOWN)
            if known == life:
                return number
            self._last += 1
            self._known[inode] = (life, self._last)
            self._new.append(inode)
            return self._last

    def was_issued(self, number: int) -> bool:
        """Return whether this id was ever issued."""
        return ROOT_ID <= number <= self._last

    def pop_new(self) -> Iterator[IdRecord]:
        """Return the ids that were issued since the last call."""
        with self._lock:
            new, self._new = self._new, []
        # Where an inode number was used twice meanwhile, only the later object can come back.
        return (IdRecord(*inode, *self._known[inode]) for inode in new)
