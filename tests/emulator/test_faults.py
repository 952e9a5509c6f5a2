"""Scripted failures, to rehearse with."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from qumulo_emulator.faults import Fault
from qumulo_emulator.running import ThreadedEmulator, serve_in_thread
from tests.emulator.wire import get, refusal

VERSION = "/v1/version"


def status_of(emulator: ThreadedEmulator, path: str = VERSION) -> int:
    return emulator.request_as(None, "GET", path)[0]


def test_a_status_is_sent_the_given_number_of_times(emulator: ThreadedEmulator) -> None:
    emulator.fault(path=VERSION, status=503, times=2)
    assert [status_of(emulator) for _ in range(3)] == [503, 503, 200]


def test_some_requests_can_succeed_first(emulator: ThreadedEmulator) -> None:
    emulator.fault(path="/v1/v*", status=500, times=1, skip=1)
    assert [status_of(emulator) for _ in range(3)] == [200, 500, 200]


def test_only_matching_requests_fail_until_the_faults_are_cleared(
    emulator: ThreadedEmulator,
) -> None:
    emulator.fault(method="POST", path=VERSION, status=500)
    assert status_of(emulator) == 200
    emulator.fault(method="GET", path=VERSION, status=500)
    assert [status_of(emulator) for _ in range(3)] == [500] * 3
    emulator.clear_faults()
    assert status_of(emulator) == 200


def test_a_status_can_have_a_retry_after(emulator: ThreadedEmulator) -> None:
    emulator.fault(path=VERSION, status=429, retry_after=7)
    context = ssl.create_default_context(cafile=emulator.certificate)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{emulator.url}{VERSION}", context=context)
    with refused.value as answer:
        assert (answer.code, answer.headers["Retry-After"]) == (429, "7")
        assert json.loads(answer.read())["error_class"]


def test_a_status_can_have_any_error_class(emulator: ThreadedEmulator) -> None:
    emulator.fault(path=VERSION, status=404, error_class="fs_no_such_inode_error", times=1)
    answer = emulator.request_as(None, "GET", VERSION)
    assert refusal(answer) == (404, "fs_no_such_inode_error")


def test_a_connection_can_be_dropped_without_an_answer(emulator: ThreadedEmulator) -> None:
    emulator.fault(path=VERSION, action="close", times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        status_of(emulator)
    assert status_of(emulator) == 200


def test_an_answer_can_be_truncated(emulator: ThreadedEmulator) -> None:
    emulator.fault(path=VERSION, action="truncate", times=1)
    with pytest.raises(http.client.IncompleteRead):
        status_of(emulator)


def test_an_answer_can_be_garbage(emulator: ThreadedEmulator) -> None:
    emulator.fault(path=VERSION, action="garbage", times=1)
    with pytest.raises(ValueError, match="Expecting value"):
        status_of(emulator)


def test_a_stalled_request_is_answered_once_faults_are_cleared(emulator: ThreadedEmulator) -> None:
    emulator.fault(path=VERSION, action="stall")
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(status_of(emulator)))
    asking.start()
    # Other requests are answered meanwhile.
    assert emulator.request("GET", "/v1/session/who-am-i")[0] == 200
    assert answers == []
    emulator.clear_faults()
    asking.join(30)
    assert answers == [200]


def test_a_stalled_request_does_not_prevent_the_emulator_from_stopping(tmp_path: Path) -> None:
    gone: list[BaseException] = []

    def ask(emulator: ThreadedEmulator) -> None:
        try:
            status_of(emulator)
        except (http.client.HTTPException, OSError) as error:
            gone.append(error)

    with serve_in_thread(tmp_path) as emulator:
        emulator.fault(path=VERSION, action="stall", times=1)
        asking = threading.Thread(target=ask, args=(emulator,))
        asking.start()
        # The fault remains until it has been used.
        while emulator.faults.remaining():
            time.sleep(0.01)
    asking.join(30)
    assert len(gone) == 1


def test_a_login_can_be_refused_without_a_body(emulator: ThreadedEmulator) -> None:
    emulator.fault(path="/v1/session/login", status=401, empty_body=True)
    assert emulator.request_as(None, "POST", "/v1/session/login", {}) == (401, None)


@pytest.mark.parametrize(
    "fault",
    [
        *({}, {"status": 500, "action": "close"}, {"action": "explode"}, {"status": 99}),
        *({"what": 1}, {"error_class": "fs_no_such_entry_error"}),
        {"error_class": "fs_no_such_entry_error", "action": "close"},
        {"error_class": "fs_no_such_entry_error", "status": 404, "empty_body": True},
    ],
)
def test_a_malformed_fault_is_refused(emulator: ThreadedEmulator, fault: dict[str, object]) -> None:
    assert emulator.request("POST", "/emulator/faults", fault)[0] == 400


def test_faults_can_be_scripted_in_python(emulator: ThreadedEmulator) -> None:
    emulator.faults.add(Fault(path=VERSION, status=418, times=1))
    assert [status_of(emulator) for _ in range(2)] == [418, 200]


def test_the_log_lists_requests_and_contains_no_secret(emulator: ThreadedEmulator) -> None:
    emulator.login()
    logged = emulator.requests()
    sent = {"method": "POST", "path": "/v1/session/login", "status": 200, "node": 1}
    assert sent in logged
    assert emulator.password not in json.dumps(logged)
    emulator.forget_requests()
    assert emulator.requests() == []


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_a_body_is_sent_without_a_body(
    emulator: ThreadedEmulator, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.fault(path=VERSION, status=status, times=1)
    assert emulator.request_as(None, "GET", VERSION) == (status, None)
    assert status_of(emulator) == 200
    # Some failures would appear in the server's own log only.
    assert caplog.records == []


@pytest.mark.parametrize("token", [None, "made up"])
def test_without_a_token_nothing_can_be_changed_or_read(
    emulator: ThreadedEmulator, token: str | None
) -> None:
    emulator.fault(path=VERSION, status=418)
    session = emulator.login()
    for method, what in (
        ("POST", "faults"),
        ("GET", "faults"),
        ("DELETE", "faults"),
        ("POST", "settings"),
        ("GET", "settings"),
        ("POST", "expire-sessions"),
        ("POST", "forget-pages"),
        ("GET", "requests"),
    ):
        assert emulator.request_as(token, method, f"/emulator/{what}", {"status": 500})[0] == 401
    assert status_of(emulator) == 418
    assert emulator.request_as(session, "GET", "/v1/session/who-am-i")[0] == 200


def test_faults_do_not_prevent_their_removal(emulator: ThreadedEmulator) -> None:
    session = emulator.login()
    emulator.fault(status=500)
    assert [status_of(emulator), status_of(emulator, "/v1/session/login")] == [500, 500]
    status, listed = emulator.request_as(session, "GET", "/emulator/faults")
    assert (status, [fault["status"] for fault in listed["entries"]]) == (200, [500])
    assert emulator.request_as(session, "DELETE", "/emulator/faults")[0] == 200
    assert emulator.request_as(session, "GET", "/emulator/faults")[1] == {"entries": []}
    assert status_of(emulator) == 200


def test_the_first_fault_that_is_not_used_up_applies(emulator: ThreadedEmulator) -> None:
    emulator.fault(path="/v1/*", status=503, times=1)
    emulator.fault(path="*version", status=429, times=1)
    assert [status_of(emulator) for _ in range(3)] == [503, 429, 200]


def test_a_glob_matches_the_decoded_path(emulator: ThreadedEmulator) -> None:
    emulator.fault(path="/v1/files//a b/*", status=503)
    for path, status in (("%2Fa%20b", 503), ("%2Fab", 404)):
        assert emulator.request("GET", f"/v1/files/{path}/info/attributes")[0] == status


def test_a_request_with_a_truncated_answer_has_been_carried_out(emulator: ThreadedEmulator) -> None:
    emulator.fault(method="POST", path="/v3/snapshots/", action="truncate", times=1)
    with pytest.raises(http.client.IncompleteRead):
        emulator.request("POST", "/v3/snapshots/", {"name_suffix": "truncated"})
    (name,) = [entry["name"] for entry in get(emulator, "/v3/snapshots/")["entries"]]
    assert name.endswith("_truncated")


@pytest.mark.parametrize("action", ["close", "garbage"])
def test_a_dropped_or_garbled_request_has_not_been_carried_out(
    emulator: ThreadedEmulator, action: str
) -> None:
    emulator.fault(method="POST", path="/v3/snapshots/", action=action, times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError, ValueError)):
        emulator.request("POST", "/v3/snapshots/", {"name_suffix": action})
    names = [entry["name"] for entry in get(emulator, "/v3/snapshots/")["entries"]]
    assert not any(name.endswith(action) for name in names)
