"""What happens to every request before its handler: log, delay, faults, authentication."""

import asyncio
import re
import threading
import time
from email.utils import formatdate
from random import Random
from urllib.parse import unquote_to_bytes

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qumulo_emulator.api.connections import Connections
from qumulo_emulator.api.context import Context, LoggedRequest
from qumulo_emulator.api.errors import error_body, status_and_class
from qumulo_emulator.api.page import HEADERS, render_page
from qumulo_emulator.api.responses import json_response
from qumulo_emulator.clock import SECOND
from qumulo_emulator.errors import NotAuthenticatedError
from qumulo_emulator.faults import Fault
from qumulo_emulator.names import to_text

_PUBLIC_PATHS = ("/v1/session/login", "/v1/version")
_CONTROL_PREFIX = "/emulator/"
# Old clients write `/api/v1/…` for `/v1/…`. The rest of the emulator sees the plain path, so that
# `next` links have it too.
_ALIAS = re.compile(r"/api(?=/v\d+/)")
_AFTER_V2 = re.compile("/v[34]/snapshots/")
# In HTTP, answers with these statuses have no body.
_STATUSES_WITHOUT_BODY = (204, 205, 304)
_GARBAGE = b"<html><body>This is not JSON.</body></html>"


class Middleware:
    """An ASGI application around the application that answers.

    Args:
        app: the application. It gets the path as it was sent, because a decoded `%2F` would look
            like a slash.
        context: what all requests share.
        connections: the open connections, so that a fault can drop one.
    """

    def __init__(self, app: ASGIApp, context: Context, connections: Connections) -> None:
        self._app = app
        self._context = context
        self._connections = connections
        self._dated = 0, b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        raw_path = scope["raw_path"].decode("ascii")
        if raw_path == "/" and scope["method"] in ("GET", "HEAD"):
            await self._page()(scope, receive, send)
            return
        received, begun = time.time_ns(), time.perf_counter()
        node = self._context.nodes.at(scope["server"])
        decoded_path = to_text(unquote_to_bytes(raw_path))
        alias = _ALIAS.match(raw_path)
        prefix = alias.end() if alias else 0
        scope = {**scope, "path": raw_path[prefix:], "root_path": "", "state": {"node": node}}
        status: int | None = None

        async def send_and_record(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"date", self._date())]
            await send(message)

        try:
            await self._answer(scope, decoded_path[prefix:], receive, send_and_record)
        finally:
            spent = time.perf_counter() - begun
            request = LoggedRequest(
                *(scope["method"], decoded_path, raw_path, status, received, spent, node.number)
            )
            self._context.log.add(request)
            node.requests += not decoded_path.startswith(_CONTROL_PREFIX)

    def _page(self) -> Response:
        """Return the page for people: without a login, without faults, and not logged."""
        return Response(render_page(self._context), headers=HEADERS, media_type="text/html")

    def _date(self) -> bytes:
        """Return the time of the emulated clock, as HTTP writes it."""
        cluster = self._context.cluster
        moment = cluster.clock.now() // SECOND + cluster.settings.clock_shift
        if moment != self._dated[0]:
            self._dated = moment, formatdate(moment, usegmt=True).encode("ascii")
        return self._dated[1]

    async def _answer(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        if not path.startswith(_CONTROL_PREFIX):
            settings, node = self._context.cluster.settings, scope["state"]["node"]
            latency: float = settings.latency_ms + node.latency_ms
            if settings.random_latency_ms:
                seed = scope["raw_path"] + scope["query_string"]
                latency += Random(seed).uniform(0, settings.random_latency_ms)  # noqa: S311
            if latency:
                await asyncio.sleep(latency / 1000)
            fault = self._context.faults.take(scope["method"], path, node.number)
            if fault is not None:
                remaining = await self._perform(*fault, scope, path, receive, send)
                if remaining is None:
                    return
                receive = remaining
        if _AFTER_V2.match(path) and not self._context.cluster.settings.v3_snapshots:
            body = error_body(404, f"{scope['method']} {path}: Not Found")
            await json_response(self._context, 404, body)(scope, receive, send)
            return
        await self._authenticate(scope, receive, send)

    async def _authenticate(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] not in _PUBLIC_PATHS:
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
        """Make a request fail.

        Returns:
            The function to receive the request from if it must be answered after all, else None.
        """
        if fault.action == "close":
            await self._connections.drop(scope, receive)
        elif fault.action == "stall":
            return await self._connections.stall(scope, receive, cleared)
        elif fault.action == "truncate":
            await self._truncate(scope, receive, send)
        elif fault.action == "garbage":
            await Response(_GARBAGE, media_type="application/json")(scope, receive, send)
        else:
            await self._failure(fault, scope["method"], path)(scope, receive, send)
        return None

    def _failure(self, fault: Fault, method: str, path: str) -> Response:
        status = fault.status or 500
        body = error_body(status, f"scripted: {method} {path}", fault.error_class)
        empty = fault.empty_body or status in _STATUSES_WITHOUT_BODY
        response = json_response(self._context, status, None if empty else body)
        if fault.retry_after is not None:
            response.headers["Retry-After"] = str(fault.retry_after)
        return response

    async def _truncate(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry out the request, send half of the answer, and close the connection."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._authenticate(scope, receive, keep)
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
