"""Collections that come in pages over REST, each requested before the page before it is decoded."""

import re
from collections.abc import AsyncGenerator
from typing import Protocol, TypeVar

from msgspec.structs import replace

from qumulo_changelist.cluster.changes import check_changes
from qumulo_changelist.cluster.rest.request import Request
from qumulo_changelist.cluster.rest.session import Session
from qumulo_changelist.cluster.shapes import DiffJson, PagingJson
from qumulo_changelist.cluster.wire import Reader
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Change

_BELOW_THE_HOST = re.compile("/(?!/)[!-~]*")
_LIMIT = re.compile(r"(?<=[?&]limit=)\d+")

# Where the next page is mostly said: near the end of a page, in JSON without an escape.
_NEXT = re.compile(rb'"next" ?: ?"(/(?!/)[!#-\[\]-~]*)"')
_END_OF_PAGE = 2000

DIFF: Reader[DiffJson[list[Change]]] = Reader(DiffJson[list[Change]])
"""Reads a page of a diff."""


class _Paged(Protocol):
    @property
    def paging(self) -> PagingJson | None: ...


Page = TypeVar("Page", bound=_Paged, covariant=True)


class PageReader(Protocol[Page]):
    """Reads a page."""

    def read(self, data: bytes, source: str) -> Page:
        """Return the page that ``data`` is the JSON of; ``source`` is the request, for messages."""


async def read_pages(
    session: Session, request: Request, reader: PageReader[Page], later_limit: int = 0
) -> AsyncGenerator[tuple[str, Page], None]:
    """Yield the pages of a collection, each after the next one was requested.

    Args:
        session: sends the requests.
        request: the request for the first page.
        reader: reads a page.
        later_limit: the number of entries of the pages after the first; 0 for that of the first.
            If it is given, the second page is not requested before it is wanted.

    Yields:
        The request for a page, as text, and the page.

    Raises:
        ReplyError: the next page is not on the cluster, or a page comes for the second time.
    """
    requested = {request.uri}
    answer = await session.ask(request)
    while True:
        source = str(request)
        waits = later_limit and len(requested) == 1
        likely, coming = "" if waits else _likely_next(answer, later_limit), None
        if likely and likely not in requested:
            coming = session.ask_ahead(replace(request, uri=likely))
        page = reader.read(answer, source)
        next_uri = _next_uri(page, source, later_limit)
        if not next_uri:
            yield source, page
            return
        if next_uri in requested:
            raise ReplyError(f"{source}: the pages go round in a circle")
        requested.add(next_uri)
        request = replace(request, uri=next_uri)
        if not waits and (coming is None or next_uri != likely):
            coming = session.ask_ahead(request)
        yield source, page
        answer = await (coming or session.ask_ahead(request))


def _next_uri(page: _Paged, source: str, later_limit: int) -> str:
    """Return where the next page is; "" if there is none.

    Raises:
        ReplyError: it is not on the cluster.
    """
    uri = page.paging.next if page.paging else None
    if uri and not _BELOW_THE_HOST.fullmatch(uri):
        raise ReplyError(f"{source}: the next page is nowhere on the cluster")
    return _with_limit(uri or "", later_limit)


def _likely_next(data: bytes, later_limit: int) -> str:
    """Return where the next page probably is, from a page that is not decoded yet; "" if unknown.

    Decoding a page takes long enough to request the next one before.
    """
    found = _NEXT.findall(data, max(len(data) - _END_OF_PAGE, 0))
    return _with_limit(found[-1].decode() if found else "", later_limit)


def _with_limit(uri: str, limit: int) -> str:
    return _LIMIT.sub(str(limit), uri) if limit else uri


def changes_of(page: DiffJson[list[Change]], source: str) -> list[Change]:
    """Return the changes of a page of a diff.

    Args:
        page: the page.
        source: the request, for messages.

    Raises:
        ReplyError: an entry is not a change of an absolute path.
    """
    try:
        check_changes(page.entries)
    except ReplyError as error:
        raise ReplyError(f"{source}: {error}") from None
    return page.entries
