"""A server that is none: whatever it sends, it gets no secret, and little memory and time."""

import contextlib
import gzip
import itertools
import json
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator

import pytest

from qumulo_changelist.cluster import backoff, endless
from qumulo_changelist.cluster.rest import connection, limits
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.cluster.rest.http1 import AnswerReader, MalformedAnswerError
from qumulo_changelist.cluster.rest.loop import READ, Loop
from qumulo_changelist.cluster.rest.node import Node
from qumulo_changelist.cluster.rest.probe import node_time
from qumulo_changelist.cluster.rest.request import (
    NoAnswerError,
    NotConnectedError,
    Request,
    Response,
    SendError,
)
from qumulo_changelist.cluster.rest.tls import Trust
from qumulo_changelist.errors import (
    FailingError,
    OversizedReplyError,
    ReplyError,
    StatusError,
)
from tests.parts.canned import Canned, Reply, file, serve
from tests.parts.scripted import SILENCE, Answer, Connection, Scripted, play

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
GIGABYTE = 10**9
MEGABYTE = 10**6


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serve() as running:
        yield running


@pytest.fixture
def cluster(canned, listener) -> Iterator[RestCluster]:
    with RestCluster(canned.settings(), listener) as made:
        yield made


@contextlib.contextmanager
def at_most(size: int) -> Iterator[None]:
    """Make sure that the block never holds more memory than this at once, with the server's."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < size
    finally:
        tracemalloc.stop()


def send(server: Scripted, request: Request) -> Response:
    """Send a request once."""
    loop = Loop()
    node = Node(loop, "127.0.0.1", server.port, Trust(server.settings()), 1)
    try:
        return loop.start(node.send(request, {})).result()
    finally:
        loop.close()
        node.close()


ENTRY = Request("GET", "/v1/files/%2Fa/info/attributes")
PAGE = Request("GET", "/v1/files/%2Fa/entries/?limit=1", is_page=True)


# The size of an answer


def test_a_gigabyte_is_refused_as_soon_as_it_is_announced(listener):
    head = OK + b"Content-Length: %d\r\n\r\n" % GIGABYTE
    with (
        play([Connection(head + SILENCE)]) as server,
        RestCluster(server.settings(), listener) as cluster,
        pytest.raises(OversizedReplyError) as caught,
    ):
        cluster.describe("/a", 5)
    assert str(caught.value) == (
        "GET /v1/files/%2Fa/info/attributes?snapshot=5: the answer has 1.00 GB, and at most 4.19 "
        "MB are accepted"
    )
    assert (caught.value.exit_code, caught.value.transient) == (76, False)
    assert (len(server.requests), listener.events) == (1, [])


@pytest.mark.parametrize("status", [b"302 Found", b"401 No", b"404 No", b"500 No", b"503 No"])
def test_an_error_of_a_gigabyte_is_refused_likewise(status):
    head = b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % GIGABYTE
    with (
        play([Connection(head + SILENCE)]) as server,
        pytest.raises(OversizedReplyError, match=r"at most 1\.05 MB"),
    ):
        send(server, PAGE)


def forever(begin: bytes, piece: bytes) -> Answer:
    """Send the beginning, then the same piece again and again."""

    def endless_answer(send_all: Callable[[bytes], None]) -> None:
        send_all(begin)
        block = piece * (1 + 10_000 // len(piece))
        while True:
            send_all(block)

    return endless_answer


ENDLESS = {
    "a body": (OK + b"\r\n", b"x"),
    "a body of HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n", b"x"),
    "blanks": (OK + b"\r\n", b" " * 1000),
    "chunks": (CHUNKED, b"3e8\r\n" + b"x" * 1000 + b"\r\n"),
    "chunks of two bytes": (CHUNKED, b"2\r\nxy\r\n"),
    "extensions of chunks": (CHUNKED, b"1;" + b"x" * 1000 + b"\r\nx\r\n"),
    "trailers": (CHUNKED + b"0\r\n", b"X-Trailer: x\r\n"),
    "an error": (b"HTTP/1.1 503 Busy\r\n\r\n", b"x"),
}
NEVER_BEGINS = {
    "headers": (OK, b"X-Header: x\r\n"),
    "a header": (OK + b"X-Header: ", b"x"),
    "a reason": (b"HTTP/1.1 200 ", b"x"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "interim answers with headers": (b"", b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"),
    "the size of a chunk": (CHUNKED, b"0"),
    "an extension": (CHUNKED + b"1;", b"x"),
    "a trailer": (CHUNKED + b"0\r\nX-Trailer: ", b"x"),
}


@pytest.mark.parametrize("what", ENDLESS)
def test_an_answer_without_an_end_is_refused_once_it_is_too_large(what, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PAGE", 100_000)
    with (
        play([Connection(forever(*ENDLESS[what]))]) as server,
        at_most(MEGABYTE),
        pytest.raises(OversizedReplyError, match="the answer has more than 100 kB"),
    ):
        send(server, PAGE)


@pytest.mark.parametrize("what", NEVER_BEGINS)
def test_a_part_of_an_answer_without_an_end_is_no_http(what):
    with (
        play([Connection(forever(*NEVER_BEGINS[what]))]) as server,
        at_most(2 * MEGABYTE),
        pytest.raises(SendError, match=r"the answer (is not HTTP|does not begin)"),
    ):
        send(server, PAGE)


@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_an_answer_in_tiny_pieces_takes_little_more_memory_than_its_size(pieces):
    body = b"ab" * 15_000
    chunks = [body[at : at + pieces] for at in range(0, len(body), pieces)]
    sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    reader = AnswerReader(len(sent))
    assert reader.add(CHUNKED) is None
    with at_most(3 * len(body) + 100_000):
        for at in range(0, len(sent), 1000):
            assert reader.add(sent[at : at + 1000]) is None
    assert reader.add(b"0\r\n\r\n") == Response(200, body)


@pytest.mark.parametrize("line", [b"\n", b"x\n", b"\x0b\r\n", b"x" + b" " * 30_000 + b"\n"])
def test_blanks_in_a_head_take_no_time(line):
    head = OK + b"Content-Length:" + b" " * 30_000 + line + b"\r\n"
    reader, began = AnswerReader(100), time.process_time()

    with contextlib.suppress(MalformedAnswerError):
        reader.add(head)
    assert time.process_time() - began < 1


def test_a_cluster_that_asks_to_wait_for_ages_is_given_up(canned, cluster):
    canned.gives((503, b"", {"Retry-After": "9" * 4000}))

    with pytest.raises(FailingError, match="Error 503"):
        cluster.describe("/a", 5)


def test_of_a_page_that_is_too_large_fewer_entries_are_requested(canned, cluster, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PAGE", 10_000)
    paths = [f"/{number:02}{'x' * 3000}" for number in range(8)]

    def answer(_method: str, uri: str) -> Reply:
        limit, _, first = uri.partition("limit=")[2].partition("&after=")
        at, end = int(first or 0), int(first or 0) + min(int(limit), 4)
        entries = [{"op": "CREATE", "path": path} for path in paths[at:end]]
        following = f"/2?limit={limit}&after={end}" if end < len(paths) else ""
        return 200, {"entries": entries, "paging": {"next": following}}

    canned.answer = answer

    assert [change.path for page in cluster.changes(1, 2) for change in page] == paths
    first, rest = canned.asked[:4], canned.asked[4:]
    assert [asked.partition("limit=")[2] for asked in first] == ["10000", "1000", "100", "10"]
    assert [asked.partition("limit=")[2] for asked in rest] == [
        "1",
        *(f"1&after={number}" for number in range(1, 8)),
    ]


def test_the_largest_entries_come_in_pages_that_are_accepted():
    """The longest path is of 32,760 bytes, each of which JSON writes as six at most."""
    entry = file(path="\1" * 32_760, name="\1" * 255)

    assert len(json.dumps(entry)) > 6 * 33_000
    assert 100 * len(json.dumps(entry)) < limits.MAX_PAGE
    assert len(json.dumps(entry)) < limits.MAX_ANSWER
    change = {"op": "MODIFY", "path": "x" * 6_600}
    assert 10_000 * len(json.dumps(change)) < limits.MAX_PAGE


# Time


class Clock:
    """A loop and a watch whose time passes as a test says."""

    def __init__(self, *waits: float) -> None:
        self.idle_seconds = 50.0
        self.allowed: list[float] = []
        self._waits = iter(waits)

    async def ready(self, events: int, seconds: float) -> None:
        assert events == READ
        self.allowed.append(seconds)
        self.idle_seconds += next(self._waits)


def wait(clock: Clock, received: int = 0, *, times: int = 1) -> None:
    """Wait on a connection for 10 seconds, several times, in each of which something comes."""
    time_left = connection._AnswerTime(clock, clock, 10)  # type: ignore[arg-type]
    for number in range(times):
        waiting = time_left.wait(ssl.SSLWantReadError(), received * number)
        with contextlib.suppress(StopIteration):
            waiting.send(None)


def test_what_drips_has_no_more_time_than_what_does_not_come_at_all():
    clock = Clock(4, 4, 4)

    with pytest.raises(TimeoutError):
        wait(clock, received=1, times=4)
    assert clock.allowed == pytest.approx([10, 6, 2], abs=0.001)


def test_what_comes_at_the_least_rate_has_all_the_time_that_it_needs(monkeypatch):
    monkeypatch.setattr(limits, "LEAST_RATE", 1000)
    clock = Clock(*[9] * 100)

    wait(clock, received=9000, times=100)

    assert clock.allowed == [10] * 100


def test_what_is_a_little_slower_ends(monkeypatch):
    monkeypatch.setattr(limits, "LEAST_RATE", 1000)

    with pytest.raises(TimeoutError):
        wait(Clock(*[9] * 100), received=8000, times=100)


def drip(begin: bytes) -> Answer:
    def slowly(send_all: Callable[[bytes], None]) -> None:
        send_all(begin)
        pause = threading.Event()
        while not pause.wait(0.01):
            send_all(b" ")

    return slowly


@pytest.mark.parametrize("begin", [b"HTTP/1.1 ", OK + b"\r\n", OK + b"Content-Length: 99\r\n\r\n"])
def test_a_server_that_sends_a_byte_now_and_then_is_given_up(begin, monkeypatch):
    monkeypatch.setattr(limits, "ANSWER_TIMEOUT", 0.2)
    with (
        play([Connection(drip(begin))]) as server,
        pytest.raises(NoAnswerError, match="took too long"),
    ):
        send(server, ENTRY)


def test_a_server_that_sends_its_certificate_byte_by_byte_is_given_up(monkeypatch):
    monkeypatch.setattr(limits, "CONNECT_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve_slowly() -> None:
            taken, _ = listening.accept()
            with taken, contextlib.suppress(OSError):
                drip(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03")(taken.sendall)  # type: ignore[operator]

        thread = threading.Thread(target=serve_slowly)
        thread.start()
        slow = Scripted(listening.getsockname()[1], "ab" * 32)
        with pytest.raises(NotConnectedError, match="took too long"):
            send(slow, ENTRY)
        thread.join(20)
    assert not thread.is_alive()


@pytest.mark.parametrize("piece", [b"HTTP/1.1 100 Continue\r\n\r\n", b"x"])
def test_a_clock_is_not_searched_for_in_an_answer_without_an_end(piece):
    with play([Connection(forever(OK, piece))]) as server:
        assert node_time(server.settings(), "127.0.0.1") is None


# Collections


def endless_pages(page: Callable[[int], dict[str, object]]) -> Callable[[str, str], Reply]:
    """Answer with pages that name a further one each."""
    numbers = itertools.count()

    def answer(_method: str, _uri: str) -> Reply:
        number = next(numbers)
        return 200, page(number) | {"paging": {"next": f"/{number}"}}

    return answer


def changes(cluster: RestCluster) -> Iterable[object]:
    return cluster.changes(1, 2)


def pages(cluster: RestCluster) -> Iterable[object]:
    return cluster.pages("/a", 5)


def statuses(cluster: RestCluster) -> Iterable[object]:
    return cluster.all_snapshots()


def some(cluster: RestCluster) -> Iterable[object]:
    return cluster.first_entries("/a", 5, 10)


NOTHING_NEW: dict[Callable[[RestCluster], Iterable[object]], Callable[[int], dict[str, object]]] = {
    changes: lambda _number: {"entries": []},
    pages: lambda _number: {"files": [], "child_count": 10},
    statuses: lambda _number: {"entries": []},
    some: lambda _number: {"files": [file()], "child_count": 10},
}


@pytest.mark.parametrize("ask", NOTHING_NEW, ids=lambda ask: ask.__name__)
def test_a_collection_that_goes_on_without_anything_new_is_refused(
    canned, cluster, monkeypatch, ask
):
    monkeypatch.setattr(endless, "MAX_PAGES", 20)
    canned.answer = endless_pages(NOTHING_NEW[ask])

    with pytest.raises(ReplyError, match="more than 20 pages in a row are empty"):
        list(ask(cluster))
    assert len(canned.asked) <= 20 + 3


def test_a_cluster_with_more_snapshots_than_there_can_be_is_refused(canned, cluster, monkeypatch):
    monkeypatch.setattr(limits, "MAX_SNAPSHOTS", 10)
    canned.answer = endless_pages(lambda number: {"entries": [{"id": number}]})

    with pytest.raises(ReplyError, match="more than 10 entries"):
        cluster.all_snapshots()


def test_the_address_of_the_next_page_has_an_end(canned, cluster):
    long = "/2?after=" + "x" * limits.MAX_URI
    canned.gives((200, {"entries": [], "paging": {"next": long}}))

    with pytest.raises(ReplyError, match="the next page has 262,153 characters") as caught:
        list(cluster.changes(1, 2))
    assert len(canned.asked) == 1
    assert len(str(caught.value)) < 500


# What is sent where


@pytest.mark.parametrize("status", [300, 301, 302, 303, 305, 307, 308])
def test_nothing_is_sent_to_a_host_that_an_answer_names(canned, cluster, status):
    with serve("127.0.0.2") as other:
        elsewhere = f"https://127.0.0.2:{other.port}/v2/snapshots"
        canned.gives((status, b"", {"Location": elsewhere, "Refresh": f"0; url={elsewhere}"}))
        for ask in (lambda: cluster.describe("/a", 5), lambda: list(cluster.changes(1, 2))):
            with pytest.raises(ReplyError, match=f"Error {status}"):
                ask()
        for following in (elsewhere, elsewhere.removeprefix("https:")):
            canned.gives((200, {"entries": [], "paging": {"next": following}}))
            with pytest.raises(ReplyError, match="nowhere on the cluster"):
                list(cluster.changes(1, 2))
        assert other.asked == []
    assert len(canned.asked) == 4


def test_a_login_is_not_sent_to_a_host_that_an_answer_names(canned, cluster):
    with serve("127.0.0.2") as other:
        elsewhere = f"https://127.0.0.2:{other.port}/v1/session/login"
        canned.login = (307, b"", {"Location": elsewhere})
        with pytest.raises(ReplyError, match="session/login: Error 307"):
            cluster.describe("/a", 5)
        assert other.headers == []


# JSON

DEEP = b"[" * 300_000
HOSTILE_JSON = {
    "nested": DEEP,
    "nested objects": b'{"a":' * 300_000,
    "nested, with a lone surrogate": b'{"files": ["\\udcff", ' + DEEP,
    "nested in a field that nobody knows": b'{"x": ' + DEEP + b"]" * 300_000 + b"}",
    "a million keys": b'{"x": {' + b",".join(b'"%x":0' % n for n in range(10**6)) + b"}}",
    "a long number": b'{"child_count": ' + b"9" * 10**6 + b"}",
    "a long exponent": b'{"child_count": 1e' + b"9" * 10**6 + b"}",
    "a long keyword": b'{"entries": [{"op": "' + b"x" * 10**6 + b'", "path": "/a"}], "paging": 0}',
    "a long name": b'{"' + b"x" * 10**6 + b'": 1}',
    "a long path": b'{"entries": [{"op": "CREATE", "path": "' + b"x" * 10**6 + b'"}]}',
    "a bomb": gzip.compress(bytes(10**8)),
}


@pytest.mark.parametrize("what", HOSTILE_JSON)
def test_hostile_json_is_refused_in_a_few_words(canned, cluster, what, monkeypatch):
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.001)
    fields = {"Content-Encoding": "gzip"} if what == "a bomb" else {}
    canned.gives((200, HOSTILE_JSON[what], fields))
    asks = [changes, pages, lambda one: one.caller()]
    for ask in asks:
        with at_most(80 * MEGABYTE), pytest.raises(ReplyError) as caught:
            list(ask(cluster))
        assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("what", HOSTILE_JSON)
def test_hostile_json_in_an_error_says_no_more_than_its_status(canned, cluster, what, listener):
    canned.gives((409, HOSTILE_JSON[what][: limits.MAX_ERROR]))

    with pytest.raises(StatusError, match=r": Error 409$"):
        cluster.describe("/a", 5)
    assert listener.events == []


def test_a_token_has_an_end(canned, cluster):
    canned.login = (200, {"bearer_token": "x" * (limits.MAX_TOKEN + 1)})

    with pytest.raises(ReplyError, match="no usable token"):
        cluster.describe("/a", 5)
    assert canned.asked == []
