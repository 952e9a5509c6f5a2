"""The emulator inside a test, in a thread or in a separate process.

`with serve_in_thread(root, page_limit=3) as emulator:`
"""

import http.client
import json
import os
import secrets
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypedDict
from urllib.parse import quote

from qumulo_emulator.errors import EmulatorError
from qumulo_emulator.faults import Faults
from qumulo_emulator.interface import Cluster
from qumulo_emulator.nodes import Address
from qumulo_emulator.options import ServeOptions
from qumulo_emulator.server import prepare_server
from qumulo_emulator.synthetic.shapes import Shape

if TYPE_CHECKING:
    # `typing` has it since Python 3.11 only.
    from typing_extensions import Unpack

_TIMEOUT = 60


class EmulatorOptions(TypedDict, total=False):
    """The options of `qumulo-emulator serve` as keyword arguments; by default, any free port."""

    host: str
    port: int
    nodes: int
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
    """A running emulator, with methods to send it requests.

    Attributes:
        host: its address.
        port: its port.
        addresses: the host and the port of each node; the first has those above.
        username: its user.
        password: that user's password.
        root: the directory that it serves; None for a synthetic tree.
        certificate_sha256: the fingerprint of its certificate.
        certificate: the path of the file with its certificate, in PEM.
        pid: the id of its process.
    """

    def __init__(
        self, options: ServeOptions, addresses: list[Address], certificate_sha256: str
    ) -> None:
        self.host, self.port = addresses[0]
        self.addresses = addresses
        self.username = options.username
        self.password = options.password
        self.root = options.root
        self.certificate_sha256 = certificate_sha256
        self.certificate = str(options.certificate)
        self._token: str | None = None
        self.pid = os.getpid()
        self._dead: set[int] = set()

    @property
    def url(self) -> str:
        """The URL of its API, without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}"

    def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Send a request, and log in first if necessary.

        Args:
            method: the HTTP method.
            path: the path, percent-encoded, and the query.
            body: the value to send as JSON; None sends no body.

        Returns:
            The status, and the value of the reply's JSON; None if it has no body.
        """
        if self._token is None:
            self._token = self.login()
        status, reply = self.request_as(self._token, method, path, body)
        if status == 401 and reply:
            self._token = self.login()
            status, reply = self.request_as(self._token, method, path, body)
        return status, reply

    def login(self) -> str:
        """Start a new session and return its bearer token.

        Raises:
            ConnectionError: if the login is refused.
        """
        credentials = {"username": self.username, "password": self.password}
        status, reply = self.request_as(None, "POST", "/v1/session/login", credentials)
        if status != 200:
            raise ConnectionError(f"the login was answered with {status}: {reply}")
        return str(reply["bearer_token"])

    def request_as(
        self, token: str | None, method: str, path: str, body: object = None
    ) -> tuple[int, Any]:
        """Send a request with this bearer token to a live node; None sends no token."""
        context = ssl.create_default_context(cafile=self.certificate)
        numbers = range(1, len(self.addresses) + 1)
        node = next((number for number in numbers if number not in self._dead), 1)
        host, port = self.addresses[node - 1]
        connection = http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=context)
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
        """Script a failure; the arguments are the fields of `qumulo_emulator.faults.Fault`."""
        self._control("POST", "faults", fault)

    def clear_faults(self) -> None:
        """Remove all scripted failures."""
        self._control("DELETE", "faults")

    def expire_sessions(self) -> None:
        """End all sessions, as after ten hours."""
        self._control("POST", "expire-sessions")

    def forget_pages(self) -> None:
        """Make the key of every page stale that was issued so far."""
        self._control("POST", "forget-pages")

    def settings(self, **changed: object) -> dict[str, Any]:
        """Change the given settings, and return all of them."""
        settings: dict[str, Any] = self._control("POST", "settings", changed)
        return settings

    def nodes(self) -> list[dict[str, Any]]:
        """Return, of each node: id, host, port, alive, latency_ms, and requests, their number."""
        entries: list[dict[str, Any]] = self._control("GET", "nodes")["entries"]
        return entries

    def change_node(self, number: int, **changed: object) -> dict[str, Any]:
        """Make a node slow (`latency_ms`), dead, or alive (`alive`), and return what it is now."""
        if changed.get("alive") is False:
            self._dead.add(number)  # so that a different one is asked
        node: dict[str, Any] = self._control("POST", f"nodes/{number}", changed)
        if node["alive"]:
            self._dead.discard(number)
        return node

    def run_policy(self, name: str) -> dict[str, Any]:
        """Take a snapshot by a snapshot policy now, and return it as version 3 of the API does."""
        quoted = quote(name.encode("utf-8", "surrogateescape"), safe="")
        taken: dict[str, Any] = self._control("POST", f"policies/{quoted}/run")
        return taken

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests that were answered so far: method, path, status, node."""
        entries: list[dict[str, Any]] = self._control("GET", "requests")["entries"]
        return [entry for entry in entries if not entry["path"].startswith("/emulator/")]

    def advance(self, seconds: int) -> None:
        """Let time pass on the cluster: its clock is ahead of this machine's from now on."""
        self._control("POST", "clock", {"advance": seconds})

    def forget_requests(self) -> None:
        """Forget the requests that were answered so far."""
        self._control("DELETE", "requests")

    def _control(self, method: str, endpoint: str, body: object = None) -> Any:
        status, reply = self.request(method, f"/emulator/{endpoint}", body)
        if status != 200:
            raise ValueError(f"{method} /emulator/{endpoint} was answered with {status}: {reply}")
        return reply


class ThreadedEmulator(Emulator):
    """An emulator in a thread of this process, so that its cluster can be reached without HTTP.

    Attributes:
        cluster: the cluster that it serves.
        faults: the scripted failures.
    """

    cluster: Cluster
    faults: Faults


@contextmanager
def serve_in_thread(
    root: str | os.PathLike[str] | None = None, **options: "Unpack[EmulatorOptions]"
) -> Iterator[ThreadedEmulator]:
    """Yield an emulator of a directory or a synthetic tree, which runs in a thread."""
    with _complete_options(root, options) as complete, prepare_server(complete) as server:
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
            addresses = [Address(node.host, node.port) for node in server.context.nodes.all]
            emulator = ThreadedEmulator(complete, addresses, server.certificate_sha256)
            emulator.cluster = server.context.cluster
            emulator.faults = server.context.faults
            yield emulator
        finally:
            server.stop()
            thread.join()


@contextmanager
def serve_in_process(
    root: str | os.PathLike[str] | None = None, **options: "Unpack[EmulatorOptions]"
) -> Iterator[Emulator]:
    """Yield an emulator of a directory or a synthetic tree, which runs in a separate process.

    Raises:
        EmulatorError: if it could not start; its own message is on standard error.
    """
    with _complete_options(root, options) as complete:
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
                only = {"host": facts["host"], "port": facts["port"]}
                addresses = [Address(**node) for node in facts.get("nodes", [only])]
                emulator = Emulator(complete, addresses, facts["certificate_sha256"])
                emulator.pid = process.pid
                yield emulator
            finally:
                process.terminate()
                process.wait()


def _arguments(options: ServeOptions) -> list[str]:
    arguments = [
        *("serve", "--host", options.host, "--port", str(options.port)),
        *("--nodes", str(options.nodes)),
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
def _complete_options(
    root: str | os.PathLike[str] | None, options: EmulatorOptions
) -> Iterator[ServeOptions]:
    """Yield the options with defaults for what is missing, password and certificate included."""

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
            nodes=options.get("nodes", 1),
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
