"""What this machine remembers of every run: a small SQLite file.

Every step of a run is written here, and is on disk, before the next one begins. So after a crash
the next run knows how far this one came.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from types import TracebackType

from msgspec import ValidationError, convert
from msgspec.structs import replace
from platformdirs import user_state_dir

from qumulo_changelist.cycle import other_lists
from qumulo_changelist.cycle.base import Committed
from qumulo_changelist.cycle.contents import RunContents, decode, encode
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.errors import StateFileError
from qumulo_changelist.machine.durable import make_folders
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.names import to_bytes, to_text

IN_MEMORY = ":memory:"
"""The path of a journal that is not stored."""

_VERSION = 1
_SECONDS_TO_WAIT = 30
"""For another process that writes to the file."""

_TABLE = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY,
    project BLOB NOT NULL,
    source BLOB NOT NULL,
    state TEXT NOT NULL,
    older INTEGER,
    newer INTEGER,
    name BLOB NOT NULL,
    taken INTEGER NOT NULL,
    source_id TEXT NOT NULL,
    archive BLOB NOT NULL,
    started INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    list BLOB NOT NULL,
    receipt BLOB NOT NULL,
    sha256 TEXT NOT NULL,
    keep INTEGER NOT NULL,
    summary BLOB NOT NULL,
    is_complete INTEGER NOT NULL,
    exit_code INTEGER,
    error BLOB NOT NULL,
    position INTEGER NOT NULL,
    contents TEXT NOT NULL DEFAULT '',
    filters TEXT NOT NULL DEFAULT '',
    others TEXT NOT NULL DEFAULT '',
    run_id TEXT NOT NULL DEFAULT '',
    error_class TEXT NOT NULL DEFAULT ''
)
"""
# Files of earlier versions lack the last columns. Those versions write what has them, too.
_LATER_COLUMNS = ("contents", "filters", "others", "run_id", "error_class")


_TEXTS = frozenset(("project", "source", "archive", "name", "list", "receipt", "summary", "error"))
_FIELDS = Run.__struct_fields__


def default_state_path() -> str:
    """Return where the file is, unless a different one is named."""
    return os.path.join(user_state_dir("qumulo-changelist"), "state.sqlite")


