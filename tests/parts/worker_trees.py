"""Trees for tests of worker processes, which open them by their sources.

They stand apart from the tests, so that no process has to import a test framework.
"""

import contextlib
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from qumulo_changelist.changes import key
from qumulo_changelist.changes.key import DELETED, MODIFIED
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.errors import MountTimeoutError
from qumulo_changelist.events import CommandStarted, Listener
from qumulo_changelist.model import Attributes, Description, Kind
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.runners.encode import CountedPieces, EntryEncoder, SidesEncoder
from qumulo_changelist.runners.job import SliceJob, SliceResult
from qumulo_changelist.trees.interface import (
    DescribedEntries,
    NamedEntries,
    TreeRequest,
    TreeSource,
    WorkerPlace,
)
from qumulo_changelist.trees.mounted import MountedTree
from qumulo_changelist.wording import count
from tests.parts.entries import content_of

# If the code under test would wait for ever, its test fails after this number of seconds.
TIMEOUT = 30

SLICES = [
    Slice.of([key.make_key(f"/{number}b", DELETED), key.make_key(f"/{number}a", MODIFIED)])
    for number in range(9, 0, -1)
]
NAMES = [name for one in SLICES for name in key.unpack(one.packed).names]

Job = SliceJob[CountedPieces]
Results = Iterable[SliceResult[CountedPieces]]


def make_job(newer: TreeSource, older: TreeSource | None = None) -> Job:
    return SliceJob(newer, older, SidesEncoder(EntryEncoder((ScanXml("1", 0),)), deletes=True))


def names_in(results: Results) -> list[str]:
    """Return the names on the list, in its order."""
    return re.findall(r'name="(.*?)"', _content(results))


def owners_in(results: Results) -> set[int]:
    """Return the ids of the processes that read a file on the list."""
    files = re.findall(r'<file .* owner="(.*?)"', _content(results))
    return set(map(int, files))


def _content(results: Results) -> str:
    return "".join(
        content_of(counted.piece).decode() for result in results for counted in result.product
    )


class OwnedTree:
    """A tree that has every name as a file; its owner is the process that reads it.

    Args:
        before: is called with the names before each answer.
    """

    changed_since = 0

    def __init__(self, before: Callable[[list[str]], object] = str) -> None:
        self._before = before
        self.owner = os.getpid()

    def read(self, wanted: Iterable[TreeRequest]) -> Iterator[Iterable[DescribedEntries]]:
        for request in wanted:
            assert isinstance(request, NamedEntries)
            self._before(request.names)
            self.changed_since += 1
            found: list[Description] = [Attributes(Kind.FILE, owner=self.owner)]
            yield [DescribedEntries(request.names, found * len(request.names))]

    def names(self, directory: str) -> list[str]:
        raise NotImplementedError


class AnySource(Struct, frozen=True):
    """A source that is the same for every worker."""

    def at(self, place: WorkerPlace) -> Any:
        return self


class Owned(AnySource, frozen=True):
    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        yield OwnedTree()


class Killed(AnySource, frozen=True):
    """Its process receives a signal while it opens the tree."""

    number: int

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        os.kill(os.getpid(), self.number)
        yield OwnedTree()


class Mistaken(AnySource, frozen=True):
    """Opening it fails in a way that nobody foresaw, with a secret in the message."""

    secret: str

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        try:
            count(3, self.secret and None)  # type: ignore[arg-type]
        except AttributeError as error:
            raise KeyError(self.secret) from error
        yield OwnedTree()


class Exited(AnySource, frozen=True):
    """Its process ends while it opens the tree."""

    code: int

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        if self.code:
            os._exit(self.code)
        yield OwnedTree()


class DiesAt(AnySource, frozen=True):
    """Its process ends when a certain name is read."""

    name: str

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        def look(names: list[str]) -> None:
            if self.name in names:
                os._exit(3)

        yield OwnedTree(look)


opened: list[str] = []
"""The names of the ``Counted`` trees that are open in this process."""


class Counted(AnySource, frozen=True):
    name: str

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        opened.append(self.name)
        yield OwnedTree()
        opened.remove(self.name)


