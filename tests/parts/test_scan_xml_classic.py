"""Scan lists as the first public version wrote them: what differs, and what is read of it again."""

from pathlib import Path

import pytest

from qumulo_changelist.columns import FileBatch
from qumulo_changelist.errors import UsageError
from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Entry, Kind, State
from qumulo_changelist.output.formats import FORMATS, ListParameters, check_formats
from qumulo_changelist.output.interface import ListedEntry, MalformedListError
from qumulo_changelist.runners.encode import EntryEncoder
from tests.parts.entries import PieceInMemory, deleted, present, write_piece
from tests.parts.format_readers import InMemory, reader_of

DOCUMENTATION = Path(__file__).resolve().parents[2] / "docs" / "formats.md"

BASE = "/projects/show1"


def write(form_name: str, *entries: Entry, base: str = BASE) -> str:
    """Return a list."""
    form = FORMATS[form_name].make(ListParameters("1", 1_700_000_200, base))
    (counted,) = EntryEncoder((form,))([entries])
    pieces = [PieceInMemory(counted.piece)]
    return b"".join(form.assemble(pieces, counted.tally.totals)).decode()


def read(content: str, base: str = BASE) -> list[tuple[State, Kind, str]]:
    found = reader_of("xml-classic", base).read(InMemory(content.encode()))
    return [(one.state, one.kind, one.name) for one in found if isinstance(one, ListedEntry)]


def test_the_example_of_the_documentation_is_what_both_formats_have_of_the_same_changes():
    file = Attributes(Kind.FILE, 700, 1_700_000_100, 1_700_000_100, 501, 20)
    entries = (
        present("/reel2/b.mov", file, MODIFY),
        present("/reel2", Attributes(Kind.DIRECTORY, 512, 1_700_000_100, 1_700_000_100, 501, 20)),
        deleted("/reel1/take2.mov"),
        deleted("/reel1/take1.mov"),
        deleted("/reel1", Kind.DIRECTORY),
        deleted("/a.mov"),
    )
    text = DOCUMENTATION.read_text(encoding="utf-8")

    for form_name in ("xml", "xml-classic"):
        lines = [f"    {line}" for line in write(form_name, *entries).splitlines()]
        assert "\n".join(lines) in text


def test_what_was_deleted_below_a_directory_without_an_entry_of_its_own_stays_listed():
    """A file of the same name replaced the directory ``/was``."""
    content = write("xml-classic", deleted("/was/a"), present("/was"), deleted("/wa/b"))

    assert 'delete_count="2"' in content
    assert read(content) == [
        (State.DELETED, Kind.FILE, "/was/a"),
        (State.PRESENT, Kind.FILE, "/was"),
        (State.DELETED, Kind.FILE, "/wa/b"),
    ]


def test_names_around_a_deleted_directory_are_not_below_it():
    names = ["/a0", "/a/b", "/a.mov", "/a-"]
    content = write("xml-classic", *map(deleted, names), deleted("/a", Kind.DIRECTORY))

    assert [name for *_, name in read(content)] == ["/a0", "/a.mov", "/a-", "/a"]


def test_columns_of_files_have_full_paths_too():
    files = FileBatch.of([present("/d/c"), deleted("/d/b"), deleted("/d/a")], "/d/")
    assert files
    form = FORMATS["xml-classic"].make(ListParameters("1", 0, "/<p>"))
    writer = form.start_piece()
    writer.add(files)

    content = writer.finish().content

    entries = write_piece(form, *files).piece.content
    assert content == entries
    assert content.count(b'<delete-file name="/&lt;p&gt;/d/') == 2


@pytest.mark.parametrize("base", ["/", "/proj & <co>", "/é/\n"])
def test_full_paths_are_read_as_names_below_the_base_path(base: str) -> None:
    content = write(
        "xml-classic",
        present("/c", op=CREATE),
        deleted("/b", Kind.DIRECTORY),
        deleted("/a"),
        base=base,
    )

    assert read(content, base) == [
        (State.PRESENT, Kind.FILE, "/c"),
        (State.DELETED, Kind.DIRECTORY, "/b"),
        (State.DELETED, Kind.FILE, "/a"),
    ]


@pytest.mark.parametrize("base", ["/bell\x07", "/not utf-8 \udcff"])
def test_a_base_path_that_no_xml_file_can_contain_is_refused(base: str) -> None:
    with pytest.raises(UsageError, match="the base path contains a character that no XML file can"):
        write("xml-classic", base=base)


def test_a_list_that_states_another_number_of_deleted_files_is_malformed():
    content = write("xml-classic", deleted("/a"), deleted("/b"))

    with pytest.raises(MalformedListError, match="it states 3 deleted files, but has 2"):
        read(content.replace('delete_count="2"', 'delete_count="3"'))


def test_a_directory_with_attributes_is_a_modified_one():
    gone = Attributes(Kind.DIRECTORY, 0, 5, 5, 0, 0)
    for known in (
        Attributes(Kind.DIRECTORY, 1, 5, 5, 0, 0),
        Attributes(Kind.DIRECTORY, 0, 5, 6, 0, 0),
        Attributes(Kind.DIRECTORY, 0, 5, 5, 1, 0),
        Attributes(Kind.DIRECTORY, 0, 5, 5, 0, 1),
    ):
        assert read(write("xml-classic", present("/d", known)))[0][0] is State.PRESENT
    assert read(write("xml-classic", Entry(State.DELETED, "/d", gone, DELETE)))[0][0] is (
        State.DELETED
    )


@pytest.mark.parametrize(
    ("formats", "moves", "message"),
    [
        (["xml-classic"], True, "a list in the format xml-classic cannot express moves"),
        (["xml", "xml-classic"], False, "cannot be the same file: xml and xml-classic"),
    ],
)
def test_a_run_cannot_ask_it_for_moves_or_have_the_other_scan_list_beside_it(
    formats: list[str], moves: bool, message: str
) -> None:
    check_formats(formats[-1:], deletes=True, moves=False)
    with pytest.raises(UsageError, match=message):
        check_formats(formats, deletes=True, moves=moves)
