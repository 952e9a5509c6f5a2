"""A snapshot, asked of the cluster: exact, whatever happened on the share since.

Requests go side by side, some wishes ahead of the answer that is being given.
"""

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from qumulo_changelist.cluster.interface import Page, SnapshotReader
from qumulo_changelist.errors import UnreadableError
from qumulo_changelist.model import Attributes, Described, Unreadable
from qumulo_changelist.trees.interface import All, Found, Wanted, directory_of
from qumulo_changelist.trees.walk import Listing, walk

# What a page of a directory costs, in requests for single entries: itself, and so many of its
# entries for one more (measured, see docs/performance.md).
_ENTRIES_FOR_A_REQUEST = 20

_NOT_HELD = "the snapshot does not hold it"

Answer = Callable[[], Iterable[Found]]


class SnapshotTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree`.

    What the cluster cannot answer at all ends the run: it raises a ``ChangelistError``.

    Args:
        reader: the cluster.
        snapshot: the snapshot's id.
        base: the base path.
        side_by_side: so many requests are under way at once.
    """

    def __init__(
        self, reader: SnapshotReader, snapshot: int, base: str, side_by_side: int = 16
    ) -> None:
        self._reader = reader
        self._snapshot = snapshot
        self._base = base.removesuffix("/")
        self._ahead = side_by_side
        self._threads = ThreadPoolExecutor(side_by_side, "snapshot")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def read(self, wanted: Iterable[Wanted]) -> Iterator[Iterable[Found]]:
        """Answer each wish in turn; see :class:`~..interface.Tree`."""
        answers: deque[Answer] = deque()
        for wish in wanted:
            answers.append(self._begin(wish))
            if len(answers) > self._ahead:
                yield answers.popleft()()
        while answers:
            yield answers.popleft()()

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, descending; see :class:`~..interface.Tree`."""
        entries = {entry for page in self._begin_pages(directory) for entry in page.entries}
        return sorted([directory + entry for entry in entries], reverse=True)

    def _begin(self, wish: Wanted) -> Answer:
        """Send what can be sent at once, and return how to wait for the rest."""
        if isinstance(wish, All):
            return _Walk(self._submit_pages, self._ahead, wish.directory).found
        names = wish.names
        if len(names) == 1:
            single = self._threads.submit(self._describe, names[0])
            return lambda: (Found(names, [single.result()]),)
        together = self._threads.submit(self._describe_together, names)
        return lambda: (Found(names, [described.result() for described in together.result()]),)

    def _describe(self, name: str) -> Described:
        try:
            return self._reader.describe(self._base + name.removesuffix("/") or "/", self._snapshot)
        except UnreadableError as error:
            return Unreadable(str(error))

    def _describe_together(self, names: list[str]) -> list[Future[Described]]:
        """Describe entries of one directory, by listing it or one by one, whichever costs less.

        The first page tells how much there is to list; it is asked for no larger than what it
        costs to ask for the entries instead.
        """
        directory = directory_of(names[0])
        wanted = {name[len(directory) :].removesuffix("/"): name for name in names}
        known: dict[str, Described] = {}
        listed = 0
        first = len(names) * _ENTRIES_FOR_A_REQUEST
        with contextlib.suppress(UnreadableError), self._pages(directory, first) as pages:
            for page in pages:
                listed += len(page.entries)
                for entry, described in page.entries.items():
                    if name := wanted.get(entry.removesuffix("/")):
                        known[name] = described
                missing = len(names) - len(known)
                if missing * _ENTRIES_FOR_A_REQUEST < page.children - listed:
                    break
        # What was not met is asked for by itself, if only to learn why it is not there.
        return [
            _done(known[name]) if name in known else self._threads.submit(self._describe, name)
            for name in names
        ]

    @contextlib.contextmanager
    def _pages(self, directory: str, first: int = 0) -> Iterator[Iterator[Page]]:
        path = self._base + directory.removesuffix("/") or "/"
        with contextlib.closing(self._reader.pages(path, self._snapshot, first)) as pages:
            yield pages

    def _submit_pages(self, directory: str) -> Future[Iterator[Page]]:
        return self._threads.submit(self._begin_pages, directory)

    def _begin_pages(self, directory: str) -> Iterator[Page]:
        """Read the first page of a directory; the others are read when they are wanted."""
        path = self._base + directory.removesuffix("/") or "/"
        pages = self._reader.pages(path, self._snapshot)
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
        self._coming.pop()
        entries: dict[str, Attributes] = {}
        for page in self._begun.pop(directory).result():
            entries.update(page.entries)
        names = sorted([directory + entry for entry in entries])
        self._coming += [name for name in names if name.endswith("/")]
        self._look_ahead()
        names.reverse()
        cut = len(directory)
        return Listing(names, lambda some: [entries[name[cut:]] for name in some])

    def _look_ahead(self) -> None:
        for directory in reversed(self._coming[-self._ahead :]):
            if directory not in self._begun:
                self._begun[directory] = self._begin(directory)


def _done(described: Described) -> Future[Described]:
    future: Future[Described] = Future()
    future.set_result(described)
    return future
