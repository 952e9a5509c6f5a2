"""The folder of kept pieces: what is taken from it, what is not, and what is removed."""

import fcntl
import hashlib
import json
import os
import re
import resource
import stat
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from qumulo_changelist.bounds import Bounds
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.cli.messages import hint_for
from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.columns import FileColumns
from qumulo_changelist.errors import PiecesError
from qumulo_changelist.events import (
    OldPiecesRemoved,
    PieceDamaged,
    PiecesLeft,
    PiecesPerishable,
    ignore,
)
from qumulo_changelist.filters.tally import FilterTally
from qumulo_changelist.model import Attributes, Kind
from qumulo_changelist.operations.lists.keeping.piece_sets import (
    PieceSet,
    has_pieces,
    remove_set,
    use_set,
)
from qumulo_changelist.output.interface import Piece
from qumulo_changelist.runners.encode import CountedPiece, CountedPieces
from qumulo_changelist.runners.job import SliceResult
from qumulo_changelist.runners.piece_codec import PiecesCodec
from qumulo_changelist.runners.piece_file import piece_errors
from qumulo_changelist.runners.piece_keeper import PieceKeeper
from qumulo_changelist.scan.tally import Tally
from qumulo_changelist.trees.interface import KnownListing
from tests.parts.conftest import RecordingListener
from tests.parts.entries import content_of

LIST, OTHER_LIST = b"1" * 32, b"2" * 32
SNAPSHOTS = (1, 2)
SLICE = Slice(b"/a\0M")
DAY = 86_400


def keeper_of(used: PieceSet) -> PieceKeeper[CountedPieces]:
    return PieceKeeper(used.path, LIST, PiecesCodec(), used.lasts)


def result_with(content: bytes) -> SliceResult[CountedPieces]:
    product: CountedPieces = (CountedPiece(Piece(content, "/a", []), Tally()),)
    return SliceResult(product, 0, FilterTally())


def keep(
    folder: Path, content: bytes = b"piece", *, is_whole: bool = True
) -> SliceResult[CountedPieces]:
    """Keep a piece in a new set, as a run does that is cut short."""
    with use_set(str(folder), LIST, SNAPSHOTS, ignore, lasts=True) as used:
        return keeper_of(used).keep(SLICE, result_with(content), is_whole=is_whole)


def find(folder: Path, listener: RecordingListener) -> SliceResult[CountedPieces] | None:
    """Look for the piece, as the next run does."""
    with use_set(str(folder), LIST, SNAPSHOTS, listener, lasts=True) as used:
        return keeper_of(used).find(SLICE, listener)


def the_piece(folder: Path) -> Path:
    (path,) = folder.glob("*/*.piece")
    return path


def age(path: Path, days: float) -> None:
    at = path.stat().st_mtime - days * DAY
    os.utime(path, (at, at))


# Pieces


def test_a_piece_that_is_kept_is_found_and_nobody_else_can_read_it(tmp_path, listener):
    keep(tmp_path, b"<file/>")

    found = find(tmp_path, listener)

    assert found
    assert content_of(found.product[0].piece) == b"<file/>"
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    (used,) = (path for path in modes if path.is_dir())
    assert modes.pop(used) == 0o700
    assert list(modes.values()) == [0o600] * 2
    assert listener.events == []


def test_a_piece_in_which_something_could_not_be_read_is_used_once(tmp_path, listener):
    kept = keep(tmp_path, is_whole=False)

    assert content_of(kept.product[0].piece) == b"piece"
    assert find(tmp_path, listener) is None
    assert listener.events == []


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def change_content(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"piece", b"Piece", 2)[:-5] + b"Piece")


def change_header(path: Path) -> None:
    content = path.read_bytes()
    assert b',5],"hashes"' in content
    path.write_bytes(content.replace(b',5],"hashes"', b',4],"hashes"'))


def change_length_of_header(path: Path) -> None:
    content = bytearray(path.read_bytes())
    begin = content.index(b"\n") + 1 + 32
    content[begin : begin + 8] = (2**63).to_bytes(8, "big")
    path.write_bytes(content)


