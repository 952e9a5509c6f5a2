"""The open connections, so that one can be dropped, which ASGI has no word for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import threading

    from starlette.types import Message, Receive, Scope

_HEAD = b"HTTP/1.1 "
_LONGEST_PARSED = 0xFFFF
_LOOK_AGAIN = 0.05
_PATIENCE = 1


class Together:
    """A transport that sends the head of an answer together with what follows it.

    An answer that is short takes most of its time in the system call that sends it; so one, not
    two. All but writing is left to the transport itself.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send data; the head of an answer when there is more, but soon in any case."""
        if data.startswith(_HEAD):
            self._head += data
            asyncio.get_running_loop().call_soon(self._flush)
        elif self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection when all is sent."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Drop the connection."""
        self._head = b""
        self._transport.abort()

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head:
            self._transport.write(head)


class Connections:
    """The open connections of one server, each under the address of its client.

    Used from the server's event loop alone.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], Together] = {}
        self.stopping = False

    def protocol(self) -> type[asyncio.Protocol]:
        """The protocol that a server is to speak for its connections to be known here."""
        transports = self._open

        class KnownConnection(HttpToolsProtocol):
            """HTTP/1.1 over a connection that is known while it is open."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                """Know the connection."""
                self._peer = tuple(transport.get_extra_info("peername")[:2])
                # Not every event loop's transports have this class, only what belongs to it.
                known = transports[self._peer] = Together(cast("asyncio.Transport", transport))
                super().connection_made(cast("asyncio.Transport", known))

            def connection_lost(self, exc: Exception | None) -> None:
                """Forget the connection."""
                transports.pop(self._peer, None)
                super().connection_lost(exc)

            def on_headers_complete(self) -> None:
                """Begin a request; the longest paths of a cluster are too long for httptools."""
                url = self.url
                if len(url) > _LONGEST_PARSED:
                    self.url = b"/"
                super().on_headers_complete()
                if self.url is not url:
                    parts = url.partition(b"?")
                    self.scope["raw_path"], _, self.scope["query_string"] = parts

        return KnownConnection

    def drop_all(self) -> None:
        """Drop every connection that is still open."""
        for transport in list(self._open.values()):
            transport.abort()

    async def drop(self, scope: Scope, receive: Receive) -> None:
        """Drop the connection of a request without an answer."""
        self._transport(scope).abort()
        await _disconnected(receive)

    async def close(self, scope: Scope, receive: Receive) -> None:
        """Close the connection of a request when what was written is sent."""
        transport = self._transport(scope)
        transport.close()
        try:
            await asyncio.wait_for(_disconnected(receive), _PATIENCE)
        except asyncio.TimeoutError:  # the client does not say goodbye
            transport.abort()
            await _disconnected(receive)

    async def stall(
        self, scope: Scope, receive: Receive, cleared: threading.Event
    ) -> Receive | None:
        """Wait until the fault is cleared or the connection is gone.

        Returns:
            Where the whole request can be read from; None if the connection is gone.
        """
        read: list[Message] = []
        gone = asyncio.ensure_future(_disconnected(receive, read))
        try:
            while not cleared.is_set():
                await asyncio.wait([gone], timeout=_LOOK_AGAIN)
                if gone.done():
                    return None
                if self.stopping:
                    await self.drop(scope, receive)
                    return None
        finally:
            gone.cancel()

        async def again() -> Message:
            return read.pop(0) if read else await receive()

        return again

    def _transport(self, scope: Scope) -> Together:
        return self._open[scope["client"]]


async def _disconnected(receive: Receive, read: list[Message] | None = None) -> None:
    """Read a request until its connection is gone, keeping what was read."""
    while (message := await receive())["type"] != "http.disconnect":
        if read is not None:
            read.append(message)
