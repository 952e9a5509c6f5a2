"""The command: what it prints, what it needs, how it ends, and what it keeps."""

from __future__ import annotations

import hashlib
import http.client
import json
import signal
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qumulo_emulator.local.cluster import LocalCluster
from qumulo_emulator.running import serve_in_process
from tests.emulator.process import rest_of_output, serving
from tests.emulator.trees import lay_out
from tests.emulator.wire import attributes, get

FACTS = {"host", "port", "username", "certificate_sha256", "root"}


def connect(facts: dict[str, Any], certificate: Path) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(certificate))
    return http.client.HTTPSConnection(facts["host"], facts["port"], timeout=30, context=context)


def login(connection: http.client.HTTPSConnection, password: str) -> dict[str, str]:
    """Log in, and return the headers for further requests."""
    body = json.dumps({"username": "admin", "password": password})
    connection.request("POST", "/v1/session/login", body)
    with connection.getresponse() as answer:
        assert answer.status == 200
        return {"Authorization": f"Bearer {json.loads(answer.read())['bearer_token']}"}


@pytest.mark.parametrize(("password", "more"), [("given", set()), ("", {"password"})])
def test_it_prints_one_line_with_the_password_only_if_generated(
    tmp_path: Path, password: str | None, more: set[str]
) -> None:
    with serving(str(tmp_path), "--username", "me", password=password) as (process, facts):
        assert set(facts) == FACTS | more
        assert (facts["host"], facts["username"]) == ("127.0.0.1", "me")
        assert facts["root"] == str(tmp_path.resolve())
        process.terminate()
        assert rest_of_output(process) == (b"", b"", 0)


def test_it_accepts_the_printed_password_and_serves_the_certificate_in_the_file(
    tmp_path: Path,
) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_text("an older certificate")
    with serving(str(tmp_path), "--certificate", str(certificate), password=None) as (_, facts):
        assert set(facts) == FACTS | {"password"}
        with closing(connect(facts, certificate)) as connection:
            assert login(connection, facts["password"])
        served = ssl.get_server_certificate((facts["host"], facts["port"]))
    assert certificate.read_text().startswith(served.strip())
    der = ssl.PEM_cert_to_DER_cert(served)
    assert hashlib.sha256(der).hexdigest() == facts["certificate_sha256"]
    assert "PRIVATE KEY" not in certificate.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0_though_connections_are_open(
    tmp_path: Path, number: signal.Signals
) -> None:
    certificate = tmp_path / "certificate.pem"
    with serving(str(tmp_path), "--certificate", str(certificate)) as (process, facts):
        idle, stalled = connect(facts, certificate), connect(facts, certificate)
        headers = login(idle, "given")
        fault = json.dumps({"path": "/v1/version", "action": "stall"})
        idle.request("POST", "/emulator/faults", fault, headers)
        assert idle.getresponse().read()
        stalled.request("GET", "/v1/version")
        silent = socket.create_connection((facts["host"], facts["port"]))
        begun = time.monotonic()
        process.send_signal(number)
        assert rest_of_output(process) == (b"", b"", 0)
        assert time.monotonic() - begun < 5
        for client in (idle, stalled, silent):
            client.close()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("{}/none",), "none' is not a directory"),
        (("{}/file",), "file' is not a directory"),
        ((), "ROOT"),
        (("{}", "--port", "65536"), "a port: 0 to 65535, not '65536'"),
        (("{}", "--page-limit", "0"), "not '0'"),
        (("{}", "--token-lifetime", "soon"), "not 'soon'"),
        (("{}", "--port", "0", "--certificate", "{}/none/x"), "No such file or directory"),
        (("{}", "--port", "0", "--state", "{}/file"), "File exists"),
        (("{}", "--port", "0", "--host", "256.0.0.1"), "qumulo-emulator: "),
    ],
)
def test_if_it_cannot_start_it_prints_why_without_a_traceback(
    tmp_path: Path,
    refused_start: Callable[..., tuple[str, str, int]],
    arguments: tuple[str, ...],
    expected: str,
) -> None:
    lay_out(tmp_path, {"file": 1})
    output, messages, code = refused_start(*(argument.format(tmp_path) for argument in arguments))
    assert code in (1, 2)
    assert output == ""
    assert expected in messages
    assert "Traceback" not in messages


def test_a_port_in_use_is_named_in_the_message(
    tmp_path: Path, refused_start: Callable[..., tuple[str, str, int]]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        output, messages, code = refused_start(str(tmp_path), "--port", port)
    assert (output, code) == ("", 1)
    assert len(messages.splitlines()) == 1
    assert "in use" in messages
    assert port in messages


def test_a_state_belongs_to_one_root_only(
    tmp_path: Path, refused_start: Callable[..., tuple[str, str, int]]
) -> None:
    roots = [lay_out(tmp_path / name, {}) for name in ("a", "b")]
    state = str(tmp_path / "state")
    LocalCluster(str(roots[0]), username="a", password="b", state_directory=state).close()
    output, messages, code = refused_start(str(roots[1]), "--port", "0", "--state", state)
    assert (output, code) == ("", 1)
    assert "belongs to another root" in messages
    assert "Traceback" not in messages


def test_two_emulators_use_different_ports_and_certificates(tmp_path: Path) -> None:
    roots = [lay_out(tmp_path / name, {name: 1}) for name in ("a", "b")]
    with serve_in_process(roots[0]) as first, serve_in_process(roots[1]) as second:
        assert first.port != second.port
        assert first.certificate_sha256 != second.certificate_sha256
        for emulator, name in ((first, "a"), (second, "b")):
            (entry,) = get(emulator, "/v1/files/2/entries/")["files"]
            assert entry["name"] == name


def test_snapshots_and_ids_survive_a_killed_process(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "root", {"a": 1})
    certificate = tmp_path / "certificate.pem"
    options = (str(root), "--state", str(tmp_path / "state"), "--certificate", str(certificate))
    with serving(*options) as (process, facts):
        with closing(connect(facts, certificate)) as connection:
            headers = login(connection, "given")
            connection.request("POST", "/v3/snapshots/", "{}", headers)
            made = json.loads(connection.getresponse().read())
        process.kill()
        process.wait(30)
    with serve_in_process(root, state=tmp_path / "state") as emulator:
        assert get(emulator, "/v3/snapshots/")["entries"] == [made]
        query = f"?snapshot={made['id']}"
        assert attributes(emulator, "/a", query)["id"] == attributes(emulator, "/a")["id"]
