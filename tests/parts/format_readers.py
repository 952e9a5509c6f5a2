"""Lists of every format, read with other readers than the project's own."""

import base64
import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq

from qumulo_changelist.model import Kind, State
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.formats import ListParameters
from qumulo_changelist.output.interface import ListedEntry, ListReader
from qumulo_changelist.output.reading import make_reader

RUN_TIME = 1_700_000_200
BASE = "/projects/<show> 1"
PARAMETERS = ListParameters("1", RUN_TIME, BASE)
NOBODY = 65534


class Line(NamedTuple):
    """An entry of a list, in what most formats can express."""

    state: State
    name: bytes
    kind: Kind
    moved_from: bytes = b""
    facts: tuple[int, ...] = ()
    """Size, mtime, atime, owner and group of an entry that is present."""


class Content(NamedTuple):
    """A list as it was read back."""

    lines: list[Line]
    stated: dict[str, int]
    """The totals that it states, by the names of ``ListCounts``."""


def read_list(form_name: str, content: bytes) -> Content:
    """Return what a list contains; by the project's own reader if there is no other one."""
    if form_name in READERS:
        return READERS[form_name](content)
    found = reader_of(form_name).read(InMemory(content))
    return Content([_line_of_entry(one) for one in found if isinstance(one, ListedEntry)], {})


def reader_of(form_name: str, base: str = BASE) -> ListReader:
    """Return the project's own reader."""
    reader = make_reader(form_name, base)
    assert reader
    return reader


def _line_of_entry(found: ListedEntry) -> Line:
    return Line(found.state, to_bytes(found.name), found.kind, to_bytes(found.moved_from))


