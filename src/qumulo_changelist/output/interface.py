"""A list, whatever its format, and the file it becomes."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple, Protocol

from msgspec import Struct

from qumulo_changelist.errors import OutputError, check_shortage
from qumulo_changelist.model import Entry, Op, Totals


class Piece(Struct, frozen=True):
    """A contiguous part of a list, as text; and what it holds."""

    text: bytes
    totals: Totals
    last: str
    """The name of its last entry, "" where it has none."""
    elsewhere: list[tuple[str, bytes]]
    """Lines that belong where their names sort as they are written: the name so, and the line."""
    unreadable: list[tuple[str, str]]
    """Names and reasons, of the first ones."""
    left_out: list[str]
    """Names, of the first ones."""
    not_entered: list[tuple[str, Op]]
    """Directories that cannot be read, of all that is in which the same happened; all of them."""


class PublishedList(NamedTuple):
    """A list, as it is in its place."""

    path: str
    """In the terms of this machine's locale."""
    size: int
    """In bytes."""
    sha256: str
    """Of its bytes, in hexadecimal digits."""


class ListFormat(Protocol):
    """How entries are written. It can be pickled."""

    def piece(self, batches: Iterable[list[Entry]]) -> Piece:
        """Return entries as text, in their order; what the format cannot hold as unreadable."""

    def can_name(self, name: str) -> bool:
        """Tell whether the format can hold a name."""


class ListFile(Protocol):
    """Takes the pieces of a list, in its order."""

    @property
    def path(self) -> str:
        """Where the list belongs, in the terms of this machine's locale."""

    def add(self, piece: Piece) -> None:
        """Take the next piece.

        Raises:
            OutputError: there is no room, or another error of the system.
        """

    def deleted_files(self) -> Iterator[str]:
        """Yield the names of the deleted files that were added."""

    def write(self, file: IO[bytes], totals: Totals) -> PublishedList:
        """Write the whole list; its first line counts what it holds.

        Raises:
            OSError: it cannot be written.
        """


@contextlib.contextmanager
def output_errors(path: str) -> Iterator[None]:
    """Turn what the system says against writing into an error that names ``path``."""
    try:
        yield
    except (OSError, ValueError) as error:
        check_shortage(error)
        reason = error.strerror if isinstance(error, OSError) else error
        raise OutputError(f"{path} cannot be written: {reason}") from error
