"""The nodes of a cluster over REST: requests are spread, and nodes that are down are skipped."""

import contextlib
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from qumulo_changelist.cluster.rest import nodes
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret
from qumulo_changelist.errors import FailingError, UnreachableError
from qumulo_changelist.events import ClusterAwaited, Event, NodeSkipped, RequestRetried
from tests.parts.canned import Canned, Reply, file, serve
from tests.parts.conftest import RecordingListener

GOOD: Reply = (200, file())
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")

# Each of these servers has another certificate, so that no fingerprint fits them all.
ANY_NODE: dict[str, object] = {"hosts": HOSTS, "fingerprint": "", "verify_tls": False}

pytestmark = pytest.mark.usefixtures("time_passes")


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


def test_a_cluster_of_which_no_node_ever_answers_is_waited_for_and_given_up(listener, time_passes):
    settings = Canned(free_port(), "0" * 64).settings(hosts=HOSTS)
    with RestCluster(settings, listener) as cluster, pytest.raises(UnreachableError) as caught:
        cluster.describe("/a", 5)
    assert str(caught.value) == (
        "the cluster does not answer: Connection refused; tried 16 times in 5 minutes"
    )
    assert not isinstance(caught.value, FailingError)
    assert listener.of(ClusterAwaited) == [ClusterAwaited("Connection refused", 300)]
    assert sum(time_passes.pauses) == 300


@pytest.mark.parametrize("ask", [RestCluster.describe, RestCluster.snapshots])
def test_a_cluster_that_starts_is_waited_for(listener, time_passes, ask):
    """Also for what a run can do without: of a cluster that starts, nothing is left out."""
    port = free_port()
    token = {"access_token": Secret("access-v1:a"), "password": Secret("")}
    with contextlib.ExitStack() as stack:

        def start(event: Event) -> None:
            listener(event)
            if isinstance(event, RequestRetried) and len(listener.of(RequestRetried)) == 8:
                node = stack.enter_context(serve("127.0.0.1", port=port))
                node.login = None
                node.gives((200, file(id=5)))

        settings = Canned(port, "").settings(**ANY_NODE | {"hosts": HOSTS[:1]}, **token)
        cluster = stack.enter_context(RestCluster(settings, start))
        assert ask(cluster, *(("/a", 5) if ask is RestCluster.describe else (5,)))
    assert len(listener.of(RequestRetried)) == 8
    assert len(listener.of(ClusterAwaited)) == 1


@pytest.mark.parametrize("host", ["nowhere.invalid", f"{'x' * 64}.invalid"])
def test_an_unknown_name_is_reported(listener, host):
    settings = Canned(1, "0" * 64).settings(hosts=(host,))
    with RestCluster(settings, listener) as cluster, pytest.raises(UnreachableError):
        cluster.describe("/a", 5)


def unresolved(number: int, times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no name be resolved for a number of times."""
    usual, left = socket.getaddrinfo, [None] * times

    def resolve(*arguments: Any, **options: Any) -> Any:
        if left:
            left.pop()
            raise socket.gaierror(number, "no address")
        return usual(*arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def test_a_name_that_does_not_resolve_for_a_moment_is_waited_for(canned, listener, monkeypatch):
    unresolved(socket.EAI_AGAIN, 4, monkeypatch)
    with RestCluster(canned.settings(), listener) as cluster:
        assert getattr(cluster.describe("/a", 5), "size", None) == 10
    assert [one.reason for one in listener.of(RequestRetried)] == ["no address"] * 4


def test_a_name_that_nobody_knows_is_given_up_at_once_unless_the_cluster_was_there(
    canned, listener, monkeypatch
):
    canned.gives((200, file(), {"Connection": "close"}))
    unresolved(socket.EAI_NONAME, 1, monkeypatch)
    with RestCluster(canned.settings(), listener) as cluster:
        with pytest.raises(UnreachableError, match=r"the cluster does not answer: no address$"):
            cluster.describe("/a", 5)
        assert listener.events == []
        cluster.describe("/a", 5)
        unresolved(socket.EAI_NONAME, 2, monkeypatch)
        cluster._nodes._nodes[0]._addresses = []
        cluster.describe("/a", 5)
    assert len(listener.of(RequestRetried)) == 2


def test_a_node_without_a_name_does_not_end_the_wait_for_the_others(listener):
    hosts = ("127.0.0.1", "nowhere.invalid")
    settings = Canned(free_port(), "0" * 64).settings(hosts=hosts)
    with RestCluster(settings, listener) as cluster, pytest.raises(UnreachableError, match="tried"):
        cluster.describe("/a", 5)


def test_a_port_without_tls_is_given_up_at_once(listener):
    with (
        serve(tls=False) as plain,
        RestCluster(plain.settings(), listener) as cluster,
        pytest.raises(UnreachableError, match="the cluster does not answer: TLS failed"),
    ):
        cluster.describe("/a", 5)
    assert listener.events == []


def gone(listener: RecordingListener, **settings: object) -> RestCluster:
    """Return a cluster that has answered, and does not any more."""
    with serve() as canned:
        canned.gives((200, file(), {"Connection": "close"}))
        cluster = RestCluster(canned.settings(**settings), listener)
        cluster.describe("/a", 5)
    return cluster


def test_a_cluster_that_went_away_is_waited_for(listener, time_passes):
    with gone(listener) as cluster, pytest.raises(FailingError, match="Connection refused; tried"):
        cluster.describe("/a", 5)
    assert len(listener.of(RequestRetried)) == 15
    assert listener.of(ClusterAwaited) == [ClusterAwaited("Connection refused", 300)]


def test_a_cluster_that_is_down_for_good_is_waited_for_once(listener, time_passes):
    """Not by one request after the other, and not by each connection of this process to it."""
    with gone(listener) as cluster:
        for _ in range(3):
            with pytest.raises(FailingError, match=r"in 5 minutes|answered for 5 minutes"):
                cluster.describe("/a", 5)
        again = RestCluster(cluster._session._settings, listener)
        with again, pytest.raises(UnreachableError, match="nothing was answered for 5 minutes"):
            again.describe("/a", 5)
        assert sum(time_passes.pauses) == 300
        # An hour later, nobody knows.
        time_passes.now += 3600
        with pytest.raises(FailingError, match="tried 16 times in 5 minutes"):
            cluster.describe("/a", 5)


def test_many_requests_to_a_cluster_that_is_down_wait_together(listener, monkeypatch):
    monkeypatch.undo()
    with gone(listener, retry_for=1) as cluster:
        began = time.monotonic()
        asked = [cluster.files.start(cluster.files.describe("/a", 5)) for _ in range(100)]
        for one in asked:
            with pytest.raises(FailingError, match="Connection refused"):
                one.result()
    assert 1 <= time.monotonic() - began < 20
    assert len(listener.of(ClusterAwaited)) == 1
    # After half a second, and after one: once the time is over, no request begins anew.
    assert 100 <= len(listener.of(RequestRetried)) <= 400
