"""Servers of made-up trees: the emulator, and the one that repeats its answers from memory."""

import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import urllib3

from bench.scenario import Scenario

_REPOSITORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ANYWHERE = ("127.0.0.1", 0)
WALKED = ("127.0.8.1", 8000)
"""Where a server is that the vendor's walk asks: its port is fixed."""
_REQUESTS_OF_EMULATOR = "/emulator/requests"
_LISTING = re.compile(r"/entries/?(?:\?|$)")


class Server(NamedTuple):
    """A running server."""

    host: str
    port: int
    username: str
    password: str
    certificate: str
    """The file with its certificate, in PEM."""
    fingerprint: str
    source: str
    """The directory of the cluster that the snapshots are of."""
    older: int
    newer: int
    is_replayed: bool = False
    """Whether it has its answers from an emulator."""
    pid: int = 0
    """Of its process, if this is of interest."""

    def pool(self) -> urllib3.HTTPSConnectionPool:
        """Return connections to it."""
        return urllib3.HTTPSConnectionPool(self.host, self.port, ca_certs=self.certificate)

    def log_in(self) -> str:
        """Return the token of a session."""
        login = {"username": self.username, "password": self.password}
        with self.pool() as pool:
            answer = pool.request("POST", "/v1/session/login", json=login)
        return str(answer.json()["bearer_token"])


class Requests(NamedTuple):
    """Requests that a server received."""

    number: int
    listings: int
    """The number of those for pages of directories."""
    misses: int = 0
    """The number of those that it could not answer from memory."""
    most_in_flight: int | None = None
    """The largest number that waited for an answer at once; None if the server has no record."""
    processor: float = 0
    """The seconds of processor time that the server took for them, if it knows."""


@contextlib.contextmanager
def serve(scenario: Scenario, folder: str, mount: str) -> Iterator[Server]:
    """Serve the diff of a scenario for a ``with`` block.

    Args:
        scenario: what to serve.
        folder: where the servers may write files.
        mount: where to write the newer tree, if the scenario needs that.
    """
    with serve_emulator(scenario, folder, mount) as origin:
        if not scenario.is_replayed:
            yield origin
            return
        where = WALKED if scenario.is_walked else ANYWHERE
        with serve_replay(origin, scenario.latency_ms, folder, where) as replay:
            yield replay


def take_requests(server: Server, token: str) -> Requests | None:
    """Return the requests since the last call; None if the server has no record.

    Args:
        server: the server.
        token: of a session.
    """
    with server.pool() as pool:
        if server.is_replayed:
            counts = pool.request("DELETE", "/replay/counts").json()
            return Requests(
                counts["requests"],
                counts["kinds"].get("listings", 0),
                counts["misses"],
                counts["most_in_flight"],
                counts["processor"],
            )
        headers = {"Authorization": f"Bearer {token}"}
        answer = pool.request("GET", _REQUESTS_OF_EMULATOR, headers=headers)
        if answer.status != 200:
            return None
        # The emulator remembers the last hundred thousand.
        paths = [entry["path"] for entry in answer.json()["entries"]]
    last_call = max(
        (n for n, path in enumerate(paths) if path == _REQUESTS_OF_EMULATOR), default=-1
    )
    new = paths[last_call + 1 :]
    return Requests(len(new), sum(bool(_LISTING.search(path)) for path in new))


@contextlib.contextmanager
def serve_emulator(scenario: Scenario, folder: str, mount: str) -> Iterator[Server]:
    """Serve the diff of a scenario from an emulator; see ``serve``."""
    password = secrets.token_urlsafe(12)
    certificate = os.path.join(folder, "emulator.pem")
    command = ["qumulo_emulator", "serve", "--port", "0", "--certificate", certificate]
    command += ["--synthetic", str(scenario.size), "--shape", scenario.shape]
    if not scenario.is_replayed:
        command += ["--latency-ms", str(scenario.latency_ms)]
    if scenario.needs_mount:
        command += ["--materialize", mount, "--materialize-snapshots"]
    with _started(command, {"QUMULO_EMULATOR_PASSWORD": password}) as facts:
        yield Server(
            facts["host"],
            facts["port"],
            facts["username"],
            password,
            certificate,
            facts["certificate_sha256"],
            facts["source"],
            int(facts["older"]),
            int(facts["newer"]),
        )


@contextlib.contextmanager
def serve_folder(root: str, folder: str) -> Iterator[Server]:
    """Serve the files of a folder from an emulator; the server has no snapshot yet."""
    password = secrets.token_urlsafe(12)
    certificate = os.path.join(folder, "emulator.pem")
    command = ["qumulo_emulator", "serve", root, "--port", "0", "--certificate", certificate]
    with _started(command, {"QUMULO_EMULATOR_PASSWORD": password}) as facts:
        yield Server(
            facts["host"],
            facts["port"],
            facts["username"],
            password,
            certificate,
            facts["certificate_sha256"],
            source="/",
            older=0,
            newer=0,
            pid=facts["pid"],
        )


@contextlib.contextmanager
def serve_replay(
    origin: Server, delay_ms: int, folder: str, address: tuple[str, int] = ANYWHERE
) -> Iterator[Server]:
    """Serve the answers of another server from memory, each later by this time."""
    host, port = address
    certificate = os.path.join(folder, "replay.pem")
    command = ["bench.replay", "--origin-port", str(origin.port)]
    command += ["--origin-certificate", origin.certificate]
    command += ["--certificate", certificate, "--delay-ms", str(delay_ms)]
    command += ["--host", host, "--port", str(port)]
    with _started(command, {}) as facts:
        yield origin._replace(
            host=host,
            port=facts["port"],
            certificate=certificate,
            fingerprint=facts["certificate_sha256"],
            is_replayed=True,
        )


@contextlib.contextmanager
def _started(module: Sequence[str], variables: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Run a module that serves; yield what it prints when it is ready."""
    server = subprocess.Popen(
        [sys.executable, "-m", *module],
        stdout=subprocess.PIPE,
        cwd=_REPOSITORY,
        env=os.environ | variables,
        start_new_session=True,  # Ctrl-C reaches only the bench, which then ends the server
    )
    with server:
        try:
            assert server.stdout
            ready = server.stdout.readline()
            if not ready:
                raise SystemExit(f"the server ended with {server.wait()}")
            yield {**json.loads(ready), "pid": server.pid}
        finally:
            server.terminate()
