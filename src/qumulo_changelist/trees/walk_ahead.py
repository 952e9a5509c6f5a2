"""A walk through a snapshot that requests directories before it reaches them."""

from collections.abc import Callable, Iterator

from qumulo_changelist.bounds import EVERYTHING
from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.pending import Pending
from qumulo_changelist.trees.ahead import Ahead
from qumulo_changelist.trees.interface import Described, Subtree
from qumulo_changelist.trees.listed import ListedDirectory
from qumulo_changelist.trees.walk import DirectoryListing, walk

PendingPages = Pending[Iterator[DirectoryPage]]


class WalkAhead:
    """A walk through everything below a directory; its first requests are sent at once.

    Args:
        request: begins to read a directory.
        ahead: how many directories are requested before the walk reaches them.
        subtree: the directory. What is excluded or out of bounds is not requested.
    """

    def __init__(
        self,
        request: Callable[[str], PendingPages],
        ahead: Ahead,
        subtree: Subtree,
    ) -> None:
        self._request = request
        self._ahead = ahead
        self._subtree = subtree
        self._known: dict[str, DirectoryPage] = {}
        """What is known of a directory that is not requested."""
        if subtree.known and subtree.known.page:
            self._known[subtree.known.directory] = subtree.known.page
        self._upcoming = [subtree.directory]
        """The directories that the walk has not entered yet; the next one is last."""
        self._pending: dict[str, PendingPages] = {}
        self._request_upcoming()

    def entries(self) -> Iterator[Described]:
        """Yield everything below the directory."""
        return walk(self._subtree, self._list)

    def _list(self, directory: str) -> DirectoryListing:
        # Nothing was requested after a directory that could not be listed.
        self._request_upcoming()
        self._upcoming.pop()
        listed = ListedDirectory(directory)
        if directory in self._known:
            listed.add(self._known[directory])
        else:
            listed.add_all(self._pending.pop(directory).result())
            self._ahead.count_answer(len(listed))
        names = self._within_bounds(listed)
        is_excluded = self._subtree.filters.excludes
        self._upcoming += [
            name for name in reversed(names) if name[-1] == "/" and not is_excluded(name)
        ]
        self._request_upcoming()
        return DirectoryListing(names, listed.describe)

    def _within_bounds(self, listed: ListedDirectory) -> list[str]:
        """Return the names that are to be described, or walked."""
        bounds = self._subtree.bounds
        names = bounds.select(listed.names)
        if bounds != EVERYTHING:
            # These are beginnings of the lower bound, and so they come last.
            names += [name for name in listed.unknown(bounds) if not bounds.includes(name)]
        return names

    def _request_upcoming(self) -> None:
        limit = self._ahead.limit
        for directory in reversed(self._upcoming[-limit:]):
            # The next directory in any case. The limit is for the others, on all levels together.
            if directory in self._pending or directory in self._known:
                continue
            if len(self._pending) < limit or directory == self._upcoming[-1]:
                self._pending[directory] = self._request(directory)