class Stuck(AnySource, frozen=True):
    """Its process ignores SIGTERM and reports that a mount does not answer."""

    def open(self, listener: Listener) -> contextlib.AbstractContextManager[OwnedTree]:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise MountTimeoutError("no answer from the mount")


class HangingMount(AnySource, frozen=True):
    """A directory of this machine in which no lookup of a name ends."""

    path: str
    port: int
    """It connects to this port before it hangs."""
    timeout: float = 120

    def open(self, listener: Listener) -> contextlib.AbstractContextManager[MountedTree]:
        usual = os.stat

        def stat(name: Any, **options: Any) -> os.stat_result:
            if "dir_fd" in options:
                with socket.create_connection(("127.0.0.1", self.port)) as connection:
                    connection.sendall(b"%d\n" % os.getpid())
                    threading.Event().wait()
            return usual(name, **options)

        os.stat = stat  # type: ignore[assignment]
        return MountedTree(self.path, timeout=self.timeout)


class FailsToOpen(AnySource, frozen=True):
    error: object

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        if isinstance(self.error, Exception):
            raise self.error
        yield OwnedTree()


class FailsToRead(AnySource, frozen=True):
    error: Exception

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        def fail(_names: list[str]) -> None:
            raise self.error

        yield OwnedTree(fail)


class Reporting(AnySource, frozen=True):
    """Reports an event when it is opened and for each answer, and may fail at a name."""

    error: Exception | None = None
    bad_name: str = ""

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        def report(names: list[str]) -> None:
            listener(CommandStarted(("read", *names)))
            if self.error and self.bad_name in names:
                raise self.error

        listener(CommandStarted(("open",)))
        yield OwnedTree(report)


class Waiting(AnySource, frozen=True):
    """Each process that opens it connects to a port, and waits there before each answer."""

    port: int

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"%d\n" % os.getpid())
            yield OwnedTree(lambda _names: connection.recv(1))


class Placed(AnySource, frozen=True):
    """A source whose files have an owner by which its worker's place can be told.

    Of the second of three workers it is 301.
    """

    source: Waiting
    owner: int = 0

    def at(self, place: WorkerPlace) -> "Placed":
        return Placed(self.source, 100 * place.count + place.number)

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        with self.source.open(listener) as tree:
            tree.owner = self.owner
            yield tree


class Holding(AnySource, frozen=True):
    """Keeps a file while it is read, and waits in the middle of that.

    While it cleans up, SIGTERM arrives again: the executor sends it when another process ended.
    """

    port: int
    path: str

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        with socket.create_connection(("127.0.0.1", self.port)) as connection:

            def hold(_names: list[str]) -> None:
                try:
                    with open(self.path, "w", encoding="utf-8"):
                        connection.sendall(b"%d\n" % os.getpid())
                    connection.recv(1)
                finally:
                    os.kill(os.getpid(), signal.SIGTERM)
                    os.unlink(self.path)

            yield OwnedTree(hold)


class Readers:
    """The processes that read a tree which waits."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(TIMEOUT)
        self.port: int = self._server.getsockname()[1]
        self._connections: list[socket.socket] = []

    def wait_for(self, count: int) -> list[int]:
        """Wait until this number of processes read; return their ids."""
        found = []
        for _ in range(count):
            connection, _ = self._server.accept()
            connection.settimeout(TIMEOUT)
            self._connections.append(connection)
            with connection.makefile("rb") as file:
                found.append(int(file.readline()))
        return found

    def release(self, answers: int = 1000) -> None:
        """Let all continue that still exist, for this number of answers; usually to the end."""
        for connection in self._connections:
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"x" * answers)

    def none_came(self) -> bool:
        """Return whether nobody reads that was not waited for."""
        self._server.setblocking(False)
        try:
            self._server.accept()
        except BlockingIOError:
            return True
        return False

    def wait_until_gone(self) -> None:
        for connection in self._connections:
            with contextlib.suppress(ConnectionError):
                assert connection.recv(1) == b""

    def close(self) -> None:
        for connection in (self._server, *self._connections):
            connection.close()
