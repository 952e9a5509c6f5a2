"""The errors of a cluster: the same class for the same failure through REST and through qq.

No exception of another package leaves the cluster's: everything that is raised is a
``ChangelistError``, or an ``UnreadableError`` for a single entry.
"""

import errno
import json
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from qumulo_changelist.cluster.failures import failure_of_answer, failure_of_words
from qumulo_changelist.cluster.qq.client import QqCluster
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.cluster.qq.words import error_of
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.cluster.rest.connection import Connection
from qumulo_changelist.cluster.rest.http1 import MalformedAnswerError
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import (
    AbsentError,
    BrokenConnectionError,
    ChangelistError,
    FailingError,
    IncompleteReplyError,
    LoginError,
    NotFoundError,
    QqFailedError,
    RefusedError,
    ReplyError,
    ResourceError,
    SingleSignOnError,
    SnapshotMissingError,
    StatusError,
    UnreachableError,
    UnreadableError,
    UnsupportedError,
)
from qumulo_changelist.events import ignore
from qumulo_changelist.model import EntryStat, Kind
from tests.parts.canned import Canned, serve

# The table

ANSWERS: list[tuple[int, str, type[ChangelistError]]] = [
    (302, "", ReplyError),
    (400, "bad_request_error", StatusError),
    (400, "api_snapshots_snapshot_not_older_error", StatusError),
    (401, "unauthorized", LoginError),
    (401, "", LoginError),
    (401, "auth_sso_required_error", SingleSignOnError),
    (403, "rest_access_denied_error", RefusedError),
    (403, "fs_access_denied_error", RefusedError),
    (404, "fs_no_such_entry_error", NotFoundError),
    (404, "", NotFoundError),
    (404, "snapshot_not_found", SnapshotMissingError),
    (404, "api_snapshots_snapshot_not_found_error", SnapshotMissingError),
    (404, "http_not_found_error", UnsupportedError),
    (409, "conflict_error", StatusError),
    (429, "", FailingError),
    (500, "internal_error", FailingError),
    (501, "", FailingError),
    (503, "busy", FailingError),
]


@pytest.mark.parametrize(("status", "error_class", "kind"), ANSWERS)
def test_an_answer_is_the_same_error_through_rest_and_qq(status, error_class, kind):
    explanation = {"error_class": error_class, "description": "so it is"} if error_class else {}
    body = json.dumps(explanation).encode()
    printed = ": ".join((f"Error {status}", *explanation.values()))

    over_rest = failure_of_answer(status, body)
    through_qq = failure_of_words(printed)

    assert over_rest
    assert through_qq
    assert over_rest.words.startswith(printed)
    for failure in (over_rest, through_qq):
        error = failure.error("what is wrong")
        assert type(error) is kind
        assert error.transient is (kind.transient and status != 501)
        assert (failure.status, failure.error_class) == (status, error_class)
        if isinstance(error, StatusError):
            assert (error.status, error.error_class) == (status, error_class)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error_class": 7}', b"\xff"])
def test_an_answer_may_lack_any_explanation(body):
    failure = failure_of_answer(404, body)

    assert failure
    assert (failure.kind, failure.words) == (NotFoundError, "Error 404")


def test_a_success_is_no_failure():
    assert [failure_of_answer(status, b"") for status in (200, 201, 204)] == [None] * 3


WORDS: list[tuple[str, type[ChangelistError]]] = [
    ("Error 404: fs_no_such_path_error: it", NotFoundError),
    ("Error 401: unknown: Need to log in first.", LoginError),
    ("Error 503: /a: Connection error: x", FailingError),
    ("first line\nError 404: snapshot_not_found: x", SnapshotMissingError),
    ("Connection error: [Errno 111] Connection refused", UnreachableError),
    ("Connection error: [Errno 113] No route to host", BrokenConnectionError),
    ("Connection error: [Errno 110] Connection timed out", BrokenConnectionError),
    ("Connection error: [Errno 101] Network is unreachable", BrokenConnectionError),
    ("Connection error: [Errno 100] Network is down", UnreachableError),
    ("Connection error: [Errno -2] Name or service not known", UnreachableError),
    ("Connection error: [Errno 104] Connection reset by peer", BrokenConnectionError),
    ("Connection error: Remote end closed connection without response", BrokenConnectionError),
    ("Connection error: 401", BrokenConnectionError),
    ("IncompleteRead(7 bytes read, 9 more expected)", IncompleteReplyError),
    ("Error loading data: x", IncompleteReplyError),
    ("Error 4010: unheard of", QqFailedError),
    ("no Error 401: here", QqFailedError),
    ("the name /Error 401: x", QqFailedError),
    ("Command error: argument --path is missing", QqFailedError),
    ("RuntimeError: out of order", QqFailedError),
    ("", QqFailedError),
]


