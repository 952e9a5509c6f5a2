"""Failures over REST: which requests are sent again, which are not, and what is reported."""

import errno
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from qumulo_changelist.cluster import backoff
from qumulo_changelist.cluster.interface import DirectoryCounts
from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import (
    ChangelistError,
    ClusterPathError,
    FailingError,
    LoginError,
    ReplyError,
    ResourceError,
    StatusError,
    UnclearOutcomeError,
    UnreachableError,
    UnsupportedError,
)
from qumulo_changelist.events import ClusterAwaited, RequestRetried
from qumulo_changelist.model import Snapshot
from qumulo_emulator.running import ThreadedEmulator, serve_in_thread
from tests.parts.canned import PASSWORD, TOKEN, Canned, Reply, file, serve
from tests.parts.conftest import RecordingListener

pytestmark = pytest.mark.usefixtures("time_passes")


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serve() as running:
        yield running


@pytest.fixture
def cluster(canned, listener) -> Iterator[RestCluster]:
    with RestCluster(canned.settings(), listener) as made:
        yield made


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedEmulator]:
    root = tmp_path_factory.mktemp("root")
    for name in "abcdefgh":
        (root / name).write_text(name)
    with serve_in_thread(root, page_limit=3) as emulator:
        snapshot = {"name_suffix": "first", "expiration": "", "source_file_id": "2"}
        emulator.request("POST", "/v3/snapshots/", snapshot)
        yield emulator


@pytest.fixture
def emulator(running) -> Iterator[ThreadedEmulator]:
    yield running
    running.clear_faults()


def reach(
    emulator: ThreadedEmulator, listener: RecordingListener, **changed: object
) -> RestCluster:
    login: dict[str, object] = {
        "username": emulator.username,
        "password": Secret(emulator.password),
    }
    settings = Canned(emulator.port, emulator.certificate_sha256).settings(**(login | changed))
    return RestCluster(settings, listener)


GOOD: Reply = (200, file())

usual_chance = backoff.chance


def failed(status: int, headers: dict[str, str] | None = None) -> Reply:
    body = {"error_class": "a_class", "description": "what is wrong", "stack": []}
    return status, body, headers or {}


# Which requests are sent again


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_tried_again_and_reported(canned, cluster, listener, status):
    canned.gives(failed(status), (status, b"<html>"), GOOD)

    assert cluster.describe("/a", 5).size == 10
    asked = "GET /v1/files/%2Fa/info/attributes?snapshot=5"
    assert canned.asked == [asked] * 3
    assert listener.events == [
        RequestRetried(asked, f"Error {status}: a_class: what is wrong", 0.5),
        RequestRetried(asked, f"Error {status}", 1.0),
    ]


@pytest.mark.parametrize("fault", [{"action": "close"}, {"action": "truncate"}, {"status": 503}])
def test_a_broken_answer_is_requested_again(emulator, listener, fault):
    emulator.fault(path="*/entries/*", times=4, skip=1, **fault)
    with reach(emulator, listener) as cluster:
        names = [name for page in cluster.pages("/", 1) for name in page.entries]

    assert names == list("abcdefgh")
    assert len(listener.of(RequestRetried)) == 4


@pytest.mark.parametrize("fault", [{"action": "close"}, {"action": "truncate"}, {"status": 500}])
def test_a_lasting_failure_ends_the_request(emulator, listener, fault):
    emulator.fault(path="*/attributes*", **fault)
    with (
        reach(emulator, listener) as cluster,
        pytest.raises(FailingError, match="GET /v1/files/%2Fa/info/attr") as caught,
    ):
        cluster.describe("/a", 1)
    assert caught.value.exit_code == 69
    assert str(caught.value).endswith("; tried 16 times in 5 minutes")
    assert len(listener.of(RequestRetried)) == 15
    (awaited,) = listener.of(ClusterAwaited)
    assert awaited.is_failing
    # Said before the first pause that a user would notice, of 8 seconds.
    assert listener.events.index(awaited) == 4


def test_a_login_is_tried_again_too(emulator, listener):
    emulator.fault(path="/v1/session/login", status=503, times=2)
    emulator.fault(path="/v1/session/login", action="close", times=1)
    with reach(emulator, listener) as cluster:
        assert cluster.snapshots(1)[1].name == "1_first"


