"""How fast the emulator serves a made-up tree to a client that only reads bytes.

    .venv/bin/python bench/server_speed.py [--changes N] [--seconds S] [--rounds R]

For each kind of request it prints how many entries (or requests) a second came, and how much
processor time of the server each took; medians of the rounds, each with a server of its own.
Nothing is decoded, so that the client takes little of the time.
"""

from __future__ import annotations

import argparse
import resource
import socket
import ssl
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from typing import NamedTuple
from urllib.parse import quote

from qumulo_emulator.running import Emulator, serve_in_process

SHOW = "/synthetic/show0000"
CONNECTIONS = 16


class Connection:
    """A kept-alive connection whose answers are read and thrown away, but for their last bytes."""

    def __init__(self, emulator: Emulator, token: str) -> None:
        context = ssl.create_default_context(cafile=emulator.certificate)
        plain = socket.create_connection((emulator.host, emulator.port))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname=emulator.host)
        self._head = f"Host: {emulator.host}\r\nAuthorization: Bearer {token}\r\n\r\n"
        self._buffer = memoryview(bytearray(1 << 18))

    def ask(self, url: str) -> None:
        """Send a request."""
        self._socket.sendall(f"GET {url} HTTP/1.1\r\n{self._head}".encode())

    def read(self) -> bytes:
        """Read the answer to it; return the last bytes of it."""
        got = b""
        while b"\r\n\r\n" not in got:
            got += self._socket.recv(1 << 16)
        head, _, body = got.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise ConnectionError(got.decode(errors="replace"))
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
        """Close it."""
        self._socket.close()


def following(last: bytes) -> str:
    """The URL of the next page, from the last bytes of one; "" if there is none."""
    return last.rpartition(b'"next":"')[2].partition(b'"')[0].decode()


def diff(limit: int) -> Callable[[list[Connection]], Iterator[int]]:
    """The pages of the diff, again and again."""

    def pages(connections: list[Connection]) -> Iterator[int]:
        while True:
            url = f"/v2/snapshots/2/changes-since/1?limit={limit}"
            while url:
                connections[0].ask(url)
                url = following(connections[0].read())
                if url:  # the last page may be shorter
                    yield limit

    return pages


def directory(connections: list[Connection]) -> Iterator[int]:
    """One page of each reel of a show, 500 or more entries each, again and again."""
    while True:
        for reel in range(11):
            path = quote(f"{SHOW}/reel{reel:04}", safe="")
            connections[0].ask(f"/v1/files/{path}/entries/?limit=500&snapshot=2")
            connections[0].read()
            yield 500


def attributes(connections: list[Connection]) -> Iterator[int]:
    """The attributes of one file after the other, over all connections side by side."""
    urls = [
        f"/v1/files/{quote(f'{SHOW}/reel{reel:04}', safe='')}/info/attributes?snapshot=2"
        for reel in range(11)
    ]
    turn = 0
    while True:
        for connection in connections:
            turn += 1
            connection.ask(urls[turn % len(urls)])
        for connection in connections:
            connection.read()
        yield len(connections)


class Measured(NamedTuple):
    """What one round came to: things a second, and the server's microseconds for each."""

    rate: float
    microseconds: float


MEASURED: dict[str, tuple[Callable[[list[Connection]], Iterator[int]], int]] = {
    "diff, pages of 1,000": (diff(1000), 1),
    "diff, pages of 10,000": (diff(10_000), 1),
    "diff, pages of 50,000": (diff(50_000), 1),
    "directory, pages of 500": (directory, 1),
    f"attributes, {CONNECTIONS} connections": (attributes, CONNECTIONS),
}


@contextmanager
def connected(emulator: Emulator, count: int) -> Iterator[list[Connection]]:
    """That many connections, with one session."""
    token = emulator.login()
    with ExitStack() as open_ones:
        yield [open_ones.enter_context(closing(Connection(emulator, token))) for _ in range(count)]


def measure(name: str, changes: int, seconds: float) -> Measured:
    """Start a server, ask it for some seconds, and see what it took."""
    idle = starting(name, changes)
    before = used()
    done, took = asked(name, changes, seconds)
    return Measured(done / took, (used() - before - idle) / done * 1e6)


@cache
def starting(name: str, changes: int) -> float:
    """The processor time that a server takes to start, to warm up and to end."""
    before = used()
    asked(name, changes, 0)
    return used() - before


def asked(name: str, changes: int, seconds: float) -> tuple[int, float]:
    """Ask a server of its own for some seconds; how many things came, in how many seconds."""
    ask, count = MEASURED[name]
    with serve_in_process(synthetic=changes) as emulator, connected(emulator, count) as connections:
        answers = ask(connections)
        for _ in range(20):  # what is worked out once
            next(answers)
        begun, done, took = time.perf_counter(), 0, 0.0
        while took < seconds:
            done += next(answers)
            took = time.perf_counter() - begun
    return done, took


def used() -> float:
    """The processor time of all servers that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure all, in turn, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--changes", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds = [
        {name: measure(name, options.changes, options.seconds) for name in MEASURED}
        for _ in range(options.rounds)
    ]
    for name in MEASURED:
        rate = statistics.median(one[name].rate for one in rounds)
        spent = statistics.median(one[name].microseconds for one in rounds)
        print(f"{name:32} {rate:12,.0f}/s   {spent:8.2f} us of the server's processor time each")


if __name__ == "__main__":
    main()
