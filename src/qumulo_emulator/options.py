"""The options that an emulator is started with."""

from msgspec import Struct

from qumulo_emulator.synthetic.shapes import Shape


class ServeOptions(Struct, frozen=True):
    """The options of `qumulo-emulator serve`.

    Attributes:
        root: the directory that is the cluster's file system; None for a synthetic one.
        password: the user's password.
        host: the address to listen on.
        port: the port to listen on; 0 picks a free one.
        nodes: the number of nodes of the cluster; where each of them listens is decided in
            `qumulo_emulator.listening`.
        username: the only user's name.
        state: the directory that keeps ids and snapshots for the next start; None to keep nothing.
        page_limit: the maximum size of a page; None for the default.
        token_lifetime: how many seconds a session lasts.
        latency_ms: milliseconds to wait before each answer.
        certificate: the file to write the certificate to, in PEM; None to write none.
        synthetic: the number of changes in the synthetic tree, where there is no root.
        shape: how these changes are distributed.
        materialize: the directory to write the synthetic tree to at the start; None for nowhere.
        materialize_snapshots: whether to write its snapshots there as well.
        snapshots_everywhere: whether `.snapshot` appears in every directory below the root.
    """

    root: str | None
    password: str
    host: str = "127.0.0.1"
    port: int = 8000
    nodes: int = 1
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
