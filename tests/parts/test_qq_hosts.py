"""Which of several nodes qq is given: the first that takes a connection."""

import socket
from collections.abc import Iterator

import pytest

from qumulo_changelist.cluster.qq import hosts as qq_hosts
from qumulo_changelist.cluster.qq.hosts import answering_first


@pytest.fixture
def node() -> Iterator[tuple[str, int]]:
    """A node at 127.0.0.2, while nobody listens at other addresses of this machine."""
    with socket.create_server(("127.0.0.2", 0)) as listening:
        yield listening.getsockname()


def test_the_first_host_that_takes_a_connection_comes_to_the_front(node, heard):
    host, port = node
    hosts = ("127.0.0.1", "127.0.0.3", host, "127.0.0.4")

    assert answering_first(hosts, port, heard) == (host, "127.0.0.1", "127.0.0.3", "127.0.0.4")
    assert heard.warnings == [
        "qq asks 127.0.0.2, since others do not answer: "
        "127.0.0.1 (Connection refused), 127.0.0.3 (Connection refused)"
    ]


def test_where_the_first_host_answers_nothing_is_reported(node, heard):
    host, port = node

    assert answering_first((host, "127.0.0.1"), port, heard) == (host, "127.0.0.1")
    assert heard.warnings == []


def test_where_no_host_answers_their_order_stays_and_qq_says_why(node, heard):
    hosts = ("127.0.0.3", "127.0.0.1", "no-such-host.invalid")

    assert answering_first(hosts, node[1], heard) == hosts
    assert heard.warnings == []


def test_a_host_that_has_no_others_beside_it_is_not_tried(heard, monkeypatch):
    monkeypatch.setattr(qq_hosts, "socket", None)

    assert answering_first(("192.0.2.1",), 8000, heard) == ("192.0.2.1",)


def test_nothing_is_sent_to_a_host_that_is_tried(node, heard):
    _, port = node
    with socket.create_server(("127.0.0.3", port)) as listening:
        answering_first(("127.0.0.3", "127.0.0.1"), port, heard)
        connection, _ = listening.accept()
        with connection:
            assert connection.recv(1) == b""
