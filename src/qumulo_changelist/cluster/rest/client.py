"""A cluster through its REST API, directly."""

from collections.abc import Container, Generator
from types import TracebackType
from urllib.parse import quote

from qumulo_changelist.cluster.attributes import described, inspected
from qumulo_changelist.cluster.failures import entry_errors
from qumulo_changelist.cluster.interface import DirectoryPage, check_unicode
from qumulo_changelist.cluster.rest.node import Node
from qumulo_changelist.cluster.rest.nodes import Nodes
from qumulo_changelist.cluster.rest.pages import (
    DIFF,
    DIRECTORY_LISTING,
    SOME_ENTRIES,
    changes_of,
    entries_of,
    read_pages,
    stats_of,
)
from qumulo_changelist.cluster.rest.request import Request
from qumulo_changelist.cluster.rest.retry import RetryingSender
from qumulo_changelist.cluster.rest.session import Session
from qumulo_changelist.cluster.rest.snapshots import Snapshots
from qumulo_changelist.cluster.rest.tls import Trust
from qumulo_changelist.cluster.shapes import IdJson, NodeJson
from qumulo_changelist.cluster.snapshots import read_total_files
from qumulo_changelist.cluster.wire import Reader, read_file, read_value, to_file
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import (
    AbsentError,
    ClusterPathError,
    IncompleteReplyError,
    UnreadableError,
)
from qumulo_changelist.events import Listener
from qumulo_changelist.model import Change, Description, EntryStat, Snapshot
from qumulo_changelist.wording import count

DIFF_PAGE = 10_000
"""The number of changes that are requested at a time; the cluster may send fewer."""

DIRECTORY_PAGE = 1000
"""The number of entries of a directory that are requested at a time, likewise."""

_directory = Reader(IdJson)


class RestCluster:
    """Implements ``Cluster`` and ``SnapshotReader`` of :mod:`qumulo_changelist.cluster.interface`.

    May be used by many threads at once. It logs in for the first request. Close it at the end, or
    use it in a ``with`` block: requests that are still under way then fail.

    Args:
        settings: how to reach the cluster.
        listener: receives a ``RequestRetried`` and a ``NodeSkipped`` for what goes wrong.
        page_size: the maximal number of entries to request at a time; 0 for the default.
        requests_at_once: the number of threads that will use it at once. Twice that number of
            connections to each node are kept.

    Raises:
        ConfigurationError: the authorities to trust cannot be read.
    """

    def __init__(
        self,
        settings: Settings,
        listener: Listener,
        *,
        page_size: int = 0,
        requests_at_once: int = 16,
    ) -> None:
        trust = Trust(settings)
        # Each thread sends one request at a time, and may have abandoned a page that it requested
        # ahead.
        connections = 2 * requests_at_once
        hosts = dict.fromkeys(settings.hosts)
        nodes = [Node(host, settings.port, trust, connections) for host in hosts]
        self._sender = RetryingSender(Nodes(nodes, listener), listener)
        self._session = Session(settings, self._sender)
        self._snapshots = Snapshots(self._session)
        self._diff_page = page_size or DIFF_PAGE
        self._directory_page = page_size or DIRECTORY_PAGE

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
        """Close all connections."""
        self._sender.close()

    def create_snapshot(self, name: str, path: str) -> Snapshot:
        """Take a snapshot of the directory ``path``; see ``Cluster``."""
        try:
            check_unicode(name)
            request = Request("GET", f"/v1/files/{_reference(path)}/info/attributes")
        except UnreadableError as error:
            raise ClusterPathError(f"no snapshot {name!r} of {path!r}: {error}") from error
        directory = _directory.read(self._session.ask(request), str(request))
        return self._snapshots.create(name, directory.id)

    def snapshots(self, *numbers: int) -> dict[int, Snapshot]:
        """Return those of the snapshots that the cluster has; see ``Cluster``."""
        found = {number: self._snapshots.status(number) for number in numbers}
        return {number: snapshot for number, snapshot in found.items() if snapshot}

    def changes(self, older: int, newer: int) -> Generator[list[Change], None, None]:
        """Yield the differences between two snapshots, in pages; see ``Cluster``.

        Each page is requested before the page before it is decoded.
        """
        uri = f"/v2/snapshots/{newer}/changes-since/{older}?limit={self._diff_page}"
        for source, page in read_pages(self._session, Request("GET", uri, is_slow=True), DIFF):
            if changes := changes_of(page, source):
                yield changes

    def inspect_entry(self, reference: str, snapshot: int | None) -> EntryStat:
        """Return what an entry is, and what identifies it; see ``Cluster``."""
        uri = f"/v1/files/{_reference(reference)}/info/attributes{_at(snapshot, '?')}"
        source, answer = self._ask_about_entry(uri, snapshot)
        return inspected(to_file(read_value(answer, source), NodeJson, source))

    def first_entries(
        self, directory: str, snapshot: int | None, limit: int
    ) -> dict[str, EntryStat]:
        """Return the first entries of a directory; see ``Cluster``."""
        uri = f"/v1/files/{_reference(directory)}/entries/?limit={limit}{_at(snapshot, '&')}"
        entries: dict[str, EntryStat] = {}
        with entry_errors(snapshot):
            for source, page in read_pages(self._session, Request("GET", uri), SOME_ENTRIES, limit):
                entries |= stats_of(page, source)
                if len(entries) >= limit:
                    break
        return entries

    def count_files_below(self, directory: str, snapshot: int) -> int:
        """Return the number of regular files below a directory; see ``Cluster``."""
        uri = f"/v1/files/{_reference(directory)}/aggregates/?max-entries=1&snapshot={snapshot}"
        try:
            source, answer = self._ask_about_entry(uri, snapshot)
        except AbsentError:
            return 0
        return read_total_files(read_value(answer, source), source)

    def describe(self, path: str, snapshot: int) -> Description:
        """Return the attributes of one entry of a snapshot; see ``SnapshotReader``."""
        uri = f"/v1/files/{_reference(path)}/info/attributes?snapshot={snapshot}"
        source, answer = self._ask_about_entry(uri, snapshot)
        return described(read_file(answer, source))

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
        first = min(limit or self._directory_page, self._directory_page)
        uri = f"/v1/files/{_reference(directory)}/entries/?limit={first}&snapshot={snapshot}"
        later = self._directory_page if first < self._directory_page else 0
        request = Request("GET", uri)
        received, total = 0, 0
        with entry_errors(snapshot):
            for source, listing in read_pages(self._session, request, DIRECTORY_LISTING, later):
                page = entries_of(listing, source, wanted, identities_only=identities_only)
                received, total = received + page.received, page.total_entries
                yield page
        if received < total:
            raise IncompleteReplyError(
                f"snapshot {snapshot} lists {received} of the {count(total, 'entry')} "
                f"of {directory}"
            )

    def _ask_about_entry(self, uri: str, snapshot: int | None) -> tuple[str, bytes]:
        """Return a request about one entry, as text, and the body of its answer."""
        request = Request("GET", uri)
        with entry_errors(snapshot):
            return str(request), self._session.ask(request)


def _reference(path: str) -> str:
    check_unicode(path)
    return quote(path.removesuffix("/") or "/", safe="")


def _at(snapshot: int | None, separator: str) -> str:
    return "" if snapshot is None else f"{separator}snapshot={snapshot}"
