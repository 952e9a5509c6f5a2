"""Notifications: what is posted, when it is tried again, and what of the URL may be shown."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from qumulo_changelist.checks.notify_url import check_notify_url, shown_address
from qumulo_changelist.errors import UsageError
from qumulo_changelist.events import Event, NotificationFailed
from qumulo_changelist.operations.project import notification
from qumulo_changelist.operations.project.notification import notify
from qumulo_changelist.version import __version__
from qumulo_emulator.running import Emulator, serve_in_thread


class Hook(HTTPServer):
    """A server that answers with scripted statuses, then with 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.statuses: list[int] = []
        self.received: list[tuple[str, object]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hook = self.server
        assert isinstance(hook, Hook)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert body.isascii()  # so nothing in it controls the terminal of whoever looks at it
        hook.received.append((self.path, json.loads(body)))
        hook.may_answer.wait()
        status = hook.statuses.pop(0) if hook.statuses else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "file:///etc/passwd")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setattr(notification, "_WAITS", (0, 0))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_what_is_posted_is_the_content_with_this_machine_and_version(hook: Hook) -> None:
    assert notify(f"{hook.address}/hook?token=s3cret", {"project": "ü\udcff", "exit_code": 3})

    path, posted = hook.received[0]
    assert path == "/hook?token=s3cret"
    assert isinstance(posted, dict)
    assert posted.pop("host")
    assert posted == {"project": "ü\udcff", "exit_code": 3, "version": __version__}


@pytest.mark.parametrize(
    ("statuses", "tries", "reason"),
    [
        ([503, 429], 3, None),
        ([500, 500, 500], 3, "it answered with 500: no success"),
        ([404], 1, "it answered with 404: no success"),
        ([302], 1, "it answered with 302: a redirect, which is not followed"),
    ],
)
def test_it_is_tried_again_only_where_that_can_help(
    hook: Hook, statuses: list[int], tries: int, reason: str | None
) -> None:
    hook.statuses, events = list(statuses), list[Event]()

    is_posted = notify(f"{hook.address}/s3cret", {}, events.append)

    assert len(hook.received) == tries
    assert is_posted == (reason is None)
    assert events == ([] if is_posted else [NotificationFailed(hook.address, reason or "")])


def test_a_server_that_never_completes_its_answer_is_given_up(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit for each byte would not do: a byte now and then keeps to it for ever."""
    monkeypatch.setattr(notification, "_MOST_SECONDS", 0.05)
    events: list[Event] = []
    hook.may_answer.clear()

    assert not notify(f"{hook.address}/s3cret", {}, events.append)
    hook.may_answer.set()

    assert events == [NotificationFailed(hook.address, "no complete answer for 0 seconds")]


def test_a_server_that_is_not_there_or_not_to_be_trusted_fails_no_run(
    hook: Hook, tmp_path: object
) -> None:
    events: list[Event] = []
    hook.server_close()

    assert not notify(f"{hook.address}/s3cret", {}, events.append)
    with serve_in_thread(str(tmp_path)) as untrusted:
        assert isinstance(untrusted, Emulator)
        assert not notify(f"{untrusted.url}/s3cret", {}, events.append)

    refused, unverified = events
    assert refused == NotificationFailed(hook.address, "Connection refused")
    assert isinstance(unverified, NotificationFailed)
    assert unverified.address == untrusted.url
    assert "certificate" in unverified.reason.lower()
    assert "s3cret" not in repr(events)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/s3cret",
        "file:///s3cret",
        "example.com/s3cret",
        "https:///s3cret",
        "https://example.com:port/s3cret",
        "https://example.com/s3cret with spaces",
        "https://example.com/s3crét",
        "https://user:s3cret@example.com/",
        "https://example.com/\ns3cret",
    ],
)
def test_other_urls_are_refused_and_not_shown(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_notify_url(url)

    assert "s3cr" not in str(refused.value)


def test_a_url_is_shown_without_what_may_be_secret() -> None:
    check_notify_url("https://[::1]:8443/services/s3cret?t=x#f")

    assert shown_address("https://[::1]:8443/services/s3cret?t=x#f") == "https://[::1]:8443"
