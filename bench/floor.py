"""The floor: only what every way to a scan list must do, with nothing around it.

It reads the pages of the diff off the socket without decoding them, makes the ``stat`` calls of a
list that was written before, and writes that list's bytes in one go; one after another, in one
process, each timed apart. What it needs to know beforehand (the names in the list, its bytes) is
prepared outside of the timed parts. The figures go to standard output as JSON, seconds each.

As a script of its own it imports nothing of this project.
"""

import argparse
import collections
import html
import http.client
import itertools
import json
import os
import re
import ssl
import sys
import time
from collections.abc import Callable

NEXT = re.compile(rb'"next"\s*:\s*"([^"]+)"')
NAME = re.compile(rb'    <file name="([^"]*)"')
LARGEST_PAGE = 64 * 1024 * 1024
Directory = tuple[bytes, list[bytes]]


def main() -> int:
    """Do the three parts, and print how long they took."""
    options = parse()
    with open(options.like, "rb") as file:
        content = file.read()
    directories = named_in(content, os.fsencode(options.mapped))
    figures = {
        "pages": timed(lambda: read_pages(options)),
        "stat": timed(lambda: stat_all(directories)),
        "write": timed(lambda: write_out(content, options.output)),
    }
    os.unlink(options.output)
    wall, processor = (sum(times) for times in zip(*figures.values(), strict=True))
    parts = {part: round(took[0], 4) for part, took in figures.items()}
    print(json.dumps({"wall": wall, "processor": processor, "parts": parts}))
    return 0


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description="Do what every way to a list must do, no more.")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--credentials", required=True, help="where `qq login` kept its session")
    parser.add_argument("--certificate", required=True, help="the server's, in PEM")
    parser.add_argument("--diff", required=True, help="the first page's path and query")
    parser.add_argument("--mapped", required=True, help="where this machine mounts the base path")
    parser.add_argument("--like", required=True, help="the list that names what to stat")
    parser.add_argument("--output", required=True)
    return parser.parse_args()


def timed(part: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds that a part took, and those of the processor for it."""
    wall, processor = time.perf_counter(), time.process_time()
    part()
    return time.perf_counter() - wall, time.process_time() - processor


def read_pages(options: argparse.Namespace) -> None:
    """Read all pages into the same buffer; each names the next."""
    with open(options.credentials, encoding="utf-8") as file:
        token = json.load(file)["bearer_token"]
    headers = {"Authorization": f"Bearer {token}"}
    connection = http.client.HTTPSConnection(
        options.host, options.port, context=ssl.create_default_context(cafile=options.certificate)
    )
    buffer = bytearray(LARGEST_PAGE)
    path = options.diff
    while path:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        if response.status != 200:
            raise SystemExit(f"{path} was answered with {response.status}")
        length = 0
        with memoryview(buffer) as view:
            while count := response.readinto(view[length:]):
                length += count
        found = NEXT.search(buffer, max(buffer.rfind(b'"next"', 0, length), 0), length)
        path = found[1].decode() if found else ""
    connection.close()


def named_in(content: bytes, mapped: bytes) -> list[Directory]:
    """Return what a list says is there: each directory's path, and the names in it."""
    names = (
        html.unescape(name.decode()).encode() if b"&" in name else name
        for name in NAME.findall(content)
    )
    parts = (name.rpartition(b"/") for name in names)
    return [
        (mapped + parent, [last for _, _, last in group])
        for parent, group in itertools.groupby(parts, key=lambda part: part[0])
    ]


def stat_all(directories: list[Directory]) -> None:
    """Make the ``stat`` calls, each from within its directory: the cheapest way there is."""
    for path, names in directories:
        os.chdir(path)
        collections.deque(map(os.lstat, names), maxlen=0)  # a loop without bytecode


def write_out(content: bytes, path: str) -> None:
    """Write one file, one byte after another, and see it to the disk."""
    with open(path, "wb", buffering=0) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())


if __name__ == "__main__":
    sys.exit(main())
