"""Login, the current user, and access tokens."""

from typing import Any

from qumulo_emulator import clock
from qumulo_emulator.api.call import Call
from qumulo_emulator.api.paging import paginate
from qumulo_emulator.api.privileges import PRIVILEGES
from qumulo_emulator.errors import NoSuchUserError, UndecodableRequestError
from qumulo_emulator.tokens import AccessToken

_ADMIN_ID = "500"
_ADMINS_GROUP_ID = "512"
_SID = "S-1-5-21-1-1-1-500"


def login(call: Call) -> dict[str, Any]:
    """Answer POST /v1/session/login."""
    fields = call.fields({"username": str, "password": str})
    if len(fields) != 2:
        raise UndecodableRequestError("a username and a password are expected")
    return {"bearer_token": call.cluster.tokens.login(fields["username"], fields["password"])}


def who_am_i(call: Call) -> dict[str, Any]:
    """Answer GET /v1/session/who-am-i."""
    missing = call.cluster.settings.missing_privileges
    return {
        "id": _ADMIN_ID,
        "name": call.cluster.tokens.username,
        "primary_group": _ADMINS_GROUP_ID,
        "sid": _SID,
        "uid": None,
        "home_directory": None,
        "can_change_password": False,
        "privileges": [name for name in PRIVILEGES if name not in missing],
        "access_token_id": call.token.id if call.token else None,
    }


def roles(_call: Call) -> list[str]:
    """Answer GET /v1/session/roles."""
    return ["Administrators"]


def groups(call: Call) -> list[dict[str, Any]]:
    """Answer GET /v1/users/{id}/groups/."""
    _check_user(call)
    return [{"id": _ADMINS_GROUP_ID, "name": "Administrators", "gid": None, "sid": None}]


def expand_identity(call: Call) -> dict[str, Any]:
    """Answer POST /v1/identity/expand."""
    _check_me(call, call.fields({"id": dict}).get("id", {}))
    return {
        "id": _identity(call),
        "type": "USER",
        "equivalent_ids": [],
        "group_ids": [],
        "smb_id": _identity(call),
        "nfs_id": _identity(call),
    }


def related_identities(call: Call) -> list[dict[str, Any]]:
    """Answer GET /v1/auth/auth-ids/{id}/related-identities/, which older clients use."""
    _check_user(call)
    return [_identity(call)]


def _check_user(call: Call) -> None:
    if call.param("id") != _ADMIN_ID:
        raise NoSuchUserError(f"there is no user with the id {call.param('id')!a}")


def _check_me(call: Call, identity: dict[str, Any]) -> None:
    """Check that an identity from a client is the only user's.

    Raises:
        NoSuchUserError: if it is not.
    """
    me = _identity(call)
    given = {key: value for key, value in identity.items() if value is not None and key in me}
    if not given or any(str(me[key]) != str(value) for key, value in given.items()):
        raise NoSuchUserError(f"there is no such user; the only one is {me['name']!a}")


def _identity(call: Call) -> dict[str, Any]:
    return {
        "domain": "LOCAL",
        "auth_id": _ADMIN_ID,
        "uid": None,
        "gid": None,
        "sid": _SID,
        "name": call.cluster.tokens.username,
    }


def _token_json(call: Call, token: AccessToken) -> dict[str, Any]:
    expires = token.expires
    return {
        "id": token.id,
        "user": _identity(call),
        "creator": _identity(call),
        "creation_time": clock.format_time(token.created),
        "expiration_time": None if expires is None else clock.format_time(expires),
        "enabled": token.enabled,
    }


_TOKEN_FIELDS = {"user": dict, "expiration_time": str, "enabled": bool}


def _token_expiration(fields: dict[str, Any]) -> int | None:
    text = fields.get("expiration_time", "")
    return clock.parse_time(text) if text else None


def create_access_token(call: Call) -> dict[str, Any]:
    """Answer POST /v1/auth/access-tokens/, for the only user."""
    fields = call.fields(_TOKEN_FIELDS)
    _check_me(call, fields.get("user", {}))
    token = call.cluster.tokens.create_access_token(_token_expiration(fields))
    return {"id": token.id, "bearer_token": token.bearer_token}


def list_access_tokens(call: Call) -> dict[str, Any]:
    """Answer GET /v1/auth/access-tokens/."""
    tokens = call.cluster.tokens.access_tokens()

    def take(after: str | None, limit: int) -> tuple[list[AccessToken], str | None]:
        begin = 0 if after is None else int(after)
        end = begin + limit
        return tokens[begin:end], str(end) if end < len(tokens) else None

    entries, paging = paginate(call, "access tokens", take)
    return {"entries": [_token_json(call, token) for token in entries], "paging": paging}


def get_access_token(call: Call) -> dict[str, Any]:
    """Answer GET /v1/auth/access-tokens/{id}."""
    return _token_json(call, call.cluster.tokens.access_token(call.param("id")))


def modify_access_token(call: Call) -> dict[str, Any]:
    """Answer PATCH /v1/auth/access-tokens/{id}."""
    fields = call.fields(_TOKEN_FIELDS)
    token = call.cluster.tokens.modify_access_token(
        call.param("id"), expires=_token_expiration(fields), enabled=fields.get("enabled")
    )
    return _token_json(call, token)


def delete_access_token(call: Call) -> None:
    """Answer DELETE /v1/auth/access-tokens/{id}."""
    call.cluster.tokens.delete_access_token(call.param("id"))
