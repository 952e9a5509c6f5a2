"""Keys beyond what memory should hold: sorted on disk, by SQLite and ``list.sort`` together.

A row for each key would cost several times as much (``docs/spill.md``). So each batch is sorted in
memory and cut into *runs* of keys, a row each, filed under the last of its keys. Where runs are
read by descending last key, all that is greater than the last one read is complete; and
``list.sort`` merges what is sorted in runs already at the speed of C.
"""

import contextlib
import operator
import os
import sqlite3
import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain, compress
from types import TracebackType

from qumulo_changelist.errors import OutputError, check_lack

_HINT = (
    "Make room there (a million changes need about 100 MB for the time of the run), let this user "
    "write there, or set FastScanWorkFolder in the archiver's configuration."
)
# A key holds one NUL, and something behind it: two in a row are never part of one.
_BETWEEN = "\0\0"
# One process reads it, once, and it is gone afterwards: so nothing is journalled, locked anew,
# forced to the disk or committed. The index spares a sort: SQLite needs no file of its own for it.
_PREPARE = """
    PRAGMA page_size = 16384;
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -8000;
    CREATE TABLE run (last BLOB, keys BLOB);
    CREATE INDEX by_last ON run (last);
    BEGIN;
"""


class Spill:
    r"""Takes keys in any order and hands them out sorted, from a file that has no name.

    A key is any text with one NUL that does not end it, as ``path + "\0" + letter``. The folder
    shows the file for the instant it takes to open it; however the process ends, nothing stays.

    Memory grows neither with the keys nor with how often one comes, but by some 0.1 MB a batch:
    so batches should be large.

    Args:
        folder: where the file lies; it needs about as many bytes as the keys, and two more a key.
        run: keys stored together.
        most: keys handed out together, at most.

    Raises:
        OutputError: the folder is not there, is full, or cannot be written; so do all methods.
    """

    def __init__(self, folder: str, *, run: int = 1000, most: int = 10_000) -> None:
        self._folder = folder
        self._run = run
        self._most = most
        with self._naming(), contextlib.ExitStack() as undo:
            self._database = undo.enter_context(contextlib.closing(_nameless(folder)))
            self._database.executescript(_PREPARE)
            undo.pop_all()

    def add(self, keys: list[str]) -> None:
        """Take in a batch, in any order; the list is sorted in place."""
        keys.sort()
        with self._naming():
            self._database.executemany("INSERT INTO run VALUES (?, ?)", self._runs(keys))

    def _runs(self, keys: list[str]) -> Iterator[tuple[bytes, bytes]]:
        for start in range(0, len(keys), self._run):
            run = keys[start : start + self._run]
            yield _encoded(run[-1]), _encoded(_BETWEEN.join(run))

    def descending(self) -> Iterator[list[str]]:
        """Yield all keys, each once, in descending order of their UTF-8 bytes; no block is empty.

        It can be called again. Nothing may be added while it is being read.
        """
        with self._naming():
            cursor = self._database.execute("SELECT keys FROM run ORDER BY last DESC")
        pool: list[str] = []
        # At least as much anew as is left over, or many batches would be sorted again and again.
        while rows := self._fetched(cursor, max(len(pool), self._most) // self._run):
            for packed in rows:
                keys = packed.decode("utf-8", "surrogatepass").split(_BETWEEN)
                pool += keys
            pool.sort()
            pool = _distinct(pool)
            complete = bisect_right(pool, keys[-1])
            yield from self._blocks(pool, complete)
            del pool[complete:]
        yield from self._blocks(pool, 0)

    def _fetched(self, cursor: sqlite3.Cursor, number: int) -> list[bytes]:
        with self._naming():
            return [packed for (packed,) in cursor.fetchmany(max(number, 1))]

    def _blocks(self, ascending: list[str], start: int) -> Iterator[list[str]]:
        for end in range(len(ascending), start, -self._most):
            yield ascending[max(start, end - self._most) : end][::-1]

    @contextlib.contextmanager
    def _naming(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            check_lack(error)
            reason = error.strerror if isinstance(error, OSError) else error
            message = f"Changes cannot be set aside in {self._folder}: {reason}"
            raise OutputError(message, hint=_HINT) from error

    def close(self) -> None:
        """Let go of the file; again changes nothing."""
        self._database.close()

    def __enter__(self) -> "Spill":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _nameless(folder: str) -> sqlite3.Connection:
    descriptor, path = tempfile.mkstemp(prefix=".changes-", dir=folder)
    try:
        os.close(descriptor)
        return sqlite3.connect(path)  # opens the file at once
    finally:
        os.unlink(path)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _distinct(ordered: list[str]) -> list[str]:
    return list(compress(ordered, map(operator.ne, ordered, chain((None,), ordered))))
