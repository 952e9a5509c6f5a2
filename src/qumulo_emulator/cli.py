"""The command `qumulo-emulator`."""

import argparse
import gc
import json
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, get_args

from msgspec.structs import replace

from qumulo_emulator.errors import EmulatorError
from qumulo_emulator.exposure import is_loopback, warning
from qumulo_emulator.options import ServeOptions
from qumulo_emulator.synthetic.shapes import Shape

if TYPE_CHECKING:  # imported late, see `main`
    from qumulo_emulator.server import EmulatorServer

FAILED = 1
# An answer leaves nothing that reference counting does not free. To look for more after every few
# hundred objects, as Python does, takes some 5 % of the time.
_GARBAGE_THRESHOLDS = (100_000, 50, 100)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command until it is stopped.

    Returns:
        0 after SIGTERM or SIGINT, 1 if it could not start; a wrong command line exits with 2.
    """
    parsed = _parse(arguments)
    try:
        # Not at the top: it takes time to import, and needs packages that may be missing.
        from qumulo_emulator.server import prepare_server
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"qumulo-emulator: {error.name} is missing; the emulator needs the extra of its name: "
            "pip install 'qumulo-changelist[emulator]'\n"
        )
        return FAILED
    gc.set_threshold(*_GARBAGE_THRESHOLDS)
    if not is_loopback(parsed.host):
        sys.stderr.write(warning(parsed.host))
    password = os.environ.get("QUMULO_EMULATOR_PASSWORD")
    generated = secrets.token_urlsafe(16) if not password else None
    try:
        if parsed.command == "demo":
            _run_demo(parsed, password or generated or "", password_is_known=generated is None)
            return 0
        options = _options(parsed, password or generated or "")
        with prepare_server(options) as server:
            _serve(server, options, generated)
    except (OSError, EmulatorError) as error:
        sys.stderr.write(f"qumulo-emulator: {error}\n")
        return FAILED
    return 0


def _run_demo(parsed: argparse.Namespace, password: str, *, password_is_known: bool) -> None:
    from qumulo_emulator.demo.command import DemoOptions, run_demo

    run_demo(
        DemoOptions(
            _server_options(parsed, password),
            folder=parsed.folder,
            seed=parsed.seed,
            pace=parsed.pace,
            password_is_known=password_is_known,
        )
    )


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    return _parsers()[0]


def _serve(server: "EmulatorServer", options: ServeOptions, generated_password: str | None) -> None:
    facts: dict[str, object] = {
        "host": options.host,
        "port": server.port,
        "username": options.username,
        "certificate_sha256": server.certificate_sha256,
        **server.context.cluster.startup_facts(),
    }
    if options.nodes > 1:
        facts["nodes"] = [{"host": one.host, "port": one.port} for one in server.context.nodes.all]
    if generated_password is not None:
        facts["password"] = generated_password

    def print_facts() -> None:
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()

    server.stop_on_signals()
    server.run(print_facts)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser, serve = _parsers()
    parsed = parser.parse_args(arguments)
    if parsed.command == "demo":
        return parsed
    if (parsed.root is None) == (parsed.synthetic is None):
        serve.error("give either ROOT or --synthetic")
    if parsed.root is None and parsed.state is not None:
        serve.error("--state needs ROOT; a synthetic tree never changes")
    if parsed.root is None and parsed.snapshots_everywhere:
        serve.error("--snapshots-everywhere needs ROOT")
    if parsed.synthetic is None and (parsed.materialize or parsed.shape):
        serve.error("--shape and --materialize need --synthetic")
    if parsed.materialize is None and parsed.materialize_snapshots:
        serve.error("--materialize-snapshots needs --materialize")
    parsed.shape = parsed.shape or "mixed"
    return parsed


def _options(parsed: argparse.Namespace, password: str) -> ServeOptions:
    return replace(
        _server_options(parsed, password),
        root=parsed.root,
        nodes=parsed.nodes,
        state=parsed.state,
        certificate=parsed.certificate,
        synthetic=parsed.synthetic,
        shape=parsed.shape,
        materialize=parsed.materialize,
        materialize_snapshots=parsed.materialize_snapshots,
    )


def _server_options(parsed: argparse.Namespace, password: str) -> ServeOptions:
    """Return the options that `serve` and `demo` share."""
    return ServeOptions(
        root=None,
        password=password,
        host=parsed.host,
        port=parsed.port,
        username=parsed.username,
        page_limit=parsed.page_limit,
        token_lifetime=parsed.token_lifetime,
        latency_ms=parsed.latency_ms,
        snapshots_everywhere=parsed.snapshots_everywhere,
    )


def _parsers() -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """Return the parser of the command, and the parser of its subcommand `serve`."""
    parser = argparse.ArgumentParser(
        prog="qumulo-emulator",
        description="A Qumulo cluster over a local directory, or with a synthetic tree.",
    )
    parser.add_argument(
        "--version", action=_ShowVersion, nargs=0, help="show the version of the program"
    )
    commands = parser.add_subparsers(required=True, dest="command", metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="serve a directory, or a synthetic tree, as a cluster's file system, over HTTPS",
        description="Serves ROOT, or a synthetic tree, as a cluster's file system over HTTPS. The"
        " password comes from the environment variable QUMULO_EMULATOR_PASSWORD; without it, a"
        " password is generated. Once requests are answered, prints one line of JSON with host,"
        " port, the host and the port of each node, user name and the certificate's fingerprint.",
    )
    serve.add_argument(
        "root", metavar="ROOT", nargs="?", type=_directory, help="the directory to serve"
    )
    serve.add_argument("--state", metavar="DIR", help="keep ids and snapshots in DIR")
    serve.add_argument("--certificate", metavar="FILE", help="write the certificate to FILE")
    serve.add_argument(
        "--nodes",
        type=_number("a number of nodes", 1, 200),
        metavar="N",
        default=1,
        help="the number of nodes, which all answer from one state: on 127.0.0.1, the others have"
        " the addresses that follow (127.0.0.2, …) and the same port, if the system has them; else"
        " the ports that follow (default: 1)",
    )
    _add_server_options(serve)
    _add_synthetic_options(serve)
    _add_demo(commands)
    return parser, serve


def _add_demo(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = commands.add_parser(
        "demo",
        help="serve a media company's files, in which something happens all the time",
        description="Makes the files of a media company, serves them as a cluster, takes a first"
        " snapshot, and prints how to reach the cluster and what to type next. Then shoots come in,"
        " cuts are saved, folders are renamed, archived and deleted: one line is printed for each."
        " The files have sizes of many gigabytes, and use no space. Ctrl-C ends it.",
    )
    demo.add_argument(
        "--folder",
        metavar="DIR",
        help="write all files to DIR, which must be empty or missing, and keep them (default: a"
        " temporary folder that is removed at the end)",
    )
    demo.add_argument(
        "--seed",
        type=_number("a seed", 0, 10**9),
        metavar="N",
        default=1,
        help="with the same seed, the same events happen in the same order (default: 1)",
    )
    demo.add_argument(
        "--pace",
        type=_number("events a minute", 1, 60_000),
        metavar="N",
        default=20,
        help="the number of events a minute (default: 20)",
    )
    _add_server_options(demo)


def _add_server_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on; others than this machine reach it unless it begins with 127"
        " (default: 127.0.0.1)",
    )
    serve.add_argument(
        "--port", type=_port, default=8000, help="the port; 0 picks a free one (default: 8000)"
    )
    serve.add_argument("--username", default="admin", help="the only user's name (default: admin)")
    serve.add_argument(
        "--page-limit",
        type=_above_zero,
        metavar="N",
        help="the maximum size of a page (default: 1000; 100000 with --synthetic)",
    )
    serve.add_argument(
        "--token-lifetime",
        type=_above_zero,
        metavar="SECONDS",
        default=36_000,
        help="how long a session lasts (default: 36000)",
    )
    serve.add_argument(
        "--latency-ms",
        type=_number("milliseconds", 0, 3_600_000),
        metavar="N",
        default=0,
        help="wait before each answer (default: 0)",
    )
    serve.add_argument(
        "--snapshots-everywhere",
        action="store_true",
        help="show .snapshot in every directory that a snapshot covers, not only in the"
        " snapshot's own directory",
    )


def _add_synthetic_options(serve: argparse.ArgumentParser) -> None:
    synthetic = serve.add_argument_group("a synthetic tree")
    synthetic.add_argument(
        "--synthetic",
        type=_above_zero,
        metavar="N",
        help="instead of ROOT: serve a generated directory /synthetic with two snapshots, which"
        " differ by N changes",
    )
    synthetic.add_argument(
        "--shape",
        choices=get_args(Shape),
        help="the changes: of all kinds (mixed, the default), one modified file in each directory"
        " of a thousand (sparse), or one created directory with N files: in directories of a"
        " thousand (created) or a hundred (created-small), all directly in it (wide), or most of"
        " them in one of many (giant)",
    )
    synthetic.add_argument(
        "--materialize",
        metavar="DIR",
        help="first write to DIR, empty or missing, what a mount of /synthetic would show",
    )
    synthetic.add_argument(
        "--materialize-snapshots",
        action="store_true",
        help="also write both snapshots to DIR/.snapshot, which takes more than twice as long",
    )


class _ShowVersion(argparse.Action):
    """Prints the version of the package that the emulator is part of, and ends the program."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        _namespace: argparse.Namespace,
        _values: object,
        _option: str | None = None,
    ) -> None:
        from importlib.metadata import version  # takes time to import

        sys.stdout.write(f"{parser.prog} {version('qumulo-changelist')}\n")
        parser.exit()


def _directory(text: str) -> str:
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"{text!a} is not a directory")
    return text


def _number(meaning: str, lowest: int, highest: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not lowest <= int(text) <= highest:
            raise argparse.ArgumentTypeError(f"{meaning}: {lowest} to {highest}, not {text!a}")
        return int(text)

    return number


_port = _number("a port", 0, 65_535)
_above_zero = _number("a number", 1, 10**9)
