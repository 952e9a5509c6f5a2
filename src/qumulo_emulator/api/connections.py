"""The open connections, so that the emulator can drop one; ASGI cannot express that."""

import asyncio
import threading
from typing import Any, cast

from starlette.types import Message, Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from qumulo_emulator.nodes import Nodes

_HEAD_START = b"HTTP/1.1 "
_MAX_PARSED_URL = 0xFFFF
_POLL_SECONDS = 0.05
_CLOSE_TIMEOUT = 1


class BufferedHeadTransport:
    """A transport that sends the head of an answer together with the start of its body.

    A short answer takes most of its time in the system call that sends it, so this saves one of
    two. Everything but writing is left to the transport itself.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send data; the head of an answer waits for the next data, but not for long."""
        if data.startswith(_HEAD_START):
            self._head += data
            asyncio.get_running_loop().call_soon(self._flush)
        elif self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection once everything is sent."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Drop the connection at once."""
        self._head = b""
        self._transport.abort()

    def _flush(self) -> None:
        head, self._head = self._head, b""
        if head:
            self._transport.write(head)


_Ends = tuple[tuple[str, int], tuple[str, int]]


class Connections:
    """The open connections of one server, by the addresses of client and server.

    For use in the server's event loop only.

    Args:
        nodes: a connection to one of them that is not alive is dropped.

    Attributes:
        stopping: whether the server is about to stop; stalled requests then end.
    """

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._open: dict[_Ends, BufferedHeadTransport] = {}
        self.stopping = False

    def protocol(self) -> type[asyncio.Protocol]:
        """Return the protocol class for a server whose connections are to be recorded here."""
        transports, nodes = self._open, self._nodes

        class RecordedConnection(HttpToolsProtocol):
            """HTTP/1.1 over a connection that is recorded while it is open."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                """Record the connection."""
                # Not every event loop's transport is of this class, but all have its methods.
                recorded = BufferedHeadTransport(cast("asyncio.Transport", transport))
                super().connection_made(cast("asyncio.Transport", recorded))
                self._ends = cast("_Ends", (self.client, self.server))
                transports[self._ends] = recorded
                if not nodes.at(self._ends[1]).is_alive:  # it died during the handshake
                    recorded.abort()

            def connection_lost(self, exc: Exception | None) -> None:
                """Forget the connection."""
                transports.pop(self._ends, None)
                super().connection_lost(exc)

            def on_headers_complete(self) -> None:
                """Start a request; httptools cannot parse the longest paths of a cluster."""
                url = self.url
                if len(url) > _MAX_PARSED_URL:
                    self.url = b"/"
                super().on_headers_complete()
                if self.url is not url:
                    parts = url.partition(b"?")
                    self.scope["raw_path"], _, self.scope["query_string"] = parts

        return RecordedConnection

    def drop_all(self) -> None:
        """Drop all open connections."""
        for transport in list(self._open.values()):
            transport.abort()

    def drop_those_of_the_dead(self) -> None:
        """Drop all open connections to nodes that are not alive."""
        for (_, server), transport in list(self._open.items()):
            if not self._nodes.at(server).is_alive:
                transport.abort()

    async def drop(self, scope: Scope, receive: Receive) -> None:
        """Drop the connection of a request, without an answer."""
        self._transport(scope).abort()
        await _disconnected(receive)

    async def close(self, scope: Scope, receive: Receive) -> None:
        """Close the connection of a request once everything written is sent."""
        transport = self._transport(scope)
        transport.close()
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait([gone], timeout=_CLOSE_TIMEOUT)
            if not gone.done():  # the client does not close its side
                transport.abort()
            await gone
        finally:
            gone.cancel()

    async def stall(
        self, scope: Scope, receive: Receive, cleared: threading.Event
    ) -> Receive | None:
        """Wait until the fault is cleared or the connection is closed.

        Returns:
            The function to receive the whole request from; None if the connection is closed.
        """
        read: list[Message] = []
        gone = asyncio.ensure_future(_disconnected(receive, read))
        try:
            while not cleared.is_set():
                await asyncio.wait([gone], timeout=_POLL_SECONDS)
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

    def _transport(self, scope: Scope) -> BufferedHeadTransport:
        return self._open[scope["client"], scope["server"]]


async def _disconnected(receive: Receive, read: list[Message] | None = None) -> None:
    """Receive messages until the connection is closed; append the others to `read`."""
    while (message := await receive())["type"] != "http.disconnect":
        if read is not None:
            read.append(message)
