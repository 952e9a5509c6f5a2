"""Collections that come in pages over REST, each requested before the page before it is used."""

import contextlib
import re
from collections.abc import AsyncGenerator, Container
from typing import Protocol, TypeVar

from msgspec import Raw
from msgspec.structs import replace

from qumulo_changelist.cluster.attributes import DIRECTORY, check_names, described, inspected
from qumulo_changelist.cluster.changes import check_changes
from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.cluster.rest.request import Request
from qumulo_changelist.cluster.rest.session import Session
from qumulo_changelist.cluster.shapes import (
    DiffJson,
    DirectoryJson,
    FileJson,
    NodeJson,
    PagingJson,
    SomeEntriesJson,
)
from qumulo_changelist.cluster.wire import Reader, to_file
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Change, Description, EntryStat

_BELOW_THE_HOST = re.compile("/(?!/)[!-~]*")
_LIMIT = re.compile(r"(?<=[?&]limit=)\d+")

DIFF: Reader[DiffJson[Raw | list[Change]]] = Reader(DiffJson[Raw], DiffJson[list[Change]])
"""Reads a page of a diff; its changes are decoded later, after the next page was requested."""

DIRECTORY_LISTING: Reader[DirectoryJson[Raw | list[object]]] = Reader(
    DirectoryJson[Raw], DirectoryJson[list[object]]
)
"""Reads a page of a directory; its files are decoded later, likewise."""

SOME_ENTRIES = Reader(SomeEntriesJson)
"""Reads a page of a directory of which only some entries are needed."""

_changes = Reader(list[Change])
_files = Reader(list[FileJson])
_objects = Reader(list[object])


class _Paged(Protocol):
    @property
    def paging(self) -> PagingJson | None: ...


Page = TypeVar("Page", bound=_Paged)


async def read_pages(
    session: Session, request: Request, reader: Reader[Page], later_limit: int = 0
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
        page = reader.read(answer, source)
        next_uri = page.paging.next if page.paging else None
        if not next_uri:
            yield source, page
            return
        if not _BELOW_THE_HOST.fullmatch(next_uri):
            raise ReplyError(f"{source}: the next page is nowhere on the cluster")
        if later_limit:
            next_uri = _LIMIT.sub(str(later_limit), next_uri)
        if next_uri in requested:
            raise ReplyError(f"{source}: the pages go round in a circle")
        requested.add(next_uri)
        request = replace(request, uri=next_uri)
        if later_limit and len(requested) == 2:
            yield source, page
            answer = await session.ask(request)
            continue
        coming = session.ask_ahead(request)
        yield source, page
        answer = await coming


def changes_of(page: DiffJson[Raw | list[Change]], source: str) -> list[Change]:
    """Return the changes of a page of a diff.

    Args:
        page: the page.
        source: the request, for messages.

    Raises:
        ReplyError: an entry is not a change of an absolute path.
    """
    changes = page.entries
    if not isinstance(changes, list):
        changes = _changes.read(changes, source)
    try:
        check_changes(changes)
    except ReplyError as error:
        raise ReplyError(f"{source}: {error}") from None
    return changes


def entries_of(
    page: DirectoryJson[Raw | list[object]], source: str, wanted: Container[str] | None = None
) -> DirectoryPage:
    """Return a page of a directory, with the entries that are ``wanted``; None for all.

    An entry that lacks a field that a list needs, or has it malformed, is a ``ReadFailure``.

    Args:
        page: the page.
        source: the request, for messages.
        wanted: the names, without a ``/``.

    Raises:
        ReplyError: an entry has no usable name.
    """
    files = _files_of(page.files, source)
    names = [file.name for file in files]
    check_names(names, source)
    entries: dict[str, Description] = {}
    for file in files:
        if wanted is None or file.name in wanted:
            name = f"{file.name}/" if file.type == DIRECTORY else file.name
            entries[name] = described(file)
    return DirectoryPage(page.child_count, len(set(names)), entries)


def stats_of(page: SomeEntriesJson, source: str) -> dict[str, EntryStat]:
    """Return what identifies each entry of a page, by name.

    Raises:
        ReplyError: an entry has no usable name.
    """
    files = [to_file(file, NodeJson, source) for file in page.files]
    check_names([file.name for file in files], source)
    return {file.name: inspected(file) for file in files}


def _files_of(files: Raw | list[object], source: str) -> list[FileJson]:
    """Return the files of a page: decoded all at once, or one by one if one is malformed."""
    if not isinstance(files, list):
        with contextlib.suppress(ReplyError):
            return _files.read(files, source)
        files = _objects.read(files, source)
    return [to_file(file, FileJson, source) for file in files]