class InMemory:
    """Implements ``ListBytes``: in chunks of a few bytes."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        content = self._content
        return (content[begin : begin + 7] for begin in range(0, len(content), 7))

    def open(self) -> BinaryIO:
        return io.BytesIO(self._content)


def read_xml(content: bytes) -> Content:
    states = {
        "file": State.PRESENT,
        "delete-file": State.DELETED,
        "bad-dir": State.UNREADABLE,
    }
    kinds = {"F_REG": Kind.FILE, "F_DIR": Kind.DIRECTORY}
    root = ElementTree.fromstring(content)
    lines = []
    for found in root:
        state, known = states[found.tag], found.attrib
        facts = tuple(int(known[name]) for name in ("size", "mtime", "atime", "owner", "group"))
        if state is not State.PRESENT:
            assert facts == (0, RUN_TIME, RUN_TIME, 0, 0)
            facts = ()
        name, moved_from = known["name"].encode(), known.get("from", "").encode()
        lines.append(Line(state, name, kinds[known["type"]], moved_from, facts))
    assert root.attrib["selected"] == root.attrib["scanned"]
    names = {
        "files": "scanned",
        "size": "size",
        "unreadable": "bad_dir_count",
        "deleted_files": "delete_count",
    }
    return Content(lines, {ours: int(root.attrib[name]) for ours, name in names.items()})


def read_classic(content: bytes) -> Content:
    read = read_xml(content)
    return read._replace(lines=list(map(_line_of_classic, read.lines)))


def _line_of_classic(line: Line) -> Line:
    gone = (0, RUN_TIME, RUN_TIME, 0, 0)
    is_directory = line.kind is Kind.DIRECTORY
    if line.state is not State.DELETED and not (is_directory and line.facts == gone):
        return line
    assert (line.state is State.DELETED) is not is_directory
    above, name = line.name[: len(BASE.encode())], line.name[len(BASE.encode()) :]
    assert above == BASE.encode()
    return Line(State.DELETED, name, line.kind)


def read_ndjson(content: bytes) -> Content:
    *lines, last = map(json.loads, content.removesuffix(b"\n").split(b"\n"))
    return Content([_line_of_object(one) for one in lines], _stated(last["totals"]))


def _stated(totals: dict[str, int]) -> dict[str, int]:
    names = {
        "deleted": "deleted_files",
        "modified_directories": "directories",
    }
    files = totals["created"] + totals["modified"] + totals["moved"]
    return {"files": files} | {names.get(name, name): count for name, count in totals.items()}


def _line_of_object(found: dict[str, Any]) -> Line:
    name, moved_from = (_from_base64(found, field) for field in ("path", "moved_from"))
    return _line_of_fields(found, name, moved_from)


def _line_of_fields(found: dict[str, Any], name: bytes, moved_from: bytes) -> Line:
    changes = {"deleted": State.DELETED, "unreadable": State.UNREADABLE}
    state = changes.get(found["change"], State.PRESENT)
    facts: tuple[int, ...] = ()
    if state is State.PRESENT:
        owners = (NOBODY if found[name] is None else found[name] for name in ("owner", "group"))
        facts = (found["size"], found["mtime"], found["atime"], *owners)
        assert (found["change"] == "moved") is bool(moved_from)
    return Line(state, name, Kind(found["kind"]), moved_from, facts)


def _from_base64(found: dict[str, Any], field: str) -> bytes:
    if exact := found.get(f"{field}_bytes"):
        return base64.b64decode(exact)
    return str(found.get(field, "")).encode()


def read_csv(content: bytes) -> Content:
    text = content.decode()
    assert content.endswith(b"\r\n")
    # What the RFC allows, in a field with quotes or without them.
    assert re.fullmatch(
        r'(?:(?:[^\x00-\x1f\x7f,"]*|"(?:[^\x00-\x1f\x7f"]|[\r\n]|"")*")(?:,|\r\n))*', text
    )
    lines = []
    for found in csv.DictReader(io.StringIO(text, newline=""), strict=True):
        numbers = {
            name: int(found[name]) if found[name] else None
            for name in ("size", "mtime", "atime", "owner", "group")
        }
        path, moved_from = _from_escapes(found["path"]), _from_escapes(found["moved_from"])
        lines.append(_line_of_fields({**found, **numbers}, path, moved_from))
    return Content(lines, {})


def _from_escapes(text: str) -> bytes:
    r"""Return the bytes of a field, in which each backslash begins ``\xHH``."""
    before, *rest = text.encode().split(b"\\")
    assert all(part.startswith(b"x") for part in rest)
    return before + b"".join(bytes.fromhex(part[1:3].decode()) + part[3:] for part in rest)


def read_parquet(content: bytes, base: str = BASE) -> Content:
    table = pq.read_table(io.BytesIO(content))
    facts = json.loads(table.schema.metadata[b"qumulo_changelist"])
    assert (facts["version"], facts["base_path"]) == (1, base)
    columns = {name: table[name] for name in table.column_names}
    for name in ("mtime", "atime"):
        columns[name] = columns[name].cast(pa.timestamp("s", "UTC")).cast(pa.int64())
    rows = zip(*(column.to_pylist() for column in columns.values()), strict=True)
    return Content(
        [_line_of_row(dict(zip(columns, row, strict=True))) for row in rows],
        _stated(facts["totals"]),
    )


def _line_of_row(found: dict[str, Any]) -> Line:
    for name in ("mtime", "atime"):
        seconds = found[f"{name}_seconds"]
        assert found[name] is None or seconds is None
        found[name] = found[name] if seconds is None else seconds
    path, moved_from = (_exact(found, field) for field in ("path", "moved_from"))
    return _line_of_fields(found, path, moved_from)


def _exact(found: dict[str, Any], field: str) -> bytes:
    exact: bytes | None = found[f"{field}_bytes"]
    if exact is None:
        return (found[field] or "").encode()
    assert found[field] == exact.decode(errors="replace") != exact.decode(errors="ignore")
    return exact


READERS: dict[str, Callable[[bytes], Content]] = {
    "xml": read_xml,
    "ndjson": read_ndjson,
    "csv": read_csv,
    "parquet": read_parquet,
    "xml-classic": read_classic,
}
"""Other readers, by the format that they read."""
