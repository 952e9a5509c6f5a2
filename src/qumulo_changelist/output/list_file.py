"""The file of a list, whatever its format: its pieces are stored until all of them are there."""

import contextlib
import hashlib
import io
import os
import tempfile
import threading
from collections.abc import Iterator
from queue import Queue
from typing import IO, NamedTuple

from qumulo_changelist.machine.durable import make_folders
from qumulo_changelist.model import Totals
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.atomic import check_replaceable, output_errors
from qumulo_changelist.output.interface import ListFormat, Piece, StoredPiece

_CHUNK = 1024 * 1024
# The number of chunks that wait to be hashed.
_MAX_CHUNKS = 8


class WrittenList(NamedTuple):
    """A list as it was written."""

    path: str
    """In the encoding of this machine's locale."""
    size: int
    """In bytes."""
    sha256: str
    """Of its bytes, in hexadecimal digits."""


@contextlib.contextmanager
def list_file(path: str, list_format: ListFormat) -> Iterator["ListFile"]:
    """Yield a :class:`ListFile`. Nothing of it remains after the ``with`` block.

    Args:
        path: where the list belongs; its folder is made if it is missing.
        list_format: the format of the list.

    Raises:
        OutputError: the folder cannot be made or written to, or the path is that of something other
            than a regular file.
    """
    path = os.fsdecode(to_bytes(path))  # the encoding of the locale is not always UTF-8
    folder = os.path.dirname(path)
    with contextlib.ExitStack() as stack:
        check_replaceable(path)
        with output_errors(folder):
            make_folders(folder)
            aside = stack.enter_context(tempfile.TemporaryFile(dir=folder, buffering=0))
        yield ListFile(path, list_format, aside)


class ListFile:
    """Collects the pieces of a list in an unnamed file, and writes the list from them.

    The format may begin a list with what is known only at its end, such as its totals.
    """

    def __init__(self, path: str, list_format: ListFormat, aside: io.FileIO) -> None:
        self.path = path
        """Where the list belongs, in the encoding of this machine's locale."""
        self._list_format = list_format
        self._aside = aside
        self._pieces: list[StoredPiece] = []

    @property
    def folder(self) -> str:
        """A folder with room for what else a run sets aside."""
        return os.path.dirname(self.path)

    def add(self, piece: StoredPiece) -> None:
        """Add the next piece; one that is in memory is set aside, and any other stays where it is.

        Raises:
            OutputError: there is no room, or another error of the system.
        """
        self._pieces.append(self._set_aside(piece) if isinstance(piece, Piece) else piece)

    def _set_aside(self, piece: Piece) -> "_PieceAside":
        rest = memoryview(piece.content)
        with output_errors(self.path):
            while rest:
                rest = rest[self._aside.write(rest) :]
        return _PieceAside(
            self._aside, len(piece.content), piece.last_name, piece.misplaced, piece.covered
        )

    def write(self, file: IO[bytes], totals: Totals) -> WrittenList:
        """Write the whole list.

        Args:
            file: the file to write to.
            totals: what the pieces contain.

        Raises:
            OSError: it cannot be written.
        """
        size = 0
        self._aside.seek(0)
        with _HashingThread() as hashing:
            for chunk in self._list_format.assemble(self._pieces, totals):
                hashing.add(chunk)
                file.write(chunk)
                size += len(chunk)
        return WrittenList(self.path, size, hashing.digest)


class _HashingThread:
    """Computes the SHA-256 of a list while it is written; Python's lock is free meanwhile."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._chunks: Queue[bytes] = Queue(_MAX_CHUNKS)
        self._thread = threading.Thread(target=self._hash, daemon=True)
        self._has_thread = False
        """Without one, if the system has no room for it, hashing and writing take turns."""

    def __enter__(self) -> "_HashingThread":
        with contextlib.suppress(RuntimeError):
            self._thread.start()
            self._has_thread = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._has_thread:
            self._chunks.put(b"")
            self._thread.join()

    def add(self, chunk: bytes) -> None:
        """Add the next part."""
        if not self._has_thread:
            self._sha256.update(chunk)
        elif chunk:
            self._chunks.put(chunk)

    @property
    def digest(self) -> str:
        """The hash in hexadecimal digits, after the ``with`` block."""
        return self._sha256.hexdigest()

    def _hash(self) -> None:
        while chunk := self._chunks.get():
            self._sha256.update(chunk)


class _PieceAside(NamedTuple):
    """Implements ``StoredPiece``: a piece in the unnamed file, which is read from its position."""

    file: io.FileIO
    length: int
    last_name: str
    misplaced: list[tuple[str, bytes]]
    covered: int

    def chunks(self) -> Iterator[bytes]:
        """Yield the content; see ``StoredPiece``."""
        left = self.length
        while left:
            chunk = self.file.read(min(left, _CHUNK))
            left -= len(chunk)
            yield chunk
