"""Lists that are read again: what was written comes back, and a damaged list is none."""

import hashlib
import os
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given, settings

from qumulo_changelist.errors import UsageError
from qumulo_changelist.model import CREATE, Entry, Kind, State
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output import formats, reading
from qumulo_changelist.output.formats import FORMATS, register_format
from qumulo_changelist.output.interface import (
    ALL_COUNTS,
    ListCounts,
    ListedEntry,
    MalformedListError,
)
from qumulo_changelist.output.reading import ListReading, differences, find_entries, read_content
from tests.parts.entries import deleted, moved, present, unreadable
from tests.parts.format_readers import BASE, InMemory, Line, read_list, reader_of
from tests.parts.test_formats import (
    BELOW_DELETED,
    CUTS,
    NAMES,
    ODD_NAMES,
    OF_EACH_KIND,
    count,
    descending,
    entry_lists,
    expected_lines,
    form_names,
    make_form,
    possible_cuts,
    write_list,
)

# Lists of names alone have tests of their own (test_name_list.py).
WITH_FIELDS = [name for name, known in FORMATS.items() if known.has_attributes]


def in_words(line: Line | ListedEntry) -> tuple[object, ...]:
    """What a reader gives of a line, except for the operation and the reason."""
    if isinstance(line, ListedEntry):
        names = (to_bytes(line.name), to_bytes(line.moved_from))
        return (line.state, line.kind, *names, line.size, line.mtime)
    size, mtime = line.facts[:2] or (0, None)
    return (line.state, line.kind, line.name, line.moved_from, size, mtime)


def read(form_name: str, content: bytes) -> list[ListedEntry | ListCounts]:
    return list(reader_of(form_name).read(InMemory(content)))


@form_names
@settings(max_examples=30)
@given(entries=entry_lists(NAMES), cuts=CUTS)
@example(OF_EACH_KIND, [])
@example(BELOW_DELETED, [])
@example(descending([present(name) for name in ODD_NAMES]), [])
def test_everything_that_was_written_is_read(tmp_path_factory, form_name, entries, cuts):
    form, folder = make_form(form_name), tmp_path_factory.getbasetemp()
    content = write_list(form, entries, possible_cuts(form_name, entries, cuts), folder)

    found = read(form_name, content)

    lines = [line for line in found if isinstance(line, ListedEntry)]
    expected = expected_lines(form_name, entries)
    assert list(map(in_words, lines)) == list(map(in_words, expected))
    path = os.path.join(str(folder), "read again")
    Path(path).write_bytes(content)
    read_again = read_content(path, form_name, BASE)
    assert (read_again.size, read_again.problem) == (len(content), "")
    assert read_again.sha256 == hashlib.sha256(content).hexdigest()
    assert (read_again.stated in found) is bool(read_list(form_name, content).stated)
    assert differences(read_again.stated, read_again.counted) == []
    totals = count(expected, entries)
    counted = reader_of(form_name).counted
    assert read_again.counted == ListCounts(**{name: totals[name] for name in counted})


def test_what_the_entries_of_a_list_show_for_certain() -> None:
    counted = {form_name: reader_of(form_name).counted for form_name in FORMATS}

    assert counted["ndjson"] == counted["csv"] == counted["parquet"] == ALL_COUNTS
    assert ALL_COUNTS - counted["xml"] == {"created", "modified"}
    # A directory can be a deleted one, and cover deleted files.
    directories = {"directories", "deleted_directories", "deleted_files"}
    assert counted["xml"] - counted["xml-classic"] == {"moved", *directories}


ENTRIES = descending(
    [
        present("/new", op=CREATE),
        present("/a%01"),
        present("/a\x01"),
        deleted("/b"),
        deleted("/d", Kind.DIRECTORY),
        moved("/here", "/there"),
        unreadable("/c\udcff"),
    ]
)


@pytest.fixture(params=WITH_FIELDS)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """The name of a format, and a list in it."""
    path = tmp_path / "list"
    path.write_bytes(write_list(make_form(request.param), ENTRIES, [2], tmp_path))
    return request.param, path


def test_entries_are_found_by_their_real_names(written: tuple[str, Path]) -> None:
    form_name, path = written

    def state(name: str) -> State | None:
        found = find_entries(str(path), form_name, [name], BASE).named.get(name)
        return found.state if found else None

    # XML can hold neither the first nor the second of these; two names are written alike there.
    unnameable = State.UNREADABLE if form_name.startswith("xml") else State.PRESENT
    assert state("/a\x01") is unnameable
    assert state("/c\udcff") is State.UNREADABLE
    assert state("/a%01") is State.PRESENT
    assert state("/b") is state("/d") is State.DELETED
    assert state("/there") is state("/") is None
    several = find_entries(str(path), form_name, ["/there", "/new", "/b"], BASE)
    assert several.moved_to == ("/here" if FORMATS[form_name].has_moves else "")
    assert set(several.named) == {"/new", "/b"}


