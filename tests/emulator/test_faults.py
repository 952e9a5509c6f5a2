"""Failures to rehearse with: scripted over HTTP, by whoever holds a token."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from qumulo_emulator.faults import Fault
from qumulo_emulator.running import ThreadedEmulator, serve_in_thread
from tests.emulator.wire import refusal

VERSION = "/v1/version"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ThreadedEmulator]:
    with serve_in_thread(tmp_path) as emulator:
        yield emulator


def status_of(emulator: ThreadedEmulator, path: str = VERSION) -> int:
    return emulator.request_as(None, "GET", path)[0]


def test_a_status_comes_as_often_as_it_is_asked_for(served: ThreadedEmulator) -> None:
    served.fault(path=VERSION, status=503, times=2)
    assert [status_of(served) for _ in range(3)] == [503, 503, 200]


def test_some_requests_can_get_through_first(served: ThreadedEmulator) -> None:
    served.fault(path="/v1/v*", status=500, times=1, skip=1)
    assert [status_of(served) for _ in range(3)] == [200, 500, 200]


def test_only_what_matches_fails_until_faults_are_cleared(served: ThreadedEmulator) -> None:
    served.fault(method="POST", path=VERSION, status=500)
    assert status_of(served) == 200
    served.fault(method="GET", path=VERSION, status=500)
    assert [status_of(served) for _ in range(3)] == [500] * 3
    served.clear_faults()
    assert status_of(served) == 200


def test_a_status_can_say_when_to_try_again(served: ThreadedEmulator) -> None:
    served.fault(path=VERSION, status=429, retry_after=7)
    context = ssl.create_default_context(cafile=served.certificate)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{served.url}{VERSION}", context=context)
    with refused.value as answer:
        assert (answer.code, answer.headers["Retry-After"]) == (429, "7")
        assert json.loads(answer.read())["error_class"]


def test_a_status_can_come_with_any_error_class(served: ThreadedEmulator) -> None:
    served.fault(path=VERSION, status=404, error_class="fs_no_such_inode_error", times=1)
    answer = served.request_as(None, "GET", VERSION)
    assert refusal(answer) == (404, "fs_no_such_inode_error")


def test_a_connection_can_be_dropped_without_an_answer(served: ThreadedEmulator) -> None:
    served.fault(path=VERSION, action="close", times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        status_of(served)
    assert status_of(served) == 200


def test_an_answer_can_be_cut_short(served: ThreadedEmulator) -> None:
    served.fault(path=VERSION, action="truncate", times=1)
    with pytest.raises(http.client.IncompleteRead):
        status_of(served)


def test_an_answer_can_be_garbage(served: ThreadedEmulator) -> None:
    served.fault(path=VERSION, action="garbage", times=1)
    with pytest.raises(ValueError, match="Expecting value"):
        status_of(served)


def test_a_stalled_request_is_answered_once_faults_are_cleared(served: ThreadedEmulator) -> None:
    served.fault(path=VERSION, action="stall")
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(status_of(served)))
    asking.start()
    # Others are answered meanwhile.
    assert served.request("GET", "/v1/session/who-am-i")[0] == 200
    assert answers == []
    served.clear_faults()
    asking.join(30)
    assert answers == [200]


def test_a_stalled_request_does_not_keep_the_emulator_from_ending(tmp_path: Path) -> None:
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
        # A fault is among those that remain until it has struck.
        while emulator.faults.remaining():
            pass
    asking.join(30)
    assert len(gone) == 1


def test_a_login_can_be_refused_without_a_body(served: ThreadedEmulator) -> None:
    served.fault(path="/v1/session/login", status=401, empty_body=True)
    assert served.request_as(None, "POST", "/v1/session/login", {}) == (401, None)


@pytest.mark.parametrize(
    "fault",
    [
        *({}, {"status": 500, "action": "close"}, {"action": "explode"}, {"status": 99}),
        *({"what": 1}, {"error_class": "fs_no_such_entry_error"}),
        {"error_class": "fs_no_such_entry_error", "action": "close"},
        {"error_class": "fs_no_such_entry_error", "status": 404, "empty_body": True},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    served: ThreadedEmulator, fault: dict[str, object]
) -> None:
    assert served.request("POST", "/emulator/faults", fault)[0] == 400


def test_faults_can_be_scripted_in_python(served: ThreadedEmulator) -> None:
    served.faults.add(Fault(path=VERSION, status=418, times=1))
    assert [status_of(served) for _ in range(2)] == [418, 200]


def test_what_was_asked_can_be_read_and_holds_no_secret(served: ThreadedEmulator) -> None:
    served.login()
    asked = served.requests()
    assert {"method": "POST", "path": "/v1/session/login", "status": 200} in asked
    assert served.password not in json.dumps(asked)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_that_has_no_body_comes_without_one(
    served: ThreadedEmulator, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    served.fault(path=VERSION, status=status, times=1)
    assert served.request_as(None, "GET", VERSION) == (status, None)
    assert status_of(served) == 200
    # Nothing went wrong where only the server's own log would tell.
    assert caplog.records == []


@pytest.mark.parametrize("token", [None, "made up"])
def test_whoever_holds_no_token_changes_and_reads_nothing(
    served: ThreadedEmulator, token: str | None
) -> None:
    served.fault(path=VERSION, status=418)
    session = served.login()
    for method, what in (
        ("POST", "faults"),
        ("GET", "faults"),
        ("DELETE", "faults"),
        ("POST", "settings"),
        ("GET", "settings"),
        ("POST", "expire-sessions"),
        ("GET", "requests"),
    ):
        assert served.request_as(token, method, f"/emulator/{what}", {"status": 500})[0] == 401
    assert status_of(served) == 418
    assert served.request_as(session, "GET", "/v1/session/who-am-i")[0] == 200


def test_faults_do_not_keep_anyone_from_clearing_them(served: ThreadedEmulator) -> None:
    session = served.login()
    served.fault(status=500)
    assert [status_of(served), status_of(served, "/v1/session/login")] == [500, 500]
    status, listed = served.request_as(session, "GET", "/emulator/faults")
    assert (status, [fault["status"] for fault in listed["entries"]]) == (200, [500])
    assert served.request_as(session, "DELETE", "/emulator/faults")[0] == 200
    assert served.request_as(session, "GET", "/emulator/faults")[1] == {"entries": []}
    assert status_of(served) == 200


def test_the_first_fault_that_is_not_used_up_wins(served: ThreadedEmulator) -> None:
    served.fault(path="/v1/*", status=503, times=1)
    served.fault(path="*version", status=429, times=1)
    assert [status_of(served) for _ in range(3)] == [503, 429, 200]


def test_a_glob_is_matched_with_the_decoded_path(served: ThreadedEmulator) -> None:
    served.fault(path="/v1/files//a b/*", status=503)
    for path, status in (("%2Fa%20b", 503), ("%2Fab", 404)):
        assert served.request("GET", f"/v1/files/{path}/info/attributes")[0] == status


def test_an_answer_that_is_cut_short_has_been_acted_upon(served: ThreadedEmulator) -> None:
    served.fault(method="POST", path="/v3/snapshots/", action="truncate", times=1)
    with pytest.raises(http.client.IncompleteRead):
        served.request("POST", "/v3/snapshots/", {"name_suffix": "lost"})
    entries = served.request("GET", "/v3/snapshots/")[1]["entries"]
    assert [entry["name"] for entry in entries] == ["1_lost"]


@pytest.mark.parametrize("action", ["close", "garbage"])
def test_what_is_dropped_or_garbled_has_not_been_acted_upon(
    served: ThreadedEmulator, action: str
) -> None:
    served.fault(method="POST", path="/v3/snapshots/", action=action, times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError, ValueError)):
        served.request("POST", "/v3/snapshots/", {"name_suffix": "lost"})
    assert served.request("GET", "/v3/snapshots/")[1]["entries"] == []
