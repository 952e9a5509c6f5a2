"""Connections over REST: what a node may send, and what becomes of a request if it does not."""

import json
import socket
import ssl
import threading

import pytest
from msgspec.structs import replace

from qumulo_changelist.cluster.rest import connection as connections
from qumulo_changelist.cluster.rest import limits
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.cluster.rest.loop import Loop
from qumulo_changelist.errors import FailingError, UnclearOutcomeError, UnreachableError
from qumulo_changelist.events import NodeSkipped, RequestRetried
from tests.parts.canned import file
from tests.parts.scripted import NOTHING, PATIENCE, SILENCE, Connection, play

pytestmark = pytest.mark.usefixtures("time_passes")


BODY = json.dumps(file()).encode()


def answer(body: bytes = BODY, *fields: str, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {size}", *fields]
    return "\r\n".join([*lines, "", ""]).encode() + body


GOOD = answer()


def size_of(cluster: RestCluster, path: str = "/a") -> int:
    return getattr(cluster.describe(path, 5), "size", 0)


def reasons(listener) -> list[str]:
    return [event.reason for event in listener.of(RequestRetried)]


# One connection for many requests


def test_a_connection_is_used_again(listener):
    with play([Connection(*[GOOD] * 5)]) as server, RestCluster(server.settings(), listener) as c:
        assert [size_of(c) for _ in range(5)] == [10] * 5
    assert server.accepted == 1
    assert listener.events == []


@pytest.mark.parametrize(
    "first",
    [
        answer(BODY, "Connection: close"),
        answer(BODY, "Connection: Keep-Alive, Close"),
        GOOD.replace(b"HTTP/1.1", b"HTTP/1.0"),
        GOOD + b"HTTP/1.1 200 OK",
    ],
)
def test_a_connection_that_carries_no_further_request_is_not_used_again(listener, first):
    script = [Connection(first, GOOD), Connection(GOOD)]
    with play(script) as server, RestCluster(server.settings(), listener) as cluster:
        assert [size_of(cluster), size_of(cluster)] == [10, 10]
        assert server.accepted == 2
    assert listener.events == []


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("is_repeatable", [True, False])
def test_a_connection_that_a_node_closed_between_two_requests_is_no_failure(
    listener, is_cut, is_repeatable
):
    first = Connection(answer(json.dumps(file(id="2")).encode()), is_cut=is_cut)
    second = Connection(answer(b'{"id": 7, "name": "7_x"}' if not is_repeatable else BODY))
    with play([first, second]) as server, RestCluster(server.settings(), listener) as cluster:
        assert size_of(cluster) == 10
        assert first.is_over.wait(PATIENCE)
        if is_repeatable:
            assert size_of(cluster) == 10
        else:
            cluster._wait_for(cluster._snapshots.create("x", "2"))
    assert listener.events == []
    assert len(server.requests) == 2


class Received:
    """A socket of TLS that has something to read."""

    def __init__(self, outcome: bytes | OSError | None) -> None:
        self.outcome = outcome
        self.ours, self.theirs = socket.socketpair()
        if outcome is not None:
            self.theirs.send(b"x")

    def fileno(self) -> int:
        return self.ours.fileno()

    def recv(self, _size: int) -> bytes:
        if isinstance(self.outcome, OSError):
            raise self.outcome
        assert self.outcome is not None
        return self.outcome

    def close(self) -> None:
        self.ours.close()
        self.theirs.close()


@pytest.mark.parametrize(
    ("outcome", "is_fresh"),
    [
        (None, True),
        (ssl.SSLWantReadError(), True),  # such as a new ticket for the session
        (b"", False),
        (b"HTTP/1.1 408 Request Timeout", False),
        (ConnectionResetError(), False),
    ],
)
def test_a_connection_is_used_again_only_if_nothing_came_on_it(outcome, is_fresh):
    loop, received = Loop(), Received(outcome)
    connection = connections.Connection(loop, received)  # type: ignore[arg-type]

    assert connection.is_fresh() is is_fresh
    assert connection.is_reusable is is_fresh
    assert (received.fileno() < 0) is not is_fresh
    connection.close()
    loop.close()


def test_more_requests_than_connections_wait_for_their_turn(listener):
    script = [Connection(*[GOOD] * 50) for _ in range(2)]
    with (
        play(script) as server,
        RestCluster(server.settings(), listener, requests_at_once=2) as cluster,
    ):
        asked = [cluster.files.start(cluster.files.describe(f"/{n}", 5)) for n in range(50)]
        assert [getattr(one.result(), "size", 0) for one in asked] == [10] * 50
        assert server.accepted == 2


def test_closing_ends_the_requests_that_wait_for_their_turn(listener):
    script = [Connection(SILENCE)]
    with (
        play(script) as server,
        RestCluster(server.settings(), listener, requests_at_once=1) as cluster,
    ):
        asked = [cluster.files.start(cluster.files.describe(f"/{n}", 5)) for n in range(2000)]
        cluster.close()
        for one in asked:
            with pytest.raises(UnreachableError, match="given up"):
                one.result()


def test_nothing_is_asked_of_a_closed_cluster(listener):
    with play([]) as server:
        cluster = RestCluster(server.settings(), listener)
        cluster.close()
        cluster.close()
        with pytest.raises(UnreachableError, match="given up"):
            cluster.describe("/a", 5)


def test_connections_are_kept_alive_while_a_node_thinks(listener, monkeypatch):
    made: list[socket.socket] = []

    class Seen(socket.socket):
        def connect_ex(self, address):
            made.append(self.dup())
            return super().connect_ex(address)

    with play([Connection(GOOD)]) as server, monkeypatch.context() as patch:
        patch.setattr("qumulo_changelist.cluster.rest.connection.socket.socket", Seen)
        with RestCluster(server.settings(), listener) as cluster:
            assert size_of(cluster) == 10
    (opened,) = made
    with opened:
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# What a request says


def test_a_request_has_no_more_headers_than_it_needs(listener, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with play([Connection(GOOD)]) as server, RestCluster(server.settings(), listener) as cluster:
        size_of(cluster, "/a b/é")
        port = server.port
    (request,) = server.requests
    first, *fields = request.decode().split("\r\n")
    assert first == "GET /v1/files/%2Fa%20b%2F%C3%A9/info/attributes?snapshot=5 HTTP/1.1"
    assert fields[:2] == [f"Host: 127.0.0.1:{port}", "Accept-Encoding: identity"]
    assert [field.partition(":")[0] for field in fields[2:]] == [
        "User-Agent", "Authorization", "", ""
    ]  # fmt: skip


# Answers in every form


def test_an_answer_may_be_large_and_come_in_chunks(listener):
    changes = [{"op": "CREATE", "path": f"/{number:0150}"} for number in range(10_000)]
    body = json.dumps({"entries": changes, "paging": {"next": ""}}).encode()
    pieces = [body[at : at + 10_007] for at in range(0, len(body), 10_007)]
    chunks = b"".join(b"%x;x=y\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    script = [Connection(head + chunks + b"0\r\nX: y\r\n\r\n", answer(body), GOOD)]
    with play(script) as server, RestCluster(server.settings(), listener) as cluster:
        for _ in range(2):
            (page,) = cluster.changes(1, 2)
            assert [change.path for change in page] == [change["path"] for change in changes]
        assert size_of(cluster) == 10
        assert server.accepted == 1
    assert listener.events == []


def test_an_answer_may_end_with_its_connection(listener):
    until_the_end = b"HTTP/1.0 200 OK\r\n\r\n" + BODY
    script = [Connection(until_the_end)]
    with play(script) as server, RestCluster(server.settings(), listener) as cluster:
        assert size_of(cluster) == 10
    assert listener.events == []


@pytest.mark.parametrize(
    ("sent", "is_cut", "reason"),
    [
        (NOTHING, True, "the connection broke"),
        (GOOD[:10], True, "the connection broke"),
        (answer(BODY, length=len(BODY) + 1), False, "the connection broke"),
        (answer(BODY, length=len(BODY) + 1), True, "the connection broke"),
        (b"HTTP/1.0 200 OK\r\n\r\n" + BODY, True, "the connection broke"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", False,
         "the connection broke"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", False, "the answer is not HTTP"),
        (b"\0" * 10_000, False, "the answer is not HTTP"),
        (answer(BODY, f"X: {'y' * 70_000}"), False, "the answer is not HTTP"),
    ],
)  # fmt: skip
def test_an_answer_that_is_cut_short_or_is_not_http_is_requested_again(
    listener, sent, is_cut, reason
):
    script = [Connection(sent, is_cut=is_cut), Connection(GOOD)]
    with play(script) as server, RestCluster(server.settings(), listener) as cluster:
        assert size_of(cluster) == 10
    assert reasons(listener) == [reason]


@pytest.mark.parametrize("sent", [GOOD[:-1], b"garbage\r\n\r\n"])
def test_a_request_that_must_not_be_repeated_is_sent_once(listener, sent):
    script = [Connection(answer(json.dumps(file(id="2")).encode()), sent), Connection(GOOD)]
    with play(script) as server, RestCluster(server.settings(), listener) as cluster:
        with pytest.raises(UnclearOutcomeError, match="it is not known whether"):
            cluster.create_snapshot("x", "/a")
        assert [request[:4] for request in server.requests] == [b"GET ", b"POST"]
    assert listener.events == []


# Nodes that are silent


def test_a_node_that_takes_connections_and_no_tls_is_skipped(listener, monkeypatch):
    monkeypatch.setattr(limits, "CONNECT_TIMEOUT", 0.2)
    with (
        play([Connection(GOOD, GOOD)]) as good,
        play([Connection(has_tls=False)], "127.0.0.2", good.port) as mute,
    ):
        settings = good.settings("127.0.0.2", "127.0.0.1")
        with RestCluster(settings, listener) as cluster:
            assert [size_of(cluster), size_of(cluster)] == [10, 10]
    assert mute.accepted == 1
    assert listener.events == [NodeSkipped("127.0.0.2", "it took too long")]


def test_a_request_that_was_never_sent_may_be_repeated(listener, monkeypatch):
    monkeypatch.setattr(limits, "CONNECT_TIMEOUT", 0.2)
    directory = answer(json.dumps(file(id="2")).encode(), "Connection: close")
    created = answer(b'{"id": 7, "name": "7_x"}')
    script = [Connection(directory), Connection(has_tls=False), Connection(created)]
    with play(script) as server, RestCluster(server.settings(), listener) as cluster:
        assert cluster.create_snapshot("x", "/a").id == 7
    assert reasons(listener) == ["it took too long"]


def test_a_node_that_stops_in_the_middle_of_an_answer_is_not_waited_for(listener, monkeypatch):
    monkeypatch.setattr(limits, "ANSWER_TIMEOUT", 0.2)
    stops = Connection(GOOD[:-1] + SILENCE)
    with (
        play([stops]) as server,
        RestCluster(replace(server.settings(), retry_for=0), listener) as cluster,
        pytest.raises(FailingError, match="it took too long"),
    ):
        size_of(cluster)


def test_the_next_address_of_a_name_is_tried(listener, monkeypatch):
    with play([Connection(GOOD)]) as server:
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, server.port))
            for host in ("127.0.0.9", "127.0.0.1")
        ]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_given, **_more: addresses)
        with RestCluster(server.settings("two.example"), listener) as cluster:
            assert size_of(cluster) == 10
    assert server.requests[0].split(b"\r\n")[1] == b"Host: two.example:%d" % server.port
    assert listener.events == []


# Many threads


def test_threads_that_wait_at_the_same_time_all_get_their_answers(listener):
    script = [Connection(*[GOOD] * 200) for _ in range(4)]
    found: list[int] = []
    together = threading.Barrier(4)
    with (
        play(script) as server,
        RestCluster(server.settings(), listener, requests_at_once=4) as cluster,
    ):

        def ask() -> None:
            together.wait(PATIENCE)
            found.extend(size_of(cluster) for _ in range(50))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    assert found == [10] * 200
