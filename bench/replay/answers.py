"""The answers of a server, each asked for once, and a count of the requests for them."""

import http.client
import re
import time
from typing import NamedTuple

import msgspec

_KINDS = {
    "diff": re.compile(rb"GET \S*/changes-since/"),
    "listings": re.compile(rb"GET \S*/entries/?[? ]"),
    "attributes": re.compile(rb"GET \S*/info/attributes[? ]"),
}
# What was answered to anything else may have another answer later.
_LASTING = {200, 404}
_TAKE_COUNTS = b"DELETE /replay/counts "
_OF_ONE_CONNECTION = {"connection", "content-length", "date", "keep-alive", "transfer-encoding"}


class Request(NamedTuple):
    """A request as it was received, without what answers do not depend on."""

    line: bytes
    """Its first line."""
    body: bytes = b""


class Counts(msgspec.Struct):
    """The requests since counting began."""

    requests: int = 0
    kinds: dict[str, int] = msgspec.field(default_factory=dict)
    """By kind: pages of the diff, listings (pages of directories), attributes, and others."""
    misses: int = 0
    """The number of those whose answer was not known."""
    most_in_flight: int = 0
    """The largest number of requests that waited for an answer at once."""
    processor: float = 0
    """The processor time of this server in seconds."""


class OriginError(Exception):
    """The server that knows the answers does not answer."""


class Answers:
    """All answers that were given so far.

    ``DELETE /replay/counts`` is answered here: with the counts, which then begin again.

    Args:
        origin: a connection to the server that is asked for those not yet known.
    """

    def __init__(self, origin: http.client.HTTPConnection) -> None:
        self._origin = origin
        self._known: dict[Request, tuple[bytes, str]] = {}
        self._counts = Counts()
        self._begin = time.process_time()
        self.in_flight = 0
        """The number of requests that wait for an answer now."""

    def find(self, request: Request, head: bytes) -> bytes:
        """Return the answer as it is sent, and ask for it if necessary.

        Args:
            request: the request.
            head: all lines of it, for the server that is asked.

        Raises:
            OriginError: that server does not answer.
        """
        found = self._known.get(request)
        if found is None:
            if request.line.startswith(_TAKE_COUNTS):
                return _with_head("200 OK", [], msgspec.json.encode(self._take_counts()))
            self._counts.misses += 1
            found = self._ask(request, head)
        answer, kind = found
        counts = self._counts
        counts.requests += 1
        counts.kinds[kind] = counts.kinds.get(kind, 0) + 1
        counts.most_in_flight = max(counts.most_in_flight, self.in_flight)
        return answer

    def _take_counts(self) -> Counts:
        counted, self._counts = self._counts, Counts()
        before, self._begin = self._begin, time.process_time()
        counted.processor = self._begin - before
        return counted

    def _ask(self, request: Request, head: bytes) -> tuple[bytes, str]:
        """Ask for an answer; remember it if it is always the same."""
        method, target, _ = request.line.decode("latin-1").split(" ", 2)
        try:
            try:
                self._origin.request(method, target, request.body or None, _headers(head))
                response = self._origin.getresponse()
            except ConnectionError:  # it was idle for too long
                self._origin.close()
                self._origin.request(method, target, request.body or None, _headers(head))
                response = self._origin.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise OriginError(f"{method} {target}: {error}") from error
        headers = [pair for pair in response.getheaders() if _is_passed_on(pair[0])]
        kind = next((kind for kind, line in _KINDS.items() if line.match(request.line)), "others")
        found = _with_head(f"{response.status} {response.reason}", headers, body), kind
        if response.status in _LASTING:
            self._known[request] = found
        return found


def _headers(head: bytes) -> dict[str, str]:
    """Return the headers of a request, without those that only its own connection needs."""
    pairs = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    return {name: value.strip() for name, _, value in pairs if _is_passed_on(name)}


def _is_passed_on(header: str) -> bool:
    return header.lower() not in _OF_ONE_CONNECTION


def _with_head(status: str, headers: list[tuple[str, str]], body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "\r\n"]).encode("latin-1") + body
