"""The emulated cluster on the network: how the server starts, runs and stops."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp

from qumulo_emulator.api.connections import Connections
from qumulo_emulator.api.context import Context
from qumulo_emulator.api.middleware import Middleware
from qumulo_emulator.api.routes import application
from qumulo_emulator.certificate import Certificate
from qumulo_emulator.errors import ListeningError
from qumulo_emulator.interface import Cluster
from qumulo_emulator.listening import bound_address, listen, listening_sockets
from qumulo_emulator.local.cluster import LocalCluster
from qumulo_emulator.nodes import Address, Node, Nodes
from qumulo_emulator.options import ServeOptions
from qumulo_emulator.settings import Settings
from qumulo_emulator.synthetic.cluster import SyntheticCluster
from qumulo_emulator.synthetic.fast_path import FastPath
from qumulo_emulator.synthetic.materialize import materialize

_EXPIRY_CHECK_SECONDS = 0.25
_PAGE_LIMIT, _SYNTHETIC_PAGE_LIMIT = 1000, 100_000
_DROP_AFTER_SECONDS = 0.5
_TICK_SECONDS = 0.1
_SWITCH_SECONDS = 10


class EmulatorServer:
    """An emulator with sockets and a certificate, ready to run; made by `prepare_server`.

    Args:
        context: the cluster, its nodes, and what the API shares among requests.
        listening: the sockets of the nodes.
        certificate: the certificate of all nodes.

    Attributes:
        context: as given.
        port: the port that the first node listens on.
        certificate_sha256: the fingerprint of its certificate.
    """

    def __init__(
        self, context: Context, listening: list[socket.socket], certificate: Certificate
    ) -> None:
        self.context = context
        self.port = context.nodes.all[0].port
        self.certificate_sha256 = certificate.sha256
        self._sockets = listening
        self._connections = Connections(context.nodes)
        app: ASGIApp = application(context, _expiry_lifespan(context))
        if isinstance(context.cluster, SyntheticCluster):
            app = FastPath(app, context, context.cluster)
        config = uvicorn.Config(
            Middleware(app, context, self._connections),
            http=self._connections.protocol(),
            ws="none",
            lifespan="on",
            loop="uvloop",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,  # the middleware sends it, by the emulated clock
            timeout_keep_alive=600,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = certificate.context
        self._server = _Server(config, self._connections)
        context.nodes.switch = self._server.switch

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until stopped; `ready` is called once requests are answered."""
        self._server.ready = ready
        self._server.run(sockets=self._sockets)

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT make `run` return; only for the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            # The server stops on these signals. When it has stopped, it raises the signal again,
            # which must not end the process.
            signal.signal(number, lambda _number, _frame: self.stop())

    def stop(self) -> None:
        """Make `run` return within about a second; may be called from any thread."""
        self._server.end()


class _Server(uvicorn.Server):
    """A uvicorn server that reports when it is ready, and stops at once."""

    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self.ready: Callable[[], None] = lambda: None
        self._connections = connections
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Stop at once; uvicorn itself checks ten times a second whether it should."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed already
                self._loop.call_soon_threadsafe(self._ending.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self.end()

    def switch(self, node: Node) -> None:
        """Take a node off the network, or put it there again; may be called from any thread.

        Raises:
            ListeningError: if its port is used by something else meanwhile.
        """
        if self._loop is not None:
            task = self._set_listening(node)
            asyncio.run_coroutine_threadsafe(task, self._loop).result(_SWITCH_SECONDS)

    async def _set_listening(self, node: Node) -> None:
        index = node.number - 1
        if not node.is_alive:
            self.servers[index].close()
            self._connections.drop_those_of_the_dead()
            return
        try:
            listening = listen(self._addresses[index])
        except OSError as error:
            node.is_alive = False
            raise ListeningError(f"node {node.number} cannot listen: {error.strerror}") from error
        self.servers[index] = await asyncio.get_running_loop().create_server(
            self._protocol, sock=listening, ssl=self.config.ssl, backlog=self.config.backlog
        )

    def _protocol(self) -> asyncio.Protocol:
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return make(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._addresses = [bound_address(one) for one in sockets or ()]
        await super().startup(sockets)
        self.ready()

    async def main_loop(self) -> None:
        ending = asyncio.ensure_future(self._ending.wait())
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            await asyncio.wait([ending], timeout=_TICK_SECONDS)
        ending.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._connections.stopping = True
        # Some clients keep their side of an idle connection open for as long as they can.
        asyncio.get_running_loop().call_later(_DROP_AFTER_SECONDS, self._connections.drop_all)
        await super().shutdown(sockets)


@contextmanager
def prepare_server(options: ServeOptions) -> Iterator[EmulatorServer]:
    """Yield an emulator that is ready to run, and release all that it holds at the end.

    Raises:
        OSError: if the root or the certificate's file cannot be used.
        ListeningError: if the address or the port cannot be used.
        StateError: if the state cannot be used.
    """
    cluster = _open_cluster(options)
    try:
        first = Address(options.host, options.port)
        with listening_sockets(first, options.nodes) as listening:
            nodes = _nodes(options.host, listening)
            certificate = Certificate(*(node.host for node in nodes.all))
            if options.certificate is not None:
                certificate.write(options.certificate)
            yield EmulatorServer(Context(cluster, nodes), listening, certificate)
    finally:
        cluster.close()


def _nodes(host: str, listening: list[socket.socket]) -> Nodes:
    bound = [bound_address(one) for one in listening]
    others = bound[1:]
    if all(one.host == bound[0].host for one in others):
        others = [Address(host, one.port) for one in others]
    return Nodes([Address(host, bound[0].port), *others], bound)


def _open_cluster(options: ServeOptions) -> Cluster:
    if options.root is None:
        return _open_synthetic_cluster(options)
    return LocalCluster(
        options.root,
        username=options.username,
        password=options.password,
        state_directory=options.state,
        token_lifetime=options.token_lifetime,
        settings=Settings(options.page_limit or _PAGE_LIMIT, options.latency_ms),
        snapshots_everywhere=options.snapshots_everywhere,
    )


def _open_synthetic_cluster(options: ServeOptions) -> SyntheticCluster:
    cluster = SyntheticCluster(
        options.shape,
        options.synthetic or 0,
        username=options.username,
        password=options.password,
        token_lifetime=options.token_lifetime,
        settings=Settings(options.page_limit or _SYNTHETIC_PAGE_LIMIT, options.latency_ms),
    )
    if options.materialize is not None:
        materialize(cluster, options.materialize, snapshots=options.materialize_snapshots)
    return cluster


def _expiry_lifespan(
    context: Context,
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """Return a lifespan in which snapshots are removed when they expire."""

    async def remove_expired() -> None:
        while True:
            await run_in_threadpool(context.cluster.snapshots.remove_expired)
            await asyncio.sleep(_EXPIRY_CHECK_SECONDS)

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
