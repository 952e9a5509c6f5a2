"""Lists as Parquet: typed columns, which pyarrow and DuckDB read alike."""

import io
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qumulo_changelist.columns import FileBatch
from qumulo_changelist.errors import MissingPackageError
from qumulo_changelist.model import CREATE, Attributes, Entry, Kind, State, Totals
from qumulo_changelist.output import formats, parquet
from qumulo_changelist.output.interface import MalformedListError
from qumulo_changelist.output.parquet import ParquetList
from qumulo_changelist.output.parquet_columns import SCHEMA
from qumulo_changelist.output.parquet_reader import ParquetListReader
from qumulo_changelist.output.reading import ListReading, find_entries, read_content
from tests.parts.entries import PieceInMemory, deleted, moved, present, unreadable, write_piece
from tests.parts.format_readers import InMemory

FORM = ParquetList("/projects")
TOTALS = Totals(files=5, size=40, created=1, moved=2, deleted_files=6, unreadable=7)

HOSTILE = ["/a\nb", "/'; drop table x --", '/"\\', "/\0\x1f", "/é🎬\u2028", "/a\udcff", "/\ud800"]

FIRST, LAST = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (1, 9999))


def write(*pieces: list[Entry]) -> bytes:
    written = [PieceInMemory(write_piece(FORM, *entries).piece) for entries in pieces]
    return b"".join(FORM.assemble(written, TOTALS))


def at(mtime: int, atime: int) -> Attributes:
    return Attributes(Kind.FILE, 1, mtime, atime)


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def test_columns_have_types_and_a_list_says_what_it_is_of():
    read = pq.read_table(io.BytesIO(write([present("/a")])))

    time, words = pa.timestamp("ms", "UTC"), pa.dictionary(pa.int32(), pa.string())
    types = {field.name: field.type for field in read.schema}
    assert {name: types.pop(name).value_type for name in ("kind", "change")} == dict.fromkeys(
        ("kind", "change"), words.value_type
    )
    assert types == {
        "path": pa.string(),
        "path_bytes": pa.binary(),
        "size": pa.int64(),
        "mtime": time,
        "mtime_seconds": pa.int64(),
        "atime": time,
        "atime_seconds": pa.int64(),
        "owner": pa.int64(),
        "group": pa.int64(),
        "moved_from": pa.string(),
        "moved_from_bytes": pa.binary(),
        "reason": pa.string(),
    }
    assert json.loads(read.schema.metadata[b"qumulo_changelist"]) == {
        "version": 1,
        "base_path": "/projects",
        "totals": {
            "created": 1,
            "modified": 2,
            "moved": 2,
            "deleted": 6,
            "modified_directories": 0,
            "deleted_directories": 0,
            "unreadable": 7,
            "size": 40,
        },
    }


def test_duckdb_reads_every_field_and_every_name(
    tmp_path: Path, database: duckdb.DuckDBPyConnection
) -> None:
    path = tmp_path / "it's a list.parquet"
    path.write_bytes(
        write(
            [present(name) for name in HOSTILE],
            [moved("/new", "/old\udcff", Attributes(Kind.FILE, 9, -1, 0, None, 2**32 - 1))],
            [present("/d", Attributes(Kind.DIRECTORY, 4), CREATE), deleted("/e", Kind.DIRECTORY)],
            [unreadable("/f", reason="no \udcff")],
        )
    )

    def ask(columns: str) -> list[tuple[object, ...]]:
        query = f"select {columns} from read_parquet($path)"
        return database.execute(query, {"path": str(path)}).fetchall()

    exact = "coalesce(path_bytes, encode(path))"
    names = [row[0] for row in ask(exact)]
    assert names[:-4] == [*(name.encode() for name in HOSTILE[:5]), b"/a\xff", b"/\xed\xa0\x80"]
    plain = 'kind, change, size, epoch(mtime)::bigint, epoch(atime)::bigint, owner, "group"'
    assert ask(f"{plain}, moved_from, moved_from_bytes, reason")[-4:] == [
        ("file", "moved", 9, -1, 0, None, 2**32 - 1, "/old\ufffd", b"/old\xff", None),
        ("directory", "created", 4, 0, 0, 0, 0, None, None, None),
        ("directory", "deleted", *[None] * 8),
        ("file", "unreadable", *[None] * 7, "no \ufffd"),
    ]
    assert ask("sum(size), count(distinct path), min(mtime)::text") == [
        (7 * 700 + 9 + 4, 11, "1969-12-31 23:59:59+00")
    ]
    metadata = "select decode(value) from parquet_kv_metadata($path) where decode(key) = $key"
    asked = {"path": str(path), "key": "qumulo_changelist"}
    ((facts,),) = database.execute(metadata, asked).fetchall()
    assert json.loads(str(facts))["totals"]["unreadable"] == 7


