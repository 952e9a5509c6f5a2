"""Results of slices as kept files: they come back as they were, whatever names contain."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from qumulo_changelist.bounds import Bounds
from qumulo_changelist.changes import key
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.events import ignore
from qumulo_changelist.filters.filters import FILTER_NAMES
from qumulo_changelist.filters.tally import FilterTally, FilterTallyFacts
from qumulo_changelist.model import CREATE, DELETE, Attributes, Entry, Kind, State, Totals
from qumulo_changelist.output.interface import Piece
from qumulo_changelist.runners.encode import CountedPiece
from qumulo_changelist.runners.job import SliceResult
from qumulo_changelist.runners.piece_codec import CandidatesCodec, PiecesCodec, pack, unpack
from qumulo_changelist.runners.piece_keeper import PieceKeeper
from qumulo_changelist.scan import records
from qumulo_changelist.scan.moves import MoveCandidates
from qumulo_changelist.scan.tally import Tally, TallyFacts
from tests.parts.entries import content_of

# Surrogates alone and in pairs, what sorts around them, what is two bytes in UTF-8, and anything.
NAMES = st.text(
    st.sampled_from("\0\1/aé\x80\xff\ud83d\ude00\udcc3\udca9\U0001f600")
    | st.characters(codec=None),
    max_size=6,
)
NUMBERS = st.integers(0, 2**64 + 1)
COUNTS = st.dictionaries(st.sampled_from(FILTER_NAMES), st.integers(1, 2**70), max_size=3)
OPS = st.sampled_from([CREATE, DELETE])

filter_tallies = st.builds(
    FilterTallyFacts,
    COUNTS,
    COUNTS,
    COUNTS,
    *[NUMBERS] * 4,
    *[st.sets(NAMES, max_size=3).map(sorted)] * 2,
).map(FilterTally.of)
tallies = st.builds(
    TallyFacts,
    st.dictionaries(st.sampled_from(Totals._fields), NUMBERS, max_size=4),
    st.booleans(),
    st.lists(st.tuples(NAMES, NAMES), max_size=3),
    st.lists(NAMES, max_size=3),
    st.lists(st.tuples(NAMES, OPS), max_size=3),
    *[st.dictionaries(NAMES, st.integers(1, 2**63), max_size=3)] * 2,
    filter_tallies.map(lambda tally: tally.facts),
).map(Tally.of)
pieces = st.builds(
    Piece,
    st.binary(max_size=50),
    NAMES,
    st.lists(st.tuples(NAMES, st.binary(max_size=9)), max_size=3),
    NUMBERS,
)
slices = st.builds(
    Slice, st.binary(max_size=9), bounds=st.builds(Bounds, NAMES, NAMES), changes=NUMBERS
)
RECORDS = st.lists(
    st.builds(
        Entry,
        st.sampled_from(State),
        NAMES.map("/{}".format),
        st.just(Attributes(Kind.FILE, id="7", revision="1")),
        OPS,
        NAMES,
    ).map(records.encode),
    max_size=4,
)


def counted(of: FilterTally | Tally) -> dict[str, Any]:
    """All that a tally has counted, also what it does not show."""
    values = {**vars(of)}
    if isinstance(of, Tally):
        values["filtered"] = counted(of.filtered)
    return values


def brought_back(keeper: PieceKeeper[Any], one: Slice, result: SliceResult[Any]) -> Any:
    """Keep a result, and return it once as the worker does that kept it, and once as found."""
    kept = keeper.keep(one, result, is_whole=True)
    found = keeper.find(one, ignore)
    assert found
    assert found.was_kept
    assert not kept.was_kept
    for each in (kept, found):
        assert each.changed_since == result.changed_since
        assert counted(each.left_out) == counted(result.left_out)
    return kept, found


def keeper_in(folder: str, codec: Any) -> PieceKeeper[Any]:
    return PieceKeeper(folder, b"f" * 32, codec, lasts=True)


@settings(max_examples=50)
@given(slices, st.lists(st.tuples(pieces, tallies), max_size=3), filter_tallies, NUMBERS)
def test_pieces_of_lists_come_back_as_they_were(one, made, left_out, changed_since):
    product = tuple(CountedPiece(piece, tally) for piece, tally in made)
    with tempfile.TemporaryDirectory() as folder:
        keeper = keeper_in(folder, PiecesCodec())

        for each in brought_back(keeper, one, SliceResult(product, changed_since, left_out)):
            assert len(each.product) == len(made)
            for (piece, tally), back in zip(made, each.product, strict=True):
                assert content_of(back.piece) == piece.content
                assert back.piece.last_name == piece.last_name
                assert back.piece.misplaced == piece.misplaced
                assert back.piece.covered == piece.covered
                assert counted(back.tally) == counted(tally)
                assert back.tally.totals == tally.totals


@given(slices, RECORDS, RECORDS)
@example(Slice(b""), [], [])
def test_entries_that_may_be_part_of_a_move_come_back_as_they_were(one, candidates, others):
    grouped = [key.add_group("7 10 1", record) for record in candidates]
    product = MoveCandidates(grouped, others)
    with tempfile.TemporaryDirectory() as folder:
        keeper = keeper_in(folder, CandidatesCodec())

        for each in brought_back(keeper, one, SliceResult(product, 0, FilterTally())):
            assert each.product.candidates == grouped
            assert each.product.others == others


def test_the_same_result_is_the_same_file_whatever_order_a_set_has(tmp_path: Path) -> None:
    written = []
    for names in (["/a", "/b", "/c"], ["/c", "/b", "/a"]):
        left_out = FilterTally()
        for name in names:
            left_out.newer_directories = {*left_out.newer_directories, name}
        keeper = keeper_in(str(tmp_path), PiecesCodec())
        keeper.keep(Slice(b"x"), SliceResult((), 0, left_out), is_whole=True)
        (path,) = tmp_path.iterdir()
        written.append(path.read_bytes())

    assert written[0] == written[1]


def test_what_is_packed_has_no_way_to_name_a_class() -> None:
    """The codec knows texts, bytes, integers and lists of these; a pickle is no such thing."""
    packed = pack([["/é\udcff", b"\xff", 2**80, -1, True]])

    assert unpack(packed, list[tuple[str, bytes, int, int, bool]]) == [
        ("/é\udcff", b"\xff", 2**80, -1, True)
    ]
    assert b"qumulo" not in packed
