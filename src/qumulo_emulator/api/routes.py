"""The table of routes, and the application that serves it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ExceptionHandler, Lifespan

from qumulo_emulator.api import (
    aggregates,
    control,
    editing,
    files,
    node_control,
    nodes,
    policies,
    session,
    snapshots,
)
from qumulo_emulator.api.call import Call, FileContent
from qumulo_emulator.api.context import Context
from qumulo_emulator.api.responses import error_handler, json_response
from qumulo_emulator.errors import EmulatorError, MissingPrivilegeError


class Endpoint(NamedTuple):
    """A method and a path, their handler, and the status of a successful answer.

    `privilege` is the one that the user needs, without `PRIVILEGE_`; "" for none. `is_quick` says
    whether a call is answered from memory. It needs no thread then, which costs more than the rest.
    """

    method: str
    path: str
    handler: Callable[[Call], Any]
    privilege: str = ""
    status: int = 200
    is_quick: Callable[[Call], bool] = lambda _call: False


def _always(_call: Call) -> bool:
    return True


_FILE = "/v1/files/{ref}"
_DIFF = "/v2/snapshots/{newer_id}/changes-since/{older_id}"
_POLICIES = "/v3/snapshots/policies/"
_DIFF_V3 = "/v3/snapshots/{newer_id}/changes-since/{older_id}"

# The privileges that Qumulo documents for these requests. Others are served without one.
_FILES_READ = "FILE_READ_ACCESS"
_SNAPSHOTS_READ, _SNAPSHOTS_WRITE = "SNAPSHOT_READ", "SNAPSHOT_WRITE"
_DIFF_READ = "SNAPSHOT_DIFFERENCE_READ"
_POLICIES_READ, _POLICIES_WRITE = "SNAPSHOT_POLICY_READ", "SNAPSHOT_POLICY_WRITE"
_TOKENS_READ, _TOKENS_WRITE = "ACCESS_TOKENS_READ", "ACCESS_TOKENS_WRITE"

# The body of an answer without a value. The published schemas leave it open. Some clients parse
# every body as JSON, the vendor's Terraform provider among them, and the SDK understands null.
_NO_VALUE = b"null"

ENDPOINTS = (
    Endpoint("GET", "/v1/version", nodes.version, is_quick=_always),
    Endpoint("POST", "/v1/session/login", session.login, is_quick=_always),
    Endpoint("GET", "/v1/session/who-am-i", session.who_am_i, is_quick=_always),
    Endpoint("GET", "/v1/session/roles", session.roles),
    Endpoint("GET", "/v1/users/{id}/groups/", session.groups),
    Endpoint("POST", "/v1/identity/expand", session.expand_identity),
    Endpoint("GET", "/v1/auth/auth-ids/{id}/related-identities/", session.related_identities),
    Endpoint("POST", "/v1/auth/access-tokens/", session.create_access_token, _TOKENS_WRITE),
    Endpoint("GET", "/v1/auth/access-tokens/", session.list_access_tokens, _TOKENS_READ),
    Endpoint("GET", "/v1/auth/access-tokens/{id}", session.get_access_token, _TOKENS_READ),
    Endpoint("PATCH", "/v1/auth/access-tokens/{id}", session.modify_access_token, _TOKENS_WRITE),
    Endpoint("DELETE", "/v1/auth/access-tokens/{id}", session.delete_access_token, _TOKENS_WRITE),
    Endpoint(
        *("GET", f"{_FILE}/info/attributes", files.get_attributes, _FILES_READ),
        is_quick=files.is_in_memory,
    ),
    Endpoint("PATCH", f"{_FILE}/info/attributes", editing.set_attributes),
    Endpoint("GET", f"{_FILE}/entries/", files.list_entries, _FILES_READ),
    Endpoint("POST", f"{_FILE}/entries/", editing.create_entry),
    Endpoint("DELETE", f"{_FILE}/entries/{{name}}", editing.delete_entry),
    Endpoint("DELETE", _FILE, editing.delete_file),
    Endpoint("GET", f"{_FILE}/data", editing.read_data),
    Endpoint("PUT", f"{_FILE}/data", editing.replace_data),
    Endpoint("PATCH", f"{_FILE}/data", editing.write_data),
    Endpoint("GET", f"{_FILE}/aggregates/", aggregates.aggregates, _FILES_READ),
    Endpoint(
        *("GET", f"{_FILE}/recursive-aggregates/", aggregates.recursive_aggregates, _FILES_READ)
    ),
    Endpoint("POST", "/v1/files/resolve", files.resolve),
    Endpoint("POST", "/v1/files/try-resolve", files.try_resolve),
    Endpoint("GET", "/v2/snapshots/", snapshots.list_v2, _SNAPSHOTS_READ),
    Endpoint("POST", "/v2/snapshots/", snapshots.create_v2, _SNAPSHOTS_WRITE),
    Endpoint("GET", "/v2/snapshots/status/", snapshots.list_statuses_v2, _SNAPSHOTS_READ),
    Endpoint("GET", "/v2/snapshots/status/{id}", snapshots.get_status_v2, _SNAPSHOTS_READ),
    Endpoint("GET", "/v2/snapshots/{id}", snapshots.get_v2, _SNAPSHOTS_READ),
    Endpoint("PATCH", "/v2/snapshots/{id}", snapshots.modify_v2, _SNAPSHOTS_WRITE),
    Endpoint("PUT", "/v2/snapshots/{id}", snapshots.modify_v2, _SNAPSHOTS_WRITE),
    Endpoint("DELETE", "/v2/snapshots/{id}", snapshots.delete, _SNAPSHOTS_WRITE),
    Endpoint("GET", "/v3/snapshots/", snapshots.list_v3, _SNAPSHOTS_READ),
    Endpoint("POST", "/v3/snapshots/", snapshots.create_v3, _SNAPSHOTS_WRITE),
    Endpoint("GET", _POLICIES, policies.list_all, _POLICIES_READ),
    Endpoint("POST", _POLICIES, policies.create, _POLICIES_WRITE),
    Endpoint("GET", f"{_POLICIES}{{id}}", policies.get, _POLICIES_READ),
    Endpoint("DELETE", f"{_POLICIES}{{id}}", policies.delete, _POLICIES_WRITE),
    Endpoint("POST", "/v3/snapshots/{id}/lock", snapshots.lock, "SNAPSHOT_LOCK"),
    Endpoint("GET", "/v3/snapshots/status/", snapshots.list_statuses_v3, _SNAPSHOTS_READ),
    Endpoint("GET", "/v3/snapshots/status/{id}", snapshots.get_status_v3, _SNAPSHOTS_READ),
    Endpoint("GET", "/v3/snapshots/{id}", snapshots.get_v3, _SNAPSHOTS_READ),
    Endpoint("PATCH", "/v3/snapshots/{id}", snapshots.modify_v3, _SNAPSHOTS_WRITE),
    Endpoint("PUT", "/v3/snapshots/{id}", snapshots.modify_v3, _SNAPSHOTS_WRITE),
    Endpoint("DELETE", "/v3/snapshots/{id}", snapshots.delete, _SNAPSHOTS_WRITE, status=202),
    Endpoint("GET", "/v4/snapshots/status/", snapshots.list_statuses_v4, _SNAPSHOTS_READ),
    Endpoint("GET", "/v1/snapshots/total-used-capacity", snapshots.total_used_capacity),
    Endpoint("GET", _DIFF, snapshots.diff, _DIFF_READ),
    Endpoint("GET", f"{_DIFF}/files/{{ref}}", snapshots.file_diff, _DIFF_READ),
    Endpoint("GET", f"{_DIFF_V3}/files/{{ref}}", snapshots.file_diff, _DIFF_READ),
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
    Endpoint("POST", "/emulator/policies/{name}/run", policies.run),
    Endpoint("POST", "/emulator/expire-sessions", control.expire_sessions),
    Endpoint("POST", "/emulator/forget-pages", control.forget_pages),
    Endpoint("GET", "/emulator/settings", control.get_settings),
    Endpoint("POST", "/emulator/settings", control.change_settings),
    Endpoint("GET", "/emulator/requests", control.list_requests),
    Endpoint("DELETE", "/emulator/requests", control.forget_requests),
    Endpoint("POST", "/emulator/clock", control.advance_clock),
    Endpoint("GET", "/emulator/nodes", node_control.list_nodes),
    Endpoint("POST", "/emulator/nodes/{id}", node_control.change_node),
)


def application(context: Context, lifespan: Lifespan[Starlette]) -> Starlette:
    """Return the application; it expects the path of a request as it was sent, not decoded."""
    handlers: dict[Any, ExceptionHandler] = {
        EmulatorError: error_handler(context),
        HTTPException: error_handler(context),
        Exception: error_handler(context),
    }
    routes = [_route(context, endpoint) for endpoint in ENDPOINTS]
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    # With a trailing slash too many or missing, a path is unknown, as on a cluster.
    app.router.redirect_slashes = False
    return app


def _route(context: Context, endpoint: Endpoint) -> Route:
    async def serve(request: Request) -> Response:
        call = Call(
            context=context,
            path=request.scope["path"],
            params=request.path_params,
            query=request.query_params,
            body=await request.body(),
            token=request.scope["state"].get("access_token"),
            node=request.scope["state"]["node"],
        )
        if endpoint.is_quick(call):
            answer = _handle(endpoint, call)
        else:
            answer = await run_in_threadpool(_handle, endpoint, call)
        if isinstance(answer, FileContent):
            headers = {"Content-Length": str(answer.length)}
            return StreamingResponse(
                answer.chunks, headers=headers, media_type="application/octet-stream"
            )
        response = json_response(context, endpoint.status, answer)
        if answer is None:
            response = Response(_NO_VALUE, endpoint.status, media_type="application/json")
        return response

    return Route(endpoint.path, serve, methods=[endpoint.method])


def _handle(endpoint: Endpoint, call: Call) -> Any:
    privilege = f"PRIVILEGE_{endpoint.privilege}"
    if privilege in call.cluster.settings.missing_privileges:
        raise MissingPrivilegeError(f"the user {call.cluster.tokens.username!a} lacks {privilege}")
    answer = endpoint.handler(call)
    call.cluster.save_ids()
    return answer
