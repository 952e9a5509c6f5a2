"""A walk through a snapshot that requests directories before it reaches them."""

from collections.abc import Callable, Iterator

from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.filters.paths import NO_PATTERNS, PathFilter
from qumulo_changelist.pending import Pending
from qumulo_changelist.trees.ahead import Ahead
from qumulo_changelist.trees.interface import Described
from qumulo_changelist.trees.listed import ListedDirectory
from qumulo_changelist.trees.walk import DirectoryListing, walk

PendingPages = Pending[Iterator[DirectoryPage]]


class WalkAhead:
    """A walk through everything below a directory; its first requests are sent at once.

    Args:
        request: begins to read a directory.
        ahead: how many directories are requested before the walk reaches them.
        top: the directory.
        filters: excluded directories are not requested.
    """

    def __init__(
        self,
        request: Callable[[str], PendingPages],
        ahead: Ahead,
        top: str,
        filters: PathFilter = NO_PATTERNS,
    ) -> None:
        self._request = request
        self._filters = filters
        self._ahead = ahead
        self._top = top
        self._upcoming = [top]
        """The known directories that the walk has not entered yet; the next one is last."""
        self._pending: dict[str, PendingPages] = {}
        self._request_upcoming()

    def entries(self) -> Iterator[Described]:
        """Yield everything below the directory."""
        return walk(self._top, self._list, self._filters)

    def _list(self, directory: str) -> DirectoryListing:
        # Nothing was requested after a directory that could not be listed.
        self._request_upcoming()
        self._upcoming.pop()
        listed = ListedDirectory(directory)
        for page in self._pending.pop(directory).result():
            listed.add(page)
        self._ahead.count_answer(len(listed))
        names = listed.names
        self._upcoming += [
            name for name in reversed(names) if name[-1] == "/" and not self._filters.excludes(name)
        ]
        self._request_upcoming()
        return DirectoryListing(names, listed.describe)

    def _request_upcoming(self) -> None:
        limit = self._ahead.limit
        for directory in reversed(self._upcoming[-limit:]):
            # The next directory in any case. The limit is for the others, on all levels together.
            if directory not in self._pending and (
                len(self._pending) < limit or directory == self._upcoming[-1]
            ):
                self._pending[directory] = self._request(directory)
