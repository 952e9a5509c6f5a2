"""The loop that serves all connections, in one thread."""

import select
import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from bench.replay.answers import Answers
from bench.replay.connection import READ, Connection, ConnectionEndedError

_BACKLOG = 1024


class _Waiting(NamedTuple):
    due: float
    """When the answer is sent, by the monotonic clock."""
    connection: Connection


class Server:
    """Answers requests, each after the same delay.

    Args:
        answers: what is answered.
        context: the TLS context of the server.
        delay: the number of seconds between a request and its answer.
        address: the address and the port to listen on; port 0 for a free one.
    """

    def __init__(
        self,
        answers: Answers,
        context: ssl.SSLContext,
        delay: float,
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self._answers = answers
        self._context = context
        self._delay = delay
        self._waiting: deque[_Waiting] = deque()
        self._selector = selectors.DefaultSelector()
        self._listening = socket.create_server(address, backlog=_BACKLOG)
        self._listening.setblocking(False)
        self._selector.register(self._listening, READ)
        self.port: int = self._listening.getsockname()[1]
        """The port that it listens on."""

    def run(self) -> None:
        """Serve until a signal handler raises an exception."""
        while True:
            for key, _ in self._ready():
                if key.data is None:
                    self._accept()
                else:
                    self._step(key.data, key.data.proceed)
            now = time.monotonic()
            while self._waiting and self._waiting[0].due <= now:
                connection = self._waiting.popleft().connection
                self._step(connection, connection.answer)

    def close(self) -> None:
        """Close all sockets."""
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # each is a socket
        self._selector.close()

    def _ready(self) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for sockets that can continue, but not longer than until the next answer is due."""
        if not self._waiting:
            return self._selector.select()
        seconds = self._waiting[0].due - time.monotonic()
        if seconds > 0:
            # The selector's own timeout has whole milliseconds only.
            select.select([self._selector], [], [], seconds)
        return self._selector.select(0)

    def _accept(self) -> None:
        with suppress(BlockingIOError, ConnectionError):
            accepted, _ = self._listening.accept()
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            encrypted = self._context.wrap_socket(
                accepted, server_side=True, do_handshake_on_connect=False
            )
            connection = Connection(encrypted, self._answers, self._answer_later)
            self._selector.register(encrypted, READ, connection)

    def _answer_later(self, connection: Connection) -> None:
        # The delay is the same for all, so these are in the order in which they are due.
        self._waiting.append(_Waiting(time.monotonic() + self._delay, connection))

    def _step(self, connection: Connection, step: Callable[[], None]) -> None:
        if connection.is_closed:  # since its turn was arranged
            return
        before = connection.waits_for
        try:
            step()
        except ConnectionEndedError:
            self._selector.unregister(connection.socket)
            connection.close()
            return
        if connection.waits_for != before:
            self._selector.modify(connection.socket, connection.waits_for, connection)