DAMAGES = {
    "cut short": lambda content: content[:-3],
    "cut at a line": lambda content: content[: content.rindex(b"\n", 0, -1) + 1],
    "empty": lambda content: b"",
    "something after it": lambda content: content + b"<file/>\n",
    "a name without a slash": lambda content: content.replace(b'"/new"', b'"new"').replace(
        b"\n/new", b"\nnew"
    ),
    "a size that is no number": lambda content: (
        content.replace(b'700"', b'x"')
        .replace(b'"size":700', b'"size":"x"')
        .replace(b",700,", b",x,")
    ),
    "a field is missing": lambda content: (
        content.replace(b'type="F_REG"', b"")
        .replace(b'"kind":"file",', b"")
        .replace(b",file,", b",")
    ),
    "a line that is none": lambda content: content.replace(b"\n", b"\n?<x\n", 1),
    "not text": lambda content: content.replace(b"/new", b"/\xff\xfe"),
}


NOT_SEEN = {
    # Only the receipt shows it.
    "csv": {"cut at a line"},
    # Its columns are compressed.
    "parquet": {"a name without a slash", "a size that is no number", "a field is missing"},
}


@pytest.mark.parametrize(
    ("written", "damage"),
    [
        (name, damage)
        for name in WITH_FIELDS
        for damage in DAMAGES
        if damage not in NOT_SEEN.get(name, ())
    ],
    indirect=["written"],
)
def test_a_damaged_list_is_none_and_is_hashed_to_its_end(
    written: tuple[str, Path], damage: str
) -> None:
    form_name, path = written
    content = DAMAGES[damage](path.read_bytes())
    path.write_bytes(content)

    found = read_content(str(path), form_name)

    assert found.problem
    assert (found.size, found.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    with pytest.raises(MalformedListError, match=r"."):
        find_entries(str(path), form_name, ["/new"])


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE files [<!ENTITY a "b">]><files/>',
        b'<other scanned="0" selected="0" size="0" bad_dir_count="0" delete_count="0"/>',
        b'<files scanned="0" selected="1" size="0" bad_dir_count="0" delete_count="0"/>',
        b'<files scanned="0" selected="0" size="0" bad_dir_count="0" delete_count="0"><a/></files>',
        b'<files scanned="0" selected="0" size="0" delete_count="0"></files>',
    ],
)
def test_other_xml_is_no_list(content: bytes) -> None:
    with pytest.raises(MalformedListError):
        read("xml", content)


def test_a_file_that_cannot_be_read_is_malformed(tmp_path: Path) -> None:
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "a", "No such file")):
        with pytest.raises(MalformedListError, match=reason):
            read_content(str(path), "xml")


def test_iterating_over_a_list_also_hashes_all_of_it(written: tuple[str, Path]) -> None:
    form_name, path = written
    content = path.read_bytes()
    reading = ListReading(str(path), form_name, BASE)

    assert sum(isinstance(each, ListedEntry) for each in reading) == len(
        read_list(form_name, content).lines
    )

    assert (reading.size, reading.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_format_without_a_reader_has_bytes_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "FORMATS", dict(FORMATS))
    monkeypatch.setattr(reading, "FORMATS", formats.FORMATS)
    register_format("own", FORMATS["ndjson"]._replace(make_reader=None, ending="own"))
    path = tmp_path / "list"
    path.write_bytes(b"anything")

    found = read_content(str(path), "own")

    assert (found.size, found.sha256) == (8, hashlib.sha256(b"anything").hexdigest())
    assert (found.counted, found.stated, found.problem) == (ListCounts(), ListCounts(), "")
    with pytest.raises(MalformedListError, match="lists in the format own cannot be read again"):
        find_entries(str(path), "own", ["/a"])
    with pytest.raises(UsageError, match="there is a format 'own' already"):
        register_format("own", FORMATS["ndjson"])
    assert formats.selectable_formats()[-1] == "own"


def test_what_differs_is_stated_in_words() -> None:
    one = ListCounts(files=3, size=1, moved=None, unreadable=0)
    other = ListCounts(files=4, size=1, moved=2, unreadable=1)

    assert differences(one, other) == ["3 and not 4 files", "0 and not 1 unreadable entries"]


@pytest.mark.parametrize("form_name", [name for name in WITH_FIELDS if name != "xml-classic"])
def test_memory_stays_flat_however_long_a_list_is(
    tmp_path: Path, form_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_CHUNK", 2**16)
    form, path = make_form(form_name), str(tmp_path / "list")
    peaks = []
    for number in (3_000, 9_000):
        entries: list[Entry] = [present(f"/{99_999 - at:05}") for at in range(number)]
        Path(path).write_bytes(write_list(form, entries, [], tmp_path))
        del entries
        tracemalloc.start()
        assert read_content(path, form_name).counted.files == number
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.3
