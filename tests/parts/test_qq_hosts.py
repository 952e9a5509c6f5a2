"""The node that qq is given: the first of several that takes a connection."""

import socket
from collections.abc import Iterator

import pytest

from qumulo_changelist.cluster.qq import hosts as qq_hosts
from qumulo_changelist.cluster.qq.hosts import answering_first
from qumulo_changelist.events import NodeChosen


@pytest.fixture
def node() -> Iterator[tuple[str, int]]:
    """A node at 127.0.0.2; other addresses of this machine take no connection."""
    with socket.create_server(("127.0.0.2", 0)) as listening:
        yield listening.getsockname()


def test_the_first_host_that_takes_a_connection_is_put_first(node, listener):
    host, port = node
    hosts = ("127.0.0.1", "127.0.0.3", host, "127.0.0.4")

    assert answering_first(hosts, port, listener) == (host, "127.0.0.1", "127.0.0.3", "127.0.0.4")
    assert listener.events == [
        NodeChosen(host, ("127.0.0.1 (Connection refused)", "127.0.0.3 (Connection refused)"))
    ]


def test_nothing_is_reported_if_the_first_host_answers(node, listener):
    host, port = node

    assert answering_first((host, "127.0.0.1"), port, listener) == (host, "127.0.0.1")
    assert listener.events == []


def test_if_no_host_answers_their_order_stays_for_qq_to_report_why(node, listener):
    hosts = ("127.0.0.3", "127.0.0.1", "no-such-host.invalid", f"{'x' * 64}.invalid")

    assert answering_first(hosts, node[1], listener) == hosts
    assert listener.events == []


def test_a_single_host_is_not_tried(listener, monkeypatch):
    monkeypatch.setattr(qq_hosts, "socket", None)

    assert answering_first(("192.0.2.1",), 8000, listener) == ("192.0.2.1",)


def test_nothing_is_sent_to_a_host_that_is_tried(node, listener):
    _, port = node
    with socket.create_server(("127.0.0.3", port)) as listening:
        answering_first(("127.0.0.3", "127.0.0.1"), port, listener)
        connection, _ = listening.accept()
        with connection:
            assert connection.recv(1) == b""
