"""One node of a cluster, and the connections to it: sends one request, once.

What urllib3 raises ends here.
"""

import contextlib
import functools
import socket
from collections.abc import Iterator
from typing import Any

from urllib3 import BaseHTTPResponse, HTTPSConnectionPool, Retry, Timeout
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    EmptyPoolError,
    HTTPError,
    InvalidHeader,
    ReadTimeoutError,
    SSLError,
)

from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.cluster.rest.request import (
    NoAnswerError,
    NotConnectedError,
    Request,
    Response,
    SendError,
    TlsError,
)
from qumulo_changelist.cluster.rest.tls import Trust
from qumulo_changelist.shortages import check_shortage

# A node that vanishes without closing its connections is noticed within a minute or two, however
# long an answer may take.
_KEEPALIVE = {"SO_KEEPALIVE": 1, "TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 6}
_SOCKET_OPTIONS = [
    (socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP, number, value)
    for name, value in {"TCP_NODELAY": 1, **_KEEPALIVE}.items()
    if (number := getattr(socket, name, None)) is not None
]
# If more threads send than there are connections, they check this often, in seconds, whether the
# pool was closed.
_POOL_TIMEOUT = 1
_NO_RETRY = Retry(False)


class Node:
    """One node, reached by a pool of connections; implements ``Sender``.

    Attributes:
        host: its name or address.
        silent_until: the time until which other nodes are preferred; 0 while it answers.
    """

    def __init__(self, host: str, port: int, trust: Trust, connections: int) -> None:
        self.host = host
        self.silent_until = 0.0
        self._trust = trust
        self._opened: set[HTTPSConnection] = set()
        self._pool = _Pool(
            host,
            port,
            maxsize=connections,
            block=True,
            ssl_context=trust.context,
            assert_fingerprint=trust.fingerprint,
            socket_options=_SOCKET_OPTIONS,
            opened=self._opened,
        )

    def send(self, request: Request, headers: dict[str, str]) -> Response:
        """Send a request once, and return the answer; see ``Sender``."""
        if request.body is not None:
            headers = headers | {"Content-Type": "application/json"}
        with self._send_errors():
            response = self._urlopen(request, headers)
        return Response(response.status, response.data, _retry_after(response))

    def _urlopen(self, request: Request, headers: dict[str, str]) -> BaseHTTPResponse:
        while True:
            # Nothing is sent before there is a connection. This ends when the pool is closed.
            with contextlib.suppress(EmptyPoolError):
                return self._pool.urlopen(
                    request.method,
                    request.uri,
                    request.body,
                    headers,
                    retries=_NO_RETRY,
                    redirect=False,
                    timeout=_timeout(request.timeout),
                    pool_timeout=_POOL_TIMEOUT,
                )

    @contextlib.contextmanager
    def _send_errors(self) -> Iterator[None]:
        try:
            yield
        except HTTPError as error:
            causes = _causes(error)
            for cause in causes:
                check_shortage(cause)  # no node is to blame for what this machine lacks
            reason = _reason(error, causes)
            if isinstance(error, SSLError):
                raise self._trust.objection(self.host, causes) or TlsError(
                    f"TLS failed: {reason}"
                ) from error
            if isinstance(error, ConnectTimeoutError):
                raise NotConnectedError(reason) from error
            if isinstance(error, ReadTimeoutError):
                raise NoAnswerError(reason) from error
            raise SendError(reason) from error

    def close(self) -> None:
        """Close all connections, also those on which a request of another thread waits."""
        self._pool.close()
        for connection in list(self._opened):
            opened = connection.sock
            if opened is not None:
                with contextlib.suppress(OSError):
                    # Not the method of TLS: it would continue in plain text.
                    socket.socket.shutdown(opened, socket.SHUT_RDWR)


class _Connection(HTTPSConnection):
    """A connection that its node knows also while a request uses it."""

    def __init__(self, *args: Any, opened: set[HTTPSConnection], **options: Any) -> None:
        super().__init__(*args, **options)
        self._opened = opened

    def connect(self) -> None:
        super().connect()
        self._opened.add(self)

    def close(self) -> None:
        self._opened.discard(self)
        super().close()


class _Pool(HTTPSConnectionPool):
    ConnectionCls = _Connection


@functools.cache
def _timeout(seconds: float) -> Timeout:
    return Timeout(connect=limits.CONNECT_TIMEOUT, read=seconds)


def _causes(error: HTTPError) -> list[OSError]:
    return [one for one in (*error.args, error.__cause__) if isinstance(one, OSError)]


def _reason(error: HTTPError, causes: list[OSError]) -> str:
    """Return in few words why a request got no answer.

    The text of urllib3's errors shows its own objects; the system's reason is inside of them.
    """
    timeouts = (ReadTimeoutError, TimeoutError)
    if any(isinstance(one, timeouts) for one in (error, *causes)):
        return "it took too long"
    return next((cause.strerror or str(cause) for cause in causes), "the connection broke")


def _retry_after(response: BaseHTTPResponse) -> float | None:
    asked = response.headers.get("Retry-After")
    if asked is None:
        return None
    with contextlib.suppress(InvalidHeader, ValueError, OverflowError):
        return _NO_RETRY.parse_retry_after(asked)
    return None
