"""The nodes of a cluster over REST: requests are spread, and nodes that are down are skipped."""

import socket
from collections.abc import Iterator

import pytest

from qumulo_changelist.cluster.rest import limits, nodes
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.errors import FailingError, UnreachableError
from qumulo_changelist.events import NodeSkipped, RequestRetried
from tests.parts.canned import Canned, Reply, file, serve

GOOD: Reply = (200, file())
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")

# Each of these servers has another certificate, so that no fingerprint fits them all.
ANY_NODE: dict[str, object] = {"hosts": HOSTS, "fingerprint": "", "verify_tls": False}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Wait a thousandth of the usual time."""
    monkeypatch.setattr(limits, "PAUSE", 0.001)


@pytest.fixture
def canned() -> Iterator[Canned]:
    with serve() as running:
        running.gives(GOOD)
        yield running


def test_requests_are_spread_over_the_nodes(canned, listener):
    with (
        serve("127.0.0.2", port=canned.port) as second,
        serve("127.0.0.3", port=canned.port) as third,
    ):
        second.gives(GOOD)
        third.gives(GOOD)
        with RestCluster(canned.settings(**ANY_NODE), listener) as cluster:
            for _ in range(8):
                cluster.describe("/a", 5)
        # The login was the first of nine requests.
        assert [len(node.asked) for node in (canned, second, third)] == [2, 3, 3]


def test_a_node_that_does_not_answer_is_skipped_and_reported_once(canned, listener):
    with RestCluster(canned.settings(**ANY_NODE), listener) as cluster:
        for _ in range(8):
            cluster.describe("/a", 5)

    assert len(canned.asked) == 8
    assert listener.events == [
        NodeSkipped("127.0.0.2", "Connection refused"),
        NodeSkipped("127.0.0.3", "Connection refused"),
    ]


def test_a_node_that_is_back_is_asked_again(canned, listener, monkeypatch):
    monkeypatch.setattr(nodes, "SECONDS_SKIPPED", 0)
    with RestCluster(canned.settings(**ANY_NODE), listener) as cluster:
        for _ in range(4):
            cluster.describe("/a", 5)
        with serve("127.0.0.2", port=canned.port) as second:
            second.gives(GOOD)
            for _ in range(4):
                cluster.describe("/a", 5)
            assert second.asked
    assert len(listener.of(NodeSkipped)) == 2


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def test_a_cluster_of_which_no_node_answers_is_given_up_at_once(listener):
    settings = Canned(free_port(), "0" * 64).settings(hosts=HOSTS)
    with RestCluster(settings, listener) as cluster, pytest.raises(UnreachableError) as caught:
        cluster.describe("/a", 5)
    assert str(caught.value) == "the cluster does not answer: Connection refused"
    assert not listener.of(RequestRetried)


@pytest.mark.parametrize("host", ["nowhere.invalid", f"{'x' * 64}.invalid"])
def test_an_unknown_name_is_reported(listener, host):
    settings = Canned(1, "0" * 64).settings(hosts=(host,))
    with RestCluster(settings, listener) as cluster, pytest.raises(UnreachableError):
        cluster.describe("/a", 5)


def test_a_cluster_that_went_away_is_waited_for(listener):
    with serve() as canned:
        canned.gives((200, file(), {"Connection": "close"}))
        cluster = RestCluster(canned.settings(), listener)
        cluster.describe("/a", 5)
    with cluster, pytest.raises(FailingError, match="Connection refused"):
        cluster.describe("/a", 5)
    assert len(listener.of(RequestRetried)) == 6
