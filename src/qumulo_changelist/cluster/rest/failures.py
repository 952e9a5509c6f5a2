"""The one place where a status of the cluster becomes an error of ours."""

from urllib3 import BaseHTTPResponse

from qumulo_changelist.cluster import failures
from qumulo_changelist.cluster.rest import wire as rest_wire
from qumulo_changelist.cluster.rest.wire import Failure
from qumulo_changelist.errors import (
    ChangelistError,
    FailingError,
    NotFoundError,
    RefusedError,
    ReplyError,
    StatusError,
)

_LONGEST = 500


def said(response: BaseHTTPResponse) -> str:
    """Return what the cluster says is wrong, in the words that ``qq`` uses for it."""
    return _words(response.status, _read(response))


def failure(request: object, response: BaseHTTPResponse, credentials: str) -> ChangelistError:
    """Return the error for a request that was not answered with success.

    Args:
        request: which one; its text names it for people.
        response: the answer.
        credentials: the keys of the configuration that say who the user is.
    """
    status, told = response.status, _read(response)
    message = f"{request}: {_words(status, told)}"
    if status < 400:
        return ReplyError(f"{message}: neither an answer nor an error")
    if status == 429 or status >= 500:
        return FailingError(message)
    kinds = {401: RefusedError, 403: RefusedError, 404: NotFoundError}
    return kinds.get(status, StatusError)(
        message,
        status=status,
        error_class=told.error_class,
        hint=failures.hint(status, told.error_class, credentials),
    )


def unreadable(error: StatusError, snapshot: int | None) -> str:
    """Return why one entry cannot be read, "" where the error is about more.

    The classes of what concerns a single entry begin with ``fs_``.
    """
    if not error.error_class.startswith("fs_"):
        return ""
    if is_absence(error):
        where = "the live tree" if snapshot is None else f"snapshot {snapshot}"
        return f"{where} does not hold it"
    reasons = {401: "", 403: "the cluster does not let this user read it"}
    return reasons.get(error.status, f"the cluster cannot read it: {error.error_class}")


def is_absence(error: StatusError) -> bool:
    """Return whether the error is that there is no such entry, or no directory there."""
    return failures.is_absence(error.status, error.error_class)


def _read(response: BaseHTTPResponse) -> Failure:
    try:
        return rest_wire.failure.read(response.data, "")
    except ReplyError:
        return Failure()


def _words(status: int, told: Failure) -> str:
    parts = (f"Error {status}", told.error_class, told.description)
    return ": ".join(filter(None, parts))[:_LONGEST]
