"""Keys on disk: sorted by SQLite and ``list.sort`` together, for more than memory should hold.

A row for each key would cost several times as much (``docs/spill.md``). So keys that are added
together are sorted in memory and cut into *bundles*. A bundle is one row, indexed by its last key.
When bundles are read by descending last key, all keys greater than the last one read are complete;
and ``list.sort`` merges bundles, which are sorted already, at the speed of C.
"""

import contextlib
import operator
import os
import sqlite3
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain, compress
from types import TracebackType

from qumulo_changelist.errors import SpillError
from qumulo_changelist.machine.scratch import scratch_folder
from qumulo_changelist.machine.shortages import check_shortage

# A key contains one NUL, and something after it: two in a row are never part of a key.
_BETWEEN_KEYS = "\0\0"
_PREFIX = ".changes-"
# One process reads the file, once, and then it is removed: so nothing is journalled, locked again,
# forced to the disk or committed. Thanks to the index, SQLite needs no file to sort in.
_PREPARE = """
    PRAGMA page_size = 16384;
    PRAGMA journal_mode = OFF;
    PRAGMA synchronous = OFF;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -8000;
    CREATE TABLE bundle (last BLOB, keys BLOB);
    CREATE INDEX by_last ON bundle (last);
    BEGIN;
"""


class Spill:
    r"""Collects keys in any order and yields them sorted, from a file without a name.

    A key is any text with one NUL that does not end it, as ``path + "\0" + letter``. The file
    has a name only while it is being opened, so nothing remains of it, however the process ends.

    Memory does not grow with the number of keys, but by about 0.1 MB with each call of ``add``: so
    add many keys at a time.

    Args:
        folder: where the file is; it needs about as many bytes as the keys, and two more for each.
        bundle_size: the number of keys in a row.
        block_size: the maximum number of keys that are yielded together.

    Raises:
        SpillError: the folder is missing, full, or cannot be written to; raised by every method.
    """

    def __init__(self, folder: str, *, bundle_size: int = 1000, block_size: int = 10_000) -> None:
        self._folder = folder
        self._bundle_size = bundle_size
        self._block_size = block_size
        with self._spill_errors(), contextlib.ExitStack() as undo:
            self._database = undo.enter_context(contextlib.closing(_open_unnamed(folder)))
            self._database.executescript(_PREPARE)
            undo.pop_all()

    def add(self, keys: list[str]) -> None:
        """Add keys in any order; the list is sorted in place."""
        keys.sort()
        with self._spill_errors():
            self._database.executemany("INSERT INTO bundle VALUES (?, ?)", self._bundles(keys))

    def _bundles(self, keys: list[str]) -> Iterator[tuple[bytes, bytes]]:
        for start in range(0, len(keys), self._bundle_size):
            bundle = keys[start : start + self._bundle_size]
            yield _to_bytes(bundle[-1]), _to_bytes(_BETWEEN_KEYS.join(bundle))

    def descending(self) -> Iterator[list[str]]:
        """Yield all keys, each once, in descending order of their UTF-8 bytes; no block is empty.

        It can be called again. No key may be added until the last block.
        """
        with self._spill_errors():
            cursor = self._database.execute("SELECT keys FROM bundle ORDER BY last DESC")
        keys_read: list[str] = []
        # At least as many new keys as are left over, or many keys would be sorted repeatedly.
        while rows := self._fetch(
            cursor, max(len(keys_read), self._block_size) // self._bundle_size
        ):
            for packed in rows:
                keys = packed.decode("utf-8", "surrogatepass").split(_BETWEEN_KEYS)
                keys_read += keys
            keys_read.sort()
            keys_read = _without_duplicates(keys_read)
            complete = bisect_right(keys_read, keys[-1])
            yield from self._blocks(keys_read, complete)
            del keys_read[complete:]
        yield from self._blocks(keys_read, 0)

    def _fetch(self, cursor: sqlite3.Cursor, number: int) -> list[bytes]:
        with self._spill_errors():
            return [packed for (packed,) in cursor.fetchmany(max(number, 1))]

    def _blocks(self, ascending: list[str], start: int) -> Iterator[list[str]]:
        for end in range(len(ascending), start, -self._block_size):
            yield ascending[max(start, end - self._block_size) : end][::-1]

    @contextlib.contextmanager
    def _spill_errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            check_shortage(error)
            reason = error.strerror if isinstance(error, OSError) else error
            raise SpillError(f"changes cannot be set aside in {self._folder}: {reason}") from error

    def close(self) -> None:
        """Remove the file; can be called again."""
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


def _open_unnamed(folder: str) -> sqlite3.Connection:
    # In a folder of its own, so that nobody can put a link there before SQLite opens it.
    with scratch_folder(folder, _PREFIX) as private:
        return sqlite3.connect(os.path.join(private, "keys"))  # opens the file at once


def _to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _without_duplicates(ordered: list[str]) -> list[str]:
    return list(compress(ordered, map(operator.ne, ordered, chain((None,), ordered))))
