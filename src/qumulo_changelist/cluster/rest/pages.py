"""Collections that come in pages over REST, each requested before the page before it is decoded."""

import re
from collections.abc import AsyncGenerator
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.cluster.endless import Circle, EmptyPages
from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.cluster.rest.request import Request
from qumulo_changelist.cluster.rest.session import Session
from qumulo_changelist.cluster.shapes import PagedJson, PagingJson
from qumulo_changelist.cluster.wire import Reader
from qumulo_changelist.errors import OversizedReplyError, ReplyError
from qumulo_changelist.pending import Pending

_BELOW_THE_HOST = re.compile("/(?!/)[!-~]*")
_LIMIT = re.compile(r"(?<=[?&]limit=)\d+")

# Where the next page is stated, if that is the last field of a page, as it is on every cluster that
# is known. Within a JSON string, each quotation mark would follow a backslash.
_PAGING = re.compile(rb'"paging"\s*:\s*(\{[^{}]*\}|null)\s*\}\s*\Z')
_END_OF_PAGE = 4000

_paging: Reader[PagingJson | None] = Reader(PagingJson | None)  # type: ignore[arg-type]
_paged = Reader(PagedJson)


class _Paged(Protocol):
    @property
    def paging(self) -> PagingJson | None: ...


class _Listing(_Paged, Protocol):
    @property
    def length(self) -> int: ...


Page = TypeVar("Page", bound=_Paged, covariant=True)
Listing = TypeVar("Listing", bound=_Listing, covariant=True)


class PageReader(Protocol[Page]):
    """Reads a page."""

    def read(self, data: bytes, source: str) -> Page:
        """Return the page that ``data`` is the JSON of; ``source`` is the request, for messages."""


class RawPage(Struct, frozen=True):
    """A page that is not decoded."""

    source: str
    """The request for it, for messages."""
    data: bytes
    """JSON."""
    next_uri: str
    """Where it says that the next page is; "" if there is none."""

    def read(self, reader: PageReader[Page]) -> Page:
        """Return the page.

        Raises:
            ReplyError: it is malformed.
        """
        page = reader.read(self.data, self.source)
        if _next_of(page.paging) != self.next_uri:
            raise ReplyError(f"{self.source}: the answer states the next page in two ways")
        return page


async def read_pages(
    session: Session,
    request: Request,
    reader: PageReader[Listing],
    later_limit: int = 0,
    most: int | None = None,
) -> AsyncGenerator[tuple[str, Listing], None]:
    """Yield the pages of a collection, each after the next one was requested.

    Args:
        session: sends the requests.
        request: the request for the first page.
        reader: reads a page.
        later_limit: see :func:`raw_pages`.
        most: the number of entries of all pages at most; None for any number.

    Yields:
        The request for a page, as text, and the page.

    Raises:
        ReplyError: see :func:`raw_pages`; or a page is malformed, too many in a row are empty, or
            there are too many entries.
    """
    empty, received = EmptyPages(str(request)), 0
    async for raw in raw_pages(session, request, later_limit):
        page = raw.read(reader)
        empty.count(page.length)
        received += page.length
        if most is not None and received > most:
            raise ReplyError(f"{request}: the answer has more than {most:,} entries")
        yield raw.source, page


async def raw_pages(
    session: Session, request: Request, later_limit: int = 0
) -> AsyncGenerator[RawPage, None]:
    """Yield the pages of a collection, each after the next one was requested.

    Args:
        session: sends the requests.
        request: the request for the first page.
        later_limit: the number of entries of the pages after the first; 0 for that of the first.
            If it is given, the second page is not requested before it is wanted.

    If a page is too large, fewer entries are requested, from that page on.

    Raises:
        ReplyError: it cannot be read where the next page is, that is not on the cluster, or a page
            comes for the second time.
        OversizedReplyError: a page is too large, however few entries are requested.
    """
    request = replace(request, is_page=True)
    circle, is_first = Circle(), True
    circle.closes_with(request.uri)
    coming: Pending[bytes] | None = None
    while True:
        try:
            answer = await (coming or session.ask_ahead(request))
        except OversizedReplyError:
            later_limit = _fewer(request)
            if not later_limit:
                raise
            request, coming = replace(request, uri=_limited(request.uri, later_limit)), None
            continue
        source = str(request)
        page = RawPage(source, answer, _stated_next(answer, source))
        if not page.next_uri:
            yield page
            return
        uri = _checked(page.next_uri, source)
        uri = _limited(uri, later_limit) if later_limit else uri
        if circle.closes_with(uri):
            raise ReplyError(f"{source}: the pages go round in a circle")
        waits, is_first = later_limit and is_first, False
        request = replace(request, uri=uri)
        coming = None if waits else session.ask_ahead(request)
        yield page


def _limited(uri: str, limit: int) -> str:
    return _LIMIT.sub(str(limit), uri)


def _fewer(request: Request) -> int:
    """Return the number of entries to request instead of a page that is too large; 0 for none."""
    limit = _LIMIT.search(request.uri)
    return int(limit[0]) // limits.FEWER if limit else 0


def _checked(next_uri: str, source: str) -> str:
    if len(next_uri) > limits.MAX_URI:
        raise ReplyError(f"{source}: the address of the next page has {len(next_uri):,} characters")
    if not _BELOW_THE_HOST.fullmatch(next_uri):
        raise ReplyError(f"{source}: the next page is nowhere on the cluster")
    return next_uri


def _stated_next(data: bytes, source: str) -> str:
    """Return where a page says that the next one is; without decoding all of it, if possible."""
    stated = _PAGING.search(data, max(len(data) - _END_OF_PAGE, 0))
    paging = _paging.read(stated[1], source) if stated else _paged.read(data, source).paging
    return _next_of(paging)


def _next_of(paging: PagingJson | None) -> str:
    return (paging.next if paging else None) or ""
