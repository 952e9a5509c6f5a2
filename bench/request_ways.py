"""Ways to send many small requests at once, for ``bench/request_costs.py`` to compare.

Each returns the number of bytes of all answers. Only this project's way knows timeouts, and tries
again; the others do no more than what is compared takes.
"""

import asyncio
import functools
import http.client
import re
import ssl
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import urllib3

from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.cluster.rest.request import Request

AT_ONCE = 16
"""The number of requests that are under way at the same time."""

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Target(NamedTuple):
    """What is requested, and where."""

    host: str
    port: int
    certificate: str
    """The file with the server's certificate."""
    uris: Sequence[str]
    headers: dict[str, str]
    cluster: RestCluster


def ask_with_this_project(target: Target) -> int:
    """One thread; whoever waits for an answer drives all requests."""
    session = target.cluster._session  # noqa: SLF001  # without what is made of the answers
    pending = deque(session.ask_ahead(Request("GET", uri)) for uri in target.uris[:AT_ONCE])
    size = 0
    for uri in [*target.uris[AT_ONCE:], *[""] * AT_ONCE]:
        size += len(pending.popleft().result())
        if uri:
            pending.append(session.ask_ahead(Request("GET", uri)))
    return size


def ask_with_urllib3(target: Target) -> int:
    """A thread for each request that is under way, and a pool of connections."""
    with urllib3.HTTPSConnectionPool(
        target.host, target.port, maxsize=AT_ONCE, block=True, ssl_context=_context(target)
    ) as pool:

        def ask(uri: str) -> int:
            return len(pool.urlopen("GET", uri, headers=target.headers, retries=False).data)

        return _in_threads(target.uris, lambda: ask)


def ask_with_http_client(target: Target) -> int:
    """A thread and a connection for each request that is under way."""

    def connected() -> Callable[[str], int]:
        connection = http.client.HTTPSConnection(target.host, target.port, context=_context(target))

        def ask(uri: str) -> int:
            connection.request("GET", uri, headers=target.headers)
            return len(connection.getresponse().read())

        return ask

    return _in_threads(target.uris, connected)


def ask_with_asyncio(target: Target) -> int:
    """One thread, with asyncio's loop and no parser but the search for the length."""
    return asyncio.run(_ask_with_asyncio(target))


async def _ask_with_asyncio(target: Target) -> int:
    left = deque(target.uris)
    fields = "".join(f"{name}: {value}\r\n" for name, value in target.headers.items())
    loop = asyncio.get_running_loop()
    clients = []
    for _ in range(AT_ONCE):
        client = _Client(left, f"Host: {target.host}\r\n{fields}", loop.create_future())
        made = functools.partial(_same, client)
        await loop.create_connection(made, target.host, target.port, ssl=_context(target))
        clients.append(client)
    return sum([await client.total for client in clients])


class _Client(asyncio.Protocol):
    def __init__(self, left: deque[str], fields: str, total: asyncio.Future[int]) -> None:
        self.total = total
        self._left = left
        self._fields = fields
        self._size = 0
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        if self._left:
            request = f"GET {self._left.popleft()} HTTP/1.1\r\n{self._fields}\r\n"
            self._transport.write(request.encode())
        else:
            self._transport.close()
            self.total.set_result(self._size)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if end and length and len(body) == int(length[1]):
            self._size += len(body)
            self._received = b""
            self._ask()


def _in_threads(uris: Sequence[str], connect: Callable[[], Callable[[str], int]]) -> int:
    left, sizes = deque(uris), [0] * AT_ONCE

    def run(number: int) -> None:
        ask = connect()
        while left:
            try:
                uri = left.popleft()
            except IndexError:
                return
            sizes[number] += ask(uri)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(sizes)


def _context(target: Target) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=target.certificate)


def _same(client: _Client) -> _Client:
    return client


WAYS = {
    "this project": ask_with_this_project,
    "urllib3, in threads": ask_with_urllib3,
    "http.client, in threads": ask_with_http_client,
    "asyncio, a protocol of one's own": ask_with_asyncio,
}