def replace_header(path: Path) -> None:
    """One whose hash agrees, by somebody who knows the format, and means nothing."""
    content = path.read_bytes()
    magic = content[: content.index(b"\n") + 1]
    header = b'{"cos":"system"}'
    hashed = hashlib.sha256(header).digest() + len(header).to_bytes(8, "big")
    path.write_bytes(magic + hashed + header)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def write_a_pickle(path: Path) -> None:
    path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")


def make_a_link(path: Path) -> None:
    aside = path.with_suffix(".aside")
    path.rename(aside)
    path.symlink_to(aside)


def make_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGE = [
    cut_short,
    lengthen,
    change_content,
    change_header,
    change_length_of_header,
    replace_header,
    empty,
    write_a_pickle,
    make_a_link,
    make_a_pipe,
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_what_is_not_the_piece_that_was_kept_is_reported_and_made_again(
    tmp_path: Path, listener: RecordingListener, damage: Callable[[Path], None]
) -> None:
    keep(tmp_path)
    path = the_piece(tmp_path)
    damage(path)

    assert find(tmp_path, listener) is None

    (event,) = listener.of(PieceDamaged)
    assert event.path == str(path)
    assert event.reason
    keep(tmp_path)
    found = find(tmp_path, listener)
    assert found
    assert content_of(found.product[0].piece) == b"piece"
    assert path.is_file()
    assert not path.is_symlink()


def test_a_piece_of_a_different_slice_is_not_taken_for_this_one(tmp_path, listener):
    keep(tmp_path)
    path = the_piece(tmp_path)
    with use_set(str(tmp_path), LIST, SNAPSHOTS, ignore, lasts=True) as used:
        other = Slice(b"/b\0M")
        result: SliceResult[CountedPieces] = SliceResult((), 0, FilterTally())
        keeper_of(used).keep(other, result, is_whole=True)
    (of_other,) = set(tmp_path.glob("*/*.piece")) - {path}
    of_other.replace(path)

    assert find(tmp_path, listener) is None
    assert [event.reason for event in listener.of(PieceDamaged)] == ["it is of something else"]


def test_a_piece_that_changes_after_it_was_verified_ends_the_run(tmp_path, listener):
    keep(tmp_path)
    found = find(tmp_path, listener)
    change_content(the_piece(tmp_path))

    assert found
    with pytest.raises(PiecesError, match=r"piece was changed: .*hash") as caught:
        content_of(found.product[0].piece)
    assert caught.value.exit_code == 4
    the_piece(tmp_path).unlink()
    with pytest.raises(PiecesError, match="cannot be used: No such file"):
        content_of(found.product[0].piece)


def test_slices_of_one_directory_are_different_pieces_by_their_bounds_and_what_is_known(tmp_path):
    listing = KnownListing("/d/", ["/d/b", "/d/a"])
    columns = FileColumns(*([5], [1], [1], [0], [0], ["7"], ["1"]))
    page = DirectoryPage(2, 1, ["/d/b"], columns, {"/d/a": Attributes(Kind.OTHER)})
    slices = [
        Slice(b"/d/\0C"),
        Slice(b"/d/\0C", bounds=Bounds("/d/5")),
        Slice(b"/d/\0C", bounds=Bounds("", "/d/5")),
        Slice(b"/d/\0C", newer_known=listing),
        Slice(b"/d/\0C", older_known=listing),
        Slice(b"/d/\0C", newer_known=replace(listing, page=page)),
        Slice(b"/d/\0C", newer_known=replace(listing, page=replace(page, received=2))),
    ]
    with use_set(str(tmp_path), LIST, SNAPSHOTS, ignore, lasts=True) as used:
        keeper = keeper_of(used)
        for one in slices:
            assert keeper.find(one, ignore) is None
            keeper.keep(one, result_with(b"piece"), is_whole=True)

        assert keeper.find(replace(slices[0], changes=7), ignore)


# Sets


def test_two_runs_of_the_same_list_never_share_a_set(tmp_path, listener):
    keep(tmp_path)
    with ExitStack() as stack:
        first, second = (
            stack.enter_context(use_set(str(tmp_path), LIST, SNAPSHOTS, listener, lasts=True))
            for _ in range(2)
        )
        assert first.path != second.path
        assert keeper_of(first).find(SLICE, listener)
        assert keeper_of(second).find(SLICE, listener) is None
        remove_set(first.path, listener)
        result: SliceResult[CountedPieces] = SliceResult((), 0, FilterTally())
        keeper_of(second).keep(SLICE, result, is_whole=True)
        assert [str(path) for path in tmp_path.iterdir()] == [second.path]
    assert listener.events == []


def test_whoever_looks_at_a_folder_locks_no_set_that_another_run_may_look_for(
    tmp_path, listener, monkeypatch
):
    keep(tmp_path)
    locked: list[str] = []
    flock = fcntl.flock

    def watch(file: int, how: int) -> None:
        locked.append(os.path.dirname(os.readlink(f"/proc/self/fd/{file}")))
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", watch)
    assert has_pieces(str(tmp_path), *SNAPSHOTS)
    assert not has_pieces(str(tmp_path), None, 2)
    with use_set(str(tmp_path), OTHER_LIST, SNAPSHOTS, listener, lasts=True) as used:
        assert [os.path.basename(path).strip(".") for path in locked] == [
            os.path.basename(used.path)
        ]


def test_of_several_sets_the_fullest_is_taken(tmp_path, listener):
    with ExitStack() as stack:
        for _ in range(3):
            used = stack.enter_context(
                use_set(str(tmp_path), LIST, SNAPSHOTS, listener, lasts=True)
            )
        Path(used.path, f"{'0' * 64}.piece").touch()

    with use_set(str(tmp_path), LIST, SNAPSHOTS, listener, lasts=True) as again:
        assert again == used


def test_a_different_list_has_a_different_set(tmp_path, listener):
    keep(tmp_path)

    with use_set(str(tmp_path), OTHER_LIST, SNAPSHOTS, listener, lasts=True) as used:
        assert os.listdir(used.path) == ["set.json"]
        assert len(os.listdir(tmp_path)) == 2


def test_pieces_of_what_can_change_are_removed_with_the_run_or_by_the_next_one(tmp_path, listener):
    with use_set(str(tmp_path), LIST, SNAPSHOTS, listener, lasts=False) as used:
        PieceKeeper(used.path, LIST, PiecesCodec(), used.lasts).keep(
            SLICE, SliceResult((), 0, FilterTally()), is_whole=True
        )
        assert keeper_of(used).find(SLICE, listener) is None
    assert os.listdir(tmp_path) == []

    with use_set(str(tmp_path), LIST, SNAPSHOTS, listener, lasts=True) as killed:
        pass
    facts = Path(killed.path, "set.json")
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "lasts": False}))
    with use_set(str(tmp_path), LIST, SNAPSHOTS, listener, lasts=True) as used:
        assert used.path != killed.path
    assert listener.events == [OldPiecesRemoved(killed.path)]


