"""The floor: only what every way to a scan list must do, and nothing else.

It reads the pages of the diff off the socket without decoding them, makes the ``stat`` calls of a
list that was written before, and writes the bytes of that list. These parts run one after the other
in one process, and each is timed. What they need (the names in the list, its bytes) is prepared
outside of the timed parts. The figures go to standard output as JSON, in seconds.

It is a script that imports nothing of this project.
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
    """Run the three parts, and print the time that each took."""
    options = parse()
    with open(options.like, "rb") as file:
        content = file.read()
    directories = directories_in(content, os.fsencode(options.mapped))
    figures = {
        "pages": timed(lambda: read_pages(options)),
        "stat": timed(lambda: stat_all(directories)),
        "write": timed(lambda: write_list(content, options.output)),
    }
    os.unlink(options.output)
    wall, processor = (sum(times) for times in zip(*figures.values(), strict=True))
    parts = {part: round(seconds, 4) for part, (seconds, _) in figures.items()}
    print(json.dumps({"wall": wall, "processor": processor, "parts": parts}))
    return 0


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description="Do only what every way to a list must do.")
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--credentials", required=True, help="the file with the session of `qq login`"
    )
    parser.add_argument("--certificate", required=True, help="that of the server, in PEM")
    parser.add_argument("--diff", required=True, help="the path and query of the first page")
    parser.add_argument("--mapped", required=True, help="where this machine mounts the base path")
    parser.add_argument("--like", required=True, help="a list with the names to call stat for")
    parser.add_argument("--output", required=True)
    return parser.parse_args()


def timed(part: Callable[[], None]) -> tuple[float, float]:
    """Return the seconds that a part took, and its seconds of processor time."""
    wall, processor = time.perf_counter(), time.process_time()
    part()
    return time.perf_counter() - wall, time.process_time() - processor


def read_pages(options: argparse.Namespace) -> None:
    """Read all pages into one buffer; each page has the path of the next."""
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


def directories_in(content: bytes, mapped: bytes) -> list[Directory]:
    """Return the existing entries of a list: the path of each directory, and the names in it."""
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
    """Make the ``stat`` calls, each from within its directory, which is the cheapest way."""
    for path, names in directories:
        os.chdir(path)
        collections.deque(map(os.lstat, names), maxlen=0)  # loops without bytecode


def write_list(content: bytes, path: str) -> None:
    """Write one file sequentially, and force it to the disk."""
    with open(path, "wb", buffering=0) as file:
        rest = memoryview(content)
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())


if __name__ == "__main__":
    sys.exit(main())
