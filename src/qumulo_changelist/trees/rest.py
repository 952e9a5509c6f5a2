"""A snapshot, read over the REST API: exact, whatever happened on the share since.

Several requests are under way at once, most of them for answers that are wanted later.
"""

import contextlib
import functools
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from qumulo_changelist.cluster.interface import DirectoryPage, SnapshotReader, is_unicode
from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.model import Description, ReadFailure
from qumulo_changelist.names import parent_of
from qumulo_changelist.pending import Pending, iterate, next_of
from qumulo_changelist.snapshot_paths import SnapshotPaths
from qumulo_changelist.trees.ahead import Ahead
from qumulo_changelist.trees.interface import Described, NamedEntries, Subtree, TreeRequest
from qumulo_changelist.trees.listed import ListedDirectory
from qumulo_changelist.trees.requests import directory_of, names_by_directory
from qumulo_changelist.trees.walk_ahead import PendingPages, WalkAhead

# This number of entries on a page costs as much as one more request (docs/performance.md).
_ENTRIES_PER_REQUEST = 100

# The first page shows how many entries there are. It is at most this many times as large as the
# number of wanted entries, so that it costs little if single requests turn out to be cheaper.
_FIRST_PAGE_FACTOR = 4

Answer = Callable[[], Iterable[Described]]


class RestTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree`.

    A request that the cluster cannot answer at all ends the run: it raises a ``ChangelistError``.

    Args:
        reader: the cluster.
        snapshot: the snapshot's id.
        paths: where the snapshot has what a name refers to.
        requests_at_once: the number of requests that are under way at the same time at most.
        identities_only: whether access times, owners and groups are not needed, as of what was
            deleted.
    """

    changed_since = 0
    """A snapshot cannot change."""

    def __init__(
        self,
        reader: SnapshotReader,
        snapshot: int,
        paths: SnapshotPaths,
        requests_at_once: int,
        *,
        identities_only: bool = False,
    ) -> None:
        self._reader = reader
        self._snapshot = snapshot
        self._path = paths.path
        self._identities_only = identities_only
        self._ahead = Ahead(requests_at_once, lambda: reader.idle_seconds)

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[Described]]:
        """Answer the requests in their order; see :class:`~..interface.Tree`."""
        requests = list(wanted)
        names = names_by_directory(requests)
        pending: dict[str, Pending[_Known]] = {}
        answers: deque[Answer] = deque()
        for request in requests:
            if isinstance(request, Subtree):
                walk = WalkAhead(self._request_pages, self._ahead, request)
                answers.append(walk.entries)
            else:
                directory = directory_of(request)
                if directory not in pending:
                    pending[directory] = self._reader.start(self._describe(names[directory]))
                answers.append(functools.partial(self._answer, request, pending[directory]))
            while len(answers) >= self._ahead.limit:
                yield answers.popleft()()
        while answers:
            yield answers.popleft()()

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, in descending order; see :class:`~..interface.Tree`."""
        listed = ListedDirectory(directory)
        listed.add_all(self._request_pages(directory).result())
        return listed.names

    def _answer(self, request: NamedEntries, pending: Pending["_Known"]) -> Iterable[Described]:
        known = pending.result()
        self._ahead.count_answer(len(request.names))
        return known.listed.describe(request.names, lambda name: known.single[name].result())

    async def _describe(self, names: list[str]) -> "_Known":
        """Describe entries of one directory, by listing it or one by one, whichever costs less."""
        directory = parent_of(names[0])
        listed = ListedDirectory(directory)
        # What no request can name is known only from a list of its directory, whatever that costs.
        only_listed = [] if is_unicode("".join(names)) else [n for n in names if not is_unicode(n)]
        if len(names) > 1 or only_listed:
            await self._list_some(listed, names, only_listed)
        # An entry on no page is requested singly; if it does not exist, for the reason.
        single = {
            name: self._reader.start(self._describe_one(name)) for name in listed.missing(names)
        }
        return _Known(listed, single)

    async def _list_some(
        self, listed: ListedDirectory, names: list[str], only_listed: list[str]
    ) -> None:
        """List a directory until it costs less to request the missing entries singly.

        Args:
            listed: what was listed of the directory; it is added to.
            names: what is wanted.
            only_listed: those of the names that cannot be requested singly.
        """
        directory = parent_of(names[0])
        start, received = len(directory), 0
        wanted = {name[start:] for name in names}
        wanted |= {name[:-1] for name in wanted if name[-1] == "/"}
        pages = self._reader.pages(
            self._path(directory),
            self._snapshot,
            len(names) * _FIRST_PAGE_FACTOR,
            wanted,
            identities_only=self._identities_only,
        )
        with contextlib.suppress(UnreadableError):
            async with contextlib.aclosing(pages):
                async for page in pages:
                    listed.add(page)
                    received += page.received
                    missing = len(names) - len(listed)
                    is_enough = missing * _ENTRIES_PER_REQUEST < page.total_entries - received
                    if is_enough and not listed.missing(only_listed):
                        break

    async def _describe_one(self, name: str) -> Description:
        try:
            return await self._reader.describe(self._path(name), self._snapshot)
        except UnreadableError as error:
            return ReadFailure(str(error))

    def _request_pages(self, directory: str) -> PendingPages:
        return self._reader.start(self._read_pages(directory))

    async def _read_pages(self, directory: str) -> Iterator[DirectoryPage]:
        """Read the first page of a directory; the iterator reads the others when it needs them."""
        pages = self._reader.pages(
            self._path(directory), self._snapshot, identities_only=self._identities_only
        )
        first = await next_of(pages)
        return itertools.chain([first], iterate(self._reader.start, pages))


class _Known(NamedTuple):
    """What is known of the entries of one directory."""

    listed: ListedDirectory
    single: dict[str, Pending[Description]]
    """What was requested singly, since no page has it."""
