"""What survives a restart: ids, snapshots with their trees, policies, access tokens: a database.

Without a state directory, the database is in memory only.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing

import msgspec
from msgspec.structs import asdict

from qumulo_emulator.errors import StateError
from qumulo_emulator.model import Attributes, FileType, IdRecord, Node, Snapshot, SnapshotPolicy
from qumulo_emulator.names import join_path, split_path, to_bytes, to_text

_VERSION = 2
_SCHEMA = """
    CREATE TABLE facts (name TEXT PRIMARY KEY, value);
    CREATE TABLE ids (device, inode, life BLOB, id, PRIMARY KEY (device, inode));
    CREATE TABLE snapshots (
        id INTEGER PRIMARY KEY, label BLOB, taken, source_id, source BLOB, expires
    );
    CREATE TABLE nodes (
        snapshot INTEGER, number INTEGER, parent INTEGER, name BLOB, id, type, mode, owner, "group",
        size, blocks, links, accessed, modified, changed, created, major, minor, target BLOB,
        PRIMARY KEY (snapshot, number)
    ) WITHOUT ROWID;
    CREATE TABLE tokens (id TEXT PRIMARY KEY, secret TEXT, created, expires, enabled);
"""
_SINCE_VERSION_2 = """
    ALTER TABLE snapshots ADD COLUMN policy_id INTEGER;
    ALTER TABLE snapshots ADD COLUMN policy_name BLOB;
    ALTER TABLE snapshots ADD COLUMN full_name BLOB;
    ALTER TABLE snapshots ADD COLUMN lock_key BLOB;
    CREATE TABLE policies (id INTEGER PRIMARY KEY, policy BLOB);
