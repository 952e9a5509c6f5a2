"""The file of a scan list: its pieces, behind a first line that counts what they hold."""

import contextlib
import hashlib
import heapq
import html
import io
import os
import tempfile
from collections.abc import Iterator
from operator import itemgetter
from typing import IO, NamedTuple

from qumulo_changelist.model import Totals
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.interface import Piece, PublishedList, output_errors

_CHUNK = 1024 * 1024

# A quote in a name is written otherwise.
_DELETED, _OF_A_FILE = b"    <delete-file ", b'"  type="F_REG" '


@contextlib.contextmanager
def scan_file(path: str) -> Iterator["ScanFile"]:
    """Give a scan list to be filled; the block itself leaves nothing.

    Args:
        path: where the list belongs; its folder is made where it is missing.

    Raises:
        OutputError: the folder cannot be made or written to.
    """
    path = os.fsdecode(to_bytes(path))  # in the locale's own terms, which are not always UTF-8
    folder = os.path.dirname(path)
    with contextlib.ExitStack() as stack:
        with output_errors(folder):
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
        self.path = path
        self._aside = aside
        self._parts: list[_Part] = []
        self._elsewhere: list[tuple[str, bytes]] = []

    @property
    def folder(self) -> str:
        """Where there is room for what else a run puts aside."""
        return os.path.dirname(self.path)

    def add(self, piece: Piece) -> None:
        """Take the next piece; see the interface."""
        self._elsewhere += piece.elsewhere
        self._parts.append(_Part(len(piece.text), piece.last))
        rest = memoryview(piece.text)
        with output_errors(self.path):
            while rest:
                rest = rest[self._aside.write(rest) :]

    def write(self, file: IO[bytes], totals: Totals) -> PublishedList:
        """Write the whole list; see the interface."""
        sha256, size = hashlib.sha256(), 0
        for chunk in self._chunks(totals):
            file.write(chunk)
            sha256.update(chunk)
            size += len(chunk)
        return PublishedList(self.path, size, sha256.hexdigest())

    def deleted_files(self) -> Iterator[str]:
        """Yield the names of deleted files, in the list's order; see the interface."""
        self._aside.seek(0)
        lines = io.BufferedReader(self._aside)
        try:
            for line in lines:
                if line.startswith(_DELETED) and _OF_A_FILE in line:
                    yield _name_of(line)
        finally:
            lines.detach()

    def _chunks(self, totals: Totals) -> Iterator[bytes]:
        """Yield the list, part by part."""
        elsewhere = sorted(self._elsewhere, reverse=True)
        yield _first_line(totals).encode()
        self._aside.seek(0)
        for part in self._parts:
            yield from self._text_of(part, elsewhere)
        yield from (line for _, line in elsewhere)
        yield b"</files>\n"

    def _text_of(self, part: _Part, elsewhere: list[tuple[str, bytes]]) -> Iterator[bytes]:
        """Yield a piece, and take the lines from elsewhere that belong before its end."""
        here = [pair for pair in elsewhere if pair[0] > part.last] if part.length else []
        if not here:
            left = part.length
            while left:
                chunk = self._aside.read(min(left, _CHUNK))
                left -= len(chunk)
                yield chunk
            return
        del elsewhere[: len(here)]
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