@pytest.mark.parametrize(("printed", "kind"), WORDS)
@pytest.mark.parametrize("code", [1, 77])
def test_what_qq_prints_decides_the_error_and_its_exit_code_is_kept(printed, kind, code):
    error = error_of("fs_read_dir", code, printed, b"")

    assert type(error) is kind
    has_host = "[Errno -2]" not in printed
    assert (error.exit_code, error.transient) == (code, kind.transient and has_host)
    assert str(error).startswith(f"`qq fs_read_dir` failed with exit code {code}: {printed}")


HOSTILE_NAME = json.dumps('/x}Error 404: fs_no_such_entry_error: gone "}Error 404: fs_a: b\n')
PAGE = f"""{{
    "entries": [
        {{
            "path": {HOSTILE_NAME}
        }}"""
PRINTED_SO_FAR = {
    "a walk": f'{{"tree_nodes": [\n{{"path": {HOSTILE_NAME}}},\n{{"path": {HOSTILE_NAME}}}',
    "a page that has more": PAGE,
    "a page": f"{PAGE}\n    ]\n}}",
    "a page and a line end": f"{PAGE}\n    ]\n}}\n",
}


@pytest.mark.parametrize("is_on_output", [False, True])
@pytest.mark.parametrize("printed", PRINTED_SO_FAR.values(), ids=PRINTED_SO_FAR)
def test_no_name_that_qq_prints_decides_what_its_failure_means(printed, is_on_output):
    reason = "Error 503: busy: at x}Error 404: fs_a: b"
    on_output, on_error = (reason + "\n", "") if is_on_output else ("", reason)

    error = error_of("snapshot_diff", 1, on_error, (printed + on_output).encode())

    assert type(error) is FailingError
    assert error.transient
    assert str(error) == f"`qq snapshot_diff` failed with exit code 1: {reason}"


def test_a_qq_that_was_killed_has_failed_on_its_own():
    error = error_of("fs_read_dir", -9, "Error 401: x", b"")

    assert type(error) is QqFailedError
    assert error.exit_code == 137


# Both ways to the same failing cluster


pytestmark = pytest.mark.usefixtures("time_passes")


@pytest.fixture(scope="module")
def canned() -> Iterator[Canned]:
    with serve() as running:
        yield running


@pytest.fixture
def over_rest(canned) -> Iterator[RestCluster]:
    with RestCluster(canned.settings(), ignore) as cluster:
        yield cluster


@pytest.fixture
def through_qq(qq, session_folder) -> QqCluster:
    session = QqSession("192.0.2.10", 8000, "archiver", folder=session_folder)
    with open(session.path, "w") as file:
        json.dump({"version": 1, "bearer_token": "token"}, file)
    process = QqProcess("192.0.2.10", 8000, ignore)
    return QqCluster(process, session, "archiver", Secret("password"))


def raised(ask: Callable[[], object]) -> Exception:
    """Return the error, which is one of ours."""
    with pytest.raises((ChangelistError, UnreadableError)) as caught:
        ask()
    return caught.value


Ask = Callable[[Any], object]
ASKS: dict[str, Ask] = {
    "create_snapshot": lambda cluster: cluster.create_snapshot("a", "/a"),
    "changes": lambda cluster: list(cluster.changes(1, 2)),
    "inspect_entry": lambda cluster: cluster.inspect_entry("/a", 7),
    "first_entries": lambda cluster: cluster.first_entries("/a", 7, 9),
    "count_files_below": lambda cluster: cluster.count_files_below("/a", 7),
}


@pytest.mark.parametrize(
    ("status", "error_class", "kinds"),
    [
        (400, "bad_request_error", dict.fromkeys(ASKS, StatusError)),
        (401, "", dict.fromkeys(ASKS, LoginError)),
        (403, "access_denied_error", dict.fromkeys(ASKS, RefusedError)),
        (404, "snapshot_not_found_error", dict.fromkeys(ASKS, SnapshotMissingError)),
        (404, "http_not_found_error", dict.fromkeys(ASKS, UnsupportedError)),
        (503, "fs_busy_error", dict.fromkeys(ASKS, FailingError)),
        (
            404,
            "fs_no_such_entry_error",
            {
                "create_snapshot": NotFoundError,
                "inspect_entry": AbsentError,
                "first_entries": AbsentError,
            },
        ),
        (
            403,
            "fs_access_denied_error",
            {
                "create_snapshot": RefusedError,
                "changes": RefusedError,
                "inspect_entry": UnreadableError,
                "first_entries": UnreadableError,
                "count_files_below": UnreadableError,
            },
        ),
    ],
)
def test_every_question_fails_alike_through_rest_and_qq(
    canned, over_rest, through_qq, qq, status, error_class, kinds
):
    canned.gives((status, {"error_class": error_class, "description": "so it is"}))
    qq.does(f"say('Error {status}: {error_class or 'unknown'}: so it is', on=2); sys.exit(1)")

    for name, kind in kinds.items():
        errors = [raised(lambda: ASKS[name](cluster)) for cluster in (over_rest, through_qq)]  # noqa: B023
        assert [type(error) for error in errors] == [kind, kind], name
        if issubclass(kind, UnreadableError):
            assert str(errors[0]) == str(errors[1])


