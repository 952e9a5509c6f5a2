"""A TLS server that sends exactly the bytes of a script, for what no HTTP server sends."""

import contextlib
import hashlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence

import trustme

from qumulo_changelist.config.settings import Secret, Settings

AUTHORITY = trustme.CA(key_type=trustme.KeyType.ECDSA)
PATIENCE = 20

SILENCE = b"<silence>"
"""The end of an answer after which nothing is sent before the test ends."""

NOTHING = b"<nothing>"
"""An answer that is not sent at all."""

Answer = bytes | Callable[[Callable[[bytes], None]], None]
"""What is sent, or what is called with a function that sends and raises once the client hung up."""


class Connection:
    """What the server does on one connection: it sends one answer for each request.

    Args:
        answers: what is sent, each after a request came.
        is_cut: whether the connection then ends without the end of TLS.
        has_tls: whether it answers the beginning of TLS at all.
    """

    def __init__(self, *answers: Answer, is_cut: bool = False, has_tls: bool = True) -> None:
        self.answers = answers
        self.is_cut = is_cut
        self.has_tls = has_tls
        self.is_over = threading.Event()
        """Whether the server has closed it."""


class Scripted:
    """The server, as a test uses it."""

    def __init__(self, port: int, fingerprint: str) -> None:
        self.port = port
        self.fingerprint = fingerprint
        self.requests: list[bytes] = []
        self.accepted = 0
        self.over = threading.Event()

    def settings(self, *hosts: str) -> Settings:
        return Settings(
            hosts or ("127.0.0.1",),
            self.port,
            "archiver",
            Secret(""),
            access_token=Secret("access-v1:abc"),
            fingerprint=self.fingerprint,
        )


@contextlib.contextmanager
def play(
    script: Sequence[Connection], host: str = "127.0.0.1", port: int = 0
) -> Iterator[Scripted]:
    """Run a server for the block, which follows a script: one item for each connection."""
    leaf = AUTHORITY.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA)
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode("ascii"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    threads = []
    with socket.create_server((host, port)) as listening:
        played = Scripted(listening.getsockname()[1], hashlib.sha256(der).hexdigest())

        def accept() -> None:
            for connection in script:
                taken, _ = listening.accept()
                if played.over.is_set():
                    taken.close()
                    return
                played.accepted += 1
                thread = threading.Thread(target=_serve, args=(played, context, taken, connection))
                threads.append(thread)
                thread.start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield played
        finally:
            played.over.set()
            if accepting.is_alive():
                with contextlib.suppress(OSError), socket.create_connection((host, played.port)):
                    pass
            for thread in (accepting, *threads):
                thread.join(PATIENCE)


def _serve(
    played: Scripted, context: ssl.SSLContext, taken: socket.socket, script: Connection
) -> None:
    taken.settimeout(PATIENCE)
    try:
        if not script.has_tls:
            played.over.wait(PATIENCE)
            return
        with contextlib.suppress(OSError):
            taken = context.wrap_socket(taken, server_side=True)
            for answer in script.answers:
                played.requests.append(_read_request(taken))
                if callable(answer):
                    answer(taken.sendall)
                    continue
                taken.sendall(answer.removesuffix(SILENCE).removesuffix(NOTHING))
                if answer.endswith(SILENCE):
                    played.over.wait(PATIENCE)
            if not script.is_cut:
                taken.settimeout(0)
                taken.unwrap()
    finally:
        taken.close()
        script.is_over.set()


def _read_request(taken: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(taken)
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            while len(body) < int(line.partition(b":")[2]):
                body += _some(taken)
    return head + b"\r\n\r\n" + body


def _some(taken: socket.socket) -> bytes:
    data = taken.recv(65_536)
    if not data:
        raise ConnectionError("the client closed the connection")
    return data
