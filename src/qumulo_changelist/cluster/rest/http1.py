"""Requests and answers as HTTP/1.1 writes them (RFC 9112): pure, from and to bytes.

An answer that is cut short, or is not exactly HTTP, is an error and never a shorter answer. What a
server sends costs memory and time in proportion to what it sends, and it is refused as soon as that
is more than an answer can be.
"""

import re
import time

from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.cluster.rest.request import Request, Response
from qumulo_changelist.wording import describe_size

_MAX_HEAD = 65_536
_MAX_INTERIM = 100
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?\r\n")
# Blanks around the value are not left to the expression: it would try every way to share them out.
_FIELD = re.compile(
    rb"^(content-length|transfer-encoding|connection|retry-after)[ \t]*:([^\r\n]*)\r$",
    re.IGNORECASE | re.MULTILINE,
)
_BLANKS = b" \t"
_LENGTH = re.compile(rb"\d{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_END_OF_LINE = b"\r\n"
_END_OF_HEAD = b"\r\n\r\n"

# So that many small pieces take little more memory than what is in them.
_PIECES_TOGETHER = 1024
# No cluster means more, and no clock counts that far.
_MOST_SECONDS = 1_000_000_000


class MalformedAnswerError(Exception):
    """What came is not HTTP, or was cut short."""


class OversizedAnswerError(Exception):
    """An answer is larger than what is accepted; ``str()`` says how large that is."""


def encode(request: Request, host: str, headers: dict[str, str]) -> bytes:
    """Return a request as it is sent.

    Args:
        request: the request.
        host: the value of the header ``Host``.
        headers: further headers.
    """
    body = request.body
    if body is not None:
        headers = headers | {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    head = (
        f"{request.method} {request.uri} HTTP/1.1\r\n"
        f"Host: {host}\r\nAccept-Encoding: identity\r\n{lines}\r\n"
    )
    return head.encode("ascii") + (body or b"")


class AnswerReader:
    """Reads one answer from the pieces in which it arrives.

    Args:
        most: the number of bytes of the body at most, for a success; an error is shorter. Whatever
            else belongs to the answer counts, too.

    Attributes:
        is_reusable: whether the connection can carry another request after the answer.
        has_head: whether the head of the answer is complete.
        received: the number of bytes that came.
    """

    def __init__(self, most: int) -> None:
        self.is_reusable = False
        self.has_head = False
        self.received = 0
        self._most = most
        self._interim = 0
        """The number of answers that came before the one that counts."""
        self._status = 0
        self._retry_after: float | None = None
        self._head: bytes | None = b""
        """The beginning of the head; None after it."""
        self._missing = 0
        """The number of bytes that are missing; -1 if the end of the connection is the end."""
        self._body = _Body()
        self._chunks: _Chunks | None = None

    def add(self, data: bytes) -> Response | None:
        """Take the next piece, and return the answer if it is complete.

        Raises:
            MalformedAnswerError: it is not HTTP.
            OversizedAnswerError: it is too large, or states that it will be.
        """
        self.received += len(data)
        if self.received > self._most + _MAX_HEAD:
            raise OversizedAnswerError(f"the answer has more than {describe_size(self._most)}")
        if self._head is not None:
            rest = self._read_head(data)
            if rest is None:
                return None
            data = rest
        if self._chunks:
            if not self._chunks.add(data):
                return None
            self.is_reusable &= not self._chunks.left
            return self._answer()
        if self._missing < 0:
            self._body.add(data)
            return None
        self._missing -= len(data)
        if self._missing < 0:  # more than an answer: nobody knows of what
            self.is_reusable = False
            data = data[: self._missing]
        self._body.add(data)
        return None if self._missing > 0 else self._answer()

    def end(self) -> Response:
        """Return the answer that ends with the connection.

        Raises:
            MalformedAnswerError: it does not end here.
        """
        if self._head is None and self._missing < 0 and not self._chunks:
            return self._answer()
        raise MalformedAnswerError("the connection broke")

    def _answer(self) -> Response:
        return Response(self._status, self._body.content(), self._retry_after)

    def _read_head(self, data: bytes) -> bytes | None:
        """Return what comes after the head; None if it is not complete."""
        assert self._head is not None
        data = self._head + data if self._head else data
        while True:
            if not _may_begin_an_answer(data):
                raise MalformedAnswerError("the answer is not HTTP")
            end = data.find(_END_OF_HEAD)
            if end < 0 and len(data) <= _MAX_HEAD:
                self._head = data
                return None
            status = _STATUS_LINE.match(data)
            if not 0 <= end <= _MAX_HEAD or not status or status[2] == b"101":
                raise MalformedAnswerError("the answer is not HTTP")
            end += len(_END_OF_HEAD)
            if status[2][:1] != b"1":
                break
            data = data[end:]  # an interim answer; the answer itself is still to come
            self._interim += 1
            if self._interim > _MAX_INTERIM:
                raise MalformedAnswerError("the answer does not begin")
            if not data:
                self._head = b""
                return None
        self._head = None
        self.has_head = True
        self._status = int(status[2])
        if not status[2].startswith(b"2"):
            self._most = min(self._most, limits.MAX_ERROR)
        self._read_fields(data[status.end() : end], is_older=status[1] == b"0")
        return data[end:]

    def _read_fields(self, head: bytes, *, is_older: bool) -> None:
        fields: dict[bytes, list[bytes]] = {}
        for name, value in _FIELD.findall(head):
            fields.setdefault(name.lower(), []).append(value.strip(_BLANKS))
        options = b",".join(fields.get(b"connection", ())).lower().replace(b" ", b"").split(b",")
        self.is_reusable = b"keep-alive" in options if is_older else b"close" not in options
        if asked := fields.get(b"retry-after"):
            self._retry_after = _seconds(asked[0].decode("latin-1"))
        lengths, codings = fields.get(b"content-length"), fields.get(b"transfer-encoding")
        if self._status in (204, 304):
            return
        if codings:
            if [coding.lower() for coding in codings] != [b"chunked"] or is_older:
                raise MalformedAnswerError("the answer is not HTTP")
            self._chunks = _Chunks(self._body)
            self.is_reusable &= not lengths
        elif lengths:
            if len(set(lengths)) > 1 or not _LENGTH.fullmatch(lengths[0]):
                raise MalformedAnswerError("the answer is not HTTP")
            self._missing = int(lengths[0])
            if self._missing > self._most:
                size, most = describe_size(self._missing), describe_size(self._most)
                raise OversizedAnswerError(
                    f"the answer has {size}, and at most {most} are accepted"
                )
        else:
            self._missing = -1
            self.is_reusable = False


class _Body:
    """What has arrived of a body."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._latest: list[bytes] = []

    def add(self, piece: bytes) -> None:
        """Add the next piece."""
        self._latest.append(piece)
        if len(self._latest) == _PIECES_TOGETHER:
            self._pieces.append(b"".join(self._latest))
            self._latest.clear()

    def content(self) -> bytes:
        """Return all of it."""
        if not self._pieces and len(self._latest) == 1:
            return self._latest[0]
        return b"".join([*self._pieces, *self._latest])


class _Chunks:
    """A body in chunks."""

    def __init__(self, body: _Body) -> None:
        self._body = body
        self.left = b""
        """What is not read yet; at the end, what comes after the body."""
        self._missing = 0
        """The number of bytes that the chunk lacks, with the end of its line."""
        self._is_trailer = False

    def add(self, data: bytes) -> bool:
        """Take the next piece, and return whether the body is complete."""
        data = self.left + data if self.left else data
        at = 0
        while True:
            if self._missing:
                # The last two bytes are looked at together.
                take = min(self._missing - 2, len(data) - at)
                self._body.add(data[at : at + take])
                self._missing -= take
                at += take
                if self._missing > 2 or len(data) - at < 2:
                    break
                if data[at : at + 2] != _END_OF_LINE:
                    raise MalformedAnswerError("the answer is not HTTP")
                at, self._missing = at + 2, 0
            end = data.find(_END_OF_LINE, at)
            if end < 0:
                break
            line, at = data[at:end], end + 2
            if self._is_trailer:
                if not line:
                    self.left = data[at:]
                    return True
            else:
                self._begin_chunk(line)
        self.left = data[at:]
        if len(self.left) > _MAX_HEAD:
            raise MalformedAnswerError("the answer is not HTTP")
        return False

    def _begin_chunk(self, line: bytes) -> None:
        size = _CHUNK_SIZE.fullmatch(line)
        if not size:
            raise MalformedAnswerError("the answer is not HTTP")
        length = int(size[1], 16)
        self._is_trailer = length == 0
        self._missing = length + 2 if length else 0


def _may_begin_an_answer(data: bytes) -> bool:
    begin = b"HTTP/1."
    return data[: len(begin)] == begin[: len(data)]


def _seconds(asked: str) -> float | None:
    """Return the number of seconds that a ``Retry-After`` asks to wait; None if it is malformed."""
    try:
        if asked.isdecimal():
            return min(int(asked), _MOST_SECONDS)
        from email.utils import mktime_tz, parsedate_tz

        date = parsedate_tz(asked)
        return max(mktime_tz(date) - time.time(), 0) if date else None
    except (ValueError, OverflowError):
        return None
