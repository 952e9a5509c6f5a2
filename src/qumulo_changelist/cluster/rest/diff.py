"""The pages of a diff over REST, which are decoded where their changes are needed."""

from collections.abc import AsyncGenerator

from msgspec import Struct

from qumulo_changelist.cluster.changes import check_changes
from qumulo_changelist.cluster.rest.pages import RawPage, raw_pages
from qumulo_changelist.cluster.rest.request import Request
from qumulo_changelist.cluster.rest.session import Session
from qumulo_changelist.cluster.shapes import DiffJson
from qumulo_changelist.cluster.wire import Reader
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Change

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


async def read_diff(session: Session, request: Request) -> AsyncGenerator[RawDiffPage, None]:
    """Yield the pages of a diff; see :func:`~.pages.raw_pages`."""
    async for raw in raw_pages(session, request):
        yield RawDiffPage(raw)
