"""File ids: an object keeps its id wherever it is moved, and no other object ever gets that id."""

import threading
from collections.abc import Iterable

from qumulo_emulator.local.entry_stat import EntryStat
from qumulo_emulator.model import ROOT_ID, IdRecord


class FileIds:
    """Issues ids, the same id for as long as the object exists. Thread-safe.

    Args:
        root: the root of the cluster, which has a fixed id.
        known: the ids that were issued before.
    """

    def __init__(self, root: EntryStat, known: Iterable[IdRecord] = ()) -> None:
        self._lock = threading.Lock()
        self._known = {(record.device, record.inode): (record.life, record.id) for record in known}
        self._last = max((number for _, number in self._known.values()), default=ROOT_ID)
        self._root = root.inode
        self._new: list[IdRecord] = []

    def id_of(self, found: EntryStat) -> int:
        """Return the id of an object; a new object gets a new id."""
        if found.inode == self._root:
            return ROOT_ID
        with self._lock:
            life, number = self._known.get(found.inode, (b"", 0))
            if life == found.life:
                return number
            self._last += 1
            self._known[found.inode] = (found.life, self._last)
            self._new.append(IdRecord(*found.inode, found.life, self._last))
            return self._last

    def was_issued(self, number: int) -> bool:
        """Return whether this id was ever issued."""
        return ROOT_ID <= number <= self._last

    def pop_new(self) -> list[IdRecord]:
        """Return the ids that were issued since the last call."""
        with self._lock:
            new, self._new = self._new, []
        return new
