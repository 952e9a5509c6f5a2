"""The cluster's counts of directories of a snapshot, asked for before they are needed."""

from collections import deque
from collections.abc import Callable

from qumulo_changelist.cluster.interface import DirectoryCounts, SnapshotReader
from qumulo_changelist.errors import ChangelistError, UnreadableError
from qumulo_changelist.pending import Pending

PendingCounts = Pending[DirectoryCounts | None]

# Further ones wait, so that other requests, such as for a page of the diff, have connections.
_AT_ONCE = 32


class SnapshotCounts:
    """Asks for counts, several at once. What is not known is None, and never ends a run.

    Args:
        reader: the cluster.
        snapshot: the snapshot's id.
        path: returns the path of a directory on the cluster, by its name.
    """

    def __init__(self, reader: SnapshotReader, snapshot: int, path: Callable[[str], str]) -> None:
        self._reader = reader
        self._snapshot = snapshot
        self._path = path
        self._asked: deque[PendingCounts] = deque(maxlen=_AT_ONCE)
        self._is_silent = False

    def ask(self, directory: str, most_named: int = 0) -> PendingCounts:
        """Ask how much is in a directory.

        Args:
            directory: its name.
            most_named: the number of its entries that are wanted with counts of their own.
        """
        before = self._asked[0] if len(self._asked) == _AT_ONCE else None
        asked = self._reader.start(self._ask(before, directory, most_named))
        self._asked.append(asked)
        return asked

    async def _ask(
        self, before: PendingCounts | None, directory: str, most_named: int
    ) -> DirectoryCounts | None:
        if before:
            await before
        if self._is_silent:
            return None
        try:
            return await self._reader.count(self._path(directory), self._snapshot, most_named)
        except UnreadableError:
            return None
        except ChangelistError:
            # This is not about the directory: other answers would not be better.
            self._is_silent = True
            return None
