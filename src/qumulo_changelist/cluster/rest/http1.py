"""Requests and answers as HTTP/1.1 writes them (RFC 9112): pure, from and to bytes.

An answer that is cut short, or is not exactly HTTP, is an error and never a shorter answer.
"""

import re
import time

from qumulo_changelist.cluster.rest.request import Request, Response

_MAX_HEAD = 65_536
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?\r\n")
_FIELD = re.compile(
    rb"^(content-length|transfer-encoding|connection|retry-after)[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r$",
    re.IGNORECASE | re.MULTILINE,
)
_LENGTH = re.compile(rb"\d{1,18}")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_END_OF_LINE = b"\r\n"
_END_OF_HEAD = b"\r\n\r\n"


class MalformedAnswerError(Exception):
    """What came is not HTTP, or was cut short."""


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

    Attributes:
        is_reusable: whether the connection can carry another request after the answer.
    """

    def __init__(self) -> None:
        self.is_reusable = False
        self._status = 0
        self._retry_after: float | None = None
        self._head: bytes | None = b""
        """The beginning of the head; None after it."""
        self._missing = 0
        """The number of bytes that are missing; -1 if the end of the connection is the end."""
        self._pieces: list[bytes] = []
        self._chunks: _Chunks | None = None

    def add(self, data: bytes) -> Response | None:
        """Take the next piece, and return the answer if it is complete.

        Raises:
            MalformedAnswerError: it is not HTTP.
        """
        if self._head is not None:
            rest = self._read_head(data)
            if rest is None:
                return None
            data = rest
        if self._chunks:
            if not self._chunks.add(data):
                return None
            self.is_reusable &= not self._chunks.left
            return self._answer(b"".join(self._chunks.pieces))
        self._pieces.append(data)
        if self._missing < 0:
            return None
        self._missing -= len(data)
        if self._missing > 0:
            return None
        if self._missing:  # more than an answer: nobody knows of what
            self.is_reusable = False
            self._pieces[-1] = data[: self._missing]
        return self._answer(self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces))

    def end(self) -> Response:
        """Return the answer that ends with the connection.

        Raises:
            MalformedAnswerError: it does not end here.
        """
        if self._head is None and self._missing < 0 and not self._chunks:
            return self._answer(b"".join(self._pieces))
        raise MalformedAnswerError("the connection broke")

    def _answer(self, body: bytes) -> Response:
        return Response(self._status, body, self._retry_after)

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
            if not data:
                self._head = b""
                return None
        self._head = None
        self._status = int(status[2])
        self._read_fields(data[status.end() : end], is_older=status[1] == b"0")
        return data[end:]

    def _read_fields(self, head: bytes, *, is_older: bool) -> None:
        fields: dict[bytes, list[bytes]] = {}
        for name, value in _FIELD.findall(head):
            fields.setdefault(name.lower(), []).append(value)
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
            self._chunks = _Chunks()
            self.is_reusable &= not lengths
        elif lengths:
            if len(set(lengths)) > 1 or not _LENGTH.fullmatch(lengths[0]):
                raise MalformedAnswerError("the answer is not HTTP")
            self._missing = int(lengths[0])
        else:
            self._missing = -1
            self.is_reusable = False


class _Chunks:
    """A body in chunks."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
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
                self.pieces.append(data[at : at + take])
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
            return int(asked)
        from email.utils import mktime_tz, parsedate_tz

        date = parsedate_tz(asked)
        return max(mktime_tz(date) - time.time(), 0) if date else None
    except (ValueError, OverflowError):
        return None
