"""Lists of names: exact to the byte, as each tool wants them, and read again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.columns import FileBatch, FileColumns
from qumulo_changelist.errors import UsageError
from qumulo_changelist.model import DELETE, MODIFY, Entry, Kind, Op, State
from qumulo_changelist.names import to_bytes
from qumulo_changelist.output.formats import (
    FORMATS,
    check_formats,
    formats_of_lists,
    selectable_formats,
)
from qumulo_changelist.output.interface import ListedEntry, MalformedListError
from qumulo_changelist.output.name_list_reader import NameListReader
from qumulo_changelist.output.tools import NAME_LISTS
from tests.parts.entries import (
    DIRECTORY,
    FILE,
    deleted,
    gone,
    left_out,
    present,
    unreadable,
    write_piece,
)
from tests.parts.format_readers import InMemory

list_names = pytest.mark.parametrize("name", NAME_LISTS)

OF_EACH_KIND = [
    present("/there"),
    present("/reel", DIRECTORY),
    unreadable("/locked"),
    left_out("/link"),
    gone("/gone"),
    deleted("/deleted"),
    deleted("/cut", Kind.DIRECTORY),
]


def written(name: str, *entries: Entry, batch_size: int = 3) -> bytes:
    return write_piece(NAME_LISTS[name], *entries, batch_size=batch_size).piece.content


def read(name: str, content: bytes) -> list[ListedEntry]:
    return list(NameListReader(NAME_LISTS[name]).read(InMemory(content)))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rsync", b"./there\0/reel\0"),
        ("rsync-deleted", b"./deleted\0/cut\0"),
        ("rclone", b"/there\n"),
        ("rclone-deleted", b"/deleted\n"),
        ("tar", b"./there\0"),
        ("null", b"./there\0"),
        ("null-deleted", b"./deleted\0"),
        ("restic", b"./there\0"),
        ("borg", b"./there\0"),
    ],
)
def test_a_list_has_the_names_that_its_tool_is_to_read(name: str, content: bytes) -> None:
    assert written(name, *OF_EACH_KIND) == content


def test_the_lists_for_tar_and_xargs_and_restic_are_the_same() -> None:
    assert NAME_LISTS["tar"] == NAME_LISTS["null"] == NAME_LISTS["restic"]


def test_these_are_all_lists() -> None:
    (parameters,) = (
        mark.args[1]
        for mark in test_a_list_has_the_names_that_its_tool_is_to_read.pytestmark  # type: ignore[attr-defined]
    )
    assert [name for name, _ in parameters] == list(NAME_LISTS)


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("/a\nb", "/a␊b"),
        ("/\x01\x1f\x7f", "/␁␟␡"),
        ("/a␊b", "/a\u201b␊b"),
        ("/␁/␡", "/\u201b␁/\u201b␡"),
        (
            "/\u2400 \uff0f \uff0e",
            "/\u2400 \uff0f \uff0e",
        ),
        ("/ a ", "/ a "),
    ],
)
def test_rclone_gets_names_as_it_spells_them(name: str, spelled: str) -> None:
    content = written("rclone", present(name))

    assert content.decode() == f"{spelled}\n"
    assert [entry.name for entry in read("rclone", content)] == [name]


@pytest.mark.parametrize(
    ("name", "refused"),
    [("rclone", "/a\u201b"), ("rclone", "/\0"), ("borg", "/\r"), ("borg", "/\0"), ("rsync", "/\0")],
)
def test_a_name_that_the_tool_cannot_take_is_returned(name: str, refused: str) -> None:
    form, entries = NAME_LISTS[name], [present("/b"), present(refused), present("/")]

    piece, unnameable = write_piece(form, *entries)

    assert unnameable == [present(refused)]
    assert [entry.name for entry in read(name, piece.content)] == ["/b", "/"]
    assert form.limitation
    # What is not on the list cannot be missing from it.
    assert not write_piece(
        form, deleted(refused), unreadable(refused), left_out(refused)
    ).unnameable


ANY = st.text(st.sampled_from("ab \n\r\t\x01\x7f\\\u201b␊␡é\udcff\0"), min_size=1, max_size=3)


@list_names
@given(below=st.lists(ANY, min_size=1, max_size=5, unique=True), directory=ANY)
@example(["b", "a"], "x\ud800")
def test_files_in_columns_are_written_like_single_entries(
    name: str, below: list[str], directory: str
) -> None:
    form = NAME_LISTS[name]
    below = sorted(below, reverse=True)
    ops: list[Op] = [DELETE if len(one) % 2 else MODIFY for one in below]
    files = FileBatch(f"/{directory}/", below, ops, FileColumns.of([FILE] * len(below)))
    entries = list(files)

    piece, unnameable = write_piece(form, *entries)

    writer = form.start_piece()
    assert list(writer.add(files)) == list(unnameable)
    assert writer.finish() == piece
    held = [one.name for one in entries if one.state is form.state and form.can_hold(one.name)]
    found = [to_bytes(entry.name) for entry in read(name, piece.content)]
    assert found == list(map(to_bytes, held))


COVERED = [
    deleted("/cut/deep/1"),
    deleted("/cut/2"),
    deleted("/cut.mov"),
    deleted("/cut, too", Kind.DIRECTORY),
    deleted("/cut", Kind.DIRECTORY),
    present("/b/deep0"),
    deleted("/b/deep/empty", Kind.DIRECTORY),
    deleted("/b/deep/1"),
    present("/b/deep"),
    deleted("/b/3"),
    present("/b.mov"),
    deleted("/a/1"),
    present("/a", DIRECTORY),
]


@pytest.mark.parametrize("batch_size", [1, 2, len(COVERED)])
def test_a_deleted_directory_and_a_file_in_its_place_stand_for_what_was_in_it(
    batch_size: int,
) -> None:
    piece, _ = write_piece(NAME_LISTS["rsync-deleted"], *COVERED, batch_size=batch_size)

    assert piece.content == b"./cut.mov\0/cut, too\0/cut\0./b/3\0./a/1\0"
    assert piece.covered == 3  # files
    assert piece.last_name == "/a"


@list_names
def test_a_list_that_ends_within_a_name_is_not_whole(name: str) -> None:
    entries = [present("/b/c"), deleted("/a/b")]
    content = written(name, *entries)

    (whole,) = read(name, content)
    assert (whole.state, whole.kind) == (NAME_LISTS[name].state, Kind.FILE)
    assert read(name, b"") == []
    for end in range(1, len(content)):
        with pytest.raises(MalformedListError, match="its last name is cut short"):
            read(name, content[:end])


@list_names
@pytest.mark.parametrize("begin", ["", "a", "-"])
def test_a_name_that_begins_like_no_other_is_an_error(name: str, begin: str) -> None:
    end = NAME_LISTS[name].end.encode()

    with pytest.raises(MalformedListError, match="name 2 begins like none of this format"):
        read(name, written(name, present("/a"), deleted("/a")) + begin.encode() + end)


def test_only_the_names_that_stand_for_no_others_can_be_counted() -> None:
    counted = {name: NameListReader(form).counted for name, form in NAME_LISTS.items()}

    assert counted["rsync"] == {"files", "directories"}
    assert counted["rclone"] == counted["borg"] == {"files"}
    assert counted["null-deleted"] == {"deleted_files"}
    assert counted["rsync-deleted"] == set()


def kinds(entries: list[ListedEntry]) -> Iterator[tuple[str, Kind, State]]:
    return ((entry.name, entry.kind, entry.state) for entry in entries)


def test_the_list_for_rsync_shows_which_names_are_of_directories() -> None:
    present_ = read("rsync", written("rsync", *OF_EACH_KIND))
    deleted_ = read("rsync-deleted", written("rsync-deleted", *OF_EACH_KIND))

    assert [*kinds(present_), *kinds(deleted_)] == [
        ("/there", Kind.FILE, State.PRESENT),
        ("/reel", Kind.DIRECTORY, State.PRESENT),
        ("/deleted", Kind.FILE, State.DELETED),
        ("/cut", Kind.DIRECTORY, State.DELETED),
    ]


@list_names
def test_what_a_list_of_names_cannot_say_is_refused_before_the_work(name: str) -> None:
    known = FORMATS[name]
    assert known.has_deletions is (name not in ("tar", "restic", "borg"))
    if name.endswith("-deleted"):
        with pytest.raises(UsageError, match="is not a format"):
            check_formats([name], deletes=True, moves=False)
        return

    check_formats([name], deletes=known.has_deletions, moves=False)
    with pytest.raises(UsageError, match=f"in the format {name} cannot express moves"):
        check_formats([name], deletes=False, moves=True)
    if not known.has_deletions:
        with pytest.raises(UsageError, match=f"in the format {name} cannot express deletions"):
            check_formats([name], deletes=True, moves=False)


def test_what_was_deleted_is_in_a_second_list_of_every_run() -> None:
    assert formats_of_lists(["xml", "rsync", "tar", "rclone", "null"]) == (
        *("xml", "rsync", "rsync-deleted", "tar", "rclone", "rclone-deleted"),
        *("null", "null-deleted"),
    )


def test_the_table_of_the_documentation_says_what_each_list_has() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "formats-names.md").read_text("utf-8")
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]

    assert [row[0].strip("| `") for row in rows] == [
        name for name in NAME_LISTS if name in selectable_formats()
    ]
    for name, files, directories, deletions, a_name, end, refused in rows:
        known, form = FORMATS[name.strip("| `")], NAME_LISTS[name.strip("| `")]
        assert files == "yes"
        assert directories == ("yes" if known.has_directories else "no")
        assert deletions == (f"beside it, in `{known.beside}`" if known.has_deletions else "no")
        assert a_name.startswith(f"`{form.file}/reel/a.mov`")
        assert end == {"\0": "NUL", "\n": "newline"}[form.end]
        assert (refused.strip("| ") == "") is (form.refused == "\0")