def test_what_no_run_has_used_for_two_weeks_is_removed_and_nothing_else(tmp_path, listener):
    mine = tmp_path / "qumulo-pieces"
    (tmp_path / f"qumulo-pieces-{'a' * 64}-{'b' * 16}").write_text("a file")
    mine.mkdir()
    sets = {}
    with ExitStack() as stack:
        for days in (13.9, 14.1, 15, 99):
            used = stack.enter_context(use_set(str(tmp_path), LIST, SNAPSHOTS, ignore, lasts=True))
            sets[days] = Path(used.path)
        Path(sets[15], "notes.txt").write_text("not ours")
        Path(sets[99], "set.json").unlink()  # as if its removal had been interrupted
    for days, path in sets.items():
        age(path, days)
    age(mine, 99)

    with use_set(str(tmp_path), OTHER_LIST, SNAPSHOTS, listener, lasts=True) as used:
        left = {*tmp_path.iterdir()} - {Path(used.path)}

    assert {sets[13.9], sets[15], mine} < left
    assert len(left) == 4
    assert os.listdir(sets[15]) == ["notes.txt"]
    assert {event.path for event in listener.of(PiecesLeft)} == {str(sets[15])}
    removed = {event.path for event in listener.of(OldPiecesRemoved)}
    assert removed == {str(sets[14.1]), str(sets[99])}


