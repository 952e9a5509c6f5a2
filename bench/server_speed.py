"""The speed of the servers of the bench, for a client that only reads bytes.

    python -m bench.server_speed [--changes N] [--seconds S] [--rounds R]

For the emulator with a made-up tree, and for the server that repeats its answers from memory, it
prints the number of entries (or requests) of each kind in a second, and the server's processor time
for each: medians of the rounds. Each round starts its own servers. Nothing is decoded, so the
client takes little of the time.
"""

from __future__ import annotations

import argparse
import resource
import socket
import ssl
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from typing import NamedTuple
from urllib.parse import quote

from bench.scenario import REST, Scenario
from bench.servers import Server, serve_emulator, serve_replay, take_requests

SHOW = "/synthetic/show0000"
CONNECTIONS = 16


class Connection:
    """A connection that stays open. It reads answers, and keeps only their last bytes."""

    def __init__(self, server: Server, token: str) -> None:
        context = ssl.create_default_context(cafile=server.certificate)
        plain = socket.create_connection((server.host, server.port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname=server.host)
        self._head = f"Host: {server.host}\r\nAuthorization: Bearer {token}\r\n\r\n"
        self._buffer = memoryview(bytearray(1 << 18))

    def send(self, url: str) -> None:
        """Send a request."""
        self._socket.sendall(f"GET {url} HTTP/1.1\r\n{self._head}".encode())

    def read(self) -> bytes:
        """Read the answer, and return its last bytes."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._socket.recv(1 << 16)
        head, _, body = received.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(received.decode(errors="replace"))
        missing = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]) - len(body)
        last = body
        while missing:
            count = self._socket.recv_into(self._buffer, min(missing, len(self._buffer)))
            if count == 0:
                raise ConnectionError("the server closed the connection")
            missing -= count
            last = last[-400:] + bytes(self._buffer[max(0, count - 400) : count])
        return last

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def next_page(end: bytes) -> str:
    """Return the URL of the next page from the last bytes of a page; "" if there is none."""
    return end.rpartition(b'"next":"')[2].partition(b'"')[0].decode()


def diff(limit: int) -> Callable[[list[Connection]], Iterator[int]]:
    """Return a function that requests the pages of the diff repeatedly."""

    def pages(connections: list[Connection]) -> Iterator[int]:
        while True:
            url = f"/v2/snapshots/2/changes-since/1?limit={limit}"
            while url:
                connections[0].send(url)
                url = next_page(connections[0].read())
                if url:  # the last page may be shorter
                    yield limit

    return pages


def directory(connections: list[Connection]) -> Iterator[int]:
    """Request a page of 500 entries of each reel of a show, repeatedly."""
    while True:
        for reel in range(11):
            path = quote(f"{SHOW}/reel{reel:04}", safe="")
            connections[0].send(f"/v1/files/{path}/entries/?limit=500&snapshot=2")
            connections[0].read()
            yield 500


def attributes(connections: list[Connection]) -> Iterator[int]:
    """Request the attributes of one entry after another, over all connections in parallel."""
    urls = [
        f"/v1/files/{quote(f'{SHOW}/reel{reel:04}', safe='')}/info/attributes?snapshot=2"
        for reel in range(11)
    ]
    number = 0
    while True:
        for connection in connections:
            number += 1
            connection.send(urls[number % len(urls)])
        for connection in connections:
            connection.read()
        yield len(connections)


class Speed(NamedTuple):
    """The result of one round."""

    rate: float
    """Entries (or requests) in a second."""
    microseconds: float
    """The server's processor time for each."""


KINDS: dict[str, tuple[Callable[[list[Connection]], Iterator[int]], int]] = {
    "diff, pages of 1,000": (diff(1000), 1),
    "diff, pages of 10,000": (diff(10_000), 1),
    "diff, pages of 50,000": (diff(50_000), 1),
    "directory, pages of 500": (directory, 1),
    f"attributes, {CONNECTIONS} connections": (attributes, CONNECTIONS),
}


@contextmanager
def connect(server: Server, count: int) -> Iterator[list[Connection]]:
    """Open connections with one session for a ``with`` block."""
    token = server.log_in()
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Connection(server, token))) for _ in range(count)]


@contextmanager
def serve(changes: int) -> Iterator[tuple[Server, str]]:
    """Start an emulator for a ``with`` block; yield it, and a folder for other files."""
    scenario = Scenario("speed", "mixed", changes, ways=(REST,), runs=1, claims=())
    with tempfile.TemporaryDirectory() as folder, serve_emulator(scenario, folder, "") as emulator:
        yield emulator, folder


def measure_emulator(name: str, changes: int, seconds: float) -> Speed:
    """Start an emulator, send it requests for some seconds, and return its speed."""
    start_time = measure_start(name, changes)
    before = processor_time()
    number, wall = request_emulator(name, changes, seconds)
    spent = processor_time() - before - start_time
    return Speed(number / wall, spent / number * 1e6)


@cache
def measure_start(name: str, changes: int) -> float:
    """Return the processor time of an emulator that only starts, warms up and ends."""
    before = processor_time()
    request_emulator(name, changes, 0)
    return processor_time() - before


def request_emulator(name: str, changes: int, seconds: float) -> tuple[int, float]:
    """Send requests to a new emulator; returns as ``request_for`` does."""
    request, count = KINDS[name]
    with serve(changes) as (emulator, _), connect(emulator, count) as connections:
        answers = request(connections)
        for _ in range(20):  # the server computes some things only once
            next(answers)
        return request_for(answers, seconds)


def measure_replay(name: str, changes: int, seconds: float) -> Speed:
    """Let a server learn all answers, send it the same requests, and return its speed."""
    request, count = KINDS[name]
    with (
        serve(changes) as (emulator, folder),
        serve_replay(emulator, 0, folder) as replay,
        connect(replay, count) as connections,
    ):
        answers = request(connections)
        while True:
            number, wall = request_for(answers, seconds)
            counted = take_requests(replay, "")
            assert counted
            if not counted.misses:
                return Speed(number / wall, counted.processor / number * 1e6)


def request_for(answers: Iterator[int], seconds: float) -> tuple[int, float]:
    """Take answers for some seconds.

    Returns:
        The number of entries (or requests), and the exact number of seconds.
    """
    start, number, wall = time.perf_counter(), 0, 0.0
    while wall < seconds:
        number += next(answers)
        wall = time.perf_counter() - start
    return number, wall


def processor_time() -> float:
    """Return the processor time of all servers that have ended, in seconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure every kind of request in each round, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--changes", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    servers = {"emulator": measure_emulator, "from memory": measure_replay}
    rounds = [
        {
            (server, kind): measure(kind, options.changes, options.seconds)
            for kind in KINDS
            for server, measure in servers.items()
        }
        for _ in range(options.rounds)
    ]
    for server, kind in rounds[0]:
        rate = statistics.median(speeds[server, kind].rate for speeds in rounds)
        spent = statistics.median(speeds[server, kind].microseconds for speeds in rounds)
        print(f"{kind:28} {server:12} {rate:12,.0f}/s {spent:8.2f} µs of processor time each")


if __name__ == "__main__":
    main()
