"""A snapshot, asked of the cluster: exact, whatever happened on the share since.

Requests go side by side, some wishes ahead of the answer that is being given.
"""

import contextlib
import functools
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from qumulo_changelist.cluster.interface import Page, SnapshotReader
from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.location import Location
from qumulo_changelist.model import Described, Unreadable
from qumulo_changelist.trees.interface import All, Found, Some, Wanted, directory_of
from qumulo_changelist.trees.walk import Listing, walk
from qumulo_changelist.waiting import result_of

# What so many entries of a page cost is what one more request costs (docs/performance.md).
_ENTRIES_FOR_A_REQUEST = 100

# The first page tells how many entries there are. Asked for no larger than so many times what is
# wanted, it costs little where it then turns out to be better to ask for single entries.
_FIRST_PAGE = 4

Answer = Callable[[], Iterable[Found]]
Asked = Future[dict[str, Described | Future[Described]]]


class SnapshotTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree`.

    What the cluster cannot answer at all ends the run: it raises a ``ChangelistError``.

    Args:
        reader: the cluster.
        snapshot: the snapshot's id.
        location: where the snapshot has the base path.
        side_by_side: so many requests are under way at once.
    """

    moved_on = 0
    """A snapshot stands still."""

    def __init__(
        self, reader: SnapshotReader, snapshot: int, location: Location, side_by_side: int = 16
    ) -> None:
        self._reader = reader
        self._snapshot = snapshot
        self._path = location.path
        self._ahead = side_by_side
        self._threads = ThreadPoolExecutor(side_by_side, "snapshot")

    def __enter__(self) -> "SnapshotTree":
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def read(self, wanted: Iterable[Wanted]) -> Iterator[Iterable[Found]]:
        """Answer each wish in turn; see :class:`~..interface.Tree`."""
        wishes = list(wanted)
        # What is wished of one directory is asked for together, even if other wishes lie between.
        together: dict[str, list[str]] = {}
        for wish in wishes:
            if isinstance(wish, Some):
                together.setdefault(directory_of(wish.names[0]), []).extend(wish.names)
        asked: dict[str, Asked] = {}
        answers: deque[Answer] = deque()
        for wish in wishes:
            if isinstance(wish, All):
                walk_ahead = _Walk(self._submit_pages, self._ahead, wish.directory)
                answers.append(walk_ahead.found)
            else:
                directory = directory_of(wish.names[0])
                if directory not in asked:
                    asked[directory] = self._threads.submit(self._describe, together[directory])
                answers.append(functools.partial(_found, wish, asked[directory]))
            if len(answers) > self._ahead:
                yield answers.popleft()()
        while answers:
            yield answers.popleft()()

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, descending; see :class:`~..interface.Tree`."""
        entries = {entry for page in self._begin_pages(directory) for entry in page.entries}
        return sorted([directory + entry for entry in entries], reverse=True)

    def _describe(self, names: list[str]) -> dict[str, Described | Future[Described]]:
        """Describe entries of one directory, by listing it or one by one, whichever costs less."""
        if len(names) == 1:
            return {names[0]: self._describe_one(names[0])}
        directory = directory_of(names[0])
        wanted = {name[len(directory) :].removesuffix("/"): name for name in names}
        known: dict[str, Described | Future[Described]] = {}
        listed = 0
        pages = self._reader.pages(
            self._path(directory), self._snapshot, len(names) * _FIRST_PAGE, wanted
        )
        with contextlib.suppress(UnreadableError), contextlib.closing(pages):
            for page in pages:
                for entry, described in page.entries.items():
                    known[wanted[entry.removesuffix("/")]] = described
                listed += page.listed
                missing = len(names) - len(known)
                if missing * _ENTRIES_FOR_A_REQUEST < page.children - listed:
                    break
        # What was not met is asked for by itself, if only to learn why it is not there.
        for name in names:
            if name not in known:
                known[name] = self._threads.submit(self._describe_one, name)
        return known

    def _describe_one(self, name: str) -> Described:
        try:
            return self._reader.describe(self._path(name), self._snapshot)
        except UnreadableError as error:
            return Unreadable(str(error))

    def _submit_pages(self, directory: str) -> Future[Iterator[Page]]:
        return self._threads.submit(self._begin_pages, directory)

    def _begin_pages(self, directory: str) -> Iterator[Page]:
        """Read the first page of a directory; the others are read when they are wanted."""
        pages = self._reader.pages(self._path(directory), self._snapshot)
        return itertools.chain(list(itertools.islice(pages, 1)), pages)


class _Walk:
    """A walk that asks for the directories that come next before it gets there."""

    def __init__(
        self, begin: Callable[[str], Future[Iterator[Page]]], ahead: int, top: str
    ) -> None:
        self._begin = begin
        self._ahead = ahead
        self._top = top
        self._coming = [top]
        """The directories that were met and not yet entered, the next one last."""
        self._begun: dict[str, Future[Iterator[Page]]] = {}
        self._look_ahead()

    def found(self) -> Iterator[Found]:
        """Yield all that is below the top."""
        return walk(self._top, self._listing)

    def _listing(self, directory: str) -> Listing:
        # After a directory that could not be listed, nobody asked for the next ones.
        self._look_ahead()
        self._coming.pop()
        entries: dict[str, Described] = {}
        for page in result_of(self._begun.pop(directory)):
            entries.update(page.entries)
        names = sorted([directory + entry for entry in entries])
        self._coming += [name for name in names if name.endswith("/")]
        self._look_ahead()
        names.reverse()
        cut = len(directory)
        return Listing(names, lambda some: [entries[name[cut:]] for name in some])

    def _look_ahead(self) -> None:
        for directory in reversed(self._coming[-self._ahead :]):
            # The next one in any case; of the others no more than said are held, however deep.
            if directory not in self._begun and (
                len(self._begun) < self._ahead or directory == self._coming[-1]
            ):
                self._begun[directory] = self._begin(directory)


def _found(wish: Some, asked: "Asked") -> Iterable[Found]:
    described = result_of(asked)
    return (Found(wish.names, [_awaited(described[name]) for name in wish.names]),)


def _awaited(described: Described | Future[Described]) -> Described:
    return result_of(described) if isinstance(described, Future) else described
