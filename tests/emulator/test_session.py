"""Authentication: logins, sessions and access tokens."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from qumulo_emulator.api.routes import ENDPOINTS
from qumulo_emulator.running import Emulator, ThreadedEmulator, serve_in_process, serve_in_thread
from tests.emulator.wire import get, refusal

ME = "/v1/session/who-am-i"
TOKENS = "/v1/auth/access-tokens/"
PUBLIC = {("POST", "/v1/session/login"), ("GET", "/v1/version")}
REFUSED = (401, "auth_not_authenticated_error")


def is_valid(emulator: Emulator, token: str) -> bool:
    status, _ = emulator.request_as(token, "GET", ME)
    assert status in (200, 401)
    return status == 200


def new_access_token(emulator: Emulator, **fields: object) -> dict[str, Any]:
    body = {"user": {"auth_id": get(emulator, ME)["id"]}, **fields}
    status, made = emulator.request("POST", TOKENS, body)
    assert status == 200, made
    found: dict[str, Any] = made
    return found


@pytest.mark.parametrize("token", [None, "made up", "", "access-v1:1:made-up"])
def test_without_a_valid_token_everything_but_login_and_version_is_401(
    emulator: ThreadedEmulator, token: str | None
) -> None:
    requests = [(endpoint.method, endpoint.path.format_map(AnyValue())) for endpoint in ENDPOINTS]
    assert set(requests) > PUBLIC
    for method, path in {*requests, ("GET", "/v1/nowhere"), ("GET", "/v1/smb/settings")} - PUBLIC:
        assert refusal(emulator.request_as(token, method, path, {})) == REFUSED, (method, path)
    assert emulator.request_as(token, "GET", "/v1/version")[0] == 200


class AnyValue(dict[str, str]):
    """The value 2 for each variable of a path."""

    def __missing__(self, name: str) -> str:
        return "2"


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "wrong"},
        {"password": ""},
        {"password": "pässword \ud800"},
        {"username": "wrong"},
        {"username": "Admin"},
    ],
)
def test_a_wrong_name_or_password_is_401(emulator: ThreadedEmulator, wrong: dict[str, str]) -> None:
    body = {"username": "admin", "password": emulator.password, **wrong}
    answer = emulator.request_as(None, "POST", "/v1/session/login", body)
    assert refusal(answer) == (401, "auth_bad_credentials_error")


def test_the_user_name_and_the_password_can_be_chosen(tmp_path: Path) -> None:
    with serve_in_process(tmp_path, username="é backup", password="pass wörd") as emulator:
        body = {"username": "é backup", "password": "pass wörd"}
        status, reply = emulator.request_as(None, "POST", "/v1/session/login", body)
        assert (status, set(reply)) == (200, {"bearer_token"})
        assert emulator.request_as(reply["bearer_token"], "GET", ME)[1]["name"] == "é backup"


def test_a_session_lasts_for_the_token_lifetime(tmp_path: Path) -> None:
    with serve_in_thread(tmp_path, token_lifetime=1) as emulator:
        begun = time.monotonic()
        token = emulator.login()
        assert is_valid(emulator, token)
        time.sleep(0.8)
        while is_valid(emulator, token):
            assert time.monotonic() - begun < 20
            time.sleep(0.02)
        assert time.monotonic() - begun >= 1
        assert is_valid(emulator, emulator.login())


def test_each_login_is_a_new_session_and_all_can_be_ended_at_once(
    emulator: ThreadedEmulator,
) -> None:
    first, second = emulator.login(), emulator.login()
    assert first != second
    assert [is_valid(emulator, token) for token in (first, second)] == [True, True]
    emulator.expire_sessions()
    assert [is_valid(emulator, token) for token in (first, second)] == [False, False]
    assert is_valid(emulator, emulator.login())


def test_an_access_token_is_valid_until_it_is_deleted(emulator: ThreadedEmulator) -> None:
    made = new_access_token(emulator)
    assert made["bearer_token"].startswith("access-v1:")
    emulator.expire_sessions()
    assert is_valid(emulator, made["bearer_token"])
    _, me = emulator.request_as(made["bearer_token"], "GET", ME)
    assert me["access_token_id"] == made["id"]
    assert emulator.request("DELETE", TOKENS + made["id"])[0] == 200
    assert not is_valid(emulator, made["bearer_token"])
    for method in ("GET", "PATCH", "DELETE"):
        assert refusal(emulator.request(method, TOKENS + made["id"], {}))[0] == 404


def test_an_access_token_can_be_disabled_and_enabled(emulator: ThreadedEmulator) -> None:
    made = new_access_token(emulator)
    for enabled in (False, True):
        body = {"enabled": enabled}
        status, changed = emulator.request("PATCH", TOKENS + made["id"], body)
        assert (status, changed["enabled"]) == (200, enabled)
        assert is_valid(emulator, made["bearer_token"]) is enabled


def test_an_access_token_is_valid_until_its_expiration(emulator: ThreadedEmulator) -> None:
    made = new_access_token(emulator, expiration_time="9999-12-31T23:59:59Z")
    assert get(emulator, TOKENS + made["id"])["expiration_time"] == "9999-12-31T23:59:59Z"
    assert is_valid(emulator, made["bearer_token"])
    emulator.request("PATCH", TOKENS + made["id"], {"expiration_time": "2001-01-01T00:00:00Z"})
    assert not is_valid(emulator, made["bearer_token"])


def test_access_tokens_are_listed_in_pages_without_their_secrets(
    emulator: ThreadedEmulator,
) -> None:
    made = [new_access_token(emulator) for _ in range(4)]
    before = get(emulator, f"{TOKENS}?limit=1")
    assert [set(entry) for entry in before["entries"]] == [
        {"id", "user", "creator", "creation_time", "expiration_time", "enabled"}
    ]
    entries, uri = [], TOKENS
    while uri:
        page = get(emulator, uri)
        assert not any(token["bearer_token"] in str(page) for token in made)
        entries += page["entries"]
        uri = page["paging"]["next"]
    assert [entry["id"] for entry in entries][-4:] == [token["id"] for token in made]


def test_an_access_token_can_be_created_for_the_only_user(emulator: ThreadedEmulator) -> None:
    for user in ({"name": "nobody"}, {}, {"auth_id": "501"}):
        assert refusal(emulator.request("POST", TOKENS, {"user": user}))[0] == 404


def test_access_tokens_survive_a_restart_with_a_state_directory(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with serve_in_thread(root, state=tmp_path / "state") as emulator:
        tokens = [
            new_access_token(emulator, expiration_time=end)["bearer_token"]
            for end in ("", "9999-12-31T23:59:59Z")
        ]
        session = emulator.login()
    with serve_in_thread(root, state=tmp_path / "state") as emulator:
        assert [is_valid(emulator, token) for token in tokens] == [True, True]
        assert not is_valid(emulator, session)


def test_who_am_i_contains_the_user_and_the_privileges_that_lists_need(
    emulator: ThreadedEmulator,
) -> None:
    me = get(emulator, ME)
    assert (me["name"], me["access_token_id"]) == ("admin", None)
    assert {
        "PRIVILEGE_SNAPSHOT_READ",
        "PRIVILEGE_SNAPSHOT_WRITE",
        "PRIVILEGE_SNAPSHOT_DIFFERENCE_READ",
        "PRIVILEGE_FILE_READ_ACCESS",
    } <= set(me["privileges"])
