"""A cluster through its REST API, directly."""

import contextlib
import re
from collections.abc import Callable, Container, Generator, Iterator
from types import TracebackType
from typing import Protocol, TypeVar
from urllib.parse import quote

import msgspec

from qumulo_changelist.cluster import failures, rest_messages, rest_wire, wire
from qumulo_changelist.cluster.interface import Page, check_unicode
from qumulo_changelist.cluster.rest_connection import Connection, Request
from qumulo_changelist.cluster.rest_session import Session
from qumulo_changelist.config import Settings
from qumulo_changelist.errors import (
    AbsentError,
    NotFoundError,
    ReplyError,
    StatusError,
    UnreadableError,
)
from qumulo_changelist.model import Change, Described, Sighting, Snapshot
from qumulo_changelist.progress import Listener
from qumulo_changelist.waiting import result_of
from qumulo_changelist.wording import count

DIFF_PAGE = 10_000
"""How many changes are asked for at a time; the cluster may give fewer."""

DIRECTORY_PAGE = 1000
"""How many entries of a directory are asked for at a time; the cluster may give fewer."""

# Core has version 3 since 5.1.3, and version 2 until 5.3.0 (Qumulo's knowledge base, "Migrating
# REST API Endpoints for Snapshots and Policies").
_V3, _V2 = "v3", "v2"

_BELOW_THE_HOST = re.compile("/(?!/)[!-~]*")
_LIMIT = re.compile(r"(?<=[?&]limit=)\d+")


class _Paged(Protocol):
    @property
    def paging(self) -> rest_wire.Paging | None: ...


SomePage = TypeVar("SomePage", bound=_Paged)


