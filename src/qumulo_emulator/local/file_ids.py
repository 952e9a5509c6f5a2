"""File ids: stable while an object lives, wherever it is moved, and never given to another one."""

import threading
from collections.abc import Iterable
from typing import NamedTuple

from qumulo_emulator.local.entry_stat import EntryStat
from qumulo_emulator.model import ROOT_ID


class Known(NamedTuple):
    """An id that was given out, to the object that had this inode and this life."""

    device: int
    inode: int
    life: bytes
    id: int


class FileIds:
    """Gives out ids, and gives the same one as long as the object lives.

    May be used by many threads at once.
    """

    def __init__(self, root: EntryStat, known: Iterable[Known] = ()) -> None:
        self._lock = threading.Lock()
        self._known = {(one.device, one.inode): (one.life, one.id) for one in known}
        self._last = max((number for _, number in self._known.values()), default=ROOT_ID)
        self._root = root.inode
        self._new: list[Known] = []

    def of(self, facts: EntryStat) -> int:
        """The id of the object with these facts."""
        if facts.inode == self._root:
            return ROOT_ID
        with self._lock:
            life, number = self._known.get(facts.inode, (b"", 0))
            if life == facts.life:
                return number
            self._last += 1
            self._known[facts.inode] = (facts.life, self._last)
            self._new.append(Known(*facts.inode, facts.life, self._last))
            return self._last

    def given(self, number: int) -> bool:
        """Whether this id was ever given to anything."""
        return ROOT_ID <= number <= self._last

    def pop_new(self) -> list[Known]:
        """The ids given out since this was last asked, for whoever keeps them."""
        with self._lock:
            new, self._new = self._new, []
        return new
