"""Snapshot 7 of a cluster that needs no server, for trees that are read from a cluster."""

import threading
from collections.abc import AsyncGenerator, Container, Coroutine
from typing import Any, TypeVar

from qumulo_changelist.cluster.interface import DirectoryCounts, DirectoryPage
from qumulo_changelist.columns import NO_FILES
from qumulo_changelist.errors import AbsentError
from qumulo_changelist.model import Attributes, Description, Kind
from qumulo_changelist.pending import Pending, Work

T = TypeVar("T")

SNAPSHOT = 7
BASE = "/proj"

TIMEOUT = 30
"""Seconds after which a wait fails its test."""


class FakeSnapshot:
    """Implements ``SnapshotReader`` and ``SubtreeReader``, and records the requests.

    As a ``SnapshotReader`` it answers one request after the other, and only while one is waited
    for: the first one first, or the last one first.

    The size of a file is the number in its name, so that answers can be told apart.
    """

    def __init__(self, page_size: int = 3) -> None:
        self.entries: dict[str, list[str]] = {BASE: []}
        """The names in each directory, by its path on the cluster."""
        self.page_size = page_size
        self.requests: list[str] = []
        self.first_page_limits: list[int] = []
        self.errors: dict[str, Exception] = {}
        """What a request raises."""
        self.most_named = 1000
        """The number of entries of a directory that it names with counts at most."""
        self.idle_seconds = 0.0
        self.answers_last_first = False
        self.unanswered: list[Pending[None]] = []
        """The requests that are not answered yet."""
        self.most_unanswered = 0
        self.open_listings = 0
        self.closed = threading.Event()
        self._requested = threading.Condition()

    def put(self, *names: str) -> None:
        """Make files, directories (names that end in ``/``), and the directories above them."""
        for name in names:
            path = BASE
            for component in name.removesuffix("/").split("/")[1:]:
                is_directory = f"{path}/{component}" != f"{BASE}{name}"
                entry = f"{component}/" if is_directory else component
                if entry not in self.entries.setdefault(path, []):
                    self.entries[path].append(entry)
                path = f"{path}/{component}"
            if name.endswith("/"):
                self.entries.setdefault(path, [])

    def start(self, work: Coroutine[Pending[Any], None, T]) -> Pending[T]:
        started = Work[T](self._drive, work)
        started.advance()
        return started

    async def describe(self, path: str, snapshot: int) -> Description:
        await self._send(f"describe {path}", snapshot)
        directory, _, name = path.rpartition("/")
        if f"{name}/" in self.entries.get(directory, ()) or path == BASE:
            return Attributes(Kind.DIRECTORY)
        if name not in self.entries.get(directory, ()):
            raise AbsentError("not there")
        return attributes_of(name)

    async def pages(
        self,
        directory: str,
        snapshot: int,
        limit: int = 0,
        wanted: Container[str] | None = None,
        *,
        identities_only: bool = False,
    ) -> AsyncGenerator[DirectoryPage, None]:
        await self._send(f"list {directory}", snapshot)
        entries = self._entries_of(directory)
        self.first_page_limits.append(limit)
        self.open_listings += 1
        try:
            begin, size = 0, min(limit or self.page_size, self.page_size)
            while begin < len(entries) or begin == 0:
                if begin:
                    await self._send(f"more of {directory}", snapshot)
                page = entries[begin : begin + size]
                described: dict[str, Description] = {
                    name: attributes_of(name)
                    for name in page
                    if wanted is None or name.removesuffix("/") in wanted
                }
                yield DirectoryPage(len(entries), len(page), [], NO_FILES, described)
                begin, size = begin + size, self.page_size
        finally:
            self.open_listings -= 1

    async def count(self, directory: str, snapshot: int, most_named: int = 0) -> DirectoryCounts:
        await self._send(f"count {directory}", snapshot)
        if directory not in self.entries:
            return DirectoryCounts()
        below = len(self.walk_names(directory))
        named = {
            name: 1 + len(self.walk_names(f"{directory.removesuffix('/')}/{name}".rstrip("/")))
            for name in self.entries[directory]
        }
        largest = sorted(named, key=lambda name: -named[name])[: min(most_named, self.most_named)]
        return DirectoryCounts(1 + below, {name: named[name] for name in largest})

    def walk_names(self, path: str) -> list[str]:
        """Return the paths of everything below a directory or a file."""
        found, directories = [], [path]
        while directories:
            directory = directories.pop().rstrip("/")
            below = [f"{directory}/{name}" for name in self.entries.get(directory or "/", ())]
            found += below
            directories += [name for name in below if name.endswith("/")]
        return found

    def directory(self, path: str, snapshot: int) -> dict[str, Description]:
        self._record(f"directory {path}", snapshot)
        return {name.removesuffix("/"): attributes_of(name) for name in self._entries_of(path)}

    def walk(self, path: str, snapshot: int) -> dict[str, Description]:
        self._record(f"walk {path}", snapshot)
        found: dict[str, Description] = {}
        directories = [path]
        while directories:
            directory = directories.pop()
            for name in self._entries_of(directory):
                below = f"{directory.removesuffix('/')}/{name}"
                found[below] = attributes_of(name)
                if name.endswith("/"):
                    directories.append(below.removesuffix("/"))
        return found

    def close(self) -> None:
        self.closed.set()

    def wait_for(self, request: str) -> None:
        """Wait until a request was made."""
        with self._requested:
            assert self._requested.wait_for(lambda: request in self.requests, TIMEOUT)

    def _entries_of(self, directory: str) -> list[str]:
        if directory not in self.entries:
            raise AbsentError("no such directory")
        return self.entries[directory]

    async def _send(self, request: str, snapshot: int) -> None:
        answered = Pending[None](self._drive)
        self.unanswered.append(answered)
        self.most_unanswered = max(self.most_unanswered, len(self.unanswered))
        self._record(request, snapshot)
        await answered

    def _drive(self, wanted: Pending[Any]) -> None:
        while not wanted.is_done:
            self.unanswered.pop(-1 if self.answers_last_first else 0).finish(None)

    def _record(self, request: str, snapshot: int) -> None:
        assert snapshot == SNAPSHOT
        with self._requested:
            self.requests.append(request)
            self._requested.notify_all()
        if request in self.errors:
            raise self.errors[request]


def attributes_of(name: str) -> Attributes:
    return (
        Attributes(Kind.DIRECTORY) if name.endswith("/") else Attributes(Kind.FILE, size_in(name))
    )


def size_in(name: str) -> int:
    """Return the number in the last component of a file's name."""
    return int("".join(filter(str.isdigit, name.rpartition("/")[2])) or 0)
