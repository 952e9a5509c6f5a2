"""The emulator inside a test, in one line: in a thread, or in a process of its own.

`with serve_in_thread(root, page_limit=3) as emulator:`
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import ssl
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from qumulo_emulator.errors import EmulatorError
from qumulo_emulator.server import ServeOptions, prepared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Unpack

    from qumulo_emulator.faults import Faults
    from qumulo_emulator.served import ServedCluster
    from qumulo_emulator.synthetic.shapes import Shape

_PATIENCE = 60


class Options(TypedDict, total=False):
    """The options of `qumulo-emulator serve`, as keyword arguments; the port is free by default."""

    host: str
    port: int
    username: str
    password: str
    state: str | os.PathLike[str] | None
    page_limit: int | None
    token_lifetime: int
    latency_ms: int
    certificate: str | os.PathLike[str] | None
    synthetic: int | None
    shape: Shape
    materialize: str | os.PathLike[str] | None
    materialize_snapshots: bool
    snapshots_everywhere: bool


class Emulator:
    """An emulator that is running, and a client for it.

    Attributes:
        host: its address.
        port: its port.
        username: its user.
        password: that user's password.
        root: the directory that it serves; None for a made-up tree.
        certificate_sha256: the fingerprint of its certificate.
        certificate: the file that its certificate is in, in PEM.
    """

    def __init__(self, options: ServeOptions, port: int, certificate_sha256: str) -> None:
        self.host = options.host
        self.port = port
        self.username = options.username
        self.password = options.password
        self.root = options.root
        self.certificate_sha256 = certificate_sha256
        self.certificate = str(options.certificate)
        self._token: str | None = None

    @property
    def url(self) -> str:
        """Where it is reached."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}"

    def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Make a request, logging in first where need be.

        Args:
            method: the HTTP method.
            path: the path, percent-encoded, and the query.
            body: what to send as JSON; None for nothing.

        Returns:
            The status, and the reply parsed from JSON, None where it has no body.
        """
        if self._token is None:
            self._token = self.login()
        status, reply = self.request_as(self._token, method, path, body)
        if status == 401 and reply:
            self._token = self.login()
            status, reply = self.request_as(self._token, method, path, body)
        return status, reply

    def login(self) -> str:
        """Begin a session of its own; returns its bearer token."""
        credentials = {"username": self.username, "password": self.password}
        status, reply = self.request_as(None, "POST", "/v1/session/login", credentials)
        if status != 200:
            raise ConnectionError(f"the login was answered with {status}: {reply}")
        return str(reply["bearer_token"])

    def request_as(
        self, token: str | None, method: str, path: str, body: object = None
    ) -> tuple[int, Any]:
        """Make a request with a token, or without one."""
        context = ssl.create_default_context(cafile=self.certificate)
        connection = http.client.HTTPSConnection(
            self.host, self.port, timeout=_PATIENCE, context=context
        )
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        data = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        return response.status, json.loads(text) if text else None

    def fault(self, **fault: object) -> None:
        """Script a failure; the fields are those of `qumulo_emulator.faults.Fault`."""
        self._control("POST", "faults", fault)

    def clear_faults(self) -> None:
        """Remove all scripted failures."""
        self._control("DELETE", "faults")

    def expire_sessions(self) -> None:
        """End all sessions, as after ten hours."""
        self._control("POST", "expire-sessions")

    def settings(self, **changed: object) -> dict[str, Any]:
        """Change settings, if any are given; returns all as they are then."""
        settings: dict[str, Any] = self._control("POST", "settings", changed)
        return settings

    def requests(self) -> list[dict[str, Any]]:
        """The requests that were answered so far: method, path, status."""
        entries: list[dict[str, Any]] = self._control("GET", "requests")["entries"]
        return [entry for entry in entries if not entry["path"].startswith("/emulator/")]

    def _control(self, method: str, what: str, body: object = None) -> Any:
        status, reply = self.request(method, f"/emulator/{what}", body)
        if status != 200:
            raise ValueError(f"{method} /emulator/{what} was answered with {status}: {reply}")
        return reply


class ThreadedEmulator(Emulator):
    """An emulator in a thread of this process, whose insides can be reached.

    Attributes:
        cluster: what it emulates.
        faults: the failures that are scripted.
    """

    cluster: ServedCluster
    faults: Faults


@contextmanager
def serve_in_thread(
    root: str | os.PathLike[str] | None = None, **options: Unpack[Options]
) -> Iterator[ThreadedEmulator]:
    """An emulator of a directory or a made-up tree, in a thread, while in the block."""
    with _complete(root, options) as complete, prepared(complete) as server:
        answering = threading.Event()

        def run() -> None:
            try:
                server.run(answering.set)
            finally:
                answering.set()

        thread = threading.Thread(target=run, name="qumulo-emulator")
        thread.start()
        try:
            answering.wait()
            emulator = ThreadedEmulator(complete, server.port, server.certificate_sha256)
            emulator.cluster = server.context.cluster
            emulator.faults = server.context.faults
            yield emulator
        finally:
            server.stop()
            thread.join()


@contextmanager
def serve_in_process(
    root: str | os.PathLike[str] | None = None, **options: Unpack[Options]
) -> Iterator[Emulator]:
    """An emulator of a directory or a made-up tree, in a process of its own, while in the block.

    Raises:
        EmulatorError: if it could not start; the message is what it said.
    """
    with _complete(root, options) as complete:
        environment = {**os.environ, "QUMULO_EMULATOR_PASSWORD": complete.password}
        process = subprocess.Popen(
            [sys.executable, "-m", "qumulo_emulator", *_arguments(complete)],
            stdout=subprocess.PIPE,
            env=environment,
        )
        with process:
            try:
                line = process.stdout.readline() if process.stdout else b""
                if not line:
                    raise EmulatorError(f"the emulator ended with {process.wait()}")
                facts = json.loads(line)
                yield Emulator(complete, facts["port"], facts["certificate_sha256"])
            finally:
                process.terminate()
                process.wait()


def _arguments(options: ServeOptions) -> list[str]:
    arguments = [
        *("serve", "--host", options.host, "--port", str(options.port)),
        *("--username", options.username),
        *("--token-lifetime", str(options.token_lifetime)),
        *("--latency-ms", str(options.latency_ms), "--certificate", str(options.certificate)),
    ]
    for option, value in (
        ("--page-limit", options.page_limit),
        ("--state", options.state),
        ("--synthetic", options.synthetic),
        ("--shape", None if options.synthetic is None else options.shape),
        ("--materialize", options.materialize),
    ):
        if value is not None:
            arguments += [option, str(value)]
    if options.materialize_snapshots:
        arguments.append("--materialize-snapshots")
    if options.snapshots_everywhere:
        arguments.append("--snapshots-everywhere")
    return arguments if options.root is None else [*arguments, "--", options.root]


@contextmanager
def _complete(root: str | os.PathLike[str] | None, options: Options) -> Iterator[ServeOptions]:
    """The options with all that was left out; a password and a file for the certificate too."""

    def path(name: Literal["state", "materialize"]) -> str | None:
        given = options.get(name)
        return None if given is None else os.fspath(given)

    with tempfile.TemporaryDirectory(prefix="qumulo-emulator-") as scratch:
        certificate = options.get("certificate") or os.path.join(scratch, "certificate.pem")
        yield ServeOptions(
            root=None if root is None else os.fspath(root),
            password=options.get("password") or secrets.token_urlsafe(16),
            host=options.get("host", "127.0.0.1"),
            port=options.get("port", 0),
            username=options.get("username", "admin"),
            state=path("state"),
            page_limit=options.get("page_limit"),
            token_lifetime=options.get("token_lifetime", 36_000),
            latency_ms=options.get("latency_ms", 0),
            certificate=os.fspath(certificate),
            synthetic=options.get("synthetic"),
            shape=options.get("shape", "mixed"),
            materialize=path("materialize"),
            materialize_snapshots=options.get("materialize_snapshots", False),
            snapshots_everywhere=options.get("snapshots_everywhere", False),
        )
