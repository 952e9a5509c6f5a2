"""Answers in JSON, and the answers to everything that fails."""

import json

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler

from qumulo_emulator.api.call import JsonText
from qumulo_emulator.api.context import Context
from qumulo_emulator.api.errors import error_body, status_and_class
from qumulo_emulator.api.unsupported import is_unsupported
from qumulo_emulator.errors import EmulatorError, NoSuchEntryError, NotEmulatedError


def json_response(context: Context, status: int, body: object) -> Response:
    """Return a response with a value in JSON; for None, a response without a body."""
    if body is None:
        return Response(status_code=status)
    text = body.text if isinstance(body, JsonText) else json_text(context, body)
    # A lone surrogate is not valid in UTF-8, so it stays an escape whatever the setting is.
    raw = text.encode("utf-8", "backslashreplace")
    return Response(raw, status_code=status, media_type="application/json")


def json_text(context: Context, value: object) -> str:
    """Return the JSON of a value, as the settings have it and without blanks."""
    return json.dumps(value, ensure_ascii=context.cluster.settings.escape, separators=(",", ":"))


def error_handler(context: Context) -> ExceptionHandler:
    """Return the function that answers when a handler fails, or when there is no handler."""

    def respond(request: Request, error: Exception) -> Response:
        method, path = request.method, request.scope["path"]
        if isinstance(error, HTTPException) and is_unsupported(method, path):
            error = NotEmulatedError(f"the emulator does not support {method} {path}")
        headers: dict[str, str] = {}
        error_class = None
        if isinstance(error, EmulatorError):
            (status, error_class), description = status_and_class(error), str(error)
            if isinstance(error, NoSuchEntryError) and "snapshot" in request.query_params:
                error_class = context.cluster.settings.absent_class
        elif isinstance(error, HTTPException):
            status, description = error.status_code, f"{method} {path}: {error.detail}"
            headers.update(error.headers or {})
        else:
            status, description = 500, f"{method} {path}: {type(error).__name__}: {error}"
        response = json_response(context, status, error_body(status, description, error_class))
        response.headers.update(headers)
        return response

    return respond
