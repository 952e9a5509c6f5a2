"""What a client pays for an entry of a listed directory, and for one that is asked for by itself.

    python -m bench.request_costs

Processor time of the client, microseconds each, median of the rounds; what the server takes,
``bench/server_speed.py`` says. The ratio decides when ``trees/snapshot.py`` lists a directory.
"""

import statistics
import time
from collections.abc import Callable

from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.events import Silent
from qumulo_emulator.running import Emulator, serve_in_process

DIRECTORY = "/synthetic/show0000/reel0000"
ROUNDS = 5
PAGES = 20
SINGLES = 500


def main() -> None:
    """Print the table."""
    with serve_in_process(None, synthetic=100_000) as server, _client(server) as cluster:
        (page,) = cluster.pages(DIRECTORY, 2)
        name = next(iter(page.entries))

        def listing() -> int:
            return sum(page.listed for _ in range(PAGES) for page in cluster.pages(DIRECTORY, 2))

        def unwanted() -> int:
            return sum(
                page.listed
                for _ in range(PAGES)
                for page in cluster.pages(DIRECTORY, 2, wanted={name})
            )

        def single() -> int:
            for _ in range(SINGLES):
                cluster.describe(f"{DIRECTORY}/{name}", 2)
            return SINGLES

        print("| asked for | µs |\n| --- | --- |")
        for what, ask in (
            ("an entry of a page", listing),
            ("an entry of a page that nobody wants", unwanted),
            ("a single entry", single),
        ):
            print(f"| {what} | {_cost(ask):.1f} |")


def _client(server: Emulator) -> RestCluster:
    settings = Settings(
        hosts=(server.host,),
        port=server.port,
        username=server.username,
        password=Secret(server.password),
        fingerprint=server.certificate_sha256,
    )
    return RestCluster(settings, Silent())


def _cost(ask: Callable[[], int]) -> float:
    rounds = []
    for _ in range(ROUNDS):
        begin = time.process_time()
        count = ask()
        rounds.append((time.process_time() - begin) / count * 1e6)
    return statistics.median(rounds)


if __name__ == "__main__":
    main()
