"""`qumulo-emulator demo`: a cluster whose tree lives, until Ctrl-C."""

import os
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from msgspec import Struct
from msgspec.structs import replace

from qumulo_emulator.demo.disk import age_folders, perform
from qumulo_emulator.demo.steps import Event
from qumulo_emulator.demo.story import Story
from qumulo_emulator.errors import EmulatorError
from qumulo_emulator.names import readable
from qumulo_emulator.options import ServeOptions
from qumulo_emulator.server import EmulatorServer, prepare_server

_SOURCE = "projects"
_MINUTE = 60


class DemoOptions(Struct, frozen=True):
    """The options of `qumulo-emulator demo`.

    Attributes:
        server: how the cluster is served; without root and certificate.
        folder: the folder for all files, empty or missing; None for a temporary one.
        seed: with the same seed, the same events happen in the same order.
        pace: events a minute.
        password_is_known: whether the user chose the password, so that it is not printed.
    """

    server: ServeOptions
    folder: str | None
    seed: int
    pace: int
    password_is_known: bool


def run_demo(options: DemoOptions) -> None:
    """Serve a tree in which something happens all the time, until SIGINT or SIGTERM.

    Raises:
        OSError: if a file cannot be written; what was made in a temporary folder is removed.
        EmulatorError: if the folder is not empty, or the emulator cannot start.
    """
    with suppress(KeyboardInterrupt), _folder(options.folder) as folder:
        # Until the server runs, both signals end the work, and what it made is removed.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        root = os.path.join(folder, "cluster")
        story = Story(options.seed)
        perform(root, story.beginning())
        age_folders(root)
        _write_secret(os.path.join(folder, "password"), options.server.password)
        certificate = os.path.join(folder, "certificate.pem")
        serve = replace(options.server, root=root, certificate=certificate)
        with prepare_server(serve) as server:
            server.context.cluster.snapshots.take((_SOURCE,), "first", None)
            _live(server, replace(options, server=serve), folder, story.events())


def _live(
    server: EmulatorServer, options: DemoOptions, folder: str, events: Iterator[Event]
) -> None:
    """Serve, and let events happen meanwhile."""
    ended = threading.Event()
    failures: list[OSError] = []

    def go_on() -> None:
        try:
            while not ended.wait(_MINUTE / options.pace):
                event = next(events)
                perform(os.path.join(folder, "cluster"), event.steps)
                _print(readable(event.words))
        except OSError as error:
            failures.append(error)
            server.stop()

    living = threading.Thread(target=go_on, name="qumulo-emulator-demo")

    def begin() -> None:
        _print(_introduction(server, options, folder))
        living.start()

    server.stop_on_signals()
    try:
        server.run(begin)
    finally:
        ended.set()
        if living.ident is not None:
            living.join()
    if failures:
        raise failures[0]


def _introduction(server: EmulatorServer, options: DemoOptions, folder: str) -> str:
    """Return how the cluster is reached, and what to type next."""
    serve, at = options.server, f"{options.server.host} port {server.port}"
    files = {
        name: shlex.quote(os.path.join(folder, name))
        for name in ("password", "certificate.pem", "cluster", "lists", "changes.csv")
    }
    set_up = {
        "cluster": serve.host,
        "port": str(server.port),
        "user": serve.username,
        "password-file": files["password"],
        "fingerprint": server.certificate_sha256,
        "source": f"/{_SOURCE}",
        "mapped-path": f"{files['cluster']}/{_SOURCE}",
        "guid": "demo",
        "project": "demo",
        "work-folder": files["lists"],
    }
    words = [f"--{option} {value}" for option, value in set_up.items()]
    variables = [
        f"QUMULO_CHANGELIST_{name}={shlex.quote(os.path.join(folder, file))}"
        for name, file in (
            ("CONFIG", "cluster.conf"),
            ("PROJECTS", "projects.toml"),
            ("STATE", "state"),
        )
    ]
    password = "as you set it" if options.password_is_known else serve.password
    host = f"[{serve.host}]" if ":" in serve.host else serve.host
    return f"""\
A Qumulo cluster is emulated: {at}, user {serve.username}, password {password}
  page         https://{host}:{server.port}/
  fingerprint  {server.certificate_sha256}
  certificate  {files["certificate.pem"]}
  files        {files["cluster"]}
  snapshot     1, of /{_SOURCE}

In another terminal:

    export {" ".join(variables)}
    qumulo-changelist init --yes --write-config "$QUMULO_CHANGELIST_CONFIG" \\
        {" ".join(words[:4])} \\
        {words[4]} \\
        {" ".join(words[5:7])} \\
        {" ".join(words[7:])}
    qumulo-changelist run demo --metadata snapshot --commit

The first list has everything. After some events:

    qumulo-changelist run demo --metadata snapshot --commit
    qumulo-changelist diff --project demo 1 latest {files["changes.csv"]} --format csv
    head {files["changes.csv"]}

About {options.pace} events a minute follow, those of seed {options.seed}. Ctrl-C ends it.
"""


@contextmanager
def _folder(given: str | None) -> Iterator[str]:
    """Yield the folder for all files; a temporary one is removed at the end."""
    with ExitStack() as stack:
        if given is None:
            prefix = "qumulo-emulator-demo-"
            yield stack.enter_context(tempfile.TemporaryDirectory(prefix=prefix))
            return
        os.makedirs(given, exist_ok=True)
        if os.stat(given).st_uid != os.geteuid():
            raise EmulatorError(
                f"{given!a} belongs to a different user, who could change its files"
            )
        if os.listdir(given):
            raise EmulatorError(f"{given!a} is not empty; the demonstration makes its own files")
        yield os.path.abspath(given)


def _write_secret(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text + "\n")


def _print(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()
