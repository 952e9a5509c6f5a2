"""A snapshot on a cluster that answers with whole directories and trees, such as through ``qq``.

Every query is expensive, however little it asks for, so several are under way at once.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import groupby

from msgspec.structs import replace

from qumulo_changelist.bounds import EVERYTHING, Bounds
from qumulo_changelist.cluster.interface import SubtreeReader, check_unicode
from qumulo_changelist.errors import AbsentError, UnreadableError
from qumulo_changelist.machine.waiting import result_of
from qumulo_changelist.model import Attributes, Description, Kind, ReadFailure
from qumulo_changelist.names import parent_of
from qumulo_changelist.snapshot_paths import SnapshotPaths
from qumulo_changelist.trees.interface import NOT_READ, Described, Subtree, TreeRequest
from qumulo_changelist.trees.parts import divide_descriptions
from qumulo_changelist.trees.requests import directory_of, names_by_directory

Query = Subtree | str
"""What is asked at once: everything below a directory, or entries of the directory of this name."""
Answer = dict[str, Description]

# While this number of entries has been received and not read, nothing more is asked ahead.
_MAX_UNREAD = 100_000


class QqTree:
    """Implements :class:`~qumulo_changelist.trees.interface.Tree`; no owners, no access times.

    A query that the cluster cannot answer at all ends the run: it raises a ``ChangelistError``.

    Args:
        cluster: the cluster, which is closed with the tree.
        snapshot: the snapshot's id.
        paths: where the snapshot has what a name refers to.
        processes_at_once: the number of queries that are under way at the same time.
    """

    changed_since = 0
    """A snapshot cannot change."""

    def __init__(
        self,
        cluster: SubtreeReader,
        snapshot: int,
        paths: SnapshotPaths,
        processes_at_once: int = 1,
    ) -> None:
        self._cluster = cluster
        self._snapshot = snapshot
        self._path = paths.path
        self._at_once = processes_at_once
        self._threads = ThreadPoolExecutor(processes_at_once, "snapshot")

    def __enter__(self) -> "QqTree":
        return self

    def __exit__(self, *_: object) -> None:
        # In this order: the threads wait for the cluster's answers.
        self._cluster.close()
        self._threads.shutdown(cancel_futures=True)

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[Described]]:
        """Answer the requests in their order; see :class:`~..interface.Tree`."""
        requests = list(wanted)
        names = names_by_directory(requests)

        def submit(query: Query) -> Future[Answer]:
            if isinstance(query, Subtree):
                return self._threads.submit(self._read_subtree, query)
            return self._threads.submit(self._describe, query, names[query])

        ahead = _QueriesAhead(submit, dict.fromkeys(map(_query_for, requests)), self._at_once)
        described: dict[str, Answer] = {}
        try:
            for request in requests:
                if isinstance(request, Subtree):
                    yield _in_order(ahead.answer(_query_for(request)))
                    continue
                directory = directory_of(request)
                if directory not in described:
                    described[directory] = ahead.answer(directory)
                descriptions = [described[directory][name] for name in request.names]
                yield divide_descriptions(request.names, descriptions)
        finally:
            ahead.cancel()

    def names(self, directory: str) -> list[str]:
        """Return the names in a directory, in descending order; see :class:`~..interface.Tree`."""
        path = self._path(directory)
        check_unicode(path)
        entries = self._cluster.directory(path, self._snapshot)
        names = [name + "/" * _is_directory(known) for name, known in entries.items()]
        return sorted([directory + name for name in names], reverse=True)

    def _describe(self, directory: str, names: list[str]) -> Answer:
        """Describe entries of one directory; none exists if the directory does not."""
        path = self._path(directory)
        try:
            check_unicode(path)
            entries = self._cluster.directory(path, self._snapshot)
        except AbsentError:
            entries = {}
        except UnreadableError as error:
            return dict.fromkeys(names, ReadFailure(str(error)))
        absent = ReadFailure(f"snapshot {self._snapshot} does not hold it")
        start = len(directory)
        return {name: entries.get(name[start:].removesuffix("/"), absent) for name in names}

    def _read_subtree(self, query: Subtree) -> Answer:
        """Return what is below a directory by name; the directory itself if it is unreadable."""
        path = self._path(query.directory)
        try:
            check_unicode(path)
            if query.bounds.reaches_into(query.directory):
                return self._walk(query, path)
            self._cluster.directory(path, self._snapshot)
        except UnreadableError as error:
            return {query.directory: ReadFailure(str(error))}
        return {}

    def _walk(self, query: Subtree, path: str) -> Answer:
        entries = self._cluster.walk(path, self._snapshot)
        start = len(path.removesuffix("/")) + 1
        answer = {query.directory + below[start:]: known for below, known in entries.items()}
        # A walk through qq cannot be told what to leave out.
        if query.filters.exclude:
            find_excluded = query.filters.excluded_directory
            answer = {
                name: NOT_READ if name == excluded else known
                for name, known in answer.items()
                if (excluded := find_excluded(name)) in ("", name)
            }
        if query.bounds != EVERYTHING:
            answer = {
                name: known
                for name, known in answer.items()
                if query.bounds.includes(name) or _matters(query.bounds, name, known)
            }
        return answer


class _QueriesAhead:
    """Queries that are answered in order, and partly sent before their answers are wanted.

    Args:
        submit: sends a query.
        queries: all queries.
        at_once: the number of queries that are under way at the same time.
    """

    def __init__(
        self,
        submit: Callable[[Query], Future[Answer]],
        queries: Iterable[Query],
        at_once: int,
    ) -> None:
        self._submit = submit
        self._upcoming = deque(queries)
        self._at_once = at_once
        self._pending: dict[Query, Future[Answer]] = {}

    def answer(self, query: Query) -> Answer:
        """Wait for the answer to the next query, and return it."""
        while self._upcoming and (query not in self._pending or self._has_room()):
            upcoming = self._upcoming.popleft()
            self._pending[upcoming] = self._submit(upcoming)
        return result_of(self._pending.pop(query))

    def cancel(self) -> None:
        """Cancel the queries that are not under way yet."""
        for pending in self._pending.values():
            pending.cancel()

    def _has_room(self) -> bool:
        answered = [future for future in self._pending.values() if future.done()]
        unread = sum(len(future.result()) for future in answered if not future.exception())
        return len(self._pending) < self._at_once and unread < _MAX_UNREAD


def _in_order(entries: Answer) -> Iterator[Described]:
    names = sorted(entries, reverse=True)
    for _, group in groupby(names, _group_of):
        some = list(group)
        yield from divide_descriptions(some, [entries[name] for name in some])


def _group_of(name: str) -> tuple[str, str]:
    """Return what differs for entries that are not yielded together."""
    return (name, "") if name.endswith("/") else ("", parent_of(name))


def _query_for(request: TreeRequest) -> Query:
    if isinstance(request, Subtree):
        # What is known of one directory does not help a walk of all of them.
        return replace(request, known=None)
    return directory_of(request)


def _matters(bounds: Bounds, name: str, known: Description) -> bool:
    """Return whether a failure is perhaps that of a directory with names in bounds."""
    return isinstance(known, ReadFailure) and bounds.reaches_into(name.removesuffix("/") + "/")


def _is_directory(known: Description) -> bool:
    return isinstance(known, Attributes) and known.kind is Kind.DIRECTORY
