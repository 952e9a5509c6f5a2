"""The file of a scan list: its pieces, behind a first line that counts what they hold."""

import contextlib
import heapq
import html
import io
import os
import tempfile
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from qumulo_changelist.model import Totals, to_bytes
from qumulo_changelist.output.interface import Piece, naming, whole_file

_CHUNK = 1024 * 1024


@contextlib.contextmanager
def scan_file(path: str) -> Iterator["ScanFile"]:
    """Give a scan list to be filled; without ``publish`` the block leaves nothing.

    Args:
        path: where the list belongs; its folder is made where it is missing.

    Raises:
        OutputError: the folder cannot be made or written to.
    """
    path = os.fsdecode(to_bytes(path))  # in the locale's own terms, which are not always UTF-8
    folder = os.path.dirname(path)
    with contextlib.ExitStack() as stack:
        with naming(folder):
            os.makedirs(folder, exist_ok=True)
            aside = stack.enter_context(tempfile.TemporaryFile(dir=folder, buffering=0))
        yield ScanFile(path, aside)


class _Part(NamedTuple):
    """Where a piece lies in the file aside, and the names that it begins and ends with."""

    length: int
    last: str


class ScanFile:
    """Implements :class:`~qumulo_changelist.output.interface.ListFile`.

    Pieces wait in an unnamed file aside, since the first line of the list counts their entries.
    """

    def __init__(self, path: str, aside: io.FileIO) -> None:
        self._path = path
        self._aside = aside
        self._parts: list[_Part] = []
        self._elsewhere: list[tuple[str, bytes]] = []
        self._totals = Totals()

    @property
    def folder(self) -> str:
        """Where there is room for what else a run puts aside."""
        return os.path.dirname(self._path)

    def add(self, piece: Piece) -> None:
        """Take the next piece; see the interface."""
        self._totals = self._totals.plus(piece.totals)
        self._elsewhere += piece.elsewhere
        self._parts.append(_Part(len(piece.text), piece.last))
        rest = memoryview(piece.text)
        with naming(self._path):
            while rest:
                rest = rest[self._aside.write(rest) :]

    def publish(self) -> Totals:
        """Put the list in its place; see the interface."""
        with naming(self._path), whole_file(self._path) as file:
            file.write(_first_line(self._totals).encode())
            self._aside.seek(0)
            self._elsewhere.sort(reverse=True)
            for part in self._parts:
                file.writelines(self._text_of(part))
            file.writelines(line for _, line in self._elsewhere)
            file.write(b"</files>\n")
        return self._totals

    def _text_of(self, part: _Part) -> Iterator[bytes]:
        """Yield a piece, with the lines from elsewhere that belong before its end."""
        here = [pair for pair in self._elsewhere if pair[0] > part.last] if part.length else []
        if not here:
            left = part.length
            while left:
                chunk = self._aside.read(min(left, _CHUNK))
                left -= len(chunk)
                yield chunk
            return
        del self._elsewhere[: len(here)]
        lines = io.BytesIO(self._read(part.length))
        named = ((_name_of(line), line) for line in lines)
        yield from (line for _, line in heapq.merge(named, here, key=itemgetter(0), reverse=True))

    def _read(self, length: int) -> bytes:
        text = b""
        while len(text) < length:
            text += self._aside.read(length - len(text))
        return text


def _first_line(totals: Totals) -> str:
    return (
        f'<files scanned="{totals.files}" selected="{totals.files}" size="{totals.size}" '
        f'bad_dir_count="{totals.unreadable}" delete_count="{totals.deleted_files}">\n'
    )


def _name_of(line: bytes) -> str:
    return html.unescape(line.split(b'"', 2)[1].decode())
