"""One connection of a client: HTTP/1.1 over TLS, one request after the other."""

import selectors
import ssl
from collections.abc import Callable

from bench.replay.answers import Answers, Request

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

_END_OF_HEAD = b"\r\n\r\n"
_MOST_AT_ONCE = 65_536


class ConnectionEndedError(Exception):
    """The client has closed the connection, or broken it."""


class Connection:
    """A connection that never waits: each method does what can be done at once.

    Args:
        encrypted: the socket, which does not block.
        answers: what is answered.
        later: arranges that ``answer`` is called when it is time to.
    """

    def __init__(
        self, encrypted: ssl.SSLSocket, answers: Answers, later: Callable[["Connection"], None]
    ) -> None:
        self.socket = encrypted
        self.waits_for = READ
        """What has to be possible before ``proceed`` is called."""
        self._answers = answers
        self._later = later
        self._proceed = self._shake_hands
        self._received = b""
        self._rest = memoryview(b"")
        """What remains to be sent of the answer."""
        self._is_last = False
        self.is_closed = False

    def proceed(self) -> None:
        """Continue, now that it is possible.

        Raises:
            ConnectionEndedError: there is nothing left to do.
        """
        try:
            self._proceed()
        except ssl.SSLWantReadError:
            self.waits_for = READ
        except ssl.SSLWantWriteError:
            self.waits_for = WRITE
        except OSError as error:
            raise ConnectionEndedError(str(error)) from error

    def answer(self) -> None:
        """Send the answer; raises as ``proceed`` does."""
        self._proceed = self._send
        self.proceed()

    def close(self) -> None:
        """Close the socket; a request that has no answer yet is forgotten."""
        self._answers.in_flight -= bool(self._rest)
        self._rest = memoryview(b"")
        self.socket.close()
        self.is_closed = True

    def _shake_hands(self) -> None:
        self.socket.do_handshake()
        self.waits_for = READ
        self._proceed = self._receive
        self._receive()

    def _receive(self) -> None:
        """Receive until there is a whole request."""
        while (request := self._take_request()) is None:
            data = self.socket.recv(_MOST_AT_ONCE)
            if not data:
                raise ConnectionEndedError("the client closed the connection")
            self._received += data
        self._begin(*request)

    def _take_request(self) -> tuple[Request, bytes] | None:
        """Remove a request from what was received; return it and all of its lines."""
        head, found, rest = self._received.partition(_END_OF_HEAD)
        if not found:
            return None
        line, _, headers = head.partition(b"\r\n")
        lowered = headers.lower()
        length = _content_length(lowered)
        if len(rest) < length:
            return None
        self._is_last = b"connection: close" in lowered
        self._received = rest[length:]
        return Request(line, rest[:length]), head

    def _begin(self, request: Request, head: bytes) -> None:
        self._answers.in_flight += 1
        self._rest = memoryview(self._answers.find(request, head))
        self._proceed = self._wait
        self._later(self)

    def _wait(self) -> None:
        """Notice, while an answer is not yet sent, that the client has gone."""
        data = self.socket.recv(_MOST_AT_ONCE)
        if not data:
            raise ConnectionEndedError("the client closed the connection")
        self._received += data

    def _send(self) -> None:
        while self._rest:
            self._rest = self._rest[self.socket.send(self._rest) :]
        self._answers.in_flight -= 1
        if self._is_last:
            raise ConnectionEndedError("the client asked to close the connection")
        self.waits_for = READ
        self._proceed = self._receive
        if self._received or self.socket.pending():
            self._receive()


def _content_length(headers: bytes) -> int:
    _, found, rest = headers.partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0
