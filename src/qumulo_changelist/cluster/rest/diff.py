"""The pages of a diff over REST, which are decoded where their changes are needed."""

from collections.abc import AsyncGenerator

from msgspec import Struct
from msgspec.structs import replace

from qumulo_changelist.cluster.changes import check_changes
from qumulo_changelist.cluster.interface import PageStore, UndecodedPage
from qumulo_changelist.cluster.rest.pages import RawPage, raw_pages
from qumulo_changelist.cluster.rest.request import Request
from qumulo_changelist.cluster.rest.session import Session
from qumulo_changelist.cluster.shapes import DiffJson
from qumulo_changelist.cluster.wire import Reader
from qumulo_changelist.errors import (
    BrokenConnectionError,
    FailingError,
    LoginError,
    ReplyError,
    StatusError,
)
from qumulo_changelist.model import Change
from qumulo_changelist.pending import next_of

# What a cluster may answer to a request for a page that it does not know any more: its
# documentation does not say. If something else is wrong, the first page is refused likewise.
_REFUSALS = (StatusError, ReplyError, FailingError)

_diff: Reader[DiffJson[list[Change]]] = Reader(DiffJson[list[Change]])


class RawDiffPage(Struct, frozen=True):
    """Implements :class:`~qumulo_changelist.cluster.interface.DiffPage`."""

    raw: RawPage

    def changes(self) -> list[Change]:
        """Return the changes; see ``DiffPage``."""
        source = self.raw.source
        page = self.raw.read(_diff)
        try:
            check_changes(page.entries)
        except ReplyError as error:
            raise ReplyError(f"{source}: {error}") from None
        return page.entries


async def read_diff(
    session: Session, request: Request, store: PageStore | None = None
) -> AsyncGenerator[RawDiffPage, None]:
    """Yield the pages of a diff; see :func:`~.pages.raw_pages`.

    Args:
        session: sends the requests.
        request: the request for the first page.
        store: has the pages that need not be requested again, and keeps those that are.

    Raises:
        IncompleteReplyError: pages that are kept cannot be read any more.
    """
    if not store:
        async for raw in raw_pages(session, request):
            yield RawDiffPage(raw)
        return
    coming = raw_pages(session, request)
    if store.next_uri is not None:
        again = await _continuation(session, request, store)
        if again:
            for page in store.pages():
                yield RawDiffPage(RawPage(*page))
            coming = again
    async for raw in coming:
        yield _kept(raw, store)


async def _continuation(
    session: Session, request: Request, store: PageStore
) -> AsyncGenerator[RawPage, None] | None:
    """Return the pages after those that are kept; None if the cluster does not go on there.

    There are no pages if the diff was complete.

    A cluster that does not know an old address any more could answer with an end that is none. So
    the last page that is kept is requested again: if that has what it had, the address is good. It
    also shows before any kept page is used.
    """
    if not store.next_uri:
        return _no_more_pages()
    uri, last = store.last()
    pages = raw_pages(session, replace(request, uri=uri or request.uri))
    try:
        again = await next_of(pages)
        is_same = RawDiffPage(again).changes() == RawDiffPage(RawPage(*last)).changes()
    except (LoginError, BrokenConnectionError):
        raise
    except _REFUSALS as error:
        store.start_over(str(error))
        return None
    if is_same and again.next_uri:
        return pages
    await pages.aclose()
    store.start_over(f"{again.source}: the answer is not the one that was kept")
    return None


async def _no_more_pages() -> AsyncGenerator[RawPage, None]:
    no_pages: tuple[RawPage, ...] = ()
    for page in no_pages:
        yield page


def _kept(raw: RawPage, store: PageStore) -> RawDiffPage:
    store.keep(UndecodedPage(raw.source, raw.data, raw.next_uri))
    return RawDiffPage(raw)
