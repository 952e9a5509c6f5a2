"""A kept piece as a file: it appears whole or not at all, and is believed only if its hashes agree.

Nothing in it is code, and nothing of it is run: whoever can write such a file can at most make it
unusable, or write what a worker could have written.
"""

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import msgspec
from msgspec import Struct

from qumulo_changelist.errors import PiecesError
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.atomic import AtomicFile

_MAGIC = b"qumulo-changelist piece 1\n"
_HASH_SIZE = 32
_LENGTH_SIZE = 8
_BEFORE_HEADER = len(_MAGIC) + _HASH_SIZE + _LENGTH_SIZE
_CHUNK = 1024 * 1024
# Whoever opens a pipe without it waits for a writer; a link may lead anywhere.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class DamagedPieceError(Exception):
    """A file is not the kept piece that it should be; ``str()`` is the reason alone."""


class StoredContent(Struct, frozen=True):
    """Bytes in a kept piece. It can be sent to a different process, which reads them there."""

    path: str
    offset: int
    size: int
    sha256: bytes

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes; all of them are needed, since only the last one shows if they agree.

        Raises:
            PiecesError: they cannot be read, or are not what was written.
        """
        try:
            with piece_errors(self.path), _open(self.path) as file:
                yield from self.chunks_of(file)
        except DamagedPieceError as error:
            raise PiecesError(f"the kept piece {self.path} was changed: {error}") from error

    def chunks_of(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield the bytes from the file when it is open already.

        Raises:
            DamagedPieceError: they are not what was written.
        """
        left, sha256 = self.size, hashlib.sha256()
        file.seek(self.offset)
        while chunk := file.read(min(left, _CHUNK)):
            left -= len(chunk)
            sha256.update(chunk)
            yield chunk
        if left or sha256.digest() != self.sha256:
            raise DamagedPieceError("its content does not agree with its hash")


class _Header(Struct, frozen=True):
    """What precedes the contents."""

    identity: bytes
    sizes: list[int]
    """Of the facts, and then of each content."""
    hashes: list[bytes]
    """Likewise."""

    def parts(self, path: str, offset: int) -> list[StoredContent]:
        """Return where the facts and the contents are in a file, from an offset on."""
        found = []
        for size, sha256 in zip(self.sizes, self.hashes, strict=True):
            found.append(StoredContent(path, offset, size, sha256))
            offset += size
        return found


def write_piece(
    path: str,
    identity: bytes,
    facts: bytes,
    contents: Sequence[bytes],
    *,
    is_durable: bool = True,
) -> list[StoredContent]:
    """Write a kept piece, and return where its contents are.

    Args:
        path: the file.
        identity: shows what it is of.
        facts: what is small and needed at once.
        contents: what is large.
        is_durable: whether it has to be on disk, and not only in a cache.

    Raises:
        PiecesError: it cannot be written.
    """
    parts = [facts, *contents]
    hashes = [hashlib.sha256(part).digest() for part in parts]
    header = _Header(identity, list(map(len, parts)), hashes)
    encoded = msgspec.json.encode(header)
    with piece_errors(path), AtomicFile(_local(path), 0o600) as atomic:
        atomic.file.write(_MAGIC + hashlib.sha256(encoded).digest())
        atomic.file.write(len(encoded).to_bytes(_LENGTH_SIZE, "big"))
        for part in (encoded, *parts):
            atomic.file.write(part)
        if is_durable:
            atomic.finish()
        else:
            atomic.file.close()
        atomic.place()
    return header.parts(path, _BEFORE_HEADER + len(encoded))[1:]


def read_piece(path: str, identity: bytes) -> tuple[bytes, list[StoredContent]] | None:
    """Return the facts of a kept piece and where its contents are; None if there is none.

    All of it is read, to be sure of it.

    Raises:
        DamagedPieceError: it is damaged, is something else, or cannot be read.
    """
    try:
        with _open(path) as file:
            header, offset = _read_header(file, identity)
            if os.fstat(file.fileno()).st_size != offset + sum(header.sizes):
                raise DamagedPieceError("its length is wrong")
            first, *contents = header.parts(path, offset)
            facts = b"".join(first.chunks_of(file))
            for content in contents:
                for _ in content.chunks_of(file):
                    pass
    except FileNotFoundError:
        return None
    except OSError as error:
        check_shortage(error)
        raise DamagedPieceError(str(error.strerror)) from error
    return facts, contents


def _read_header(file: BinaryIO, identity: bytes) -> tuple[_Header, int]:
    before = file.read(_BEFORE_HEADER)
    if not before.startswith(_MAGIC) or len(before) < _BEFORE_HEADER:
        raise DamagedPieceError("it does not begin like one")
    length = int.from_bytes(before[-_LENGTH_SIZE:], "big")
    if length > os.fstat(file.fileno()).st_size:
        raise DamagedPieceError("it is cut short")
    encoded = file.read(length)
    if hashlib.sha256(encoded).digest() != before[len(_MAGIC) : -_LENGTH_SIZE]:
        raise DamagedPieceError("its header does not agree with its hash")
    try:
        header = msgspec.json.decode(encoded, type=_Header)
    except (ValueError, RecursionError) as error:
        raise DamagedPieceError(str(error)) from error
    if header.identity != identity:
        raise DamagedPieceError("it is of something else")
    if len(header.sizes) != len(header.hashes) or min(header.sizes, default=-1) < 0:
        raise DamagedPieceError("its header contradicts itself")
    return header, _BEFORE_HEADER + length


def _open(path: str) -> BinaryIO:
    file = os.fdopen(os.open(_local(path), _FLAGS), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise DamagedPieceError("it is not a regular file")
    return file


def _local(path: str) -> str:
    """Return a path in the encoding of this machine's locale, which is not always UTF-8."""
    return os.fsdecode(to_bytes(path))


@contextlib.contextmanager
def piece_errors(path: str) -> Iterator[None]:
    """Turn errors of the system into a ``PiecesError`` that names ``path``, or its folder."""
    try:
        yield
    except (OSError, ValueError) as error:
        check_shortage(error)
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            folder = os.path.dirname(os.path.dirname(path))  # the user knows nothing of its sets
            raise PiecesError(
                f"there is no room in the folder for pieces {folder}: {error.strerror}",
                hint="Make room there; the same command then goes on with the pieces that it has.",
            ) from error
        reason = error.strerror if isinstance(error, OSError) else error
        raise PiecesError(f"the kept piece {path} cannot be used: {reason}") from error
