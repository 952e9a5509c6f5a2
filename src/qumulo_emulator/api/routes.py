"""The table of routes, and the application that serves it."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ExceptionHandler, Lifespan

from qumulo_emulator.api import control, editing, files, nodes, session, snapshots
from qumulo_emulator.api.call import Call, Data
from qumulo_emulator.api.context import Context
from qumulo_emulator.api.errors import error_body, status_and_class
from qumulo_emulator.api.unsupported import is_unsupported
from qumulo_emulator.errors import EmulatorError, NoSuchEntryError, NotEmulatedError


class Endpoint(NamedTuple):
    """One method of one path, the handler for it, and the status of its success."""

    method: str
    path: str
    handler: Callable[[Call], Any]
    status: int = 200


_FILE = "/v1/files/{ref}"
_DIFF = "/v2/snapshots/{newer_id}/changes-since/{older_id}"
_DIFF_V3 = "/v3/snapshots/{newer_id}/changes-since/{older_id}"

# The answer where there is nothing to say. The published schemas leave it open. Clients parse every
# body as JSON, the vendor's Terraform provider for one; and the SDK takes it for no value.
_NOTHING = b"null"

ENDPOINTS = (
    Endpoint("GET", "/v1/version", nodes.version),
    Endpoint("POST", "/v1/session/login", session.login),
    Endpoint("GET", "/v1/session/who-am-i", session.who_am_i),
    Endpoint("GET", "/v1/session/roles", session.roles),
    Endpoint("GET", "/v1/users/{id}/groups/", session.groups),
    Endpoint("POST", "/v1/identity/expand", session.expand_identity),
    Endpoint("GET", "/v1/auth/auth-ids/{id}/related-identities/", session.related_identities),
    Endpoint("POST", "/v1/auth/access-tokens/", session.create_access_token),
    Endpoint("GET", "/v1/auth/access-tokens/", session.list_access_tokens),
    Endpoint("GET", "/v1/auth/access-tokens/{id}", session.get_access_token),
    Endpoint("PATCH", "/v1/auth/access-tokens/{id}", session.modify_access_token),
    Endpoint("DELETE", "/v1/auth/access-tokens/{id}", session.delete_access_token),
    Endpoint("GET", f"{_FILE}/info/attributes", files.get_attributes),
    Endpoint("PATCH", f"{_FILE}/info/attributes", editing.set_attributes),
    Endpoint("GET", f"{_FILE}/entries/", files.list_entries),
    Endpoint("POST", f"{_FILE}/entries/", editing.create_entry),
    Endpoint("DELETE", f"{_FILE}/entries/{{name}}", editing.delete_entry),
    Endpoint("DELETE", _FILE, editing.delete_file),
    Endpoint("GET", f"{_FILE}/data", editing.read_data),
    Endpoint("PUT", f"{_FILE}/data", editing.replace_data),
    Endpoint("PATCH", f"{_FILE}/data", editing.write_data),
    Endpoint("GET", f"{_FILE}/aggregates/", files.aggregates),
    Endpoint("GET", f"{_FILE}/recursive-aggregates/", files.recursive_aggregates),
    Endpoint("POST", "/v1/files/resolve", files.resolve),
    Endpoint("POST", "/v1/files/try-resolve", files.try_resolve),
    Endpoint("GET", "/v2/snapshots/", snapshots.list_v2),
    Endpoint("POST", "/v2/snapshots/", snapshots.create_v2),
    Endpoint("GET", "/v2/snapshots/status/", snapshots.list_statuses_v2),
    Endpoint("GET", "/v2/snapshots/status/{id}", snapshots.get_status_v2),
    Endpoint("GET", "/v2/snapshots/{id}", snapshots.get_v2),
    Endpoint("PATCH", "/v2/snapshots/{id}", snapshots.modify_v2),
    Endpoint("PUT", "/v2/snapshots/{id}", snapshots.modify_v2),
    Endpoint("DELETE", "/v2/snapshots/{id}", snapshots.delete),
    Endpoint("GET", "/v3/snapshots/", snapshots.list_v3),
    Endpoint("POST", "/v3/snapshots/", snapshots.create_v3),
    Endpoint("GET", "/v3/snapshots/status/", snapshots.list_statuses_v3),
    Endpoint("GET", "/v3/snapshots/status/{id}", snapshots.get_status_v3),
    Endpoint("GET", "/v3/snapshots/{id}", snapshots.get_v3),
    Endpoint("PATCH", "/v3/snapshots/{id}", snapshots.modify_v3),
    Endpoint("PUT", "/v3/snapshots/{id}", snapshots.modify_v3),
    Endpoint("DELETE", "/v3/snapshots/{id}", snapshots.delete, 202),
    Endpoint("GET", "/v4/snapshots/status/", snapshots.list_statuses_v4),
    Endpoint("GET", "/v1/snapshots/total-used-capacity", snapshots.total_used_capacity),
    Endpoint("GET", _DIFF, snapshots.diff),
    Endpoint("GET", f"{_DIFF}/files/{{ref}}", snapshots.file_diff),
    Endpoint("GET", f"{_DIFF_V3}/files/{{ref}}", snapshots.file_diff),
    Endpoint("GET", "/v1/cluster/nodes/", nodes.list_nodes),
    Endpoint("GET", "/v1/cluster/nodes/{id}", nodes.get_node),
    Endpoint("GET", "/v1/cluster/settings", nodes.get_settings),
    Endpoint("PUT", "/v1/cluster/settings", nodes.put_settings),
    Endpoint("GET", "/v1/file-system", nodes.file_system),
    Endpoint("GET", "/v2/network/interfaces/", nodes.list_interfaces),
    Endpoint("GET", "/v2/network/interfaces/{id}", nodes.get_interface),
    Endpoint("GET", "/v2/network/interfaces/{id}/status/", nodes.interface_status),
    Endpoint("POST", "/emulator/faults", control.add_fault),
    Endpoint("GET", "/emulator/faults", control.list_faults),
    Endpoint("DELETE", "/emulator/faults", control.clear_faults),
    Endpoint("POST", "/emulator/expire-sessions", control.expire_sessions),
    Endpoint("GET", "/emulator/settings", control.get_settings),
    Endpoint("POST", "/emulator/settings", control.change_settings),
    Endpoint("GET", "/emulator/requests", control.requests),
)


def application(context: Context, lifespan: Lifespan[Starlette]) -> Starlette:
    """The application; it expects the path of a request as it was sent, not yet decoded."""
    handlers: dict[Any, ExceptionHandler] = {
        EmulatorError: _failed(context),
        HTTPException: _failed(context),
        Exception: _failed(context),
    }
    routes = [_route(context, endpoint) for endpoint in ENDPOINTS]
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    # The other spelling of a trailing slash is another path, and unknown.
    app.router.redirect_slashes = False
    return app


def json_response(context: Context, status: int, body: object) -> Response:
    """A reply in JSON; with no body at all for None."""
    if body is None:
        return Response(status_code=status)
    text = json.dumps(body, ensure_ascii=context.cluster.settings.escape, separators=(",", ":"))
    # What is no UTF-8, a lone surrogate, stays an escape whatever the setting.
    raw = text.encode("utf-8", "backslashreplace")
    return Response(raw, status_code=status, media_type="application/json")


def _route(context: Context, endpoint: Endpoint) -> Route:
    async def serve(request: Request) -> Response:
        call = Call(
            context=context,
            path=request.scope["path"],
            params=request.path_params,
            query=request.query_params,
            body=await request.body(),
            token=request.scope["state"].get("access_token"),
        )
        answer = await run_in_threadpool(_handle, endpoint, call)
        if isinstance(answer, Data):
            headers = {"Content-Length": str(answer.length)}
            return StreamingResponse(
                answer.chunks, headers=headers, media_type="application/octet-stream"
            )
        response = json_response(context, endpoint.status, answer)
        if answer is None:
            response = Response(_NOTHING, endpoint.status, media_type="application/json")
        return response

    return Route(endpoint.path, serve, methods=[endpoint.method])


def _handle(endpoint: Endpoint, call: Call) -> Any:
    answer = endpoint.handler(call)
    call.cluster.save_ids()
    return answer


def _failed(context: Context) -> ExceptionHandler:
    """What answers for everything that goes wrong in a handler or in finding one."""

    def respond(request: Request, error: Exception) -> Response:
        method, path = request.method, request.scope["path"]
        headers: dict[str, str] = {}
        error_class = None
        if isinstance(error, HTTPException):
            status, description = error.status_code, f"{method} {path}: {error.detail}"
            if is_unsupported(method, path):
                error = NotEmulatedError(f"the emulator does not support {method} {path}")
            headers.update(error.headers or {} if isinstance(error, HTTPException) else {})
        if isinstance(error, EmulatorError):
            (status, error_class), description = status_and_class(error), str(error)
            if isinstance(error, NoSuchEntryError) and "snapshot" in request.query_params:
                error_class = context.cluster.settings.absent_class
        elif not isinstance(error, HTTPException):
            status, description = 500, f"{method} {path}: {type(error).__name__}: {error}"
        response = json_response(context, status, error_body(status, description, error_class))
        response.headers.update(headers)
        return response

    return respond
