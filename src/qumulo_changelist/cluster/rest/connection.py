"""One connection to a node: TLS on a socket that never blocks, and one request at a time."""

import errno
import os
import select
import socket
import ssl
from collections.abc import Sequence
from typing import Any

from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.cluster.rest.http1 import AnswerReader
from qumulo_changelist.cluster.rest.loop import READ, WRITE, Loop, Watch
from qumulo_changelist.cluster.rest.request import Response
from qumulo_changelist.cluster.rest.tls import Trust

Address = tuple[socket.AddressFamily, Any]
"""The family of an address, and the address as sockets take it."""

# TLS never has more in one record.
_PIECE = 16_384

# A node that vanishes without closing its connections is noticed within a minute or two, however
# long an answer may take.
_KEEPALIVE = {"SO_KEEPALIVE": 1, "TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 6}
_SOCKET_OPTIONS = [
    (socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP, number, value)
    for name, value in {"TCP_NODELAY": 1, **_KEEPALIVE}.items()
    if (number := getattr(socket, name, None)) is not None
]
_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN, errno.EINTR)
_MUST_WAIT = {ssl.SSLWantReadError: READ, ssl.SSLWantWriteError: WRITE}


class Connection:
    """A connection over which the node has proved what it is.

    Attributes:
        is_reusable: whether it can carry another request.
    """

    def __init__(self, loop: Loop, opened: ssl.SSLSocket) -> None:
        self.is_reusable = True
        self._loop = loop
        self._socket = opened
        self._watch = Watch(loop, opened, self.is_fresh)
        self._look = select.poll()
        self._look.register(opened, select.POLLIN)

    async def exchange(self, data: bytes, seconds: float, most: int) -> Response:
        """Send a request, and return the answer. After an error, the connection is closed.

        Args:
            data: the request.
            seconds: the number of seconds for the node to begin its answer. It then has the same
                time again to complete it, and longer only as long as it sends at
                ``limits.LEAST_RATE``; at no time is it silent for longer.
            most: the number of bytes of the answer at most.

        Raises:
            OSError: the connection broke, or the node took too long (``TimeoutError``).
            MalformedAnswerError: the answer is not HTTP, or was cut short.
            OversizedAnswerError: the answer is too large.
        """
        self.is_reusable = False
        try:
            answer = await self._exchange(data, seconds, most)
        except BaseException:
            self.close()
            raise
        if not self.is_reusable:
            self.close()
        return answer

    async def _exchange(self, data: bytes, seconds: float, most: int) -> Response:
        answer_time = _AnswerTime(self._loop, self._watch, seconds)
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as wait:
                await answer_time.wait(wait)
        await self._watch.ready(READ, seconds)
        reader, has_begun = AnswerReader(most), False
        while True:
            try:
                piece = self._socket.recv(_PIECE)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as wait:
                if reader.has_head and not has_begun:
                    has_begun = True
                    answer_time = _AnswerTime(self._loop, self._watch, seconds)
                await answer_time.wait(wait, reader.received if has_begun else 0)
                continue
            answer = reader.add(piece) if piece else reader.end()
            if answer:
                self.is_reusable = reader.is_reusable
                return answer

    def is_fresh(self) -> bool:
        """Return whether the node has not closed the connection since it was used."""
        if not self.is_reusable:
            return False
        if self._look.poll(0):
            try:
                self._socket.recv(1)
            except ssl.SSLWantReadError:
                return True  # it was only for TLS itself
            except OSError:
                pass  # it is closed in any case
            self.close()
        return self.is_reusable

    def close(self) -> None:
        """Close the connection; a request that waits on it fails."""
        self.is_reusable = False
        self._watch.close()
        self._socket.close()


class _AnswerTime:
    """Waits for a node with which something is under way, but not for ever.

    Only the time counts in which nothing else could be done: an answer that is not read for a
    while, since this program is busy, is not the node's fault.

    Args:
        loop: waits.
        watch: watches the connection.
        seconds: the number of seconds for all waits together, unless bytes keep coming.
    """

    def __init__(self, loop: Loop, watch: Watch, seconds: float) -> None:
        self._loop = loop
        self._watch = watch
        self._seconds = seconds
        self._ends = loop.idle_seconds + seconds

    async def wait(self, wanted: ssl.SSLError, received: int = 0) -> None:
        """Wait for what TLS wants.

        Args:
            wanted: what it raised.
            received: the number of bytes that came, for which there is more time.

        Raises:
            TimeoutError: the node takes too long.
        """
        left = self._ends - self._loop.idle_seconds + received / limits.LEAST_RATE
        if left <= 0:
            raise TimeoutError
        await self._watch.ready(_MUST_WAIT[type(wanted)], min(left, self._seconds))


async def connect(
    loop: Loop, host: str, addresses: Sequence[Address], trust: Trust, seconds: float
) -> Connection:
    """Return a connection to the first address that takes it.

    Args:
        loop: waits.
        host: the name that the certificate must have.
        addresses: at least one.
        trust: checks the certificate before anything else is sent.
        seconds: the number of seconds for each step: to take the connection, and to prove itself.

    Raises:
        OSError: there is none. An ``ssl.SSLError`` is one of TLS.
        CertificateError: the certificate is not the configured one.
    """
    for left, (family, address) in enumerate(addresses, 1 - len(addresses)):
        plain = socket.socket(family, socket.SOCK_STREAM)
        try:
            await _take_connection(loop, plain, address, seconds)
        except BaseException as error:
            plain.close()
            if not left or not isinstance(error, OSError):
                raise
            continue
        return Connection(loop, await _shake_hands(loop, plain, host, trust, seconds))
    raise AssertionError("there is a last address")


async def _take_connection(loop: Loop, plain: socket.socket, address: Any, seconds: float) -> None:
    plain.setblocking(False)
    for level, option, value in _SOCKET_OPTIONS:
        plain.setsockopt(level, option, value)
    number = plain.connect_ex(address)
    if number in _UNDER_WAY:
        watch = Watch(loop, plain, lambda: None)
        try:
            await watch.ready(WRITE, seconds)
        finally:
            watch.close()
        number = plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if number:
        raise OSError(number, os.strerror(number))


async def _shake_hands(
    loop: Loop, plain: socket.socket, host: str, trust: Trust, seconds: float
) -> ssl.SSLSocket:
    """Return the connection with TLS, after the node has proved what it is."""
    try:
        secure = trust.context.wrap_socket(
            plain,
            server_hostname=host.partition("%")[0].rstrip("."),
            do_handshake_on_connect=False,
            suppress_ragged_eofs=False,  # an answer may end with the connection
        )
    except BaseException:
        plain.close()
        raise
    watch = Watch(loop, secure, lambda: None)
    answer_time = _AnswerTime(loop, watch, seconds)
    try:
        while True:
            try:
                secure.do_handshake()
                break
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as wait:
                await answer_time.wait(wait)
        trust.check(host, secure.getpeercert(binary_form=True))
    except BaseException:
        watch.close()
        secure.close()
        raise
    watch.close()
    return secure
