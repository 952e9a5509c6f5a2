"""The file of a list: it takes pieces one by one, and leaves nothing until it is published."""

import hashlib
import os
import resource
import tempfile

import pytest

from qumulo_changelist.errors import OutputError
from qumulo_changelist.model import Totals
from qumulo_changelist.output.interface import Piece
from qumulo_changelist.output.list_file import WrittenList, list_file
from qumulo_changelist.output.scan_xml import ScanXml
from tests.parts.entries import PieceInMemory, present, write_piece

FORM = ScanXml("1", 1_700_000_200)


@pytest.fixture
def path(tmp_path) -> str:
    return str(tmp_path / "sdna-scan-files" / "guid" / "1-files.xml")


def make_piece(*names: str) -> Piece:
    """Return a piece that lists files."""
    return write_piece(FORM, *map(present, names)).piece


def assemble(*pieces: Piece) -> bytes:
    """Return what the format makes of pieces."""
    return b"".join(FORM.assemble([PieceInMemory(piece) for piece in pieces], Totals()))


def write(path: str, *pieces: Piece) -> WrittenList:
    """Write a list of some pieces into its place."""
    with list_file(path, FORM) as file:
        for piece in pieces:
            file.add(piece)
        with open(path, "wb") as place:
            return file.write(place, Totals())


def content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def files_beside(path: str) -> list[str]:
    return os.listdir(os.path.dirname(path))


PIECES = {
    "none": [],
    "without entries": [(), ()],
    "small": [("/c", "/b"), (), ("/a",)],
    "with names in percent": [("/c", "/b\x01"), ("/b",), ("/a\x01", "/a")],
    "larger than a chunk": [tuple(f"/{number:05}" for number in range(20_000, 0, -1)), ("/",)],
}


@pytest.mark.parametrize("names", PIECES.values(), ids=PIECES.keys())
def test_a_list_is_what_its_format_makes_of_its_pieces(path, names):
    pieces = [make_piece(*some) for some in names]

    written = write(path, *pieces)

    expected = assemble(*pieces)
    assert content(path) == expected
    assert written == (path, len(expected), hashlib.sha256(expected).hexdigest())


def test_its_folder_has_room_for_what_else_a_run_sets_aside(path):
    with list_file(path, FORM) as file:
        assert file.folder == os.path.dirname(path)


def test_a_missing_folder_is_made_and_no_file_in_it(path):
    with list_file(path, FORM) as file:
        file.add(make_piece("/a"))
        assert files_beside(path) == []

    assert files_beside(path) == []


def test_the_pieces_are_kept_in_the_folder_of_the_list(path, monkeypatch):
    """The usual folder for temporary files may be small, or in memory."""
    monkeypatch.setattr(tempfile, "tempdir", "/missing")

    assert write(path, make_piece("/a")).size > 0


@pytest.mark.parametrize("added", [0, 1, 1_000])
def test_an_interruption_leaves_the_earlier_list_alone(path, added):
    write(path, make_piece("/a"))
    earlier = content(path)

    def fail() -> None:
        with list_file(path, FORM) as file:
            for number in range(added, 0, -1):
                file.add(make_piece(f"/{number:04}"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert content(path) == earlier
    assert files_beside(path) == ["1-files.xml"]


def test_it_is_an_error_if_there_is_no_room_for_a_piece(path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with list_file(path, FORM) as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
        try:
            with pytest.raises(OutputError, match="cannot be written: File too large"):
                file.add(make_piece("/a"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("taken", ["sdna-scan-files", "sdna-scan-files/guid"])
def test_it_is_an_error_if_the_folder_is_a_file(tmp_path, path, taken):
    place = tmp_path / taken
    place.parent.mkdir(exist_ok=True)
    place.write_text("")

    with pytest.raises(OutputError, match=r"sdna-scan-files.* cannot be written") as caught:
        write(path)
    assert caught.value.exit_code == 4


def test_it_is_an_error_if_the_folder_has_an_impossible_name():
    with pytest.raises(OutputError, match="cannot be written"):
        write("/tmp/a\0b/1-files.xml")


def test_no_descriptor_remains_open(path):
    before = os.listdir("/dev/fd")

    write(path, make_piece("/b", "/a\x01"), make_piece("/a"))
    with list_file(path, FORM):
        pass

    assert os.listdir("/dev/fd") == before
