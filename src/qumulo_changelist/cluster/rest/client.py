"""A cluster through its REST API, directly."""

import contextlib
from collections.abc import Container, Coroutine, Generator
from types import TracebackType
from typing import Any, TypeVar

from qumulo_changelist.cluster.endless import EmptyPages
from qumulo_changelist.cluster.interface import DiffPage, DirectoryPage, PageStore, check_unicode
from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.cluster.rest.accounts import Accounts
from qumulo_changelist.cluster.rest.diff import read_diff
from qumulo_changelist.cluster.rest.files import Files, reference_to
from qumulo_changelist.cluster.rest.loop import Loop
from qumulo_changelist.cluster.rest.node import Node
from qumulo_changelist.cluster.rest.nodes import Nodes
from qumulo_changelist.cluster.rest.outage import outage_of
from qumulo_changelist.cluster.rest.request import Request
from qumulo_changelist.cluster.rest.retry import RetryingSender
from qumulo_changelist.cluster.rest.session import Session
from qumulo_changelist.cluster.rest.snapshots import Snapshots
from qumulo_changelist.cluster.rest.tls import Trust
from qumulo_changelist.cluster.shapes import IdJson
from qumulo_changelist.cluster.wire import Reader
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.errors import ClusterPathError, UnreadableError
from qumulo_changelist.events import Listener
from qumulo_changelist.model import Caller, Change, Description, EntryStat, Snapshot
from qumulo_changelist.pending import Pending, iterate
from qumulo_changelist.secret import SessionToken

T = TypeVar("T")

DIFF_PAGE = 10_000
"""The number of changes that are requested at a time; the cluster may send fewer."""

DIRECTORY_PAGE = 1000
"""The number of entries of a directory that are requested at a time, likewise."""

_directory = Reader(IdJson)


