"""The speed of the emulator over a real tree, for a client that lists it and only reads bytes.

    python -m bench.tree_speed [--files N] [--folders N] [--rounds R] [--scratch DIR]

It makes a tree, and prints the number of entries a second that come with all their attributes: of
the live tree when it is listed for the first time and again, and of a snapshot. Below stands what
``os.scandir`` and ``lstat`` give in the same rounds, without a server. Each round starts its own
emulator. Nothing is decoded, so the client takes little of the time.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from typing import NamedTuple
from urllib.parse import quote

from bench.scratch import scratch_folder
from bench.server_speed import Connection, next_page
from bench.servers import Server, serve_folder

_PROCESSOR_CLOCK = 2  # of any process: see clock_getcpuclockid(3)


class Speed(NamedTuple):
    """How fast a tree was listed."""

    rate: float
    """Entries in a second."""
    microseconds: float
    """Processor time for each: the server's, or that of the walk."""


def make_tree(root: str, folders: int, files: int) -> list[str]:
    """Make folders of files of different sizes, which are holes; return the folders' names."""
    names = [f"reel{number:04}" for number in range(folders)]
    for number, name in enumerate(names):
        os.mkdir(os.path.join(root, name))
        for clip in range(files // folders):
            with open(os.path.join(root, name, f"A{number:03}_C{clip:05}.mov"), "wb") as file:
                file.truncate(clip * 1_000_003)
    return names


def measure_round(root: str, folders: list[str], files: int) -> dict[str, Speed]:
    """Return the speed of each way to list the tree, by its name."""
    speeds = {}

    def measure(way: str, clock: Callable[[], float], list_all: Callable[[], None]) -> None:
        spent, start = clock(), time.perf_counter()
        list_all()
        wall, spent = time.perf_counter() - start, clock() - spent
        speeds[way] = Speed(files / wall, spent / files * 1e6)

    measure("scandir and lstat", time.process_time, lambda: walk(root, folders))
    with tempfile.TemporaryDirectory() as scratch, serve_folder(root, scratch) as server:
        clock = _processor_clock(server)
        token = server.log_in()
        for way in ("live tree, first time", "live tree, again"):
            measure(way, clock, lambda: list_tree(server, token, folders, ""))
        measure("taking a snapshot", clock, lambda: ask(server, token, "POST", "", {}))
        measure("snapshot", clock, lambda: list_tree(server, token, folders, "&snapshot=1"))
        ask(server, token, "DELETE", "1")
    return speeds


def list_tree(server: Server, token: str, folders: list[str], query: str) -> None:
    """Request all pages of each folder, one after the other."""
    with closing(Connection(server, token)) as connection:
        for folder in folders:
            url = f"/v1/files/{quote(f'/{folder}', safe='')}/entries/?limit=1000{query}"
            while url:
                connection.send(url)
                url = next_page(connection.read())


def walk(root: str, folders: list[str]) -> None:
    """Read the attributes of each entry without a server."""
    for folder in folders:
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in entries:
                os.lstat(entry.path)


def ask(server: Server, token: str, method: str, snapshot: str, body: object = None) -> None:
    """Take a snapshot of everything, or delete one."""
    headers = {"Authorization": f"Bearer {token}"}
    with server.pool() as pool:
        answer = pool.request(method, f"/v3/snapshots/{snapshot}", headers=headers, json=body)
    assert answer.status < 300, answer.data


def _processor_clock(server: Server) -> Callable[[], float]:
    clock = (~server.pid << 3) | _PROCESSOR_CLOCK
    return lambda: time.clock_gettime(clock)


def main() -> None:
    """Measure every way in each round, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--folders", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", metavar="DIR", default=scratch_folder())
    options = parser.parse_args()
    files = options.files - options.files % options.folders
    with tempfile.TemporaryDirectory(dir=options.scratch) as root:
        folders = make_tree(root, options.folders, files)
        rounds = [measure_round(root, folders, files) for _ in range(options.rounds)]
    for way in rounds[0]:
        rate = statistics.median(speeds[way].rate for speeds in rounds)
        spent = statistics.median(speeds[way].microseconds for speeds in rounds)
        print(f"{way:24} {rate:10,.0f} entries/s {spent:7.1f} µs of processor time each")


if __name__ == "__main__":
    main()
