"""The nodes of a cluster, over which requests are spread, and their open connections.

Every node answers every request (Qumulo's documentation), so one that is down can be passed over.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from urllib3 import BaseHTTPResponse, HTTPSConnectionPool, Retry, Timeout
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    EmptyPoolError,
    HTTPError,
    ReadTimeoutError,
    SSLError,
)

from qumulo_changelist.cluster.rest.tls import Trust
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import check_shortage
from qumulo_changelist.events import Listener

LEFT_OUT_FOR = 30
"""For how many seconds a node that did not answer is passed over."""

# A node that hangs up without a word is noticed within a minute or two, however long an answer
# may take.
_KEEPALIVE = {"SO_KEEPALIVE": 1, "TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 6}
_SOCKET_OPTIONS = [
    (socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP, number, value)
    for name, value in {"TCP_NODELAY": 1, **_KEEPALIVE}.items()
    if (number := getattr(socket, name, None)) is not None
]
# Should more ask at once than there are connections, they look this often whether all is over.
_LOOK_AGAIN = 1
_NO_RETRY = Retry(False)


class Node:
    """One node, reached by a pool of connections.

    Attributes:
        host: its name or address.
        silent_until: until when it is passed over; 0 while it answers.
    """

    def __init__(self, host: str, port: int, trust: Trust, connections: int) -> None:
        self.host = host
        self.silent_until = 0.0
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

    def send(
        self, method: str, uri: str, body: bytes | None, headers: dict[str, str], timeout: Timeout
    ) -> BaseHTTPResponse:
        """Send one request, once; return the answer, with its body.

        Raises:
            HTTPError: it did not get there, or the answer did not get here.
            ResourceError: this machine lacks what it takes to send it.
        """
        while True:
            # Before there is a connection, nothing is sent. When the pool is closed, this ends.
            with contextlib.suppress(EmptyPoolError), _lacks_noticed():
                return self._pool.urlopen(
                    method,
                    uri,
                    body,
                    headers,
                    retries=_NO_RETRY,
                    redirect=False,
                    timeout=timeout,
                    pool_timeout=_LOOK_AGAIN,
                )

    def close(self) -> None:
        """Close all connections, also under a request that waits in another thread."""
        self._pool.close()
        for connection in list(self._opened):
            opened = connection.sock
            if opened is not None:
                with contextlib.suppress(OSError):
                    # Not the method of TLS: it would go on in plain text.
                    socket.socket.shutdown(opened, socket.SHUT_RDWR)


class _Connection(HTTPSConnection):
    """A connection that is known to its node while a request uses it, too."""

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


class Nodes:
    """All nodes; each request goes to the next one that is not left out."""

    def __init__(
        self, settings: Settings, trust: Trust, connections: int, listener: Listener
    ) -> None:
        self._nodes = [
            Node(host, settings.port, trust, connections) for host in dict.fromkeys(settings.hosts)
        ]
        self._trust = trust
        self._listener = listener
        self._lock = threading.Lock()
        self._turn = -1
        self.answered = False
        """Whether any node ever did."""

    def send(
        self, method: str, uri: str, body: bytes | None, headers: dict[str, str], timeout: Timeout
    ) -> BaseHTTPResponse:
        """Send a request to one node after the other, until one takes the connection.

        Raises:
            HTTPError: the last one did not, or took it and did not answer.
            CertificateError: it cannot show that it is the cluster's.
        """
        for last in range(1 - len(self._nodes), 1):
            node = self._next()
            try:
                response = node.send(method, uri, body, headers, timeout)
            except (ConnectTimeoutError, ReadTimeoutError) as error:
                self._leave_out(node, error)
                if last == 0 or isinstance(error, ReadTimeoutError):
                    raise
            except SSLError as error:
                raise (self._trust.objection(node.host, error) or error) from error
            else:
                self.answered = True
                node.silent_until = 0.0
                return response
        raise AssertionError("there is a last node")

    def close(self) -> None:
        """Close all connections; requests that wait for an answer fail."""
        for node in self._nodes:
            node.close()

    def _next(self) -> Node:
        with self._lock:
            now = time.monotonic()
            turns = range(self._turn + 1, self._turn + 1 + len(self._nodes))
            ready = (turn for turn in turns if self._at(turn).silent_until <= now)
            # Where all are left out, any may be back by now.
            self._turn = next(ready, self._turn + 1) % len(self._nodes)
            return self._nodes[self._turn]

    def _at(self, turn: int) -> Node:
        return self._nodes[turn % len(self._nodes)]

    def _leave_out(self, node: Node, error: HTTPError) -> None:
        with self._lock:
            first, node.silent_until = not node.silent_until, time.monotonic() + LEFT_OUT_FOR
        if first and len(self._nodes) > 1:
            self._listener.warning(
                f"{node.host} does not answer, and is left out for now: {reason(error)}"
            )


@contextlib.contextmanager
def _lacks_noticed() -> Iterator[None]:
    """Raise a ``ResourceError`` for what this machine lacks: no node is to blame for that."""
    try:
        yield
    except HTTPError as error:
        for cause in _causes(error):
            check_shortage(cause)
        raise


def _causes(error: HTTPError) -> list[OSError]:
    return [one for one in (*error.args, error.__cause__) if isinstance(one, OSError)]


def reason(error: HTTPError) -> str:
    """Return why a request did not get through, in few words."""
    # The text of urllib3's errors shows its own objects; what the system said is inside of them.
    causes = _causes(error)
    if isinstance(error, ReadTimeoutError) or any(isinstance(one, TimeoutError) for one in causes):
        return "it took too long"
    said = next((one.strerror or str(one) for one in causes), "the connection broke")
    return f"TLS failed: {said}" if isinstance(error, SSLError) else said
