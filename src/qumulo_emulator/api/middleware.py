"""What every request passes before its handler: the log, the delay, the faults, the token."""

import asyncio
import re
import threading
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qumulo_emulator.api.connections import Connections
from qumulo_emulator.api.context import Context, LoggedRequest
from qumulo_emulator.api.errors import error_body, status_and_class
from qumulo_emulator.api.routes import json_response
from qumulo_emulator.errors import NotAuthenticatedError
from qumulo_emulator.faults import Fault
from qumulo_emulator.names import to_text

_OPEN_TO_ALL = ("/v1/session/login", "/v1/version")
_CONTROL = "/emulator/"
# Old clients write `/api/v1/…` for `/v1/…`. From here on it is the plain path, in `next` links too.
_ALIAS = re.compile(r"/api(?=/v\d+/)")
_BEYOND_V2 = re.compile("/v[34]/snapshots/")
# By HTTP, answers with these have no body.
_BODILESS = (204, 205, 304)
_GARBAGE = b"<html><body>This is no JSON.</body></html>"


class Middleware:
    """An ASGI application around the one that answers.

    Args:
        app: the application; it gets the path as it was sent, since a decoded `%2F` could not be
            told from a slash.
        context: what the API shares among requests.
        connections: the open connections, for those that are to be dropped.
    """

    def __init__(self, app: ASGIApp, context: Context, connections: Connections) -> None:
        self._app = app
        self._context = context
        self._connections = connections

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        raw_path = scope["raw_path"].decode("ascii")
        asked = to_text(unquote_to_bytes(raw_path))
        alias = _ALIAS.match(raw_path)
        prefix = alias.end() if alias else 0
        scope = {**scope, "path": raw_path[prefix:], "root_path": "", "state": {}}
        status: int | None = None

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._pass(scope, asked[prefix:], receive, watched)
        finally:
            self._context.log.add(LoggedRequest(scope["method"], asked, status))

    async def _pass(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        if not path.startswith(_CONTROL):
            latency = self._context.cluster.settings.latency_ms
            if latency:
                await asyncio.sleep(latency / 1000)
            met = self._context.faults.take(scope["method"], path)
            if met is not None:
                unread = await self._perform(*met, scope, path, receive, send)
                if unread is None:
                    return
                receive = unread
        if _BEYOND_V2.match(path) and not self._context.cluster.settings.v3_snapshots:
            body = error_body(404, f"{scope['method']} {path}: Not Found")
            await json_response(self._context, 404, body)(scope, receive, send)
            return
        await self._authenticated(scope, receive, send)

    async def _authenticated(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] not in _OPEN_TO_ALL:
            try:
                access = self._context.cluster.tokens.check(_bearer_token(scope))
            except NotAuthenticatedError as error:
                status, error_class = status_and_class(error)
                body = error_body(status, str(error), error_class)
                await json_response(self._context, status, body)(scope, receive, send)
                return
            scope["state"]["access_token"] = access
        await self._app(scope, receive, send)

    async def _perform(
        self,
        fault: Fault,
        cleared: threading.Event,
        scope: Scope,
        path: str,
        receive: Receive,
        send: Send,
    ) -> Receive | None:
        """Let a fault happen.

        Returns:
            Where to read the request from if it is to be answered after all, else None.
        """
        if fault.action == "close":
            await self._connections.drop(scope, receive)
        elif fault.action == "stall":
            return await self._connections.stall(scope, receive, cleared)
        elif fault.action == "truncate":
            await self._truncate(scope, receive, send)
        elif fault.action == "garbage":
            response = json_response(self._context, 200, None)
            response.body = _GARBAGE
            response.headers.update(
                {"Content-Length": str(len(_GARBAGE)), "Content-Type": "application/json"}
            )
            await response(scope, receive, send)
        else:
            status = fault.status or 500
            description = f"scripted: {scope['method']} {path}"
            body = error_body(status, description, fault.error_class)
            empty = fault.empty_body or status in _BODILESS
            response = json_response(self._context, status, None if empty else body)
            if fault.retry_after is not None:
                response.headers["Retry-After"] = str(fault.retry_after)
            await response(scope, receive, send)
        return None

    async def _truncate(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do what was asked, send half of the answer, and close the connection."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._authenticated(scope, receive, keep)
        body = b"".join(message.get("body", b"") for message in messages[1:])
        headers = [pair for pair in messages[0]["headers"] if pair[0] != b"content-length"]
        headers.append((b"content-length", str(len(body) + (not body)).encode()))
        await send({**messages[0], "headers": headers})
        half = {"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True}
        await send(half)
        await self._connections.close(scope, receive)


def _bearer_token(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if kind.lower() == "bearer" else None
    return None
