"""Failures over REST: what is tried again, what is not, and what is said of it."""

import errno
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from urllib3 import Timeout

from qumulo_changelist.cluster.rest import nodes as rest_nodes
from qumulo_changelist.cluster.rest import retry as rest_connection
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import (
    ChangelistError,
    FailingError,
    NotFoundError,
    RefusedError,
    ReplyError,
    ResourceError,
    StatusError,
    UnreachableError,
)
from qumulo_changelist.model import Snapshot
from qumulo_emulator.running import ThreadedEmulator, serve_in_thread
from tests.parts.canned import PASSWORD, TOKEN, Canned, file, serve

UNTOLD = "the-answer-is-not-told"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Wait in hundredths of seconds, so that hundreds of waits are still few seconds."""
    hasty = rest_connection.RETRY.new(backoff_factor=0.01, backoff_max=0.3)
    monkeypatch.setattr(rest_connection, "RETRY", hasty)


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serve() as running:
        yield running


@pytest.fixture
def cluster(canned, heard) -> Iterator[RestCluster]:
    with RestCluster(canned.settings(), heard) as made:
        yield made


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedEmulator]:
    root = tmp_path_factory.mktemp("root")
    for name in "abcdefgh":
        (root / name).write_text(name)
    with serve_in_thread(root, page_limit=3) as emulator:
        emulator.cluster.snapshots.take(emulator.cluster.files.locate("2"), "first", None)
        yield emulator


@pytest.fixture
def emulator(running) -> Iterator[ThreadedEmulator]:
    yield running
    running.faults.clear()


def reach(emulator: ThreadedEmulator, heard, **changed: object) -> RestCluster:
    settings = Canned(emulator.port, emulator.certificate_sha256).settings(
        username=emulator.username, password=Secret(emulator.password), **changed
    )
    return RestCluster(settings, heard)


GOOD = (200, file())


def failed(
    status: int, headers: dict[str, str] | None = None
) -> tuple[int, object, dict[str, str]]:
    body = {"error_class": "a_class", "description": "what is wrong", "stack": []}
    return status, body, headers or {}


def test_that_this_machine_has_no_descriptor_is_no_fault_of_a_node(canned, heard, monkeypatch):
    def lacking(*_given: object, **_options: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with RestCluster(canned.settings(), heard) as cluster, monkeypatch.context() as patch:
        patch.setattr("urllib3.util.connection.create_connection", lacking)
        with pytest.raises(ResourceError, match="Too many open files"):
            cluster.describe("/a", 5)
    assert not canned.asked
    assert not heard.warnings


# What is tried again


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_and_told(canned, cluster, heard, status):
    canned.gives(failed(status), (status, b"<html>"), GOOD)

    assert cluster.describe("/a", 5).size == 10
    assert len(canned.asked) == 3
    first, second = heard.details
    assert f"GET /v1/files/%2Fa/info/attributes?snapshot=5: Error {status}: a_class: what" in first
    assert f": Error {status}; again in 0 s" in second


@pytest.mark.parametrize("fault", [{"action": "close"}, {"action": "truncate"}, {"status": 503}])
def test_what_breaks_on_the_way_is_tried_again(emulator, heard, fault):
    emulator.fault(path="*/entries/*", times=4, skip=1, **fault)
    with reach(emulator, heard) as cluster:
        names = [name for page in cluster.pages("/", 1) for name in page.entries]

    assert names == list("abcdefgh")
    assert len(heard.details) == 4


@pytest.mark.parametrize("fault", [{"action": "close"}, {"action": "truncate"}, {"status": 500}])
def test_what_keeps_failing_ends_the_run(emulator, heard, fault):
    emulator.fault(path="*/attributes*", **fault)
    with (
        reach(emulator, heard) as cluster,
        pytest.raises(UnreachableError, match="GET /v1/files/%2Fa/info/attr") as caught,
    ):
        cluster.describe("/a", 1)
    assert caught.value.exit_code == 69
    assert len(heard.details) == 6


def test_the_login_is_tried_again_too(emulator, heard):
    emulator.fault(path="/v1/session/login", status=503, times=2)
    emulator.fault(path="/v1/session/login", action="close", times=1)
    with reach(emulator, heard) as cluster:
        assert cluster.snapshots(1)[1].name == "1_first"


def test_what_is_no_json_is_not_tried_again(emulator, heard):
    emulator.fault(path="*/attributes*", action="garbage")
    with reach(emulator, heard) as cluster, pytest.raises(ReplyError, match="is not JSON"):
        cluster.describe("/a", 1)
    assert heard.details == []


@pytest.mark.parametrize("status", [400, 409, 501])
def test_what_will_not_pass_is_not_tried_again(canned, cluster, heard, status):
    canned.gives(failed(status))

    with pytest.raises(ChangelistError, match=f"Error {status}: a_class: what is wrong"):
        list(cluster.changes(1, 2))
    assert len(canned.asked) == 1
    assert heard.details == []


def test_a_cluster_that_asks_for_patience_gets_it(canned, cluster, heard):
    canned.gives(failed(429, {"Retry-After": "1"}), GOOD)

    assert cluster.describe("/a", 5).size == 10
    assert "again in 1 s" in heard.details[0]


@pytest.mark.parametrize("asked", ["3600", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_cluster_that_asks_for_more_than_a_minute_is_left_alone(canned, cluster, heard, asked):
    canned.gives(failed(503, {"Retry-After": asked}), GOOD)

    with pytest.raises(UnreachableError, match="Error 503"):
        cluster.describe("/a", 5)
    assert len(canned.asked) == 1


def test_what_is_no_time_to_wait_is_not_waited(canned, cluster):
    canned.gives(failed(503, {"Retry-After": "soon"}), GOOD)

    assert cluster.describe("/a", 5).size == 10


def test_the_waits_of_one_request_come_to_a_minute():
    retry, waited = rest_connection.Retry(6, backoff_factor=1, backoff_max=30), 0.0
    while retry.total:
        retry = retry.increment("GET", "/", error=OSError())
        waited += retry.get_backoff_time()

    assert waited == rest_connection.LONGEST_WAIT


def test_a_cluster_that_never_answers_is_given_up(canned, cluster, monkeypatch):
    monkeypatch.setattr(rest_connection, "QUICK", Timeout(connect=10, read=0.2))
    canned.gives(GOOD)
    assert cluster.describe("/a", 5).size == 10
    over = threading.Event()
    canned.answer = lambda _method, _uri: (over.wait(20), GOOD)[1]

    with pytest.raises(UnreachableError, match="took too long"):
        cluster.describe("/a", 5)
    over.set()
    assert len(canned.asked) == 1 + 2


@pytest.mark.parametrize(
    ("status", "tries"), [(429, 2), (500, 2), (502, 2), (503, 2), (504, 2), (501, 1)]
)
def test_what_a_run_can_do_without_is_given_up_soon(canned, cluster, status, tries):
    canned.gives(failed(status))

    with pytest.raises(FailingError, match=f"status/7: Error {status}: a_class: what is wrong"):
        cluster.snapshots(7)
    assert canned.asked == ["GET /v3/snapshots/status/7"] * tries


def test_what_a_run_can_do_without_is_not_waited_for(canned, cluster, monkeypatch):
    canned.gives(failed(503, {"Retry-After": "30"}))
    with pytest.raises(FailingError, match="Error 503"):
        cluster.snapshots(7)
    monkeypatch.setattr(rest_connection, "BRIEF", Timeout(connect=10, read=0.2))
    over = threading.Event()
    canned.answer = lambda _method, _uri: (over.wait(20), failed(503))[1]

    with pytest.raises(FailingError, match="took too long"):
        cluster.snapshots(7)
    over.set()
    assert len(canned.asked) == 1 + 1


@pytest.mark.parametrize("status", [429, 501, 503])
def test_without_a_login_nothing_can_be_asked(canned, cluster, status):
    canned.login = failed(status)

    with pytest.raises(UnreachableError, match=f"session/login: Error {status}") as caught:
        cluster.snapshots(7)
    assert not isinstance(caught.value, FailingError)


# An earlier version of the API

NO_SUCH_URL = (404, {"error_class": "http_not_found_error", "description": "Not Found"})


def only(version: str, reply: tuple[int, object]) -> Callable[[str, str], tuple[int, object]]:
    """Answer like a cluster that has snapshots in one version of the API."""

    def answer(_method: str, uri: str) -> tuple[int, object]:
        if uri.startswith("/v1/"):
            return GOOD
        return reply if uri.startswith(f"/{version}/") else NO_SUCH_URL

    return answer


def test_a_core_without_version_3_is_asked_in_version_2_from_then_on(canned, cluster):
    status = {"id": 7, "name": "x", "directory_name": "7_x", "source_file_path": "/a/"}
    canned.answer = only("v2", (200, status))

    assert cluster.snapshots(7, 7)[7].source == "/a"
    assert cluster.create_snapshot("x", "/a").id == 7
    assert canned.asked == [
        "GET /v3/snapshots/status/7",
        "GET /v2/snapshots/status/7",
        "GET /v2/snapshots/status/7",
        "GET /v1/files/%2Fa/info/attributes",
        "POST /v2/snapshots/",
    ]
    assert canned.bodies[-1] == b'{"name":"x","expiration":"","source_file_id":"7"}'


def test_where_there_is_neither_version_it_is_said_which_core_has_them(canned, cluster):
    canned.answer = only("v4", NO_SUCH_URL)

    for ask in (lambda: cluster.create_snapshot("x", "/a"), lambda: cluster.snapshots(7)):
        with pytest.raises(NotFoundError, match=r"v2/snapshots/.*http_not_found_error") as caught:
            ask()
        assert "Core 5.1.3 and later" in caught.value.hint


def test_a_snapshot_that_is_not_there_is_not_asked_for_in_another_version(canned, cluster):
    canned.gives((404, {"error_class": "api_snapshots_snapshot_not_found_error"}))

    assert cluster.snapshots(7) == {}
    assert len(canned.asked) == 1


@pytest.mark.parametrize("name", [None, 7, "7_x"])
def test_a_snapshot_that_was_taken_is_known_by_its_id_whatever_else_is_said(canned, cluster, name):
    canned.gives(GOOD, (200, {"id": 7, "name": name, "timestamp": "never"}))

    assert cluster.create_snapshot("x", "/a").id == 7


# What creates


def test_a_snapshot_is_taken_of_a_directory_by_its_id(canned, cluster):
    canned.gives((200, file(id=str(10**30))), (200, {"id": 10**30, "name": "7_x", "more": 1}))

    assert cluster.create_snapshot('x"é', "/a b/") == Snapshot(10**30, "7_x")
    assert canned.asked == ["GET /v1/files/%2Fa%20b/info/attributes", "POST /v3/snapshots/"]
    assert canned.headers[1]["Content-Type"] == "application/json"
    assert canned.bodies[1].decode() == (
        f'{{"name_suffix":"x\\"é","expiration":"","source_file_id":"{10**30}"}}'
    )


@pytest.mark.parametrize("fault", [{"action": "close"}, {"action": "truncate"}, {"status": 500}])
def test_what_may_have_created_a_snapshot_is_not_repeated(emulator, heard, fault):
    emulator.fault(method="POST", path="/v3/snapshots/", **fault)
    before = len(emulator.requests())
    with reach(emulator, heard) as cluster, pytest.raises(UnreachableError):
        cluster.create_snapshot("x", "/")
    posts = [one for one in emulator.requests()[before:] if one["path"] == "/v3/snapshots/"]
    assert len(posts) == 1


def test_it_is_told_that_a_snapshot_may_have_been_created(emulator, heard):
    emulator.fault(method="POST", path="/v3/snapshots/", action="truncate")
    with reach(emulator, heard) as cluster, pytest.raises(UnreachableError) as caught:
        cluster.create_snapshot("x", "/")
    assert "not known whether" in str(caught.value)
    assert "Look on the cluster" in caught.value.hint


@pytest.mark.parametrize("status", [429, 503])
def test_what_the_cluster_did_not_do_is_asked_of_it_again(canned, cluster, status):
    canned.gives(GOOD, failed(status), failed(status), (200, {"id": 7, "name": "7_x"}))

    assert cluster.create_snapshot("x", "/a") == Snapshot(7, "7_x")


# Sessions


def test_one_login_serves_all(emulator, heard):
    before = len(emulator.requests())
    with reach(emulator, heard) as cluster:
        for _ in range(3):
            cluster.describe("/a", 1)
    asked = [one["path"] for one in emulator.requests()[before:]]
    assert asked.count("/v1/session/login") == 1


def test_many_threads_whose_session_ends_log_in_once(emulator, heard):
    with reach(emulator, heard) as cluster, ThreadPoolExecutor(8) as threads:
        cluster.describe("/a", 1)
        emulator.expire_sessions()
        before = len(emulator.requests())
        found = list(threads.map(lambda name: cluster.describe(f"/{name}", 1), "abcdefgh" * 4))
    asked = [one["path"] for one in emulator.requests()[before:]]
    assert [one.size for one in found] == [1] * 32
    assert asked.count("/v1/session/login") == 1


def test_a_session_that_ends_between_two_pages_loses_and_doubles_nothing(emulator, heard):
    emulator.fault(path="*/entries/*", status=401, skip=1, times=1)
    with reach(emulator, heard) as cluster:
        names = [name for page in cluster.pages("/", 1) for name in page.entries]
    assert names == list("abcdefgh")


def test_a_wrong_password_is_told_and_tried_once_for_all_threads(emulator, heard):
    before = len(emulator.requests())
    with reach(emulator, heard) as right, RestCluster(
        Canned(emulator.port, emulator.certificate_sha256).settings(), heard
    ) as cluster, ThreadPoolExecutor(4) as threads:  # fmt: skip
        right.snapshots(1)
        asked = [threads.submit(cluster.describe, "/a", 1) for _ in range(8)]
        for one in asked:
            with pytest.raises(RefusedError, match="Error 401") as caught:
                one.result()
            assert "QumuloUsername and QumuloPassword" in caught.value.hint
            assert caught.value.exit_code == 77
    logins = [one for one in emulator.requests()[before:] if one["path"] == "/v1/session/login"]
    assert len(logins) == 2


def test_a_session_that_is_never_taken_ends_the_run(canned, cluster):
    canned.gives(failed(401))

    with pytest.raises(RefusedError, match="Error 401"):
        cluster.describe("/a", 5)
    assert len(canned.asked) == 2


def test_an_access_token_is_used_as_it_is(canned, heard):
    canned.login = None
    canned.gives(GOOD, failed(401))
    settings = canned.settings(access_token=Secret("access-v1:abc=="), password=Secret(""))
    with RestCluster(settings, heard) as cluster:
        assert cluster.describe("/a", 5).size == 10
        with pytest.raises(RefusedError, match="Error 401") as caught:
            cluster.describe("/a", 5)
    assert "QumuloAccessToken" in caught.value.hint
    assert canned.headers[0]["Authorization"] == "Bearer access-v1:abc=="
    assert len(canned.asked) == 2


def test_a_user_of_single_sign_on_learns_of_access_tokens(canned, cluster):
    canned.login = (401, {"error_class": "auth_sso_required_error", "description": "SSO"})

    with pytest.raises(RefusedError, match="Error 401: auth_sso_required_error") as caught:
        cluster.describe("/a", 5)
    assert "QumuloAccessToken and QumuloTransport=rest" in caught.value.hint


def test_a_missing_privilege_is_told(canned, cluster):
    canned.gives(failed(403))

    with pytest.raises(RefusedError, match="Error 403") as caught:
        cluster.describe("/a", 5)
    assert "PRIVILEGE_SNAPSHOT_DIFFERENCE_READ" in caught.value.hint


@pytest.mark.parametrize(
    "login",
    [
        (200, {"bearer_token": ""}),
        (200, {"bearer_token": f"{TOKEN}\nX: y"}),
        (200, {"bearer_token": f"{TOKEN}é"}),
        (200, {"token": TOKEN}),
        (200, {"bearer_token": [TOKEN]}),
        (200, TOKEN.encode()),
        (204, b""),
        (500, {"bearer_token": TOKEN}),
        failed(401),
        failed(503),
    ],
)
def test_nothing_that_is_said_of_a_failing_login_is_secret(canned, heard, login):
    canned.login = login
    with RestCluster(canned.settings(), heard) as cluster, pytest.raises(ChangelistError) as caught:
        cluster.describe("/a", 5)
    said = [*heard.details, *heard.warnings, repr(vars(caught.value))]
    error: BaseException | None = caught.value
    while error:
        said += [str(error), repr(error)]
        error = error.__cause__ or error.__context__
    assert not [text for text in said if TOKEN in text or PASSWORD in text]


@pytest.mark.parametrize("reply", [failed(500), failed(400), (200, b"{"), failed(403)])
def test_nothing_that_is_said_of_a_failing_request_is_secret(canned, heard, caplog, reply):
    caplog.set_level("DEBUG")
    canned.gives(reply)
    with RestCluster(canned.settings(), heard) as cluster, pytest.raises(ChangelistError) as caught:
        cluster.create_snapshot("x", "/a")
    said = f"{caught.value!r} {caught.value} {heard.details} {caplog.text}"
    assert TOKEN not in said
    assert PASSWORD not in said
    assert canned.headers[0]["Authorization"] == f"Bearer {TOKEN}"


# Nodes


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.fixture
def three(canned) -> Iterator[list[Canned]]:
    with (
        serve("127.0.0.2", port=canned.port) as second,
        serve("127.0.0.3", port=canned.port) as third,
    ):
        nodes = [canned, second, third]
        for node in nodes:
            node.gives(GOOD)
        yield nodes


HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


# Each of these servers has a certificate of its own, so that no fingerprint fits them all.
ANY_NODE: dict[str, object] = {"hosts": HOSTS, "fingerprint": "", "verify_tls": False}


def test_requests_are_spread_over_the_nodes(three, heard):
    with RestCluster(three[0].settings(**ANY_NODE), heard) as cluster:
        for _ in range(8):
            cluster.describe("/a", 5)
    # The login was the first of nine requests.
    assert [len(node.asked) for node in three] == [2, 3, 3]


def test_a_node_that_does_not_answer_is_left_out_and_told_once(canned, heard):
    canned.gives(GOOD)
    with RestCluster(canned.settings(**ANY_NODE), heard) as cluster:
        for _ in range(8):
            assert cluster.describe("/a", 5).size == 10
    assert len(canned.asked) == 8
    assert [text.partition(",")[0] for text in heard.warnings] == [
        "127.0.0.2 does not answer",
        "127.0.0.3 does not answer",
    ]
    assert heard.details == []


def test_a_node_that_is_back_is_asked_again(canned, heard, monkeypatch):
    monkeypatch.setattr(rest_nodes, "LEFT_OUT_FOR", 0)
    canned.gives(GOOD)
    with RestCluster(canned.settings(**ANY_NODE), heard) as cluster:
        for _ in range(4):
            cluster.describe("/a", 5)
        with serve("127.0.0.2", port=canned.port) as second:
            second.gives(GOOD)
            for _ in range(4):
                cluster.describe("/a", 5)
            assert second.asked
    assert len(heard.warnings) == 2


def test_a_cluster_that_nobody_answers_for_is_told_at_once(heard):
    settings = Canned(free_port(), "0" * 64).settings(hosts=HOSTS)
    with RestCluster(settings, heard) as cluster, pytest.raises(UnreachableError) as caught:
        cluster.describe("/a", 5)
    assert "Connection refused" in str(caught.value)
    assert "QumuloClusterIP" in caught.value.hint
    assert heard.details == []


def test_a_name_that_nobody_knows_is_told(heard):
    settings = Canned(1, "0" * 64).settings(hosts=("nowhere.invalid",))
    with RestCluster(settings, heard) as cluster, pytest.raises(UnreachableError, match="answer: "):
        cluster.describe("/a", 5)


def test_a_cluster_that_goes_away_is_waited_for(heard):
    with serve() as canned:
        canned.gives((200, file(), {"Connection": "close"}))
        cluster = RestCluster(canned.settings(), heard)
        cluster.describe("/a", 5)
    with cluster, pytest.raises(UnreachableError, match="Connection refused"):
        cluster.describe("/a", 5)
    assert len(heard.details) == 6


def test_what_a_status_means_is_kept_with_the_error(canned, cluster):
    canned.gives(failed(409))

    with pytest.raises(StatusError) as caught:
        list(cluster.changes(1, 2))
    assert (caught.value.status, caught.value.error_class) == (409, "a_class")
    assert caught.value.exit_code == 65
