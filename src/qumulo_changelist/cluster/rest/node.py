"""One node of a cluster, and the connections to it: sends one request, once.

What sockets and TLS raise ends here.
"""

import socket
import ssl
from collections import deque

from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.cluster.rest.connection import Address, Connection, connect
from qumulo_changelist.cluster.rest.http1 import (
    MalformedAnswerError,
    OversizedAnswerError,
    encode,
)
from qumulo_changelist.cluster.rest.loop import Loop
from qumulo_changelist.cluster.rest.pace import Pace
from qumulo_changelist.cluster.rest.request import (
    Headers,
    NoAnswerError,
    NotConnectedError,
    Request,
    Response,
    SendError,
    TlsError,
)
from qumulo_changelist.cluster.rest.tls import Trust
from qumulo_changelist.errors import OversizedReplyError
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.machine.waiting import result_of_call
from qumulo_changelist.pending import Pending


class Node:
    """One node; implements ``Sender``.

    Args:
        loop: waits for the connections.
        host: the node's name or address.
        port: its port.
        trust: checks its certificate.
        connections: the number of connections at most; further requests wait for one of them.

    Attributes:
        host: its name or address.
        silent_until: the time until which other nodes are preferred; 0 while it answers.
        pace: how quickly it answers.
    """

    def __init__(self, loop: Loop, host: str, port: int, trust: Trust, connections: int) -> None:
        self.host = host
        self.silent_until = 0.0
        self.pace = Pace()
        self._loop = loop
        self._port = port
        self._trust = trust
        self._header = _host_header(host, port)
        self._addresses: list[Address] = []
        self._idle: list[Connection] = []
        self._free = connections
        """The number of requests that can be sent now, on an idle connection or a new one."""
        self._waiting: deque[Pending[None]] = deque()

    async def send(self, request: Request, headers: dict[str, str]) -> Response:
        """Send a request once, and return the answer; see ``Sender``."""
        while not self._free:
            turn = self._loop.turn()
            self._waiting.append(turn)
            await turn
            if isinstance(headers, Headers) and headers.refusal:
                self._give_turn()
                raise headers.refusal
        self._free -= 1
        try:
            connection = self._fresh_connection() or await self._connect()
            data = encode(request, self._header, headers)
            idle_before = self._loop.idle_seconds
            try:
                answer = await connection.exchange(data, request.timeout, request.max_size)
            except OversizedAnswerError as error:
                raise OversizedReplyError(f"{request}: {error}") from None
            except TimeoutError as error:
                raise NoAnswerError(_reason(error)) from error
            except (OSError, MalformedAnswerError) as error:
                check_shortage(error)
                raise SendError(_reason(error)) from error
            if request.timeout < limits.SLOW_TIMEOUT:
                self.pace.add(self._loop.idle_seconds - idle_before)
            if connection.is_reusable:
                self._idle.append(connection)
            return answer
        finally:
            self._free += 1
            self._give_turn()

    def _give_turn(self) -> None:
        if self._waiting:
            self._loop.give(self._waiting.popleft())

    def close(self) -> None:
        """Close the connections that no request uses."""
        while self._idle:
            self._idle.pop().close()

    def _fresh_connection(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_fresh():
                return connection
        return None

    async def _connect(self) -> Connection:
        try:
            if not self._addresses:
                self._addresses = _addresses(self.host, self._port)
            return await connect(
                self._loop, self.host, self._addresses, self._trust, limits.CONNECT_TIMEOUT
            )
        except ssl.SSLEOFError as error:  # as long as a node starts, something may close at once
            raise NotConnectedError(_reason(error)) from error
        except ssl.SSLError as error:
            check_shortage(error)
            raise self._trust.objection(self.host, error) or TlsError(
                f"TLS failed: {_reason(error)}"
            ) from error
        except (OSError, UnicodeError) as error:
            check_shortage(error)
            self._addresses = []  # it may have moved
            raise NotConnectedError(_reason(error), is_lasting=_is_no_name(error)) from error


def _is_no_name(error: Exception) -> bool:
    """Return whether there is no such host: not whether no server could be asked for it."""
    if isinstance(error, socket.gaierror):
        return error.errno != socket.EAI_AGAIN
    return isinstance(error, UnicodeError)


def _addresses(host: str, port: int) -> list[Address]:
    found = result_of_call(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    return [(family, address) for family, _, _, _, address in found]


def _host_header(host: str, port: int) -> str:
    address, _, _zone = host.partition("%")
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _reason(error: Exception) -> str:
    """Return in few words why a request got no answer."""
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, ssl.SSLEOFError):
        return "the connection broke"
    if isinstance(error, OSError):
        return error.strerror or str(error) or "the connection broke"
    return str(error)