def test_times_that_few_readers_know_of_come_as_seconds_alone(
    tmp_path: Path, database: duckdb.DuckDBPyConnection
) -> None:
    first = int((FIRST - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds())
    last = int((LAST.replace(month=12, day=31) - FIRST).total_seconds()) + first + 86_399
    path = tmp_path / "list.parquet"
    path.write_bytes(
        write(
            [present("/d", at(first, last)), present("/c", at(first - 1, last + 1))],
            [present("/b", at(-(2**63), 2**63 - 1)), present("/a", at(0, 10**15))],
        )
    )

    rows = (
        pq.read_table(path).select(["mtime", "mtime_seconds", "atime", "atime_seconds"]).to_pylist()
    )
    assert [tuple(row.values()) for row in rows] == [
        (FIRST, None, LAST.replace(month=12, day=31, hour=23, minute=59, second=59), None),
        (None, first - 1, None, last + 1),
        (None, -(2**63), None, 2**63 - 1),
        (datetime(1970, 1, 1, tzinfo=timezone.utc), None, None, 10**15),
    ]
    exact = [f"coalesce({one}_seconds, epoch({one})::bigint)" for one in ("mtime", "atime")]
    assert database.execute(f"select {', '.join(exact)} from '{path}'").fetchall() == [
        (first, last),
        (first - 1, last + 1),
        (-(2**63), 2**63 - 1),
        (0, 10**15),
    ]


def test_a_number_that_64_bits_cannot_hold_does_not_end_the_run() -> None:
    huge = Attributes(Kind.FILE, 2**63, 10**30, 0)
    entries = [Entry(State.PRESENT, "/huge", huge, CREATE), present("/a")]

    table = pq.read_table(io.BytesIO(write(entries)))

    assert table["size"].to_pylist() == [None, entries[1].attributes.size]
    assert table["mtime_seconds"].to_pylist() == [None, None]


def test_row_groups_are_of_one_size_wherever_pieces_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "_ROWS_IN_A_GROUP", 30)
    monkeypatch.setattr(parquet, "_ROWS_IN_A_BATCH", 8)
    entries = [present(f"/{number:02}") for number in range(99, -1, -1)]

    contents = [
        write(*(entries[begin : begin + size] for begin in range(0, 100, size)))
        for size in (1, 15, 33, 100)
    ]

    assert len(set(contents)) == 1
    read = pq.ParquetFile(io.BytesIO(contents[0]))
    groups = [read.metadata.row_group(number).num_rows for number in range(read.num_row_groups)]
    assert groups == [30, 30, 30, 10]
    assert read.read(["path"])["path"].to_pylist() == [entry.name for entry in entries]


def test_files_as_columns_are_written_like_entries():
    for last in (present("/d/a\udcff"), present("/d/a"), deleted("/d/a")):
        entries = [present("/d/b", op=CREATE), last]
        files = FileBatch.of(entries, "/d/")
        assert files
        writer = FORM.start_piece()

        assert writer.add(files) == []

        assert writer.finish() == write_piece(FORM, *entries).piece


@pytest.mark.parametrize("schema", [SCHEMA, pa.schema([("path", pa.string())]), SCHEMA.remove(1)])
def test_other_files_in_parquet_are_no_lists(schema: pa.Schema) -> None:
    for metadata in ({}, {b"qumulo_changelist": b"{}"}):
        file = io.BytesIO()
        pq.write_table(schema.with_metadata(metadata).empty_table(), file)

        with pytest.raises(MalformedListError):
            list(ParquetListReader().read(InMemory(file.getvalue())))


def test_a_list_of_a_later_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "VERSION", 2)

    with pytest.raises(MalformedListError, match="its version is 2, and not 1"):
        list(ParquetListReader().read(InMemory(write([]))))


def test_without_pyarrow_lists_are_neither_written_nor_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "find_spec", {"pyarrow": None}.__getitem__)
    path = tmp_path / "list"
    path.write_bytes(write([]))

    for use in (
        lambda: formats.check_formats(["xml", "parquet"], deletes=True, moves=True),
        lambda: read_content(str(path), "parquet"),
        lambda: find_entries(str(path), "parquet", ["/a"]),
        lambda: ListReading(str(path), "parquet"),
    ):
        with pytest.raises(MissingPackageError, match="needs the package pyarrow, which is") as no:
            use()
        pip = f"{shlex.quote(sys.executable)} -m pip"
        assert no.value.hint == f"Install it with `{pip} install 'qumulo-changelist[parquet]'`."
    formats.check_formats(["xml", "csv"], deletes=True, moves=True)


def test_pyarrow_is_loaded_only_for_lists_in_parquet():
    script = (
        "import sys; from qumulo_changelist.output.formats import *;"
        "[one.make(ListParameters('1', 0)) for one in FORMATS.values() if not one.package];"
        "print('pyarrow' in sys.modules);"
        "FORMATS['parquet'].make(ListParameters('1', 0)); print('pyarrow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert done.stdout.split() == ["False", "True"], done.stderr
