"""Sorting more keys than memory should hold: SQLite and DuckDB, the two best ways of each.

Run it as ``python -m bench.spill [--keys N] [--folder FOLDER]``; it needs ``pip install duckdb``.
The results are in ``docs/spill.md``.
"""

import argparse
import contextlib
import itertools
import multiprocessing
import os
import random
import resource
import sqlite3
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import NamedTuple

from qumulo_changelist.changes.spill import Spill

BATCH_SIZE = 1_000_000
BLOCK_SIZE = 10_000
# No name on a cluster of media contains it; a real use of DuckDB would have to escape it.
SEPARATOR = "\x1e"


def key(number: int) -> str:
    """Return a key of 53 bytes; each directory has 1,000."""
    reel, clip = divmod(number, 1000)
    show, reel = divmod(reel, 500)
    letter = "CMD"[number % 3]
    return f"/projects/show{show:04d}/reel{reel:04d}/camera/A001_C{clip:06d}.mov\0{letter}"


def batches(count: int, *, shuffled: bool) -> Iterator[list[str]]:
    """Yield ``count`` distinct keys in batches; no batch is kept here."""
    step = 2_147_483_647 if shuffled else 1  # a prime, so that each number comes once
    for start in range(0, count, BATCH_SIZE):
        keys = [key(n * step % count) for n in range(start, min(count, start + BATCH_SIZE))]
        if shuffled:
            random.Random(start).shuffle(keys)
        yield keys
        del keys


class _SortedOnly:
    """No engine: the cost of sorting the batches, which every way has."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def add(self, keys: list[str]) -> None:
        keys.sort()

    def descending(self) -> Iterator[list[str]]:
        return iter(())


class _SqliteTrees:
    """SQLite: a B-tree for each batch, to which appending is fast; the query merges them."""

    def __init__(self, folder: str) -> None:
        self.database = sqlite3.connect(os.path.join(folder, "db"), isolation_level=None)
        self.database.executescript(
            "PRAGMA page_size = 65536; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -65536; PRAGMA threads = 2; BEGIN"
        )
        self.tables = 0

    def add(self, keys: list[str]) -> None:
        keys.sort()
        table = f"batch{self.tables}"
        self.tables += 1
        self.database.execute(f"CREATE TABLE {table} (key BLOB PRIMARY KEY) WITHOUT ROWID")
        self.database.executemany(
            f"INSERT OR IGNORE INTO {table} VALUES (?)",
            ((key.encode("utf-8", "surrogatepass"),) for key in keys),
        )

    def descending(self) -> Iterator[list[str]]:
        trees = " UNION ".join(f"SELECT key FROM batch{table}" for table in range(self.tables))
        rows = self.database.execute(f"{trees} ORDER BY key DESC")
        while block := rows.fetchmany(BLOCK_SIZE):
            yield [key.decode("utf-8", "surrogatepass") for (key,) in block]


class _DuckdbText:
    """DuckDB: 100,000 keys in one parameter, which the statement splits."""

    def __init__(self, folder: str) -> None:
        import duckdb

        self.folder = folder
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": 2,
            "memory_limit": "150MB",
            "preserve_insertion_order": False,
            "temp_directory": folder,
        }
        self.database = duckdb.connect(os.path.join(folder, "db"), config=settings)
        self.database.execute("CREATE TABLE keys (key VARCHAR)")

    def add(self, keys: list[str]) -> None:
        keys.sort()
        self.database.execute("BEGIN")
        for start in range(0, len(keys), 100_000):
            self.database.execute(
                f"INSERT INTO keys SELECT unnest(string_split(?, '{SEPARATOR}'))",
                [SEPARATOR.join(keys[start : start + 100_000])],
            )
        self.database.execute("COMMIT")

    def descending(self) -> Iterator[list[str]]:
        self.database.execute("SELECT DISTINCT key FROM keys ORDER BY key DESC")
        while block := self.database.fetchmany(BLOCK_SIZE):
            yield [key for (key,) in block]


class _DuckdbCsv(_DuckdbText):
    """DuckDB: each batch is written as a CSV file of one column, which it reads in parallel."""

    def add(self, keys: list[str]) -> None:
        keys.sort()
        path = os.path.join(self.folder, "batch.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write("\n".join(keys))
        self.database.execute(
            f"INSERT INTO keys SELECT * FROM read_csv('{path}', header=false, auto_detect=false,"
            f" columns={{'key': 'VARCHAR'}}, delim='{SEPARATOR}', quote='', escape='')"
        )
        os.unlink(path)


WAYS = {
    "sorting the batches only": _SortedOnly,
    "SQLite, rows of 1,000": Spill,
    "SQLite, a tree for each batch": _SqliteTrees,
    "DuckDB, through CSV": _DuckdbCsv,
    "DuckDB, through text": _DuckdbText,
}


class Cost(NamedTuple):
    """The cost of a way, in seconds and in millions of bytes."""

    adding: float
    reading: float
    processor: float
    peak: float
    disk: float


def on_disk(folder: str) -> float:
    """Return the disk space of this process's files, named or not, in millions of bytes."""
    used = sum(os.stat(entry).st_blocks for entry in os.scandir(folder))
    for descriptor in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError):
            file = os.fstat(int(descriptor))
            used += file.st_blocks if stat.S_ISREG(file.st_mode) and not file.st_nlink else 0
    return used * 512 / 1e6


def measure(way: str, count: int, shuffled: bool, parent: str) -> Cost:
    """Add all keys in a way and read them back; making the keys is not counted."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        wall, processor = time.perf_counter(), time.process_time()
        engine = WAYS[way](folder)
        adding, used = time.perf_counter() - wall, time.process_time() - processor
        for keys in batches(count, shuffled=shuffled):
            wall, processor = time.perf_counter(), time.process_time()
            engine.add(keys)
            adding += time.perf_counter() - wall
            used += time.process_time() - processor
            keys.clear()
        disk, number_read = on_disk(folder), 0
        wall, processor = time.perf_counter(), time.process_time()
        for number, block in enumerate(engine.descending()):
            number_read += len(block)
            disk = disk if number % 50 else max(disk, on_disk(folder))
        reading = time.perf_counter() - wall
        used += time.process_time() - processor
        assert number_read == count or way == "sorting the batches only"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak *= 1 if sys.platform == "darwin" else 1024
        return Cost(adding, reading, used, peak / 1e6, disk)


def main() -> None:
    """Measure each way in its own process, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=3_000_000, metavar="N")
    parser.add_argument("--folder", default=None, help="where to put the files")
    options = parser.parse_args()
    print(f"{'way':29} {'input':9}  add s read s   all s  cpu s  peak MB  disk MB")
    spawn = multiprocessing.get_context("spawn")
    for shuffled, way in itertools.product([False, True], WAYS):
        with spawn.Pool(1) as process:
            cost = process.apply(measure, (way, options.keys, shuffled, options.folder))
        print(
            f"{way:29} {'shuffled' if shuffled else 'ascending':9}"
            f" {cost.adding:6.1f} {cost.reading:6.1f}"
            f" {cost.adding + cost.reading:7.1f} {cost.processor:6.1f}"
            f" {cost.peak:8.0f} {cost.disk:8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
