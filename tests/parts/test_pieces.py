"""The pieces of a list: neither too small nor without entries."""

import pytest

from qumulo_changelist.model import CREATE, Entry, State
from qumulo_changelist.operations.lists import pieces
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.runners.encode import EntryEncoder
from qumulo_changelist.scan.moves import CandidateFinder
from tests.parts.entries import content_of
from tests.parts.outcomes import file

FORM = ScanXml("1", 0)


@pytest.mark.parametrize("count", [0, 1, 3, 8])
def test_pieces_of_a_list_with_moves_are_of_the_same_size_but_for_the_last(
    monkeypatch, tmp_path, count
):
    monkeypatch.setattr(pieces, "_ENTRIES_IN_A_PIECE", 3)
    monkeypatch.setattr("qumulo_changelist.changes.sorted_keys._BLOCK_SIZE", 1)
    entries = [Entry(State.PRESENT, f"/{n}", file(str(n)), CREATE) for n in range(count)]
    slices = [CandidateFinder(FORM.can_hold)([[entry]]) for entry in entries]

    found = list(
        pieces.encode_with_moves(slices, EntryEncoder((FORM,)), 1000, str(tmp_path), deletes=True)
    )

    sizes = [one.tally.totals.files for (one,) in found]
    assert sizes == [3] * (count // 3) + [count % 3] * (count % 3 > 0)
    assert [content_of(one.piece).count(b"<file ") for (one,) in found] == sizes
