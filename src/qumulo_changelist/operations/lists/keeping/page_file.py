"""The pages of a diff in a file, in order, of which the beginning can be used if its end is bad.

Each page has a hash of itself and of all before it.
The file contains JSON and the bytes that the cluster has sent, which nobody runs.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
import struct
from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from msgspec import Struct

from qumulo_changelist.cluster.interface import UndecodedPage
from qumulo_changelist.errors import IncompleteReplyError

_MAGIC = b"qumulo-changelist pages 1\n"
_HASH_SIZE = 32
_LENGTH = struct.Struct(">I")
_LENGTHS = struct.Struct(">QQQ")
_BEFORE_HEADER = len(_MAGIC) + _HASH_SIZE + _LENGTH.size
_MAX_HEADER = 4096
_MAX_RECORD = 256 * 1024 * 1024  # a page of 10,000 changes has a megabyte or two
# Whoever opens a pipe without it waits for a writer; a link may lead anywhere.
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class PagesHeader(Struct, frozen=True):
    """What a file says of its pages."""

    identity: bytes
    """Stands for the diff that they are of."""
    older: int
    """The id of the older snapshot."""
    newer: int
    begun: int
    """When the first page was kept, in seconds since the epoch."""


class _Record(NamedTuple):
    """Where a page is in the file."""

    offset: int
    size: int
    digest: bytes


class PageFile:
    """A file of pages that this process holds the lock of. Close it at the end.

    Args:
        descriptor: the open file, which it closes.
        header: what new pages are of.

    Raises:
        OSError: it cannot be read or written; raised by every method.
    """

    def __init__(self, descriptor: int, header: PagesHeader) -> None:
        self._descriptor, self._new_header = descriptor, header
        self.header = header
        """What the file says of its pages; only its identity is that of the argument."""
        self._records: list[_Record] = []
        self._last: UndecodedPage | None = None
        self.first_source = ""
        """The request for the first page; "" if there is no page."""
        self.is_damaged = False
        """Whether something at the end of the file was dropped."""
        self._end, self._digest = 0, b""
        self._find_pages()

    @property
    def count(self) -> int:
        """The number of pages."""
        return len(self._records)

    @property
    def next_uri(self) -> str | None:
        """Where the page after the last one is; None if there is no page."""
        return self._last.next_uri if self._last else None

    def pages(self) -> Iterator[UndecodedPage]:
        """Yield the pages that are there now; see :meth:`page`."""
        return map(self.page, range(self.count))

    def page(self, index: int) -> UndecodedPage:
        """Return a page by its position.

        Raises:
            IncompleteReplyError: the file was changed meanwhile.
        """
        record = self._records[index]
        before = self._records[index - 1].digest if index else _digest_of(self.header)
        found = None
        with contextlib.suppress(OSError):
            found = self._read(record.offset, before)
        if not found or found[1].digest != record.digest:
            raise IncompleteReplyError("the pages of the diff that were kept are damaged")
        return found[0]

    def add(self, page: UndecodedPage) -> None:
        """Add a page; if that fails, those before it stay."""
        if not self._end:
            self._write_header()
        source, next_uri = (_to_bytes(each) for each in (page.source, page.next_uri))
        content = b"".join((
            _LENGTHS.pack(len(source), len(next_uri), len(page.data)), source, next_uri, page.data,
        ))  # fmt: skip
        if len(content) > _MAX_RECORD:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        digest = hashlib.sha256(self._digest)
        digest.update(content)
        record = _Record(self._end, len(content) + _HASH_SIZE, digest.digest())
        self._write(content + record.digest)
        self._accept(record, page)

    def clear(self) -> None:
        """Remove all pages."""
        os.ftruncate(self._descriptor, 0)
        self._records.clear()
        self.header = self._new_header
        self._last, self._end, self._digest = None, 0, b""
        self.first_source = ""

    def close(self) -> None:
        """Give up the lock."""
        os.close(self._descriptor)

    def _find_pages(self) -> None:
        size = os.fstat(self._descriptor).st_size
        found = read_header(self._descriptor)
        if found and found[0].identity == self.header.identity:
            self.header, self._end = found
            self._digest = _digest_of(self.header)
            while record := self._read(self._end, self._digest):
                self._accept(record[1], record[0])
        if self._end < size:
            self.is_damaged = True
            os.ftruncate(self._descriptor, self._end)

    def _accept(self, record: _Record, page: UndecodedPage) -> None:
        self.first_source = self.first_source or page.source
        self._records.append(record)
        self._end, self._digest = record.offset + record.size, record.digest
        self._last = page._replace(data=b"")

    def _read(self, offset: int, before: bytes) -> tuple[UndecodedPage, _Record] | None:
        """Return the page at an offset, and where it is; None if there is none that is whole."""
        lengths = os.pread(self._descriptor, _LENGTHS.size, offset)
        if len(lengths) < _LENGTHS.size:
            return None
        source, next_uri, data = _LENGTHS.unpack(lengths)
        size = _LENGTHS.size + source + next_uri + data
        is_there = offset + size + _HASH_SIZE <= os.fstat(self._descriptor).st_size
        if size > _MAX_RECORD or not is_there:
            return None
        content = os.pread(self._descriptor, size + _HASH_SIZE, offset)
        digest = hashlib.sha256(before)
        digest.update(memoryview(content)[:size])
        if digest.digest() != content[size:]:
            return None
        text, uri_begins = content[: size - data], _LENGTHS.size + source
        page = UndecodedPage(
            _to_text(text[_LENGTHS.size : uri_begins]),
            content[size - data : size],
            _to_text(text[uri_begins:]),
        )
        return page, _Record(offset, size + _HASH_SIZE, digest.digest())

    def _write_header(self) -> None:
        encoded = msgspec.json.encode(self.header)
        self._digest = _digest_of(self.header)
        self._write(_MAGIC + self._digest + _LENGTH.pack(len(encoded)) + encoded)
        self._end = _BEFORE_HEADER + len(encoded)

    def _write(self, content: bytes) -> None:
        rest, offset = memoryview(content), self._end
        try:
            while rest:
                written = os.pwrite(self._descriptor, rest, offset)
                rest, offset = rest[written:], offset + written
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
            raise


def open_pages(path: str, header: PagesHeader, *, new: bool) -> PageFile | None:
    """Return the file of a diff, held from now on; None if there is none that can be used.

    Args:
        path: the file.
        header: what its pages have to be of, and when a new one begins.
        new: whether to make the file, which then must not exist.

    Raises:
        BlockingIOError: another run holds it.
        OSError: it cannot be used.
    """
    flags = os.O_RDWR | _FLAGS | (os.O_CREAT | os.O_EXCL if new else 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileNotFoundError:
        if new:
            raise
        return None
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, descriptor)
        if not is_private_file(os.fstat(descriptor)):
            raise OSError(errno.EPERM, "it is not a file of this user alone")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if new and not isinstance(error, BlockingIOError):  # the file system has no locks
                os.unlink(path)
            raise
        # Whoever held it may have removed it meanwhile.
        if not _is_at(path, descriptor):
            return None
        opened = PageFile(descriptor, header)
        stack.pop_all()
        return opened


def read_header(descriptor: int) -> tuple[PagesHeader, int] | None:
    """Return the header of an open file, and where it ends; None if there is none."""
    before = os.pread(descriptor, _BEFORE_HEADER, 0)
    if not before.startswith(_MAGIC) or len(before) < _BEFORE_HEADER:
        return None
    (length,) = _LENGTH.unpack(before[-_LENGTH.size :])
    encoded = os.pread(descriptor, min(length, _MAX_HEADER), _BEFORE_HEADER)
    if hashlib.sha256(encoded).digest() != before[len(_MAGIC) : -_LENGTH.size]:
        return None
    with contextlib.suppress(ValueError, RecursionError):
        return msgspec.json.decode(encoded, type=PagesHeader), _BEFORE_HEADER + length
    return None


def peek(path: str) -> PagesHeader | None:
    """Return the header of a file that a run may hold; None if there is none of this user.

    Raises:
        OSError: it cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | _FLAGS)
    try:
        found = read_header(descriptor) if is_private_file(os.fstat(descriptor)) else None
        return found[0] if found else None
    finally:
        os.close(descriptor)


def is_private_file(found: os.stat_result) -> bool:
    """Return whether a regular file belongs to this user, and nobody else can reach it."""
    is_ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    return is_ours and not stat.S_IMODE(found.st_mode) & 0o077


def _is_at(path: str, descriptor: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.lstat(path), os.fstat(descriptor))
    return False


def _digest_of(header: PagesHeader) -> bytes:
    return hashlib.sha256(msgspec.json.encode(header)).digest()


def _to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _to_text(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")
