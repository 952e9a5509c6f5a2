"""Reading answers of HTTP/1.1, whatever the pieces in which they come."""

import time

import pytest

from qumulo_changelist.cluster.rest.http1 import AnswerReader, MalformedAnswerError, encode
from qumulo_changelist.cluster.rest.request import Request, Response

MOST = 100_000

COMPLETE = {
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc": (Response(200, b"abc"), True),
    b"HTTP/1.1 200 OK\r\ncontent-LENGTH:3  \r\n\r\nabc": (Response(200, b"abc"), True),
    b"HTTP/1.1 200 \r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc": (
        Response(200, b"abc"), True),
    b"HTTP/1.1 404\r\nContent-Length: 0\r\nConnection: close\r\n\r\n": (Response(404, b""), False),
    b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na": (Response(200, b"a"), False),
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na": (
        Response(200, b"a"), True),
    b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n": (Response(204, b""), True),
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 E\r\nX: y\r\n\r\nHTTP/1.1 304 N\r\n\r\n": (
        Response(304, b""), True),
    b"HTTP/1.1 503 B\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n": (
        Response(503, b"", 7), True),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n": (Response(200, b""), True),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3;x=\"y\"\r\nab\r\r\n00a\r\n\n123456789\r\n0\r\nA: b\r\nC: d\r\n\r\n": (
        Response(200, b"ab\r\n123456789"), True),
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"1\r\na\r\n0\r\n\r\n": (Response(200, b"a"), False),
}  # fmt: skip

TO_THE_END = [
    b"HTTP/1.1 200 OK\r\n\r\nabc",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nabc",
]

MALFORMED = [
    b"SSH-2.0\r\n\r\n",
    b"HTTP/2 200\r\n\r\n",
    b"http/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 20 OK\r\n\r\n",
    b"HTTP/1.1 2000 OK\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 3\n\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 70_000,
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000,
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
]


def divided(data: bytes) -> list[list[bytes]]:
    """Return the data in one piece, byte by byte, and divided at each place."""
    return [
        [data],
        [data[at : at + 1] for at in range(len(data))],
        *([data[:at], data[at:]] for at in range(1, len(data))),
    ]


@pytest.mark.parametrize("data", COMPLETE, ids=lambda data: data[:60])
def test_an_answer_is_complete_with_its_last_byte_and_never_before(data):
    answer, is_reusable = COMPLETE[data]
    for pieces in divided(data):
        reader = AnswerReader(MOST)
        for piece in pieces[:-1]:
            assert reader.add(piece) is None
        assert reader.add(pieces[-1]) == answer
        assert reader.is_reusable is is_reusable


@pytest.mark.parametrize("data", COMPLETE, ids=lambda data: data[:60])
def test_an_answer_that_is_cut_short_is_an_error_wherever_it_is_cut(data):
    for end in range(len(data)):
        reader = AnswerReader(MOST)
        if end:
            assert reader.add(data[:end]) is None
        with pytest.raises(MalformedAnswerError, match="the connection broke"):
            reader.end()


@pytest.mark.parametrize("data", COMPLETE, ids=lambda data: data[:60])
def test_what_follows_an_answer_is_no_part_of_it_and_spoils_the_connection(data):
    reader = AnswerReader(MOST)

    assert reader.add(data + b"HTTP/1.1") == COMPLETE[data][0]
    assert not reader.is_reusable


@pytest.mark.parametrize("data", TO_THE_END)
def test_an_answer_of_unknown_length_ends_with_the_connection(data):
    for pieces in divided(data):
        reader = AnswerReader(MOST)
        assert [reader.add(piece) for piece in pieces] == [None] * len(pieces)
        assert reader.end() == Response(200, b"abc")
        assert not reader.is_reusable


@pytest.mark.parametrize("data", MALFORMED, ids=lambda data: data[:70])
def test_what_is_not_http_is_an_error(data):
    reader = AnswerReader(MOST)
    pieces = [data[at : at + 1000] for at in range(0, len(data), 1000)]

    with pytest.raises(MalformedAnswerError, match="the answer is not HTTP"):
        list(map(reader.add, pieces))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("0", 0), ("3600", 3600), ("soon", None), ("-1", None), ("1.5", None), ("9" * 5000, None),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Wed, 99 Oct 99999999999999 07:28:00 GMT", None)],
)  # fmt: skip
def test_the_time_to_wait_is_in_seconds_or_a_date(asked, expected):
    data = f"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: {asked}\r\n\r\n"

    assert AnswerReader(MOST).add(data.encode()) == Response(503, b"", expected)


def test_a_date_to_wait_for_counts_from_now(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1445412470.0)
    data = (
        b"HTTP/1.1 503 B\r\nContent-Length: 0\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n\r\n"
    )

    assert AnswerReader(MOST).add(data) == Response(503, b"", 10.0)


def test_a_body_is_sent_with_its_length():
    sent = encode(Request("POST", "/v3/x", b'{"a":1}'), "[::1]:8000", {"A": "b"})

    assert sent == (
        b"POST /v3/x HTTP/1.1\r\nHost: [::1]:8000\r\nAccept-Encoding: identity\r\nA: b\r\n"
        b'Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
    )
