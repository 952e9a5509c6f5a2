"""Pages of a directory over REST: from JSON to the entries that are wanted."""

from collections.abc import Callable, Container, Sequence
from typing import Generic

from qumulo_changelist.cluster.attributes import (
    DIRECTORY,
    FILE,
    check_names,
    described,
    identified,
    inspected,
)
from qumulo_changelist.cluster.file_columns import describe_files, identify_files
from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.cluster.shapes import (
    DirectoryJson,
    FileJson,
    KnownFileJson,
    NodeJson,
    SomeEntriesJson,
)
from qumulo_changelist.cluster.wire import File, Reader, to_file
from qumulo_changelist.columns import NO_FILES, FileColumns
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Description, EntryStat


class ListingReader(Generic[File]):
    """Reads pages of a directory.

    Args:
        shape: what is read of each file.
        describe_all: describes regular files; raises ``ValueError`` if one is unusual.
        describe: describes any entry. It is a ``ReadFailure`` if a field that a list needs is
            missing or malformed.
    """

    def __init__(
        self,
        shape: type[File],
        describe_all: Callable[[Sequence[File]], FileColumns],
        describe: Callable[[File], Description],
    ) -> None:
        self._shape = shape
        self._decoder: Reader[DirectoryJson[list[File]]] = Reader(DirectoryJson[list[shape]])  # type: ignore[valid-type]
        self._describe_all = describe_all
        self._describe = describe

    def read(self, data: bytes, source: str) -> DirectoryJson[list[File]]:
        """Return a page: all files decoded at once, or one by one if one is malformed.

        Args:
            data: the JSON.
            source: the request, for messages.

        Raises:
            ReplyError: it is not a page of a directory.
        """
        try:
            return self._decoder.read(data, source)
        except ReplyError:
            page = _any_files.read(data, source)
        files = [to_file(file, self._shape, source) for file in page.files]
        return DirectoryJson(files, page.child_count, page.paging)

    def entries(
        self, page: DirectoryJson[list[File]], source: str, wanted: Container[str] | None = None
    ) -> DirectoryPage:
        """Return the entries of a page that are wanted.

        Args:
            page: the page.
            source: the request, for messages.
            wanted: the names, without a ``/``; None for all.

        Raises:
            ReplyError: an entry has no usable name.
        """
        files = page.files
        names = [file.name for file in files]
        check_names(names, source)
        received = len(set(names))
        if received < len(names):
            files = list({file.name: file for file in files}.values())
        if wanted is not None:
            files = [file for file in files if file.name in wanted]
        plain = [file for file in files if file.type == FILE]
        try:
            columns = self._describe_all(plain) if plain else NO_FILES
        except ValueError:
            plain, columns = [], NO_FILES
        others = [file for file in files if file.type != FILE] if plain else files
        return DirectoryPage(
            page.child_count,
            received,
            [file.name for file in plain],
            columns,
            {_full_name(file): self._describe(file) for file in others},
        )


def stats_of(page: SomeEntriesJson, source: str) -> dict[str, EntryStat]:
    """Return what identifies each entry of a page, by name.

    Raises:
        ReplyError: an entry has no usable name.
    """
    files = [to_file(file, NodeJson, source) for file in page.files]
    check_names([file.name for file in files], source)
    return {file.name: inspected(file) for file in files}


def _full_name(file: KnownFileJson) -> str:
    return f"{file.name}/" if file.type == DIRECTORY else file.name


ATTRIBUTES = ListingReader(FileJson, describe_files, described)
"""Reads all that a list needs."""

IDENTITIES = ListingReader(KnownFileJson, identify_files, identified)
"""Reads what identifies an entry: no access times, owners and groups."""

SOME_ENTRIES = Reader(SomeEntriesJson)
"""Reads a page of a directory of which only some entries are needed."""

_any_files: Reader[DirectoryJson[list[object]]] = Reader(DirectoryJson[list[object]])