def test_an_answer_that_is_never_json_is_requested_two_more_times(emulator, listener):
    emulator.fault(path="*/attributes*", action="garbage")
    with reach(emulator, listener) as cluster, pytest.raises(ReplyError, match="is not JSON"):
        cluster.describe("/a", 1)
    assert [event.reason for event in listener.events] == ["the answer is not JSON"] * 2


@pytest.mark.parametrize("garbled", [b"<html>a login page</html>", b"", b'{"size": "1', b"null"])
def test_an_answer_that_is_not_json_is_requested_again(canned, cluster, listener, garbled):
    canned.gives((200, garbled), (200, garbled), (200, b"\n" + json.dumps(file()).encode() + b"\n"))

    assert cluster.describe("/a", 5).size == 10
    assert len(listener.of(RequestRetried)) == 2


def test_an_answer_that_is_json_but_not_as_documented_is_not_requested_again(
    canned, cluster, listener
):
    canned.gives((200, {"entries": []}))

    with pytest.raises(ReplyError, match="paging"):
        list(cluster.changes(1, 2))
    assert (len(canned.asked), listener.events) == (1, [])


@pytest.mark.parametrize("status", [400, 409, 501])
def test_a_failure_that_does_not_pass_is_not_tried_again(canned, cluster, listener, status):
    canned.gives(failed(status))

    with pytest.raises(ChangelistError, match=f"Error {status}: a_class: what is wrong"):
        list(cluster.changes(1, 2))
    assert len(canned.asked) == 1
    assert listener.events == []


def test_an_error_has_the_status_and_the_class_of_the_answer(canned, cluster):
    canned.gives(failed(409))

    with pytest.raises(StatusError) as caught:
        list(cluster.changes(1, 2))
    assert (caught.value.status, caught.value.error_class) == (409, "a_class")
    assert caught.value.exit_code == 65


