"""What a cluster sends of itself, of the user who asks, and of access tokens: pure."""

from qumulo_changelist.cluster.shapes import (
    AccessTokenJson,
    AccessTokenStatusJson,
    CallerJson,
    VersionJson,
)
from qumulo_changelist.cluster.times import nanoseconds
from qumulo_changelist.cluster.wire import to_shape
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import ReplyError
from qumulo_changelist.model import Caller


def read_caller(value: object, source: str) -> Caller:
    """Return the user from the decoded JSON of an answer; ``source`` names what sent it.

    Raises:
        ReplyError: it does not state the name and all privileges.
    """
    caller = to_shape(value, CallerJson, source)
    return Caller(
        caller.name, frozenset(caller.privileges), caller.id, caller.access_token_id or ""
    )


def read_version(value: object, source: str) -> str:
    """Return the version of the Core likewise, such as ``Qumulo Core 7.2.1``.

    Raises:
        ReplyError: it does not state it.
    """
    return to_shape(value, VersionJson, source).revision_id


def read_access_token(value: object, source: str) -> tuple[str, Secret]:
    """Return the id of an access token likewise, and the token.

    Raises:
        ReplyError: it does not state both.
    """
    created = to_shape(value, AccessTokenJson, source)
    token = created.bearer_token
    if not (created.id and token and token.isascii() and token.isprintable()):
        raise ReplyError(f"{source}: the answer has no usable token")
    return created.id, Secret(token)


def read_token_end(value: object, source: str) -> int:
    """Return likewise when an access token ends, in nanoseconds since the epoch; 0 for never.

    Raises:
        ReplyError: it does not state it.
    """
    end = to_shape(value, AccessTokenStatusJson, source).expiration_time
    if not end:
        return 0
    try:
        return nanoseconds(end)
    except ValueError as error:
        raise ReplyError(f"{source}: the end of the access token is {error}") from None