"""
_TYPES = list(FileType)


class State:
    """The database. Thread-safe.

    Args:
        directory: the directory of the database, created if missing; None for memory.
        root: the directory that is served; a state belongs to one root only.

    Raises:
        StateError: if it cannot be opened, or belongs to another root.
    """

    def __init__(self, directory: str | None, root: str) -> None:
        self._lock = threading.Lock()
        self.kept = directory is not None
        try:
            if directory is not None:
                os.makedirs(directory, mode=0o700, exist_ok=True)
            path = ":memory:" if directory is None else os.path.join(directory, "state.sqlite")
            self._database = sqlite3.connect(path, check_same_thread=False)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise StateError(f"the state in {directory} cannot be used: {error}") from error
        served = self.fact("root")
        if served is None:
            self.set_fact("root", os.fsencode(root))
        elif served != os.fsencode(root):
            self.close()
            raise StateError(f"the state in {directory} belongs to another root: {served!r}")

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version < _VERSION:
            if version == 0:
                self._database.executescript(_SCHEMA)
            self._database.executescript(_SINCE_VERSION_2)
            self._database.execute(f"PRAGMA user_version = {_VERSION}")
            self._database.commit()
        elif version != _VERSION:
            raise sqlite3.DatabaseError(f"it has version {version}, not {_VERSION}")

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def fact(self, name: str) -> str | int | bytes | None:
        """Return a single value, or None if it was never set."""
        with self._lock:
            rows = self._database.execute("SELECT value FROM facts WHERE name = ?", (name,))
            row: tuple[str | int | bytes] | None = rows.fetchone()
        return None if row is None else row[0]

    def set_fact(self, name: str, value: str | int | bytes) -> None:
        """Set a single value."""
        with self._lock, self._database as database:
            database.execute("REPLACE INTO facts VALUES (?, ?)", (name, value))

    def ids(self) -> list[IdRecord]:
        """Return all ids that were issued."""
        with self._lock:
            rows = self._database.execute("SELECT device, inode, life, id FROM ids").fetchall()
        # SQLite's integers are signed, so inode numbers are stored as text.
        return [
            IdRecord(int(device), int(inode), life, number) for device, inode, life, number in rows
        ]

    def add_ids(self, new: Iterable[IdRecord]) -> None:
        """Store new ids, if the database is on disk."""
        if not self.kept:
            return
        rows = [(str(record.device), str(record.inode), record.life, record.id) for record in new]
        if rows:
            with self._lock, self._database as database:
                database.executemany("REPLACE INTO ids VALUES (?, ?, ?, ?)", rows)

    def snapshots(self) -> list[Snapshot]:
        """Return all snapshots, without their trees."""
        with self._lock:
            rows = self._database.execute("SELECT * FROM snapshots ORDER BY id").fetchall()
        return [
            Snapshot(
                number,
                _text(label),
                taken,
                source_id,
                split_path(to_text(source)),
                _moment(expires),
                policy_id=policy_id,
                policy_name=_text(policy_name),
                full_name=_text(full_name),
                lock_key=_text(lock_key),
            )
            for number, label, taken, source_id, source, expires, *by_policy, lock_key in rows
            for policy_id, policy_name, full_name in [by_policy]
        ]

    def add_snapshot(self, snapshot: Snapshot, tree: Node) -> None:
        """Store a snapshot and its tree, if the database is on disk."""
        if not self.kept:
            return
        with self._lock, self._database as database:
            database.execute(
                "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    snapshot.id,
                    _bytes(snapshot.label),
                    snapshot.taken,
                    snapshot.source_id,
                    to_bytes(join_path(snapshot.source, directory=True)),
                    _storable(snapshot.expires),
                    snapshot.policy_id,
                    _bytes(snapshot.policy_name),
                    _bytes(snapshot.full_name),
                    _bytes(snapshot.lock_key),
                ),
            )
            database.executemany(
                "INSERT INTO nodes VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                _rows(snapshot.id, tree),
            )

    def set_expiration(self, number: int, expires: int | None) -> None:
        """Change when a snapshot expires; None means never."""
        row = (_storable(expires), number)
        with self._lock, self._database as database:
            database.execute("UPDATE snapshots SET expires = ? WHERE id = ?", row)

    def set_lock(self, number: int, key: str) -> None:
        """Lock a snapshot with a key."""
        with self._lock, self._database as database:
            database.execute(
                "UPDATE snapshots SET lock_key = ? WHERE id = ?", (to_bytes(key), number)
            )

    def policies(self) -> list[SnapshotPolicy]:
        """Return all snapshot policies."""
        with self._lock:
            rows = self._database.execute("SELECT policy FROM policies").fetchall()
        return [msgspec.convert(json.loads(policy), SnapshotPolicy) for (policy,) in rows]

    def put_policy(self, policy: SnapshotPolicy) -> None:
        """Store a new snapshot policy."""
        row = (policy.id, json.dumps(asdict(policy)))
        with self._lock, self._database as database:
            database.execute("INSERT INTO policies VALUES (?, ?)", row)

    def remove_policy(self, number: int) -> None:
        """Remove a snapshot policy."""
        with self._lock, self._database as database:
            database.execute("DELETE FROM policies WHERE id = ?", (number,))

    def remove_snapshot(self, number: int) -> None:
        """Remove a snapshot and its tree."""
        with self._lock, self._database as database:
            database.execute("DELETE FROM nodes WHERE snapshot = ?", (number,))
            database.execute("DELETE FROM snapshots WHERE id = ?", (number,))

    def tree(self, number: int) -> Node:
        """Return the tree of a snapshot."""
        with self._lock, closing(self._database.cursor()) as cursor:
            rows = cursor.execute(
                'SELECT parent, name, id, type, mode, owner, "group", size, blocks, links,'
                " accessed, modified, changed, created, major, minor, target FROM nodes"
                " WHERE snapshot = ? ORDER BY number",
                (number,),
            )
            nodes: list[Node] = []
            for parent, name, identity, kind, *numbers, major, minor, target in rows:
                device = (major, minor)
                numbers[6:] = map(_moment, numbers[6:])
                node = Node(Attributes._make([identity, _TYPES[kind], *numbers, device, target]))
                if nodes:
                    nodes[parent].children[to_text(name)] = node
                nodes.append(node)
        return nodes[0]

    def tokens(self) -> list[tuple[str, str, int, int | None, bool]]:
        """Return all access tokens: id, secret, creation, expiration, whether enabled."""
        with self._lock:
            rows = self._database.execute("SELECT * FROM tokens ORDER BY created").fetchall()
        return [
            (number, secret, created, _moment(expires), bool(enabled))
            for number, secret, created, expires, enabled in rows
        ]

    def put_token(
        self, number: str, secret: str, created: int, expires: int | None, *, enabled: bool
    ) -> None:
        """Store a new or changed access token."""
        row = (number, secret, created, _storable(expires), enabled)
        with self._lock, self._database as database:
            database.execute("REPLACE INTO tokens VALUES (?, ?, ?, ?, ?)", row)

    def remove_token(self, number: str) -> None:
        """Remove an access token."""
        with self._lock, self._database as database:
            database.execute("DELETE FROM tokens WHERE id = ?", (number,))


def _rows(snapshot: int, tree: Node) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a tree, each directory before its entries."""
    order = {kind: number for number, kind in enumerate(_TYPES)}
    pending: list[tuple[int, str, Node]] = [(0, "", tree)]
    number = 0
    while pending:
        parent, name, node = pending.pop()
        known = node.attributes
        yield (
            *(snapshot, number, parent, to_bytes(name)),
            *(known.id, order[known.type], *known[2:8], *map(_storable, known[8:12])),
            *(*known.device, known.target),
        )
        pending.extend((number, below, child) for below, child in node.children.items())
        number += 1


def _storable(moment: object) -> object:
    """Return a time as SQLite can store it: its integers end in the year 2262."""
    return str(moment) if isinstance(moment, int) and abs(moment) >= 2**63 else moment


def _text(stored: bytes | None) -> str | None:
    return None if stored is None else to_text(stored)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else to_bytes(text)


def _moment(stored: int | str | None) -> int | None:
    return None if stored is None else int(stored)