class Journal:
    """The file of all runs; several processes may use it at once.

    Args:
        path: the file; it is made if it is missing, readable by this user alone. ``IN_MEMORY`` for
            none.

    Raises:
        StateFileError: it cannot be used. Raised by every method.
    """

    def __init__(self, path: str) -> None:
        self._path = os.fsdecode(to_bytes(path))
        with self._errors():
            if path != IN_MEMORY:
                folder = os.path.dirname(os.path.abspath(self._path))
                make_folders(folder, 0o700)
                os.close(os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            self._file = sqlite3.connect(self._path, timeout=_SECONDS_TO_WAIT, isolation_level=None)
            self._file.row_factory = sqlite3.Row
        try:
            self._prepare()
        except BaseException:
            self._file.close()
            raise

    def _prepare(self) -> None:
        with self._errors():
            self._file.execute("PRAGMA synchronous = EXTRA")
            version = self._file.execute("PRAGMA user_version").fetchone()[0]
            if version > _VERSION:
                raise StateFileError(f"a newer version of this program made {self._path}")
            if version < _VERSION:
                self._file.execute(_TABLE)
                self._file.execute(f"PRAGMA user_version = {_VERSION}")
            columns = self._file.execute("PRAGMA table_info(runs)").fetchall()
            for name in {*_LATER_COLUMNS} - {column["name"] for column in columns}:
                # Another process may do it at the same moment.
                with contextlib.suppress(sqlite3.OperationalError):
                    self._file.execute(
                        f"ALTER TABLE runs ADD COLUMN {name} TEXT NOT NULL DEFAULT ''"
                    )

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, run: Run) -> Run:
        """Store a new run; return it with its id. If it is committed, it is the newest commit."""
        if run.state is RunState.COMMITTED:
            run = replace(run, position=self._next_position())
        fields = [name for name in _FIELDS if name != "id"]
        marks = ", ".join("?" * len(fields))
        with self._errors():
            cursor = self._file.execute(
                f"INSERT INTO runs ({', '.join(fields)}) VALUES ({marks})",  # noqa: S608
                [_stored(name, getattr(run, name)) for name in fields],
            )
        return self.run(cursor.lastrowid or 0)

    def update(self, run: Run, **changes: object) -> Run:
        """Change fields of a run; return it as it is then."""
        settings = ", ".join(f"{name} = ?" for name in changes)
        values = [_stored(name, value) for name, value in changes.items()]
        with self._errors():
            self._file.execute(f"UPDATE runs SET {settings} WHERE id = ?", (*values, run.id))  # noqa: S608
        return self.run(run.id)

    def commit(self, run: Run) -> Run:
        """Remember that a run is committed, and that this is the newest commit; return it so."""
        return self.update(
            run,
            state=RunState.COMMITTED,
            ended=time.time_ns(),
            position=self._next_position(),
            error="",
            error_class="",
        )

    def forget(self, project: str) -> int:
        """Remove all runs of a project; return their number."""
        with self._errors():
            cursor = self._file.execute("DELETE FROM runs WHERE project = ?", (_key(project),))
            return cursor.rowcount

    def _next_position(self) -> int:
        with self._errors():
            number = self._file.execute("SELECT coalesce(max(position), 0) + 1 FROM runs")
            return int(number.fetchone()[0])

    def run(self, number: int) -> Run:
        """Return a run by its id."""
        with self._errors():
            row = self._file.execute("SELECT * FROM runs WHERE id = ?", (number,)).fetchone()
            return _run(row)

    def runs(self, project: str = "", source: str = "") -> list[Run]:
        """Return the runs, the newest first; of one project, or of one of its sources."""
        with self._errors():
            rows = self._file.execute(
                "SELECT * FROM runs WHERE (? = '' OR project = ?) AND (? = '' OR source = ?) "
                "ORDER BY id DESC",
                (*(_key(project),) * 2, *(_key(source),) * 2),
            ).fetchall()
            return [_run(row) for row in rows]

    def committed(self, project: str, source: str) -> Committed | None:
        """Return what was committed last of a source; None if there is nothing.

        What was adopted last can be older than what was committed before that. The order is not
        taken from times: a clock can be wrong.
        """
        last = self._last_committed(project, source)
        if not last:
            return None
        return Committed(last.newer or 0, last.taken, last.source_id, last.archive)

    def _last_committed(self, project: str, source: str) -> Run | None:
        runs = self._in_state(project, source, RunState.COMMITTED)
        return max(runs, key=lambda run: run.position, default=None)

    def committed_ids(self, project: str, source: str) -> set[int]:
        """Return the ids of all snapshots of a source that were committed."""
        return {run.newer or 0 for run in self._in_state(project, source, RunState.COMMITTED)}

    def uncommitted(self, project: str, source: str) -> list[Run]:
        """Return the runs whose list could be committed, the newest first.

        Each list is newer than what is committed, and continues it. Of several lists of the same
        snapshot, which a policy took, only the last one is there.
        """
        last = self._last_committed(project, source)
        listed = self._in_state(project, source, RunState.LISTED)
        waiting = [run for run in listed if _continues(run, last)]
        return list({(run.newer, run.archive): run for run in reversed(waiting)}.values())[::-1]

    def committed_since_full_list(self, project: str, source: str) -> list[Run]:
        """Return the runs that made the archive what it is: the committed ones, newest first.

        The last one is the newest full list, or what was adopted from a different machine.
        """
        runs = self._in_state(project, source, RunState.COMMITTED)
        runs.sort(key=lambda run: run.position, reverse=True)
        first = next((at for at, run in enumerate(runs) if run.older is None), len(runs))
        return runs[: first + 1]

    def _in_state(self, project: str, source: str, state: RunState) -> list[Run]:
        return [run for run in self.runs(project, source) if run.state is state]

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (
            *(OSError, sqlite3.Error, ValidationError, ValueError, TypeError),
            *(LookupError, RecursionError),  # a column is missing; contents are no contents
        ) as error:
            if isinstance(error, OSError):
                check_shortage(error)
            reason = getattr(error, "strerror", None) or error
            raise StateFileError(f"the file {self._path} cannot be used: {reason}") from error


def _continues(run: Run, last: Run | None) -> bool:
    """Return whether the list of a run continues what was committed last.

    A full list does if its run began later. Its snapshot can have a smaller id: a cluster that was
    set up anew begins to count anew.
    """
    if last is None:
        return True
    if run.older is None:
        return run.id > last.id
    is_of_same = all(
        one == other or not one or not other
        for one, other in ((run.source_id, last.source_id), (run.archive, last.archive))
    )
    return is_of_same and run.older <= (last.newer or 0) < (run.newer or 0)


def _key(text: str) -> bytes | str:
    return to_bytes(text) if text else ""


def _stored(name: str, value: object) -> object:
    if name in _TEXTS:
        return to_bytes(str(value))
    if name == "contents":
        return encode(value if isinstance(value, RunContents) else None)
    if name == "others":
        return other_lists.encode(value if isinstance(value, tuple) else ())
    return value.value if isinstance(value, RunState) else value


def _run(row: sqlite3.Row) -> Run:
    # A file of an earlier version that cannot be written lacks a column.
    known = row.keys()
    values: dict[str, object] = {name: row[name] for name in _FIELDS if name in known}
    # Of a damaged file, a value can be anything; a memoryview is of bytes alone.
    values |= {name: to_text(bytes(memoryview(row[name]))) for name in _TEXTS}
    values["is_complete"] = bool(row["is_complete"])
    values["contents"] = decode(row["contents"]) if "contents" in known else None
    values["others"] = other_lists.decode(row["others"]) if "others" in known else ()
    return convert(values, Run)
