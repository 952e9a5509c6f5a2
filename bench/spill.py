"""Sort more keys than memory should hold: SQLite and DuckDB, the two best ways found of each.

Run it as ``python -m bench.spill [--keys N] [--folder FOLDER]``; it needs ``pip install duckdb``.
What came of it is in ``docs/spill.md``.
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

BATCH = 1_000_000
HANDED_OUT = 10_000
# What no name on a cluster of media holds; a real use of DuckDB would have to escape it.
BETWEEN = "\x1e"


def key(number: int) -> str:
    """Return a key of 57 bytes; there are 1,000 a directory."""
    reel, clip = divmod(number, 1000)
    show, reel = divmod(reel, 500)
    letter = "CMD"[number % 3]
    return f"/projects/show{show:04d}/reel{reel:04d}/camera/A001_C{clip:06d}.mov\0{letter}"


def batches(count: int, *, shuffled: bool) -> Iterator[list[str]]:
    """Yield ``count`` keys, none twice; of a batch nothing is kept here."""
    step = 2_147_483_647 if shuffled else 1  # a prime: so each number comes once
    for start in range(0, count, BATCH):
        keys = [key(n * step % count) for n in range(start, min(count, start + BATCH))]
        if shuffled:
            random.Random(start).shuffle(keys)
        yield keys
        del keys


class _SortedOnly:
    """No engine: what sorting the batches costs in any case."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def add(self, keys: list[str]) -> None:
        keys.sort()

    def descending(self) -> Iterator[list[str]]:
        return iter(())


class _SqliteTrees:
    """SQLite: a B-tree a batch, which is quick to append to; the query merges them."""

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
        while block := rows.fetchmany(HANDED_OUT):
            yield [key.decode("utf-8", "surrogatepass") for (key,) in block]


class _DuckdbText:
    """DuckDB: 100,000 keys in one parameter, which the statement splits."""

    def __init__(self, folder: str) -> None:
        import duckdb

        self.folder = folder
        settings = {
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
                f"INSERT INTO keys SELECT unnest(string_split(?, '{BETWEEN}'))",
                [BETWEEN.join(keys[start : start + 100_000])],
            )
        self.database.execute("COMMIT")

    def descending(self) -> Iterator[list[str]]:
        self.database.execute("SELECT DISTINCT key FROM keys ORDER BY key DESC")
        while block := self.database.fetchmany(HANDED_OUT):
            yield [key for (key,) in block]


class _DuckdbCsv(_DuckdbText):
    """DuckDB: each batch written as a CSV of one column, which it reads in parallel."""

    def add(self, keys: list[str]) -> None:
        keys.sort()
        path = os.path.join(self.folder, "batch.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write("\n".join(keys))
        self.database.execute(
            f"INSERT INTO keys SELECT * FROM read_csv('{path}', header=false, auto_detect=false,"
            f" columns={{'key': 'VARCHAR'}}, delim='{BETWEEN}', quote='', escape='')"
        )
        os.unlink(path)


WAYS = {
    "sorting the batches only": _SortedOnly,
    "SQLite, runs of 1,000": Spill,
    "SQLite, a tree a batch": _SqliteTrees,
    "DuckDB, through CSV": _DuckdbCsv,
    "DuckDB, through text": _DuckdbText,
}


class Measured(NamedTuple):
    """Seconds, and millions of bytes."""

    taking_in: float
    handing_out: float
    processor: float
    peak: float
    disk: float


def on_disk(folder: str) -> float:
    """Return what the files of this process use, named or not, in millions of bytes."""
    used = sum(os.stat(entry).st_blocks for entry in os.scandir(folder))
    for descriptor in os.listdir("/dev/fd"):
        with contextlib.suppress(OSError):
            file = os.fstat(int(descriptor))
            used += file.st_blocks if stat.S_ISREG(file.st_mode) and not file.st_nlink else 0
    return used * 512 / 1e6


def measure(way: str, count: int, shuffled: bool, parent: str) -> Measured:
    """Take in and hand out all keys in a way; making the keys is not counted."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        wall, processor = time.perf_counter(), time.process_time()
        engine = WAYS[way](folder)
        taking_in, used = time.perf_counter() - wall, time.process_time() - processor
        for keys in batches(count, shuffled=shuffled):
            wall, processor = time.perf_counter(), time.process_time()
            engine.add(keys)
            taking_in += time.perf_counter() - wall
            used += time.process_time() - processor
            keys.clear()
        disk, seen = on_disk(folder), 0
        wall, processor = time.perf_counter(), time.process_time()
        for number, block in enumerate(engine.descending()):
            seen += len(block)
            disk = disk if number % 50 else max(disk, on_disk(folder))
        handing_out = time.perf_counter() - wall
        used += time.process_time() - processor
        assert seen == count or way == "sorting the batches only"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak *= 1 if sys.platform == "darwin" else 1024
        return Measured(taking_in, handing_out, used, peak / 1e6, disk)


def main() -> None:
    """Measure every way in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", type=int, default=3_000_000, metavar="N")
    parser.add_argument("--folder", default=None, help="where the engines put their files")
    options = parser.parse_args()
    print(f"{'way':24} {'input':9}   in s  out s   all s  cpu s  peak MB  disk MB")
    spawn = multiprocessing.get_context("spawn")
    for shuffled, way in itertools.product([False, True], WAYS):
        with spawn.Pool(1) as alone:
            found = alone.apply(measure, (way, options.keys, shuffled, options.folder))
        print(
            f"{way:24} {'shuffled' if shuffled else 'ascending':9}"
            f" {found.taking_in:6.1f} {found.handing_out:6.1f}"
            f" {found.taking_in + found.handing_out:7.1f} {found.processor:6.1f}"
            f" {found.peak:8.0f} {found.disk:8.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
