"""A walk through a snapshot that requests directories before it reaches them."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future

from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.model import Description
from qumulo_changelist.trees.interface import Described
from qumulo_changelist.trees.parts import divide_descriptions
from qumulo_changelist.trees.walk import DirectoryListing, walk
from qumulo_changelist.waiting import result_of

PendingPages = Future[Iterator[DirectoryPage]]


class WalkAhead:
    """A walk through everything below a directory; its first requests are sent at once.

    Args:
        request: begins to read a directory.
        max_ahead: the number of directories that are requested before the walk reaches them.
        top: the directory.
    """

    def __init__(self, request: Callable[[str], PendingPages], max_ahead: int, top: str) -> None:
        self._request = request
        self._max_ahead = max_ahead
        self._top = top
        self._upcoming = [top]
        """The known directories that the walk has not entered yet; the next one is last."""
        self._pending: dict[str, PendingPages] = {}
        self._request_upcoming()

    def entries(self) -> Iterator[Described]:
        """Yield everything below the directory."""
        return walk(self._top, self._list)

    def _list(self, directory: str) -> DirectoryListing:
        # Nothing was requested after a directory that could not be listed.
        self._request_upcoming()
        self._upcoming.pop()
        entries: dict[str, Description] = {}
        for page in result_of(self._pending.pop(directory)):
            entries.update(page.entries)
        names = sorted([directory + entry for entry in entries])
        self._upcoming += [name for name in names if name.endswith("/")]
        self._request_upcoming()
        names.reverse()
        start = len(directory)

        def describe(some: list[str]) -> Iterator[Described]:
            return divide_descriptions(some, [entries[name[start:]] for name in some])

        return DirectoryListing(names, describe)

    def _request_upcoming(self) -> None:
        for directory in reversed(self._upcoming[-self._max_ahead :]):
            # The next directory in any case. The limit is for the others, on all levels together.
            if directory not in self._pending and (
                len(self._pending) < self._max_ahead or directory == self._upcoming[-1]
            ):
                self._pending[directory] = self._request(directory)
