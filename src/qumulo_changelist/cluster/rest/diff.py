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
        later = _pages_from(session, request, store.next_uri)
        # It shows at once whether the cluster goes on there, before any kept page is used.
        found = await _first_of(later, store)
        if found is not None:
            for page in store.pages():
                yield RawDiffPage(RawPage(*page))
            for raw in found:
                yield _kept(raw, store)
            coming = later
    async for raw in coming:
        yield _kept(raw, store)


async def _pages_from(
    session: Session, request: Request, uri: str
) -> AsyncGenerator[RawPage, None]:
    if uri:
        async for raw in raw_pages(session, replace(request, uri=uri)):
            yield raw


async def _first_of(
    pages: AsyncGenerator[RawPage, None], store: PageStore
) -> tuple[RawPage, ...] | None:
    """Return the page after those that are kept, if one follows; None if the cluster refuses it."""
    try:
        return (await next_of(pages),)
    except StopAsyncIteration:
        return ()
    except (LoginError, BrokenConnectionError):
        raise
    except _REFUSALS as error:
        store.start_over(str(error))
        return None


def _kept(raw: RawPage, store: PageStore) -> RawDiffPage:
    store.keep(UndecodedPage(raw.source, raw.data, raw.next_uri))
    return RawDiffPage(raw)
