"""The emulated cluster on the network: its certificate, its socket, its start and its end."""

from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import ssl
import tempfile
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme
import uvicorn
from starlette.concurrency import run_in_threadpool

from qumulo_emulator.api.connections import Connections
from qumulo_emulator.api.context import Context
from qumulo_emulator.api.gate import Gate
from qumulo_emulator.api.routes import application
from qumulo_emulator.cluster import Cluster
from qumulo_emulator.errors import ListeningError
from qumulo_emulator.settings import Settings
from qumulo_emulator.synthetic.app import QuickAnswers
from qumulo_emulator.synthetic.cluster import SyntheticCluster
from qumulo_emulator.synthetic.materialize import materialize

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import FrameType

    from starlette.applications import Starlette
    from starlette.types import ASGIApp

    from qumulo_emulator.served import ServedCluster
    from qumulo_emulator.synthetic.shapes import Shape

_EXPIRY_LOOK = 0.25
_BACKLOG = 1024
_PAGE, _MADE_UP_PAGE = 1000, 100_000
_GRACE = 0.5
_TICK = 0.1


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What an emulator is started with.

    Attributes:
        root: the directory that is the cluster's file system; None for a made-up one.
        password: the user's password.
        host: the address to listen on.
        port: the port to listen on; 0 picks a free one.
        username: the only user's name.
        state: the directory in which ids and snapshots outlive the emulator; None to forget them.
        page_limit: the largest page; None for what goes without saying.
        token_lifetime: how many seconds a session lasts.
        latency_ms: milliseconds to wait before each answer.
        certificate: the file to write the certificate to, in PEM; None to write none.
        synthetic: how many changes are made up, where there is no root.
        shape: how they are spread.
        materialize: the directory in which the made-up tree is laid out first; None for nowhere.
        materialize_snapshots: whether to lay out its snapshots there, too.
        snapshots_everywhere: whether snapshots of the root's directories appear in every directory.
    """

    root: str | None
    password: str
    host: str = "127.0.0.1"
    port: int = 8000
    username: str = "admin"
    state: str | None = None
    page_limit: int | None = None
    token_lifetime: int = 36_000
    latency_ms: int = 0
    certificate: str | None = None
    synthetic: int | None = None
    shape: Shape = "mixed"
    materialize: str | None = None
    materialize_snapshots: bool = False
    snapshots_everywhere: bool = False


class EmulatorServer:
    """An emulator that has its socket and its certificate, and is ready to run.

    Use `prepared` to make one.
    """

    def __init__(
        self, context: Context, listening: socket.socket, certificate: Certificate
    ) -> None:
        self.context = context
        self.port: int = listening.getsockname()[1]
        self.certificate_sha256 = certificate.sha256
        self._socket = listening
        self._connections = Connections()
        answers: ASGIApp = application(context, _expiring(context))
        if isinstance(context.cluster, SyntheticCluster):
            answers = QuickAnswers(answers, context, context.cluster)
        gate = Gate(answers, context, self._connections)
        config = uvicorn.Config(
            gate,
            http=self._connections.protocol(),
            ws="none",
            lifespan="on",
            loop="uvloop",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=600,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = certificate.context
        self._server = _Server(config, self._connections)

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until stopped; `ready` is called when requests are answered."""
        self._server.ready = ready
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Make `run` return, within about a second; from any thread."""
        self._server.end()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self.ready: Callable[[], None] = lambda: None
        self._known = connections
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()

    def end(self) -> None:
        """End it at once; by itself, uvicorn checks ten times a second whether to end."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._ending.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.end()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.ready()

    async def main_loop(self) -> None:
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._ending.wait(), _TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._known.stopping = True
        # Some clients keep their side of an idle connection open for as long as they can.
        asyncio.get_running_loop().call_later(_GRACE, self._known.drop_all)
        await super().shutdown(sockets)


@contextmanager
def prepared(options: ServeOptions) -> Iterator[EmulatorServer]:
    """An emulator that is ready to run; all that it holds is let go at the end.

    Raises:
        OSError: if the root or the certificate's file cannot be used.
        ListeningError: if the address or the port cannot be used.
        StateError: if the state cannot be used.
    """
    cluster = _cluster(options)
    try:
        with _listening(options.host, options.port) as listening:
            certificate = Certificate(options.host)
            if options.certificate is not None:
                certificate.write(options.certificate)
            yield EmulatorServer(Context(cluster, options.host), listening, certificate)
    finally:
        cluster.close()


def _cluster(options: ServeOptions) -> ServedCluster:
    """What is served: a made-up tree where there is no root."""
    if options.root is None:
        settings = Settings(options.page_limit or _MADE_UP_PAGE, options.latency_ms)
        made_up = SyntheticCluster(
            options.shape,
            options.synthetic or 0,
            username=options.username,
            password=options.password,
            token_lifetime=options.token_lifetime,
            settings=settings,
        )
        if options.materialize is not None:
            snapshots = options.materialize_snapshots
            materialize(made_up, options.materialize, snapshots=snapshots)
        return made_up
    return Cluster(
        options.root,
        username=options.username,
        password=options.password,
        state_directory=options.state,
        token_lifetime=options.token_lifetime,
        settings=Settings(options.page_limit or _PAGE, options.latency_ms),
        snapshots_everywhere=options.snapshots_everywhere,
    )


class Certificate:
    """A certificate made now for a host, with the authority that signed it, made now too."""

    def __init__(self, host: str) -> None:
        authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
        names = dict.fromkeys((host, "localhost", "127.0.0.1", "::1"))
        leaf = authority.issue_cert(*names, key_type=trustme.KeyType.ECDSA)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        leaf.configure_cert(self.context)
        chain = [blob.bytes() for blob in leaf.cert_chain_pems]
        self._pem = b"".join((*chain, authority.cert_pem.bytes()))
        der = ssl.PEM_cert_to_DER_cert(chain[0].decode("ascii"))
        self.sha256 = hashlib.sha256(der).hexdigest()

    def write(self, path: str) -> None:
        """Write the certificate and its authority's, whole or not at all."""
        directory, name = os.path.split(os.path.abspath(path))
        fd, unfinished = tempfile.mkstemp(dir=directory, prefix=f".{name[:100]}.")
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(self._pem)
                os.fchmod(fd, 0o644)
            os.replace(unfinished, path)
        except OSError:
            os.unlink(unfinished)
            raise


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay of 40 ms off only for a socket that says it speaks TCP, which one
    # made by socket.create_server does not.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen(_BACKLOG)
        except OSError as error:
            # The system does not say what it is that is in use or not to be had.
            raise ListeningError(
                f"cannot listen on {host} port {port}: {error.strerror}"
            ) from error
        yield listening


def _expiring(context: Context) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """A lifespan in which snapshots that have expired go by themselves."""

    async def remove_expired() -> None:
        while True:
            await run_in_threadpool(context.cluster.snapshots.remove_expired)
            await asyncio.sleep(_EXPIRY_LOOK)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(remove_expired())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return lifespan
