"""The file of a scan list: its pieces behind a line that counts them."""

import hashlib
import io
import os
import resource
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.errors import OutputError
from qumulo_changelist.model import DELETE, MODIFY, Attributes, Entry, Kind, State, Totals
from qumulo_changelist.output.interface import Piece, PublishedList
from qumulo_changelist.output.list_file import scan_file
from qumulo_changelist.output.scan_xml import ScanXml

FILE = Attributes(Kind.FILE, 700, 1_700_000_100, 1_700_000_150, 501, 20)
FORM = ScanXml("1", 1_700_000_200)


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "sdna-scan-files" / "guid" / "1-files.xml")


def piece(*names: str) -> Piece:
    """Return a piece that lists files."""
    return FORM.piece([Entry(State.PRESENT, name, FILE, MODIFY)] for name in names)


def write(path: str, *pieces: Piece) -> PublishedList:
    """Write a list of some pieces into its place."""
    totals = Totals()
    with scan_file(path) as file:
        for one in pieces:
            file.add(one)
            totals = totals.plus(one.totals)
        with open(path, "wb") as place:
            return file.write(place, totals)


def content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def listed(path: str) -> list[str]:
    """Return the names in a list, as an XML parser gives them back."""
    return [entry.get("name", "") for entry in ElementTree.fromstring(content(path))]


def folder(path: str) -> list[str]:
    return os.listdir(os.path.dirname(path))


# Pieces, end to end


def test_a_list_is_its_pieces_behind_a_line_that_counts_them(path):
    line = (
        'size="700" mode="0x777"  type="F_REG" mtime="1700000100" atime="1700000150" owner="501" '
        'group="20" index="1"/>\n'
    )

    write(path, piece("/c", "/b"), piece("/a"))

    assert content(path).decode() == (
        '<files scanned="3" selected="3" size="2100" bad_dir_count="0" delete_count="0">\n'
        f'    <file name="/c" {line}    <file name="/b" {line}    <file name="/a" {line}</files>\n'
    )


def test_the_first_line_counts_what_the_contract_counts(path):
    kinds = (Kind.FILE, Kind.DIRECTORY)
    entries = [
        Entry(state, f"/{state.value}-{kind.value}-{number}", Attributes(kind, 10), MODIFY)
        for state, count in ((State.PRESENT, 2), (State.DELETED, 3), (State.UNREADABLE, 4))
        for kind in kinds
        for number in range(count)
    ]
    link = Entry(State.LEFT_OUT, "/link", Attributes(Kind.OTHER), MODIFY)
    entries = sorted([*entries, link], key=lambda entry: entry.name, reverse=True)

    write(path, *(FORM.piece([[entry]]) for entry in entries))

    assert content(path).startswith(
        b'<files scanned="2" selected="2" size="20" bad_dir_count="8" delete_count="3">\n'
    )


def test_what_is_written_is_reported_with_its_size_and_digest(path):
    published = write(path, piece("/b", "/a\x01"), piece("/a"))

    whole = content(path)
    assert published == (path, len(whole), hashlib.sha256(whole).hexdigest())


def test_the_names_of_deleted_files_are_known_before_the_list_is_written(path):
    deleted = [
        Entry(State.DELETED, '/é "&/<a>', Attributes(Kind.FILE), DELETE),
        Entry(State.DELETED, "/d", Attributes(Kind.DIRECTORY), DELETE),
        Entry(State.DELETED, '/"  type="F_DIR" ', Attributes(Kind.FILE), DELETE),
    ]
    with scan_file(path) as file:
        file.add(piece("/z"))
        file.add(FORM.piece([deleted]))
        assert next(file.deleted_files()) == '/é "&/<a>'
        assert list(file.deleted_files()) == ['/é "&/<a>', '/"  type="F_DIR" ']
        written = io.BytesIO()
        file.write(written, Totals())

    assert len(written.getvalue().splitlines()) == 6


def test_what_else_a_run_puts_aside_belongs_next_to_the_list(path):
    with scan_file(path) as file:
        assert file.folder == os.path.dirname(path)


@pytest.mark.parametrize("pieces", [[], [piece()], [piece(), piece()]])
def test_a_list_of_nothing_is_a_list(path, pieces):
    write(path, *pieces)

    assert content(path) == (
        b'<files scanned="0" selected="0" size="0" bad_dir_count="0" delete_count="0">\n</files>\n'
    )


def test_a_list_may_be_long(path):
    names = [f"/{number:05}" for number in range(30_000, 0, -1)]

    write(path, piece(*names[:20_000]), piece(*names[20_000:]))

    assert listed(path) == names
    assert len(content(path)) > 3 * 1024 * 1024


# Names in percent


