"""Files and directories over REST, one request after the other or many at once."""

import contextlib
import functools
from collections.abc import AsyncGenerator, Container, Coroutine
from typing import Any, TypeVar
from urllib.parse import quote

from qumulo_changelist.cluster.attributes import described, inspected
from qumulo_changelist.cluster.counts import read_counts
from qumulo_changelist.cluster.endless import EmptyPages
from qumulo_changelist.cluster.failures import entry_errors
from qumulo_changelist.cluster.interface import DirectoryCounts, DirectoryPage, check_unicode
from qumulo_changelist.cluster.rest.listings import (
    ATTRIBUTES,
    IDENTITIES,
    SOME_ENTRIES,
    ListingReader,
    stats_of,
)
from qumulo_changelist.cluster.rest.loop import Loop
from qumulo_changelist.cluster.rest.pages import read_pages
from qumulo_changelist.cluster.rest.request import Request
from qumulo_changelist.cluster.rest.session import Session
from qumulo_changelist.cluster.shapes import NodeJson
from qumulo_changelist.cluster.snapshots import read_total_files
from qumulo_changelist.cluster.wire import File, read_file, read_value, to_file
from qumulo_changelist.errors import AbsentError, IncompleteReplyError
from qumulo_changelist.model import Description, EntryStat
from qumulo_changelist.pending import Pending
from qumulo_changelist.wording import count

T = TypeVar("T")


class Files:
    """Implements ``SnapshotReader`` of :mod:`qumulo_changelist.cluster.interface`.

    Args:
        session: sends the requests.
        loop: waits for the answers.
        page_size: the number of entries of a directory to request at a time.
    """

    def __init__(self, session: Session, loop: Loop, page_size: int) -> None:
        self._session = session
        self._loop = loop
        self._page_size = page_size

    @property
    def idle_seconds(self) -> float:
        """How long nothing could be done but wait for answers, so far; see ``SnapshotReader``."""
        return self._loop.idle_seconds

    def start(self, work: Coroutine[Pending[Any], None, T]) -> Pending[T]:
        """Begin work that uses this object; see ``SnapshotReader``."""
        return self._loop.start(work)

    async def inspect(self, reference: str, snapshot: int | None) -> EntryStat:
        """Return what an entry is, and what identifies it; see ``Cluster``."""
        uri = f"/v1/files/{reference_to(reference)}/info/attributes{_at(snapshot, '?')}"
        source, answer = await self._ask_about_entry(uri, snapshot)
        return inspected(to_file(read_value(answer, source), NodeJson, source))

    async def first_entries(
        self, directory: str, snapshot: int | None, limit: int
    ) -> dict[str, EntryStat]:
        """Return the first entries of a directory; see ``Cluster``."""
        uri = f"/v1/files/{reference_to(directory)}/entries/?limit={limit}{_at(snapshot, '&')}"
        entries: dict[str, EntryStat] = {}
        with entry_errors(snapshot):
            pages = read_pages(self._session, Request("GET", uri), SOME_ENTRIES, limit)
            new = EmptyPages(f"GET {uri:.200}")
            async for source, page in pages:
                before = len(entries)
                entries |= stats_of(page, source)
                new.count(len(entries) - before)
                if len(entries) >= limit:
                    break
        return entries

    async def count_files_below(self, directory: str, snapshot: int) -> int:
        """Return the number of regular files below a directory; see ``Cluster``."""
        uri = f"/v1/files/{reference_to(directory)}/aggregates/?max-entries=1&snapshot={snapshot}"
        try:
            source, answer = await self._ask_about_entry(uri, snapshot)
        except AbsentError:
            return 0
        return read_total_files(read_value(answer, source), source)

    async def count(self, directory: str, snapshot: int, most_named: int = 0) -> DirectoryCounts:
        """Return how much is in a directory; see ``SnapshotReader``."""
        named = f"order-by=total_files&max-entries={max(most_named, 1)}"
        uri = f"/v1/files/{reference_to(directory)}/aggregates/?{named}&snapshot={snapshot}"
        try:
            source, answer = await self._ask_about_entry(uri, snapshot, is_needed=False)
        except AbsentError:
            return DirectoryCounts()
        return read_counts(answer, source, is_named=most_named > 0)

    async def describe(self, path: str, snapshot: int) -> Description:
        """Return the attributes of one entry of a snapshot; see ``SnapshotReader``."""
        uri = f"/v1/files/{reference_to(path)}/info/attributes?snapshot={snapshot}"
        source, answer = await self._ask_about_entry(uri, snapshot)
        return described(read_file(answer, source))

    async def pages(
        self,
        directory: str,
        snapshot: int,
        limit: int = 0,
        wanted: Container[str] | None = None,
        *,
        identities_only: bool = False,
    ) -> AsyncGenerator[DirectoryPage, None]:
        """Yield the entries of a directory of a snapshot; see ``SnapshotReader``."""
        if identities_only:
            pages = self._pages(IDENTITIES, directory, snapshot, limit, wanted)
        else:
            pages = self._pages(ATTRIBUTES, directory, snapshot, limit, wanted)
        async with contextlib.aclosing(pages):
            async for page in pages:
                yield page

    async def _pages(
        self,
        reader: ListingReader[File],
        directory: str,
        snapshot: int,
        limit: int,
        wanted: Container[str] | None,
    ) -> AsyncGenerator[DirectoryPage, None]:
        first = min(limit or self._page_size, self._page_size)
        uri = f"/v1/files/{reference_to(directory)}/entries/?limit={first}&snapshot={snapshot}"
        later = self._page_size if first < self._page_size else 0
        received, total = 0, 0
        before: set[str] = set()
        with entry_errors(snapshot):
            async for source, listing in read_pages(
                self._session, Request("GET", uri), reader, later
            ):
                page = reader.entries(listing, source, wanted)
                # What a page repeats of the one before it does not stand for another entry.
                names = {file.name for file in listing.files}
                received += page.received - len(names & before)
                before, total = names, page.total_entries
                yield page
        if received < total:
            raise IncompleteReplyError(
                f"snapshot {snapshot} lists {received} of the {count(total, 'entry')} "
                f"of {directory}"
            )

    async def _ask_about_entry(
        self, uri: str, snapshot: int | None, *, is_needed: bool = True
    ) -> tuple[str, bytes]:
        """Return a request about one entry, as text, and the body of its answer."""
        request = Request("GET", uri, is_needed=is_needed)
        with entry_errors(snapshot):
            return str(request), await self._session.ask(request)


def reference_to(path: str) -> str:
    """Return a path or an id as a part of a URI.

    Raises:
        UnreadableError: no request can carry it.
    """
    check_unicode(path)
    return "%2F".join(map(_quoted, path.removesuffix("/").split("/"))) or "%2F"


@functools.lru_cache(maxsize=4096)
def _quoted(component: str) -> str:
    # Quoting takes longer than all else that a request for one entry is made from, and most of its
    # path is that of the request before it.
    return quote(component, safe="")


def _at(snapshot: int | None, separator: str) -> str:
    return "" if snapshot is None else f"{separator}snapshot={snapshot}"