class RestCluster:
    """Implements ``Cluster`` of :mod:`qumulo_changelist.cluster.interface`.

    May be used by many threads at once. It logs in for the first request. Close it at the end, or
    use it in a ``with`` block: requests that are still under way then fail.

    Args:
        settings: how to reach the cluster.
        listener: receives a ``RequestRetried``, a ``ClusterAwaited`` and a ``NodeSkipped`` for what
            goes wrong.
        page_size: the maximal number of entries to request at a time; 0 for the default.
        requests_at_once: the number of requests to each node that are under way at the same time,
            each on a connection of its own; 0 for the default. Further ones wait.

    Attributes:
        files: describes the entries of snapshots, many at once.

    Raises:
        ConfigurationError: the authorities to trust cannot be read.
    """

    def __init__(
        self,
        settings: Settings,
        listener: Listener,
        *,
        page_size: int = 0,
        requests_at_once: int = 0,
    ) -> None:
        trust = Trust(settings)
        connections = requests_at_once or limits.REQUESTS_AT_ONCE
        self._loop = loop = Loop()
        hosts = dict.fromkeys(settings.hosts)
        nodes = [Node(loop, host, settings.port, trust, connections) for host in hosts]
        self._nodes = Nodes(nodes, listener)
        outage = outage_of(settings.hosts, settings.port, settings.retry_for)
        sender = RetryingSender(loop, self._nodes, listener, outage)
        self._session = Session(settings, loop, sender)
        self._snapshots = Snapshots(self._session)
        self._accounts = Accounts(self._session)
        self._diff_page = page_size or DIFF_PAGE
        self.files = Files(self._session, loop, page_size or DIRECTORY_PAGE)

    def __enter__(self) -> "RestCluster":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; what other threads wait for fails."""
        self._loop.close()
        self._nodes.close()

    def create_snapshot(self, name: str, path: str, expires: int = 0) -> Snapshot:
        """Take a snapshot of the directory ``path``; see ``Cluster``."""
        try:
            check_unicode(name)
            request = Request("GET", f"/v1/files/{reference_to(path)}/info/attributes")
        except UnreadableError as error:
            raise ClusterPathError(f"no snapshot {name!r} of {path!r}: {error}") from error
        directory = _directory.read(self._wait_for(self._session.ask(request)), str(request))
        return self._wait_for(self._snapshots.create(name, directory.id, expires))

    def snapshots(self, *numbers: int) -> dict[int, Snapshot]:
        """Return those of the snapshots that the cluster has; see ``Cluster``."""
        found = [self._wait_for(self._snapshots.status(number)) for number in numbers]
        return {snapshot.id: snapshot for snapshot in found if snapshot}

    def all_snapshots(self) -> list[Snapshot]:
        """Return the status of every snapshot; see ``Cluster``."""
        return self._wait_for(self._snapshots.all())

    def delete_snapshot(self, number: int) -> None:
        """Delete a snapshot; see ``Cluster``."""
        self._wait_for(self._snapshots.delete(number))

    def caller(self) -> Caller:
        """Return the user who is logged in; see ``Cluster``."""
        return self._wait_for(self._accounts.caller())

    def core_version(self) -> str:
        """Return the version of the cluster's Core, for which no login is needed."""
        return self._wait_for(self._accounts.core_version())

    def begin_session(self) -> SessionToken:
        """Log in anew with the password, and return the session's token.

        Raises:
            LoginError: the cluster does not accept the password.
        """
        return self._wait_for(self._session.log_in())

    def create_access_token(self, expires: int = 0) -> tuple[str, Secret]:
        """Make an access token for the user who is logged in; return its id, and the token.

        Args:
            expires: when the cluster accepts it no more, in nanoseconds since the epoch, which are
                rounded up to seconds; 0 for never.

        Raises:
            RefusedError: the user may not make access tokens.
            UnsupportedError: the cluster's Core has none; they came with 5.3.
            UnclearOutcomeError: the cluster may have made one, or not.
        """
        return self._wait_for(self._accounts.create_access_token(expires))

    def access_token_end(self, number: str) -> int:
        """Return when an access token ends, in nanoseconds since the epoch; 0 for never.

        Args:
            number: the token's id.

        Raises:
            RefusedError: the user may not see access tokens.
        """
        return self._wait_for(self._accounts.access_token_end(number))

    def has_call(self, uri: str) -> bool:
        """Return whether the cluster's Core has a call, whatever it answers.

        Args:
            uri: what to request, such as ``/v3/snapshots/status/0``.
        """
        return self._wait_for(self._accounts.has_call(uri))

    def changes(self, older: int, newer: int) -> Generator[list[Change], None, None]:
        """Yield the differences between two snapshots, in pages; see ``Cluster``."""
        empty = EmptyPages(f"the diff of the snapshots {older} and {newer}")
        with contextlib.closing(self.diff_pages(older, newer)) as pages:
            for page in pages:
                changes = page.changes()
                empty.count(len(changes))
                if changes:
                    yield changes

    def diff_pages(
        self, older: int, newer: int, store: PageStore | None = None
    ) -> Generator[DiffPage, None, None]:
        """Yield the same in pages that are not decoded; see ``Cluster``."""
        uri = f"/v2/snapshots/{newer}/changes-since/{older}?limit={self._diff_page}"
        request = Request("GET", uri, is_slow=True)
        return iterate(self._loop.start, read_diff(self._session, request, store))

    def inspect_entry(self, reference: str, snapshot: int | None) -> EntryStat:
        """Return what an entry is, and what identifies it; see ``Cluster``."""
        return self._wait_for(self.files.inspect(reference, snapshot))

    def first_entries(
        self, directory: str, snapshot: int | None, limit: int
    ) -> dict[str, EntryStat]:
        """Return the first entries of a directory; see ``Cluster``."""
        return self._wait_for(self.files.first_entries(directory, snapshot, limit))

    def count_files_below(self, directory: str, snapshot: int) -> int:
        """Return the number of regular files below a directory; see ``Cluster``."""
        return self._wait_for(self.files.count_files_below(directory, snapshot))

    def snapshot_reader(self) -> Files:
        """Return what describes snapshots; see ``Cluster``."""
        return self.files

    def describe(self, path: str, snapshot: int) -> Description:
        """Return the attributes of one entry of a snapshot; see ``SnapshotReader``."""
        return self._wait_for(self.files.describe(path, snapshot))

    def pages(
        self,
        directory: str,
        snapshot: int,
        limit: int = 0,
        wanted: Container[str] | None = None,
        *,
        identities_only: bool = False,
    ) -> Generator[DirectoryPage, None, None]:
        """Yield the entries of a directory of a snapshot; see ``SnapshotReader``."""
        return iterate(
            self._loop.start,
            self.files.pages(directory, snapshot, limit, wanted, identities_only=identities_only),
        )

    def _wait_for(self, work: Coroutine[Pending[Any], None, T]) -> T:
        return self._loop.start(work).result()