class RestCluster:
    """Implements ``Cluster`` and ``SnapshotReader`` of :mod:`qumulo_changelist.cluster.interface`.

    May be used by many threads at once. It logs in when it is first asked. Close it at the end, or
    use it in a ``with`` block: what is still being asked then fails.

    Args:
        settings: how to reach the cluster.
        listener: hears of tries that failed, and of nodes that do not answer.
        page_size: the most entries to ask for at a time; 0 for what is usual.
        side_by_side: how many threads will ask at once; that many connections to a node are kept.

    Raises:
        ConfigurationError: the authorities to trust cannot be read.
    """

    def __init__(
        self,
        settings: Settings,
        listener: Listener,
        *,
        page_size: int = 0,
        side_by_side: int = 16,
    ) -> None:
        # Each thread asks once at a time, and may have left a page behind that it asked ahead for.
        self._connection = Connection(settings, listener, 2 * side_by_side)
        self._session = Session(settings, self._connection)
        self._diff_page = page_size or DIFF_PAGE
        self._directory_page = page_size or DIRECTORY_PAGE
        self._snapshots_version = _V3

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
        self._connection.close()

    def create_snapshot(self, name: str, path: str) -> Snapshot:
        """Take a snapshot of the directory ``path``."""
        try:
            request = Request("GET", f"/v1/files/{_reference(path)}/info/attributes")
        except UnreadableError as error:
            raise ReplyError(f"no snapshot of {path!r}: {error}") from error
        directory = rest_wire.identified.read(self._session.ask(request), str(request))

        def creation(version: str) -> Request:
            label = "name_suffix" if version == _V3 else "name"
            wanted = {label: name, "expiration": "", "source_file_id": directory.id}
            body = msgspec.json.encode(wanted)
            return Request("POST", f"/{version}/snapshots/", body, repeatable=False)

        return wire.snapshot(self._ask_about_snapshots(creation))

    def snapshots(self, *numbers: int) -> dict[int, Snapshot]:
        """Return what the cluster tells of snapshots, by their ids; see ``Cluster``."""
        found: dict[int, Snapshot] = {}
        for number in numbers:

            def status(version: str, number: int = number) -> Request:
                return Request("GET", f"/{version}/snapshots/status/{number}", needed=False)

            try:
                found[number] = wire.snapshot(self._ask_about_snapshots(status))
            except NotFoundError as error:
                if failures.is_unknown_url(error.status, error.error_class):
                    raise
        return found

    def _ask_about_snapshots(self, ask: Callable[[str], Request]) -> dict[str, object]:
        """Return the answer in version 3 of the API, or in 2 where the cluster has no 3.

        Args:
            ask: makes the request in the version that it is given.
        """
        request = ask(self._snapshots_version)
        try:
            answer = self._session.ask(request)
        except NotFoundError as error:
            unknown = failures.is_unknown_url(error.status, error.error_class)
            if not unknown or self._snapshots_version == _V2:
                raise
            request = ask(_V2)
            answer = self._session.ask(request)
            self._snapshots_version = _V2
        return rest_wire.anything.read(answer, str(request))

    def changes(self, older: int, newer: int) -> Generator[list[Change], None, None]:
        """Yield what differs between two snapshots, in pages; see ``Cluster``.

        The next page is asked for before the last is decoded.
        """
        uri = f"/v2/snapshots/{newer}/changes-since/{older}?limit={self._diff_page}"
        for what, page in self._pages(Request("GET", uri, slow=True), rest_wire.diff_page):
            if found := rest_wire.changes(page, what):
                yield found

    def look_at(self, reference: str, snapshot: int | None) -> Sighting:
        """Return what is at a path, or has a file id; see ``Cluster``."""
        uri = f"/v1/files/{_reference(reference)}/info/attributes{_at(snapshot, '?')}"
        request = Request("GET", uri)
        with _about_one_entry(snapshot):
            answer = self._session.ask(request)
        return wire.sighting(rest_wire.anything.read(answer, str(request)))

    def look_into(self, directory: str, snapshot: int | None, most: int) -> dict[str, Sighting]:
        """Return some entries of a directory; see ``Cluster``."""
        uri = f"/v1/files/{_reference(directory)}/entries/?limit={most}{_at(snapshot, '&')}"
        found: dict[str, Sighting] = {}
        with _about_one_entry(snapshot):
            for what, page in self._pages(Request("GET", uri), rest_wire.few_entries, most):
                found |= rest_wire.sightings(page, what)
                if len(found) >= most:
                    break
        return found

    def files_below(self, directory: str, snapshot: int) -> int:
        """Return how many regular files a snapshot holds below a directory; see ``Cluster``."""
        uri = f"/v1/files/{_reference(directory)}/aggregates/?max-entries=1&snapshot={snapshot}"
        request = Request("GET", uri)
        try:
            with _about_one_entry(snapshot):
                answer = self._session.ask(request)
        except AbsentError:
            return 0
        return wire.files(rest_wire.anything.read(answer, str(request)))

    def describe(self, path: str, snapshot: int) -> Described:
        """Return the attributes of one entry of a snapshot; see ``SnapshotReader``."""
        uri = f"/v1/files/{_reference(path)}/info/attributes?snapshot={snapshot}"
        request = Request("GET", uri)
        with _about_one_entry(snapshot):
            answer = self._session.ask(request)
        return rest_wire.described(answer, str(request))

    def pages(
        self, directory: str, snapshot: int, limit: int = 0, wanted: Container[str] | None = None
    ) -> Generator[Page, None, None]:
        """Yield what a directory of a snapshot holds; see ``SnapshotReader``.

        Raises:
            UnreadableError: as there.
            ReplyError: it came to fewer entries than the directory says it has.
        """
        uri = f"/v1/files/{_reference(directory)}/entries/"
        first = min(limit or self._directory_page, self._directory_page)
        uri += f"?limit={first}&snapshot={snapshot}"
        later = self._directory_page if first < self._directory_page else 0
        came, children = 0, 0
        with _about_one_entry(snapshot):
            for what, page in self._pages(Request("GET", uri), rest_wire.directory_page, later):
                found = rest_wire.entries(page, what, wanted)
                came, children = came + found.listed, found.children
                yield found
        if came < children:
            raise ReplyError(
                f"snapshot {snapshot} lists {came} of the {count(children, 'entry')} "
                f"of {directory}",
                hint="Perhaps the snapshot expired meanwhile. No list was written; try again.",
            )

    def _pages(
        self, request: Request, reader: rest_wire.Reader[SomePage], later_limit: int = 0
    ) -> Iterator[tuple[str, SomePage]]:
        """Yield pages and what names them, each while the next one is already asked for.

        With a ``later_limit`` the pages behind the first have that size, and the second is asked
        for when it is wanted.
        """
        asked = {request.uri}
        answer = self._session.ask(request)
        while True:
            what = str(request)
            page = reader.read(answer, what)
            following = page.paging.next if page.paging else None
            if not following:
                yield what, page
                return
            if not _BELOW_THE_HOST.fullmatch(following):
                raise ReplyError(f"{what}: the next page is nowhere on the cluster")
            if later_limit:
                following = _LIMIT.sub(str(later_limit), following)
            if following in asked:
                raise ReplyError(f"{what}: the pages go round in a circle")
            asked.add(following)
            request = request._replace(uri=following)
            if later_limit and len(asked) == 2:
                yield what, page
                answer = self._session.ask(request)
                continue
            coming = self._session.ask_ahead(request)
            yield what, page
            answer = result_of(coming)


def _reference(path: str) -> str:
    check_unicode(path)
    return quote(path.removesuffix("/") or "/", safe="")


def _at(snapshot: int | None, separator: str) -> str:
    return "" if snapshot is None else f"{separator}snapshot={snapshot}"


@contextlib.contextmanager
def _about_one_entry(snapshot: int | None) -> Iterator[None]:
    """Tell what is wrong with a single entry from what is wrong with all."""
    try:
        yield
    except StatusError as error:
        reason = rest_messages.unreadable(error, snapshot)
        if not reason:
            raise
        absent = rest_messages.is_absence(error)
        raise (AbsentError if absent else UnreadableError)(reason) from error