def test_names_written_in_percent_stand_where_they_sort_as_written(path):
    names = ["/é", "/b", "/a\udcff", "/a\x01", "/a!", "/a", "/\x02/é", "/\x02/&", "/\udc80"]

    write(path, piece(*sorted(names, reverse=True)))

    assert listed(path) == [
        "/é", "/b", "/a%FF", "/a%01", "/a!", "/a", "/%80", "/%02/é", "/%02/&"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("odd", "written"),
    [
        ("/z\x01", "/z%01"),
        ("/f\x01", "/f%01"),
        ("/e\udcff", "/e%FF"),
        ("/c\uffff", "/c%EF%BF%BF"),
        ("/\udcff", "/%FF"),
        ("/\x02", "/%02"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 8])
def test_they_stand_there_before_behind_and_within_pieces(path, odd, written, size):
    plain = ["/f", "/e", "/d", "/cz", "/c", "/a"]
    names = sorted([*plain, odd], reverse=True)

    write(path, *(piece(*names[begin : begin + size]) for begin in range(0, len(names), size)))

    assert listed(path) == sorted([*plain, written], reverse=True)


@pytest.mark.parametrize("odd", ["/a\x01", "/a\udcff"])
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_a_file_of_the_same_written_name_comes_first(path, odd, size):
    alike = in_percent(odd)
    names = sorted(["/b", odd, alike, "/a"], reverse=True)

    write(path, *(piece(*names[begin : begin + size]) for begin in range(0, len(names), size)))

    assert listed(path) == ["/b", alike, alike, "/a"]
    assert [line.split()[0] for line in content(path).splitlines()[2:4]] == [b"<file", b"<bad-dir"]


def test_a_list_may_hold_nothing_but_names_in_percent(path):
    write(path, piece("/b\x01"), piece("/\udcff", "/\x01"))

    assert listed(path) == ["/b%01", "/%FF", "/%01"]


names = st.text(st.sampled_from("ab!%&\n\x01\x1fé\udcff\ufffe"), max_size=3).map("/{}".format)


IN_PERCENT = {"\x01": "%01", "\x1f": "%1F", "\udcff": "%FF", "\ufffe": "%EF%BF%BE"}


def in_percent(name: str) -> str:
    if not IN_PERCENT.keys() & set(name):
        return name
    return "".join((IN_PERCENT | {"%": "%25"}).get(character, character) for character in name)


@given(names=st.lists(names, unique=True, max_size=16), cuts=st.sets(st.integers(0, 16)))
@example(["/a", "/a\x01", "/\x01", "/b\udcff", "/a!", "/\x1f/&"], {1, 2, 3})
@example(["/a%", "/a%\x01", "/a%%", "/a%!", "/a%3"], {1, 3})
def test_wherever_it_is_cut_a_list_is_the_same_and_descends(tmp_path_factory, names, cuts):
    path = str(tmp_path_factory.getbasetemp() / "any" / "1-files.xml")
    names.sort(reverse=True)
    ends = [*sorted(cuts), len(names)]
    pieces = [piece(*names[begin:end]) for begin, end in zip([0, *ends], ends, strict=False)]

    written = write(path, *pieces)

    assert listed(path) == sorted(map(in_percent, names), reverse=True)
    assert written[1:] == write(path + ".one", piece(*names))[1:]
    assert content(path) == content(path + ".one")


# The folder


def test_the_folder_is_made_where_it_is_missing_and_nothing_else(path):
    with scan_file(path) as file:
        file.add(piece("/a"))
        assert folder(path) == []

    assert folder(path) == []


@pytest.mark.parametrize("added", [0, 1, 5_000])
def test_an_error_leaves_the_earlier_list_alone(path, added):
    write(path, piece("/a"))
    earlier = content(path)

    def fail() -> None:
        with scan_file(path) as file:
            for number in range(added, 0, -1):
                file.add(piece(f"/{number:04}"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert content(path) == earlier
    assert folder(path) == ["1-files.xml"]


def test_without_room_for_pieces_there_is_an_error(path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with scan_file(path) as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            with pytest.raises(OutputError, match="cannot be written: File too large"):
                file.add(piece("/a"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("taken", ["sdna-scan-files", "sdna-scan-files/guid"])
def test_a_file_in_the_place_of_the_folder_is_told(tmp_path, path, taken):
    place = tmp_path / taken
    place.parent.mkdir(exist_ok=True)
    place.write_text("")

    with pytest.raises(OutputError, match=r"sdna-scan-files.* cannot be written") as caught:
        write(path)
    assert caught.value.exit_code == 4


def test_a_folder_that_no_system_knows_is_told():
    with pytest.raises(OutputError, match="cannot be written"):
        write("/tmp/a\0b/1-files.xml")


def test_no_descriptor_stays_open(path):
    before = os.listdir("/dev/fd")

    write(path, piece("/b", "/a\x01"), piece("/a"))
    with scan_file(path):
        pass

    assert os.listdir("/dev/fd") == before
