"""Serves the answers of another server from memory: ``python -m bench.replay``.

It listens on a free port of 127.0.0.1, unless told otherwise. Once it answers, it prints one line
of JSON: its port, and the fingerprint of its certificate.
"""

import argparse
import http.client
import json
import signal
import ssl
import sys
from contextlib import closing

from bench.replay.answers import Answers, OriginError
from bench.replay.server import Server
from qumulo_emulator.certificate import Certificate


def main() -> int:
    """Serve until SIGTERM."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    certificate = Certificate(options.host)
    certificate.write(options.certificate)
    origin = http.client.HTTPSConnection(
        "127.0.0.1",
        options.origin_port,
        context=ssl.create_default_context(cafile=options.origin_certificate),
    )
    with (
        closing(origin),
        closing(
            Server(
                Answers(origin),
                certificate.context,
                options.delay_ms / 1000,
                (options.host, options.port),
            )
        ) as server,
    ):
        facts = {"port": server.port, "certificate_sha256": certificate.sha256}
        print(json.dumps(facts), flush=True)
        try:
            server.run()
        except OriginError as error:
            print(f"the server with the answers does not answer: {error}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.replay", description="Serve the answers of another server."
    )
    parser.add_argument(
        "--origin-port", type=int, required=True, help="where that server is, on 127.0.0.1"
    )
    parser.add_argument("--origin-certificate", required=True, help="its certificate, in PEM")
    parser.add_argument("--certificate", required=True, help="the file to write its own to")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 for a free one")
    parser.add_argument(
        "--delay-ms", type=float, default=0, help="how much later each request is answered"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
