"""The command `qumulo-emulator`."""

import argparse
import json
import os
import secrets
import signal
import sys
from collections.abc import Callable, Sequence
from typing import get_args

from qumulo_emulator.errors import EmulatorError
from qumulo_emulator.server import EmulatorServer, ServeOptions
from qumulo_emulator.synthetic.shapes import Shape

FAILED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 when it was stopped, 1 when it could not start; a wrong command line exits with 2.
    """
    parsed = _parsed(arguments)
    try:
        # Not at the top: to say what is wrong with the options takes none of this.
        from qumulo_emulator.server import prepare_server
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"qumulo-emulator: {error.name} is missing; the emulator needs the extra of its name: "
            "pip install 'qumulo-changelist[emulator]'\n"
        )
        return FAILED
    password = os.environ.get("QUMULO_EMULATOR_PASSWORD")
    made_up = secrets.token_urlsafe(16) if not password else None
    options = _options(parsed, password or made_up or "")
    try:
        with prepare_server(options) as server:
            _serve(server, options, made_up)
    except (OSError, EmulatorError) as error:
        sys.stderr.write(f"qumulo-emulator: {error}\n")
        return FAILED
    return 0


def _serve(server: EmulatorServer, options: ServeOptions, made_up: str | None) -> None:
    facts = {
        "host": options.host,
        "port": server.port,
        "username": options.username,
        "certificate_sha256": server.certificate_sha256,
        **server.context.cluster.startup_facts(),
    }
    if made_up is not None:
        facts["password"] = made_up

    def ready() -> None:
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()

    for number in (signal.SIGTERM, signal.SIGINT):
        # The server stops by these signals, and hands them on when it has: that is the end.
        signal.signal(number, lambda _number, _frame: server.stop())
    server.run(ready)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser, serve = _parsers()
    parsed = parser.parse_args(arguments)
    if (parsed.root is None) == (parsed.synthetic is None):
        serve.error("either ROOT or --synthetic says what is served")
    if parsed.root is None and parsed.state is not None:
        serve.error("--state keeps what happens to ROOT; nothing happens to a made-up tree")
    if parsed.root is None and parsed.snapshots_everywhere:
        serve.error("--snapshots-everywhere belongs to ROOT")
    if parsed.synthetic is None and (parsed.materialize or parsed.shape):
        serve.error("--shape and --materialize belong to --synthetic")
    if parsed.materialize is None and parsed.materialize_snapshots:
        serve.error("--materialize-snapshots belongs to --materialize")
    parsed.shape = parsed.shape or "mixed"
    return parsed


def _options(parsed: argparse.Namespace, password: str) -> ServeOptions:
    from qumulo_emulator.server import ServeOptions

    return ServeOptions(
        root=parsed.root,
        password=password,
        host=parsed.host,
        port=parsed.port,
        username=parsed.username,
        state=parsed.state,
        page_limit=parsed.page_limit,
        token_lifetime=parsed.token_lifetime,
        latency_ms=parsed.latency_ms,
        certificate=parsed.certificate,
        synthetic=parsed.synthetic,
        shape=parsed.shape,
        materialize=parsed.materialize,
        materialize_snapshots=parsed.materialize_snapshots,
        snapshots_everywhere=parsed.snapshots_everywhere,
    )


def _parsers() -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """The parser of the command, and that of its `serve`."""
    parser = argparse.ArgumentParser(
        prog="qumulo-emulator",
        description="A Qumulo cluster over a local directory, or with a made-up tree.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    serve = commands.add_parser(
        "serve",
        help="serve a directory, or a made-up tree, as a cluster's file system, over HTTPS",
        description="Serves ROOT, or a made-up tree, as a cluster's file system over HTTPS. The"
        " password comes from the environment variable QUMULO_EMULATOR_PASSWORD; without it, one is"
        " made up. When requests are answered, one line of JSON on standard output says where.",
    )
    serve.add_argument(
        "root", metavar="ROOT", nargs="?", type=_directory, help="the directory to serve"
    )
    _add_network_options(serve)
    _add_made_up_options(serve)
    return parser, serve


def _add_network_options(serve: argparse.ArgumentParser) -> None:
    serve.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)"
    )
    serve.add_argument(
        "--port", type=_port, default=8000, help="the port; 0 picks a free one (default: 8000)"
    )
    serve.add_argument("--username", default="admin", help="the only user's name (default: admin)")
    serve.add_argument("--state", metavar="DIR", help="keep ids and snapshots in DIR")
    serve.add_argument(
        "--page-limit",
        type=_above_zero,
        metavar="N",
        help="the largest page (default: 1000; 100000 with --synthetic)",
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
    serve.add_argument("--certificate", metavar="FILE", help="write the certificate to FILE")
    serve.add_argument(
        "--snapshots-everywhere",
        action="store_true",
        help="show .snapshot in every directory that a snapshot covers, not just in its own",
    )


def _add_made_up_options(serve: argparse.ArgumentParser) -> None:
    made_up = serve.add_argument_group("a made-up tree")
    made_up.add_argument(
        "--synthetic",
        type=_above_zero,
        metavar="N",
        help="instead of ROOT: make up /synthetic, and two snapshots of it with N changes between",
    )
    made_up.add_argument(
        "--shape",
        choices=get_args(Shape),
        help="the changes: of all kinds (mixed, the default), one modified file in each directory"
        " of a thousand (sparse), or one directory created with N files (created)",
    )
    made_up.add_argument(
        "--materialize",
        metavar="DIR",
        help="first lay out in DIR, empty or missing, what a mount of /synthetic would show",
    )
    made_up.add_argument(
        "--materialize-snapshots",
        action="store_true",
        help="and both snapshots in DIR/.snapshot, which takes more than twice as long",
    )


def _directory(text: str) -> str:
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"{text!a} is not a directory")
    return text


def _number(meaning: str, least: int, most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{meaning}: {least} to {most}, not {text!a}")
        return int(text)

    return number


_port = _number("a port", 0, 65_535)
_above_zero = _number("a number", 1, 10**9)