def test_a_cluster_that_takes_no_connection_is_unreachable_in_both_ways(through_qq, qq):
    qq.does("say('Connection error: [Errno 111] Connection refused', on=2); sys.exit(1)")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings = Canned(unused.getsockname()[1], "0" * 64).settings()
    with RestCluster(settings, ignore) as over_rest:
        errors = [raised(lambda: list(one.changes(1, 2))) for one in (over_rest, through_qq)]  # noqa: B023

    assert [type(error) for error in errors] == [UnreachableError, UnreachableError]


# No exception of another package

RAISED: list[BaseException] = [
    ConnectionResetError(104, "reset"),
    BrokenPipeError(32, "broken"),
    TimeoutError(),
    TimeoutError(110, "timed out"),
    socket.gaierror(-2, "unknown"),
    OSError("anything"),
    ssl.SSLError(1, "wrong version number"),
    ssl.SSLEOFError(8, "EOF"),
    ssl.SSLZeroReturnError(6, "closed"),
    MalformedAnswerError("not HTTP"),
]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("was_answered", [False, True])
def test_no_exception_of_a_connection_leaves_the_package(
    canned, over_rest, monkeypatch, error, was_answered
):
    async def fail(*_given: object) -> None:
        raise error

    if was_answered:
        canned.gives((404, {"error_class": "snapshot_not_found"}))
        assert over_rest.snapshots(7) == {}
    monkeypatch.setattr(Connection, "_exchange", fail)

    for ask in ASKS.values():
        assert isinstance(raised(lambda: ask(over_rest)), UnreachableError)  # noqa: B023


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM])
def test_a_shortage_under_a_request_is_a_resource_error(over_rest, monkeypatch, number):
    async def fail(*_given: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Connection, "_exchange", fail)

    for ask in ASKS.values():
        assert isinstance(raised(lambda: ask(over_rest)), ResourceError)  # noqa: B023


def test_a_shortage_of_threads_is_a_resource_error(through_qq, qq, monkeypatch):
    def fail(*_given: object) -> None:
        raise RuntimeError("can't start new thread")

    qq.does("say('x')")
    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", fail)
        assert type(raised(lambda: list(through_qq.changes(1, 2)))) is ResourceError


BODIES = [b"", b"{", b"[]", b"7", b"null", b'"x"', b"\xff", b"{}", b"[" * 100_000]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:4]))
def test_no_answer_raises_anything_but_a_reply_error(canned, over_rest, body):
    canned.gives((200, body))

    for ask in ASKS.values():
        try:
            assert ask(over_rest) == EntryStat(Kind.OTHER)
        except ReplyError:
            continue


SUBTREES: dict[str, Ask] = {
    "directory": lambda cluster: cluster.directory("/a", 7),
    "walk": lambda cluster: cluster.walk("/a", 7),
    "snapshots": lambda cluster: cluster.snapshots(7),
}


@pytest.mark.parametrize(
    "script",
    [
        "os.write(1, b'\\xff')",
        "os.write(1, b'{}')",
        "say('[' * 100_000)",
        "say('Traceback (most recent call last):\\n  x\\nKeyError: 7', on=2); sys.exit(1)",
        "os.kill(os.getpid(), signal.SIGSEGV)",
        "say('Error 500: fs_x_error: y'); sys.exit(1)",
        'say(\'{"files": [7], "tree_nodes": [7], "entries": [7]}\')',
        'say(\'{"files": [{"name": 7}], "tree_nodes": [{}], "entries": [{"id": 7.0}]}\')',
    ],
)
def test_no_exception_but_ours_leaves_the_ways_through_qq(through_qq, qq, script):
    qq.does(script)

    for ask in (*ASKS.values(), *SUBTREES.values()):
        try:
            assert ask(through_qq) == EntryStat(Kind.OTHER)
        except (ChangelistError, UnreadableError):
            continue


def test_a_qq_that_cannot_be_asked_any_more_is_unreachable(through_qq, qq):
    qq.does("say('x')")
    through_qq.close()

    for ask in (*ASKS.values(), *SUBTREES.values()):
        assert type(raised(lambda: ask(through_qq))) is UnreachableError  # noqa: B023


def test_a_password_that_no_login_can_carry_is_not_accepted(canned):
    with RestCluster(canned.settings(password=Secret("\udcff")), ignore) as cluster:
        assert type(raised(lambda: cluster.snapshots(7))) is LoginError