def test_a_shortage_of_descriptors_is_no_fault_of_a_node(canned, listener, monkeypatch):
    def fail(*_given: object, **_options: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with RestCluster(canned.settings(), listener) as cluster, monkeypatch.context() as patch:
        patch.setattr("socket.socket.__init__", fail)
        with pytest.raises(ResourceError, match="Too many open files"):
            cluster.describe("/a", 5)
    assert not canned.asked
    assert not listener.events


# How long it waits


@pytest.mark.parametrize(("asked", "waited"), [("40", 40), ("300", 300), ("0", 0.5)])
def test_a_cluster_that_asks_for_patience_gets_it(canned, cluster, time_passes, asked, waited):
    canned.gives(failed(429, {"Retry-After": asked}), GOOD)

    assert cluster.describe("/a", 5).size == 10
    assert time_passes.pauses == [waited]


@pytest.mark.parametrize("asked", ["3600", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_cluster_that_asks_for_too_much_patience_is_given_up_at_once(canned, cluster, asked):
    canned.gives(failed(503), failed(503, {"Retry-After": asked}), GOOD)

    with pytest.raises(FailingError, match="Error 503") as caught:
        cluster.describe("/a", 5)
    assert re.search(
        r"; tried 2 times in 0 seconds; it asks to wait for \d+ \w+, and of the time to try again "
        "4 minutes is left$",
        str(caught.value),
    )
    assert len(canned.asked) == 2


@pytest.mark.parametrize("asked", ["soon", "9" * 5000, "Wed, 99 Oct 99999999999999 07:28:00 GMT"])
def test_a_malformed_time_to_wait_is_ignored(canned, cluster, asked):
    canned.gives(failed(503, {"Retry-After": asked}), GOOD)

    assert cluster.describe("/a", 5).size == 10


@pytest.mark.parametrize(
    ("chance", "pauses"),
    [
        (1.0, [0.5, 1, 2, 4, 8, 16, *[30] * 8, 28.5]),
        (0.0, [0.25, 0.5, 1, 2, 4, 8, *[15] * 18, 14.25]),
    ],
)
def test_the_waits_of_one_request_double_and_add_up_to_the_time_that_is_given(
    canned, cluster, time_passes, chance, pauses
):
    canned.gives(failed(503))
    time_passes.chance = chance

    with pytest.raises(FailingError, match=f"tried {len(pauses) + 1} times in 5 minutes"):
        cluster.describe("/a", 5)
    assert time_passes.pauses == pauses
    assert sum(pauses) == 300


def test_pauses_are_random(canned, listener, monkeypatch, time_passes):
    monkeypatch.setattr(backoff, "chance", usual_chance)
    canned.gives(failed(503))
    for _ in range(2):
        with RestCluster(canned.settings(), listener) as cluster, pytest.raises(FailingError):
            cluster.describe("/a", 5)
        time_passes.pass_by(limits.OUTAGE_REMEMBERED + 1)
    first, second = (
        time_passes.pauses[at : at + 6]
        for at in (0, time_passes.pauses.index(limits.OUTAGE_REMEMBERED + 1) + 1)
    )
    assert first != second
    for pauses in (first, second):
        for pause, longest in zip(pauses, (0.5, 1, 2, 4, 8, 16), strict=True):
            assert longest / 2 <= pause <= longest


def test_nothing_is_tried_again_if_there_is_no_time_for_it(canned, listener):
    canned.gives(failed(503, {"Retry-After": "1"}))

    with RestCluster(canned.settings(retry_for=0), listener) as cluster:
        for ask in (lambda: cluster.describe("/a", 5), lambda: cluster.snapshots(7)):
            with pytest.raises(FailingError, match=r"Error 503: a_class: what is wrong$"):
                ask()
    assert (len(canned.asked), listener.events) == (2, [])


def test_a_cluster_that_never_answers_is_given_up(canned, listener, monkeypatch):
    monkeypatch.setattr(limits, "ANSWER_TIMEOUT", 0.2)
    cluster = RestCluster(canned.settings(retry_for=1), listener)
    canned.gives(GOOD)
    assert getattr(cluster.describe("/a", 5), "size", None) == 10
    over = threading.Event()
    canned.answer = lambda _method, _uri: (over.wait(20), GOOD)[1]

    with cluster, pytest.raises(FailingError, match="took too long; tried 3 times in 1 second"):
        cluster.describe("/a", 5)
    over.set()
    assert len(canned.asked) == 1 + 3


@pytest.mark.parametrize(
    ("status", "tries"), [(429, 2), (500, 2), (502, 2), (503, 2), (504, 2), (501, 1)]
)
def test_an_answer_that_is_not_needed_is_given_up_soon(canned, cluster, status, tries):
    answer_once(canned, cluster)
    canned.gives(failed(status))

    with pytest.raises(FailingError, match=f"snapshot=7: Error {status}: a_class: what is wrong"):
        count(cluster)
    assert len(canned.asked) == tries


def test_an_answer_that_is_not_needed_is_not_waited_for(canned, cluster, monkeypatch):
    answer_once(canned, cluster)
    canned.gives(failed(503, {"Retry-After": "30"}))
    with pytest.raises(FailingError, match="Error 503"):
        count(cluster)
    monkeypatch.setattr(limits, "BRIEF_TIMEOUT", 0.2)
    over = threading.Event()
    canned.answer = lambda _method, _uri: (over.wait(20), failed(503))[1]

    with pytest.raises(FailingError, match="took too long"):
        count(cluster)
    over.set()
    assert len(canned.asked) == 1 + 1


def answer_once(canned: Canned, cluster: RestCluster) -> None:
    """Before the first answer, every request is needed: it shows whether the cluster is there."""
    canned.gives(GOOD)
    cluster.describe("/a", 5)
    canned.asked.clear()


def count(cluster: RestCluster) -> DirectoryCounts:
    """Return how much is in a directory, which only makes a plan better."""
    return cluster.files.start(cluster.files.count("/a", 7)).result()


# An earlier version of the API

NO_SUCH_URL: Reply = (404, {"error_class": "http_not_found_error", "description": "Not Found"})


def only(version: str, reply: Reply) -> Callable[[str, str], Reply]:
    """Answer like a cluster that has snapshots in one version of the API."""

    def answer(_method: str, uri: str) -> Reply:
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


def test_a_core_with_neither_version_is_not_supported(canned, cluster):
    canned.answer = only("v4", NO_SUCH_URL)

    for ask in (lambda: cluster.create_snapshot("x", "/a"), lambda: cluster.snapshots(7)):
        with pytest.raises(UnsupportedError, match=r"v2/snapshots/.*http_not_found_error"):
            ask()


def test_a_missing_snapshot_is_not_requested_in_another_version(canned, cluster):
    canned.gives((404, {"error_class": "api_snapshots_snapshot_not_found_error"}))

    assert cluster.snapshots(7) == {}
    assert len(canned.asked) == 1


@pytest.mark.parametrize("name", [None, 7, "7_x"])
def test_only_the_id_of_a_new_snapshot_is_needed(canned, cluster, name):
    canned.gives(GOOD, (200, {"id": 7, "name": name, "timestamp": "never"}))

    assert cluster.create_snapshot("x", "/a").id == 7


# The creation of a snapshot


def test_a_snapshot_is_taken_of_a_directory_by_its_id(canned, cluster):
    canned.gives((200, file(id=str(10**30))), (200, {"id": 10**30, "name": "7_x", "more": 1}))

    assert cluster.create_snapshot('x"é', "/a b/") == Snapshot(10**30, "7_x")
    assert canned.asked == ["GET /v1/files/%2Fa%20b/info/attributes", "POST /v3/snapshots/"]
    assert canned.headers[1]["Content-Type"] == "application/json"
    assert canned.bodies[1].decode() == (
        f'{{"name_suffix":"x\\"é","expiration":"","source_file_id":"{10**30}"}}'
    )


@pytest.mark.parametrize("name", ["/a\udcff", "/a\0"])
def test_no_snapshot_is_taken_with_a_name_that_no_request_can_carry(canned, cluster, name):
    for given in (("x", name), (name, "/a")):
        with pytest.raises(ClusterPathError, match="not Unicode"):
            cluster.create_snapshot(*given)
    assert canned.asked == []


@pytest.mark.parametrize("fault", [{"action": "close"}, {"action": "truncate"}, {"status": 500}])
def test_a_request_that_may_have_created_a_snapshot_is_not_repeated(emulator, listener, fault):
    emulator.fault(method="POST", path="/v3/snapshots/", **fault)
    before = len(emulator.requests())
    with reach(emulator, listener) as cluster, pytest.raises(UnreachableError) as caught:
        cluster.create_snapshot("x", "/")
    posts = [one for one in emulator.requests()[before:] if one["path"] == "/v3/snapshots/"]
    assert len(posts) == 1
    if "action" in fault:
        assert isinstance(caught.value, UnclearOutcomeError)
        assert "not known whether" in str(caught.value)


@pytest.mark.parametrize("status", [429, 503])
def test_a_creation_that_was_turned_away_is_requested_again(canned, cluster, status):
    canned.gives(GOOD, failed(status), failed(status), (200, {"id": 7, "name": "7_x"}))

    assert cluster.create_snapshot("x", "/a") == Snapshot(7, "7_x")


# Sessions


def paths(emulator: ThreadedEmulator, before: int) -> list[str]:
    return [request["path"] for request in emulator.requests()[before:]]


def test_one_login_serves_all_threads_also_after_the_session_ended(emulator, listener):
    before = len(emulator.requests())
    with reach(emulator, listener) as cluster, ThreadPoolExecutor(8) as threads:
        for _ in range(3):
            cluster.describe("/a", 1)
        assert paths(emulator, before).count("/v1/session/login") == 1
        emulator.expire_sessions()
        before = len(emulator.requests())
        found = list(threads.map(lambda name: cluster.describe(f"/{name}", 1), "abcdefgh" * 4))
    assert [getattr(one, "size", None) for one in found] == [1] * 32
    assert paths(emulator, before).count("/v1/session/login") == 1


def test_a_session_that_ends_between_two_pages_loses_and_doubles_nothing(emulator, listener):
    emulator.fault(path="*/entries/*", status=401, skip=1, times=1)
    with reach(emulator, listener) as cluster:
        names = [name for page in cluster.pages("/", 1) for name in page.entries]
    assert names == list("abcdefgh")


def test_a_wrong_password_is_tried_once_for_all_threads(emulator, listener):
    before = len(emulator.requests())
    with (
        reach(emulator, listener, password=Secret("wrong")) as cluster,
        ThreadPoolExecutor(4) as threads,
    ):
        asked = [threads.submit(cluster.describe, "/a", 1) for _ in range(8)]
        for one in asked:
            with pytest.raises(LoginError, match="Error 401"):
                one.result()
    assert paths(emulator, before).count("/v1/session/login") == 1


def test_a_session_that_is_never_accepted_ends_the_run(canned, cluster):
    canned.gives(failed(401))

    with pytest.raises(LoginError, match="Error 401"):
        cluster.describe("/a", 5)
    assert len(canned.asked) == 2


def test_an_access_token_is_used_as_it_is(canned, listener):
    canned.login = None
    canned.gives(GOOD, failed(401))
    settings = canned.settings(access_token=Secret("access-v1:abc=="), password=Secret(""))
    with RestCluster(settings, listener) as cluster:
        assert getattr(cluster.describe("/a", 5), "size", None) == 10
        with pytest.raises(LoginError, match="Error 401"):
            cluster.describe("/a", 5)
    assert canned.headers[0]["Authorization"] == "Bearer access-v1:abc=="
    assert len(canned.asked) == 2


@pytest.mark.parametrize("asked_before", [0, 1])
def test_many_requests_with_a_token_that_is_refused_send_few(
    emulator, listener, asked_before, monkeypatch
):
    """It is refused at first, or under way: then those are refused that are under way, too."""
    _, token = emulator.request("POST", "/v1/auth/access-tokens/", {"user": {"name": "admin"}})
    given = {"access_token": Secret(token["bearer_token"]), "password": Secret("")}
    monkeypatch.setattr(limits, "REQUESTS_AT_ONCE", 8)
    with reach(emulator, listener, **given) as cluster:
        for _ in range(asked_before):
            cluster.describe("/a", 1)
        assert emulator.request("DELETE", f"/v1/auth/access-tokens/{token['id']}")[0] == 200
        before = len(emulator.requests())
        asked = [cluster.files.start(cluster.files.describe("/a", 1)) for _ in range(300)]
        for one in asked:
            with pytest.raises(LoginError, match="Error 401"):
                one.result()
        with pytest.raises(LoginError):
            cluster.describe("/a", 1)
    sent = paths(emulator, before)
    assert len(sent) == 1 if not asked_before else len(sent) <= 8
    assert "/v1/session/login" not in sent


@pytest.mark.parametrize("status", [429, 501, 503])
def test_nothing_can_be_asked_without_a_login(canned, cluster, status):
    canned.login = failed(status)

    with pytest.raises(UnreachableError, match=f"session/login: Error {status}") as caught:
        cluster.snapshots(7)
    assert not isinstance(caught.value, FailingError)


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
def test_nothing_that_is_reported_of_a_failing_login_is_secret(canned, listener, login):
    canned.login = login
    with (
        RestCluster(canned.settings(), listener) as cluster,
        pytest.raises(ChangelistError) as caught,
    ):
        cluster.describe("/a", 5)
    shown = [repr(listener.events), repr(vars(caught.value))]
    error: BaseException | None = caught.value
    while error:
        shown += [str(error), repr(error)]
        error = error.__cause__ or error.__context__
    assert not [text for text in shown if TOKEN in text or PASSWORD in text]


@pytest.mark.parametrize("reply", [failed(500), failed(400), (200, b"{"), failed(403)])
def test_nothing_that_is_reported_of_a_failing_request_is_secret(canned, listener, caplog, reply):
    caplog.set_level("DEBUG")
    canned.gives(reply)
    with (
        RestCluster(canned.settings(), listener) as cluster,
        pytest.raises(ChangelistError) as caught,
    ):
        cluster.create_snapshot("x", "/a")
    shown = f"{caught.value!r} {caught.value} {listener.events} {caplog.text}"
    assert TOKEN not in shown
    assert PASSWORD not in shown
    assert canned.headers[0]["Authorization"] == f"Bearer {TOKEN}"
