"""The server that repeats answers: the same bytes as the first time, without asking again."""

import contextlib
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from bench.scenario import REST, Scenario
from bench.servers import Requests, Server, serve_emulator, serve_replay, take_requests

# What a client asks for, and what does not exist.
PAGE = "/v2/snapshots/2/changes-since/1?limit=300"
SHOW = "/v1/files/%2Fsynthetic%2Fshow0000"
LISTING = f"{SHOW}/entries/?limit=5&snapshot=2"
TARGETS = [
    PAGE,
    LISTING,
    f"{SHOW}/info/attributes?snapshot=2",
    f"{SHOW}/info/attributes?snapshot=7",
    "/v3/snapshots/status/2",
    "/v1/files/%2Fmissing/info/attributes",
    "/v1/unknown",
]
SCENARIO = Scenario("small", shape="mixed", size=1000, ways=(REST,), runs=1, claims=())


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = str(tmp_path_factory.mktemp("emulator"))
    with serve_emulator(SCENARIO, folder, "") as server:
        yield server


@pytest.fixture(scope="module")
def token(emulator: Server) -> str:
    return emulator.log_in()


@pytest.fixture(scope="module")
def replay(emulator: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_replay(emulator, 0, str(tmp_path_factory.mktemp("replay"))) as server:
        yield server


def get(server: Server, token: str, target: str) -> tuple[int, str | None, bytes]:
    """Return the status, the type and the body of an answer."""
    with server.pool() as pool:
        answer = pool.request("GET", target, headers={"Authorization": f"Bearer {token}"})
        return answer.status, answer.headers.get("content-type"), answer.data


def take(server: Server) -> Requests:
    taken = take_requests(server, "")
    assert taken
    return taken._replace(processor=0)


@contextlib.contextmanager
def connected(server: Server) -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cafile=server.certificate)
    with (
        socket.create_connection((server.host, server.port)) as plain,
        context.wrap_socket(plain, server_hostname=server.host) as encrypted,
    ):
        yield encrypted


def send(encrypted: ssl.SSLSocket, token: str, *targets: str) -> None:
    heads = [
        f"GET {target} HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n" for target in targets
    ]
    encrypted.sendall("".join(heads).encode())


def receive(encrypted: ssl.SSLSocket) -> bytes:
    """Return the body of one answer, and nothing that comes after it."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += encrypted.recv(1)
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = b""
    while len(body) < length:
        body += encrypted.recv(length - len(body))
    return body


def test_answers_are_those_of_the_emulator_each_time(
    emulator: Server, replay: Server, token: str
) -> None:
    originals = [get(emulator, token, target) for target in TARGETS]
    assert {status for status, _, _ in originals} == {200, 404}
    for _ in range(2):
        assert [get(replay, token, target) for target in TARGETS] == originals


def test_an_answer_is_asked_for_once_and_that_is_reported(
    emulator: Server, tmp_path: Path, token: str
) -> None:
    with serve_replay(emulator, 0, str(tmp_path)) as replay:
        for target in TARGETS:
            get(replay, token, target)
        assert take(replay) == Requests(len(TARGETS), 1, len(TARGETS), 1)
        for target in (LISTING, *TARGETS):
            get(replay, token, target)
        assert take(replay) == Requests(len(TARGETS) + 1, 2, 0, 1)
        assert take(replay) == Requests(0, 0, 0, 0)


def test_a_refusal_is_not_remembered(replay: Server, token: str) -> None:
    target = f"{PAGE}1"
    assert get(replay, "wrong", target)[0] == 401
    assert get(replay, token, target)[0] == 200


def test_a_session_is_valid_when_it_is_answered_again(replay: Server) -> None:
    assert replay.log_in() == replay.log_in()
    assert get(replay, replay.log_in(), PAGE)[0] == 200


def test_requests_wait_for_their_answers_together(
    emulator: Server, tmp_path: Path, token: str
) -> None:
    with (
        serve_replay(emulator, 500, str(tmp_path)) as replay,
        contextlib.ExitStack() as stack,
    ):
        connections = [stack.enter_context(connected(replay)) for _ in range(5)]
        for connection in connections:
            send(connection, token, PAGE)
        bodies = {receive(connection) for connection in connections}
        assert bodies == {get(emulator, token, PAGE)[2]}
        assert take(replay).most_in_flight == 5


def test_requests_in_pieces_and_several_at_once_are_answered_in_their_order(
    emulator: Server, replay: Server, token: str
) -> None:
    with connected(replay) as connection:
        send(connection, token, *TARGETS, *TARGETS)
        bodies = [get(emulator, token, target)[2] for target in TARGETS]
        assert [receive(connection) for _ in range(2 * len(TARGETS))] == bodies * 2
        connection.sendall(b"GET /v1/unk")
        connection.sendall(f"nown HTTP/1.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        assert receive(connection) == bodies[-1]


def test_a_client_that_goes_away_disturbs_no_other(
    emulator: Server, tmp_path: Path, token: str
) -> None:
    with serve_replay(emulator, 100, str(tmp_path)) as replay:
        with connected(replay) as connection:
            send(connection, token, PAGE)
        with socket.create_connection((replay.host, replay.port)) as plain:
            plain.sendall(b"not TLS")
        assert get(replay, token, PAGE) == get(emulator, token, PAGE)
        assert take(replay).most_in_flight is not None


def test_a_client_that_asks_for_it_is_disconnected(replay: Server, token: str) -> None:
    head = f"GET {PAGE} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    with connected(replay) as connection:
        connection.sendall(head.encode())
        json.loads(receive(connection))
        assert connection.recv(1) == b""


def test_without_the_emulator_it_ends_with_a_message(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with contextlib.ExitStack() as stack:
        with serve_emulator(SCENARIO, str(tmp_path), "") as emulator:
            replay = stack.enter_context(serve_replay(emulator, 0, str(tmp_path)))
        with pytest.raises(urllib3.exceptions.HTTPError):
            get(replay, "", PAGE)
    assert f"does not answer: GET {PAGE}: " in capfd.readouterr().err
