"""A tiny HTTPS server with canned replies, for those that no emulated cluster sends."""

import contextlib
import hashlib
import http.server
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import trustme

from qumulo_changelist.config.settings import Secret, Settings

Reply = tuple[int, object] | tuple[int, object, dict[str, str]]
"""Status and body, as bytes or as what becomes JSON, and headers."""

AUTHORITY = trustme.CA(key_type=trustme.KeyType.ECDSA)
TOKEN = "token-of-the-session"
PASSWORD = "correct-horse-battery"


@dataclass
class Canned:
    """The server, as a test uses it."""

    port: int
    fingerprint: str
    answer: Callable[[str, str], Reply] = lambda _method, _uri: (500, b"")
    """Called with method and URI of each request but logins, unless ``login`` is None."""
    login: Reply | None = (200, {"bearer_token": TOKEN})
    asked: list[str] = field(default_factory=list)
    """Method and URI of each request but logins."""
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def settings(self, **changed: object) -> Settings:
        """Return settings that reach the server."""
        values: dict[str, Any] = {
            "hosts": ("127.0.0.1",),
            "port": self.port,
            "username": "archiver",
            "password": Secret(PASSWORD),
            "fingerprint": self.fingerprint,
        }
        return Settings(**(values | changed))

    def gives(self, *replies: Reply) -> None:
        """Answer with these replies in turn, then with the last one."""
        left = list(replies)
        self.answer = lambda _method, _uri: left.pop(0) if len(left) > 1 else left[0]

    def reply(self, method: str, uri: str, headers: dict[str, str], body: bytes) -> Reply:
        if uri == "/v1/session/login" and self.login is not None:
            return self.login
        self.asked.append(f"{method} {uri}")
        self.headers.append(headers)
        self.bodies.append(body)
        return self.answer(method, uri)


@contextlib.contextmanager
def serve(host: str = "127.0.0.1", *, port: int = 0, tls: bool = True) -> Iterator[Canned]:
    """Run a server for the block."""
    leaf = AUTHORITY.issue_cert("127.0.0.1", "localhost", key_type=trustme.KeyType.ECDSA)
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode("ascii"))
    canned = Canned(0, hashlib.sha256(der).hexdigest())

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            reply = canned.reply(self.command, self.path, dict(self.headers), body)
            status, content, *more = reply
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            for name, value in (more[0] if more else {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def do_POST(self) -> None:
            self.do_GET()

        def do_DELETE(self) -> None:
            self.do_GET()

        def log_message(self, *_arguments: object) -> None:
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: object) -> None:
            pass  # a client that closed the connection

    with Server((host, port), Handler) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            leaf.configure_cert(context)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        canned.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield canned
        finally:
            server.shutdown()
            thread.join()


def file(**changed: object) -> dict[str, object]:
    """Return a file's attributes, as the API writes them."""
    return {
        "path": "/a/f",
        "name": "f",
        "num_links": 1,
        "type": "FS_FILE_TYPE_FILE",
        "id": "7",
        "mode": "0644",
        "owner": str((3 << 32) + 501),
        "owner_details": {"id_type": "NFS_UID", "id_value": "501"},
        "group": str((4 << 32) + 20),
        "group_details": {"id_type": "NFS_GID", "id_value": "20"},
        "size": "10",
        "access_time": "1970-01-01T00:00:02Z",
        "modification_time": "1970-01-01T00:00:01Z",
    } | changed
