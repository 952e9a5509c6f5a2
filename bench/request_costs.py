"""The client's cost of an entry, in a listed directory and in a request of its own.

    python -m bench.request_costs

It prints the processor time of the client in microseconds for each entry, the median of the rounds.
``bench.server_speed`` measures the server. The ratio decides when ``trees/rest.py`` lists a
directory. A second table compares ways to send many small requests at once: what is made of the
answers is not in it.
"""

import functools
import statistics
import time
from collections.abc import Callable
from urllib.parse import quote

from bench.request_ways import AT_ONCE, WAYS, Target
from qumulo_changelist.cluster.rest.client import RestCluster
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.events import ignore
from qumulo_emulator.running import Emulator, serve_in_process

DIRECTORY = "/synthetic/show0000/reel0000"
ROUNDS = 5
PAGES = 20
SINGLES = 500
MANY = 4000


def main() -> None:
    """Print the table."""
    with serve_in_process(None, synthetic=100_000) as server, _client(server) as cluster:
        (page,) = cluster.pages(DIRECTORY, 2)
        name = next(iter(page.entries))

        def listing() -> int:
            return sum(page.received for _ in range(PAGES) for page in cluster.pages(DIRECTORY, 2))

        def listing_unwanted() -> int:
            return sum(
                page.received
                for _ in range(PAGES)
                for page in cluster.pages(DIRECTORY, 2, wanted={name})
            )

        def single() -> int:
            for _ in range(SINGLES):
                cluster.describe(f"{DIRECTORY}/{name}", 2)
            return SINGLES

        print("| requested | µs |\n| --- | --- |")
        for what, request in (
            ("an entry of a page", listing),
            ("an entry of a page that is not needed", listing_unwanted),
            ("a single entry", single),
        ):
            print(f"| {what} | {_cost(request):.1f} |")

        print(f"\n| {AT_ONCE} requests at once | µs |\n| --- | --- |")
        uri = f"/v1/files/{quote(f'{DIRECTORY}/{name}', safe='')}/info/attributes?snapshot=2"
        login = {"username": server.username, "password": server.password}
        _, session = server.request("POST", "/v1/session/login", login)
        headers = {"Authorization": f"Bearer {session['bearer_token']}"}
        target = Target(
            server.host, server.port, server.certificate, [uri] * MANY, headers, cluster
        )
        for way, ask in WAYS.items():
            print(f"| {way} | {_cost(functools.partial(_count, ask, target)):.1f} |")


def _count(ask: Callable[[Target], int], target: Target) -> int:
    assert ask(target) > 0
    return len(target.uris)


def _client(server: Emulator) -> RestCluster:
    settings = Settings(
        hosts=(server.host,),
        port=server.port,
        username=server.username,
        password=Secret(server.password),
        fingerprint=server.certificate_sha256,
    )
    return RestCluster(settings, ignore)


def _cost(request: Callable[[], int]) -> float:
    """Return the microseconds for each entry; ``request`` returns the number of entries."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        count = request()
        rounds.append((time.process_time() - start) / count * 1e6)
    return statistics.median(rounds)


if __name__ == "__main__":
    main()
