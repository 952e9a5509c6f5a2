"""The one place where a status of the cluster becomes an error of ours."""

from urllib3 import BaseHTTPResponse

from qumulo_changelist.cluster import rest_wire
from qumulo_changelist.cluster.rest_wire import Failure
from qumulo_changelist.errors import (
    ChangelistError,
    NotFoundError,
    RefusedError,
    ReplyError,
    StatusError,
    UnreachableError,
)

_LONGEST = 500
_SNAPSHOT_NOT_FOUND = "snapshot_not_found"
# Not what a snapshot does not cover: of that, it says nothing at all.
_ABSENCES = ("fs_no_such_entry_error", "fs_not_a_directory_error")
_PRIVILEGES = (
    "Give the user PRIVILEGE_SNAPSHOT_READ, PRIVILEGE_SNAPSHOT_WRITE, "
    "PRIVILEGE_SNAPSHOT_DIFFERENCE_READ and PRIVILEGE_FILE_READ_ACCESS on the cluster."
)
_SNAPSHOTS_EXPIRE = "Check the snapshot ids; snapshots also expire by themselves."


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
    if status == 401:
        return RefusedError(
            message,
            status=status,
            error_class=told.error_class,
            hint=f"Check {credentials} in the archiver's configuration.",
        )
    if status == 403:
        return RefusedError(message, status=status, error_class=told.error_class, hint=_PRIVILEGES)
    if status == 404:
        hint = _SNAPSHOTS_EXPIRE if is_about_snapshot(told.error_class) else ""
        return NotFoundError(message, status=status, error_class=told.error_class, hint=hint)
    if status < 400:
        return ReplyError(f"{message}: neither an answer nor an error")
    if status == 429 or status >= 500:
        return UnreachableError(message, hint="The cluster keeps failing; try again later.")
    return StatusError(message, status=status, error_class=told.error_class)


def is_about_snapshot(error_class: str) -> bool:
    """Tell whether an error of this class means that there is no such snapshot."""
    return _SNAPSHOT_NOT_FOUND in error_class


def unreadable(error: StatusError, snapshot: int | None) -> str:
    """Return why one entry cannot be read, "" where the error is about more.

    The classes of what concerns a single entry begin with ``fs_``.
    """
    if not error.error_class.startswith("fs_"):
        return ""
    where = "the live tree" if snapshot is None else f"snapshot {snapshot}"
    reasons = {
        401: "",
        403: "the cluster does not let this user read it",
        404: f"{where} does not hold it",
    }
    return reasons.get(error.status, f"the cluster cannot read it: {error.error_class}")


def is_absence(error: StatusError) -> bool:
    """Tell whether the error is that there is no such entry, or no directory there."""
    return error.error_class in _ABSENCES


def _read(response: BaseHTTPResponse) -> Failure:
    try:
        return rest_wire.failure.read(response.data, "")
    except ReplyError:
        return Failure()


def _words(status: int, told: Failure) -> str:
    parts = (f"Error {status}", told.error_class, told.description)
    return ": ".join(filter(None, parts))[:_LONGEST]
