"""The command as a process: what it prints, what it needs, how it ends, and what it leaves."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from qumulo_emulator.running import serve_in_process
from tests.emulator.trees import lay_out
from tests.emulator.wire import attributes, created, got

PROGRAM = Path(sys.executable).with_name("qumulo-emulator")
FACTS = {"host", "port", "username", "certificate_sha256", "root"}
PASSWORD = "QUMULO_EMULATOR_PASSWORD"


def begun(*arguments: str, password: str | None = "given") -> subprocess.Popen[bytes]:
    environment = {name: value for name, value in os.environ.items() if name != PASSWORD}
    if password is not None:
        environment[PASSWORD] = password
    return subprocess.Popen(
        [str(PROGRAM), "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )


@contextmanager
def serving(
    *arguments: str, password: str | None = "given"
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """The process while it runs, and what it said of itself."""
    with begun(*arguments, "--port", "0", password=password) as process:
        try:
            assert process.stdout
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def connected(facts: dict[str, Any], certificate: Path) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=str(certificate))
    return http.client.HTTPSConnection(facts["host"], facts["port"], timeout=30, context=context)


def said_at_the_end(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes, int]:
    output, messages = process.communicate(timeout=30)
    return output, messages, process.returncode


@pytest.mark.parametrize(
    ("password", "more"), [("given", set()), (None, {"password"}), ("", {"password"})]
)
def test_it_prints_one_line_and_the_password_only_where_it_made_one_up(
    tmp_path: Path, password: str | None, more: set[str]
) -> None:
    with serving(str(tmp_path), "--username", "me", password=password) as (process, facts):
        assert set(facts) == FACTS | more
        assert (facts["host"], facts["username"]) == ("127.0.0.1", "me")
        assert facts["root"] == str(tmp_path.resolve())
        process.terminate()
        assert said_at_the_end(process) == (b"", b"", 0)


def test_it_answers_when_it_says_so_to_the_password_that_it_says(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem"
    with serving(str(tmp_path), "--certificate", str(certificate), password=None) as (_, facts):
        connection = connected(facts, certificate)
        body = json.dumps({"username": "admin", "password": facts["password"]})
        connection.request("POST", "/v1/session/login", body)
        with connection.getresponse() as answer:
            assert answer.status == 200
        connection.close()


def test_the_certificate_in_the_file_is_the_one_that_is_served_and_named(tmp_path: Path) -> None:
    certificate = tmp_path / "certificate.pem"
    certificate.write_text("an older one")
    with serving(str(tmp_path), "--certificate", str(certificate)) as (_, facts):
        served = ssl.get_server_certificate((facts["host"], facts["port"]))
        assert certificate.read_text().startswith(served.strip())
        der = ssl.PEM_cert_to_DER_cert(served)
        assert hashlib.sha256(der).hexdigest() == facts["certificate_sha256"]
    assert "PRIVATE KEY" not in certificate.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0_though_clients_wait_or_stay(
    tmp_path: Path, number: signal.Signals
) -> None:
    certificate = tmp_path / "certificate.pem"
    with serving(str(tmp_path), "--certificate", str(certificate)) as (process, facts):
        idle, stalled = connected(facts, certificate), connected(facts, certificate)
        body = json.dumps({"username": "admin", "password": "given"})
        idle.request("POST", "/v1/session/login", body)
        token = json.loads(idle.getresponse().read())["bearer_token"]
        fault = json.dumps({"path": "/v1/version", "action": "stall"})
        idle.request("POST", "/emulator/faults", fault, {"Authorization": f"Bearer {token}"})
        assert idle.getresponse().read()
        stalled.request("GET", "/v1/version")
        silent = socket.create_connection((facts["host"], facts["port"]))
        begun_at = time.monotonic()
        process.send_signal(number)
        assert said_at_the_end(process) == (b"", b"", 0)
        assert time.monotonic() - begun_at < 5
        for client in (idle, stalled, silent):
            client.close()


@pytest.mark.parametrize(
    ("arguments", "told"),
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
def test_what_keeps_it_from_starting_is_told_without_a_traceback(
    tmp_path: Path,
    refused_start: Callable[..., tuple[str, str, int]],
    arguments: tuple[str, ...],
    told: str,
) -> None:
    lay_out(tmp_path, {"file": 1})
    output, messages, code = refused_start(*(argument.format(tmp_path) for argument in arguments))
    assert code in (1, 2)
    assert output == ""
    assert told in messages
    assert "Traceback" not in messages


def test_a_port_in_use_is_told_by_its_number(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with begun(str(tmp_path), "--port", port) as process:
            output, messages, code = said_at_the_end(process)
    assert (output, code) == (b"", 1)
    text = messages.decode()
    assert len(text.splitlines()) == 1
    assert "in use" in text
    assert port in text


def test_two_at_once_find_ports_of_their_own(tmp_path: Path) -> None:
    roots = [lay_out(tmp_path / name, {name: 1}) for name in ("a", "b")]
    with serve_in_process(roots[0]) as first, serve_in_process(roots[1]) as second:
        assert first.port != second.port
        assert first.certificate_sha256 != second.certificate_sha256
        for emulator, name in ((first, "a"), (second, "b")):
            (entry,) = got(emulator, "/v1/files/2/entries/")["files"]
            assert entry["name"] == name


def test_snapshots_and_ids_survive_a_restart_where_the_state_is_kept(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "root", {"a": 1, "d": {"b": 1}})
    with serve_in_process(root, state=tmp_path / "state") as emulator:
        ids = [attributes(emulator, path)["id"] for path in ("/", "/a", "/d", "/d/b")]
        kept = created(emulator, "v3", "/d", name_suffix="kept")
        gone = created(emulator, "v3", "/d")["id"]
        emulator.request("DELETE", f"/v3/snapshots/{gone}")
    (root / "a").rename(root / "d/moved")
    lay_out(root / "d", {"new": 1})
    with serve_in_process(root, state=tmp_path / "state") as emulator:
        paths = ("/", "/d/moved", "/d", "/d/b")
        assert [attributes(emulator, path)["id"] for path in paths] == ids
        assert attributes(emulator, "/d/new")["id"] not in ids
        assert got(emulator, "/v3/snapshots/")["entries"] == [kept]
        newer = created(emulator, "v3", "/d")["id"]
        assert newer == gone + 1
        entries = got(emulator, f"/v2/snapshots/{newer}/changes-since/{kept['id']}")["entries"]
        assert [(entry["op"], entry["path"]) for entry in entries] == [
            ("MODIFY", "/d/"),
            ("CREATE", "/d/moved"),
            ("CREATE", "/d/new"),
        ]


def test_snapshots_survive_even_an_end_that_nobody_could_see_coming(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "root", {"a": 1})
    certificate = tmp_path / "certificate.pem"
    options = (str(root), "--state", str(tmp_path / "state"), "--certificate", str(certificate))
    with serving(*options) as (process, facts):
        connection = connected(facts, certificate)
        body = json.dumps({"username": "admin", "password": "given"})
        connection.request("POST", "/v1/session/login", body)
        token = json.loads(connection.getresponse().read())["bearer_token"]
        connection.request("POST", "/v3/snapshots/", "{}", {"Authorization": f"Bearer {token}"})
        made = json.loads(connection.getresponse().read())
        connection.close()
        process.kill()
        process.wait(30)
    with serve_in_process(root, state=tmp_path / "state") as emulator:
        assert got(emulator, "/v3/snapshots/")["entries"] == [made]
        query = f"?snapshot={made['id']}"
        assert attributes(emulator, "/a", query)["id"] == attributes(emulator, "/a")["id"]


def test_a_state_serves_the_root_that_it_was_made_for_alone(tmp_path: Path) -> None:
    roots = [lay_out(tmp_path / name, {}) for name in ("a", "b")]
    state = str(tmp_path / "state")
    with serve_in_process(roots[0], state=state):
        pass
    with begun(str(roots[1]), "--port", "0", "--state", state) as process:
        output, messages, code = said_at_the_end(process)
    assert (output, code) == (b"", 1)
    assert b"belongs to another root" in messages
    assert b"Traceback" not in messages