def test_a_set_that_was_never_finished_or_is_half_removed_goes_after_a_minute(tmp_path, listener):
    names = [f"{dot}qumulo-pieces-{'a' * 64}-{digit * 16}" for dot in ("", ".") for digit in "12"]
    for name in names:
        (tmp_path / name).mkdir(0o700)
    (tmp_path / names[3] / "set.json").write_text("{")
    for name in (names[0], names[3]):
        age(tmp_path / name, 0.001)  # 86 seconds

    with use_set(str(tmp_path), LIST, SNAPSHOTS, listener, lasts=True):
        assert {*names} & {*os.listdir(tmp_path)} == {names[1], names[2]}


def test_a_set_that_is_in_use_is_not_removed_however_old_it_is(tmp_path, listener):
    with use_set(str(tmp_path), LIST, SNAPSHOTS, listener, lasts=True) as used:
        age(Path(used.path), 99)
        with use_set(str(tmp_path), LIST, SNAPSHOTS, listener, lasts=True):
            assert Path(used.path).exists()
    assert listener.events == []


def test_a_set_of_another_version_is_not_used(tmp_path, listener):
    keep(tmp_path)
    (facts,) = tmp_path.glob("*/set.json")
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "version": 2}))

    assert find(tmp_path, listener) is None
    assert [event.path for event in listener.of(PieceDamaged)] == [str(facts.parent)]


def test_a_set_that_others_can_write_to_is_not_used(tmp_path, listener):
    keep(tmp_path)
    (used,) = tmp_path.iterdir()
    used.chmod(0o770)

    assert find(tmp_path, listener) is None


def test_the_next_run_dates_its_list_as_the_run_that_began_it(tmp_path, listener, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.5)
    keep(tmp_path)
    monkeypatch.undo()

    with use_set(str(tmp_path), LIST, SNAPSHOTS, listener, lasts=True) as used:
        assert used.run_time == 1_700_000_000


def test_without_locks_pieces_are_kept_for_the_run_alone(tmp_path, listener, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with use_set(str(tmp_path), LIST, SNAPSHOTS, listener, lasts=True) as used:
        assert not used.lasts

    assert listener.events == [
        PiecesPerishable(f"{tmp_path} has no locks: Operation not supported")
    ]
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("missing", "No such file or directory"),
        ("file", "Not a directory"),
        ("nul\0", "(scandir: )?embedded null"),
        ("/proc", "No such file or directory|Operation not permitted"),
    ],
)
def test_a_folder_that_cannot_be_used_is_named(tmp_path, listener, folder, reason):
    (tmp_path / "file").touch()
    path = os.path.join(tmp_path, folder)

    with (
        pytest.raises(PiecesError, match=rf"{re.escape(path)} cannot be used: {reason}"),
        use_set(path, LIST, SNAPSHOTS, listener, lasts=True),
    ):
        pass


def test_a_piece_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path, listener):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with use_set(str(tmp_path), LIST, SNAPSHOTS, listener, lasts=True) as used:
        keeper, result = keeper_of(used), result_with(b"x" * 9000)
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (8000, limits[1]))
            with pytest.raises(PiecesError, match=r"\.piece cannot be used: File too large"):
                keeper.keep(SLICE, result, is_whole=True)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert os.listdir(used.path) == ["set.json"]
        remove_set(used.path, listener)
        with pytest.raises(PiecesError, match=r"\.piece cannot be used: No such file"):
            keeper.keep(SLICE, result, is_whole=True)


def test_a_folder_without_room_is_named_and_not_a_file_in_it():
    no_room = r"^there is no room in the folder for pieces /shared/pieces: No space left on device$"
    with (
        pytest.raises(PiecesError, match=no_room) as caught,
        piece_errors("/shared/pieces/qumulo-pieces-1/1.piece"),
        open("/dev/full", "wb", buffering=0) as full,
    ):
        full.write(b"x")

    assert "goes on with the pieces" in hint_for(caught.value, makes_list=False)
    with pytest.raises(PiecesError) as caught, use_set("/no", LIST, SNAPSHOTS, ignore, lasts=True):
        pass
    assert "goes on" not in hint_for(caught.value, makes_list=False)
