"""The nodes of a cluster: one state on all, and each with a load, a speed and a life of its own."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from qumulo_emulator import listening
from qumulo_emulator.errors import ListeningError
from qumulo_emulator.running import serve_in_thread
from tests.emulator.trees import lay_out
from tests.emulator.wire import get, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qumulo_emulator.running import Emulator, ThreadedEmulator

VERSION = "/v1/version"


@pytest.mark.parametrize(
    "path",
    ["/v1/cluster/nodes/{}", "/v2/network/interfaces/{}", "/v2/network/interfaces/{}/status/"],
)
def test_usually_there_is_only_node_1_and_interface_1(
    emulator: ThreadedEmulator, path: str
) -> None:
    assert get(emulator, path.format(1))
    missing = emulator.request("GET", path.format(2))
    assert refusal(missing) == (404, "http_not_found_error")


@pytest.fixture(scope="module")
def trio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedEmulator]:
    root = lay_out(tmp_path_factory.mktemp("root"), dict.fromkeys("abcdef", 1))
    with serve_in_thread(root, nodes=3, page_limit=2) as emulator:
        yield emulator


@pytest.fixture
def three(trio: ThreadedEmulator) -> Iterator[ThreadedEmulator]:
    """A cluster of three nodes; all are alive and quick again after the test."""
    yield trio
    for number in (1, 2, 3):
        trio.change_node(number, alive=True, latency_ms=0)
    trio.faults.clear()


def connect(emulator: Emulator, node: int) -> http.client.HTTPSConnection:
    """Return a connection to a node, whose certificate is verified."""
    context = ssl.create_default_context(cafile=emulator.certificate)
    host, port = emulator.addresses[node - 1]
    return http.client.HTTPSConnection(host, port, timeout=30, context=context)


def ask(emulator: Emulator, node: int, path: str, token: str = "") -> tuple[int, Any]:
    """Send a request to a node, and return its status and the parsed reply."""
    with closing(connect(emulator, node)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


def test_all_nodes_have_one_port_one_certificate_and_one_session(three: ThreadedEmulator) -> None:
    assert [host for host, _ in three.addresses] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert {port for _, port in three.addresses} == {three.port}
    token = three.login()
    for node in (1, 2, 3):
        assert ask(three, node, "/v1/session/who-am-i", token)[0] == 200
        assert ask(three, node, "/v1/session/who-am-i", "made up")[0] == 401


def test_a_page_key_of_one_node_is_valid_on_the_others(three: ThreadedEmulator) -> None:
    token = three.login()
    names: list[str] = []
    url, node = "/v1/files/2/entries/", 1
    while url:
        status, page = ask(three, node, url, token)
        assert status == 200
        names += [entry["name"] for entry in page["files"]]
        url, node = page["paging"]["next"], node + 1
    assert names == list("abcdef")


def test_every_node_is_listed_with_its_address(three: ThreadedEmulator) -> None:
    three.change_node(2, alive=False)
    nodes = get(three, "/v1/cluster/nodes/")
    assert [(node["id"], node["node_status"]) for node in nodes] == [
        *((1, "online"), (2, "offline"), (3, "online"))
    ]
    assert [get(three, f"/v1/cluster/nodes/{number}") for number in (1, 2, 3)] == nodes
    for fact in ("node_name", "uuid", "mac_address", "serial_number"):
        assert len({node[fact] for node in nodes}) == 3
    statuses = get(three, "/v2/network/interfaces/1/status/")
    assert [
        (status["node_id"], status["network_statuses"][0]["address"]) for status in statuses
    ] == [(1, "127.0.0.1"), (2, "127.0.0.2"), (3, "127.0.0.3")]
    assert refusal(three.request("GET", "/v1/cluster/nodes/4")) == (404, "http_not_found_error")


def test_requests_are_counted_by_node_and_those_to_the_emulator_are_not(
    three: ThreadedEmulator,
) -> None:
    before = [node["requests"] for node in three.nodes()]
    for node, times in ((2, 3), (3, 1)):
        for _ in range(times):
            ask(three, node, VERSION)
    assert [node["requests"] for node in three.nodes()] == [
        one + more for one, more in zip(before, (0, 3, 1), strict=True)
    ]
    assert [request["node"] for request in three.requests()[-4:]] == [2, 2, 2, 3]


def test_a_slow_node_does_not_make_the_others_slow(three: ThreadedEmulator) -> None:
    assert three.change_node(2, latency_ms=200)["latency_ms"] == 200

    def least_seconds(node: int, times: int) -> float:
        taken = []
        with closing(connect(three, node)) as connection:
            for _ in range(times):
                begun = time.monotonic()
                connection.request("GET", VERSION)
                connection.getresponse().read()
                taken.append(time.monotonic() - begun)
        return min(taken)

    assert least_seconds(2, times=1) >= 0.2
    assert least_seconds(1, times=20) < 0.2
    assert least_seconds(3, times=20) < 0.2


def test_a_dead_node_drops_its_connections_and_takes_no_others_until_it_is_back(
    three: ThreadedEmulator,
) -> None:
    three.fault(path=VERSION, action="stall", node=2)
    with closing(connect(three, 2)) as waiting, closing(connect(three, 2)) as idle:
        waiting.request("GET", VERSION)
        idle.connect()
        with closing(connect(three, 3)) as elsewhere:
            elsewhere.connect()
            assert three.change_node(2, alive=False)["alive"] is False
            elsewhere.request("GET", VERSION)
            assert elsewhere.getresponse().status == 200
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            waiting.getresponse()
        assert idle.sock.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        ask(three, 2, VERSION)
    three.clear_faults()
    assert three.change_node(2, alive=True)["alive"] is True
    assert ask(three, 2, VERSION)[0] == 200


def test_the_first_node_can_die_too(three: ThreadedEmulator) -> None:
    three.change_node(1, alive=False)
    assert three.request("GET", VERSION)[0] == 200
    with pytest.raises(ConnectionRefusedError):
        ask(three, 1, VERSION)
    three.change_node(1, alive=True)
    assert ask(three, 1, VERSION)[0] == 200


def test_a_fault_can_be_that_of_one_node(three: ThreadedEmulator) -> None:
    three.fault(path=VERSION, status=503, node=3)
    assert [ask(three, node, VERSION)[0] for node in (1, 2, 3)] == [200, 200, 503]


@pytest.mark.parametrize(
    ("number", "changes", "status", "reason"),
    [
        (1, {"alive": False}, 400, "different node"),
        (4, {"alive": False}, 404, "nodes are 1 to 3"),
        (2, {"latency_ms": -1}, 400, "latency_ms"),
        (2, {"latency": 1}, 400, "unknown field"),
        (2, {"alive": 0}, 400, "wrong type"),
    ],
)
def test_a_wrong_change_of_a_node_is_refused(
    three: ThreadedEmulator, number: int, changes: dict[str, object], status: int, reason: str
) -> None:
    before = three.nodes()
    answer = three.request("POST", f"/emulator/nodes/{number}", changes)
    assert refusal(answer)[0] == status
    assert reason in answer[1]["description"]
    assert three.nodes() == before


def test_a_fault_of_a_node_that_does_not_exist_is_refused(three: ThreadedEmulator) -> None:
    answer = three.request("POST", "/emulator/faults", {"status": 503, "node": 4})
    assert refusal(answer) == (404, "http_not_found_error")


def test_the_page_shows_the_nodes(three: ThreadedEmulator) -> None:
    with closing(connect(three, 2)) as connection:
        connection.request("GET", "/")
        page = connection.getresponse().read().decode()
    assert "Nodes: 3" in page
    assert f"127.0.0.3 port {three.port}" in page


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_where_there_are_no_further_addresses_the_nodes_have_the_ports_that_follow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    if host == "127.0.0.1":
        monkeypatch.setattr(listening, "_can_use_others", lambda _bound: False)
    with serve_in_thread(tmp_path, host=host, nodes=3) as emulator:
        assert emulator.addresses == [(host, emulator.port + node) for node in range(3)]
        for node in (1, 2, 3):
            assert ask(emulator, node, VERSION)[0] == 200
        assert [node["requests"] for node in emulator.nodes()] == [2, 1, 1]


def test_an_address_in_use_is_named(tmp_path: Path) -> None:
    with (
        serve_in_thread(tmp_path, host="127.0.0.2") as other,
        pytest.raises(ListeningError, match=f"127.0.0.2 port {other.port}"),
        serve_in_thread(tmp_path, nodes=2, port=other.port),
    ):
        pass
