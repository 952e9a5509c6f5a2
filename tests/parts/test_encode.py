"""From the entries of a slice to an encoded piece, with a tally of what it contains."""

import pickle

import pytest
from hypothesis import given, settings

from qumulo_changelist.model import CREATE, DELETE, MODIFY, Batch, Entry, State, Totals
from qumulo_changelist.output.interface import ListFormat
from qumulo_changelist.output.ndjson import Ndjson
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.runners.encode import EntryEncoder, SidesEncoder
from qumulo_changelist.scan.tally import Tally
from tests.parts.entries import content_of
from tests.parts.outcomes import LINK, file, sides, worlds

XML = ScanXml("1", 0)
REASON = XML.limitation


def present(name: str) -> Entry:
    return Entry(State.PRESENT, name, file("1"), CREATE)


def deleted(name: str) -> Entry:
    return Entry(State.DELETED, name, file("1"), DELETE)


def tally_of(form: ListFormat, batches: list[Batch], *, by_folder: bool = False) -> Tally:
    (counted,) = EntryEncoder((form,), by_folder)(batches)
    return counted.tally


def test_a_piece_contains_the_entries_of_all_batches_and_its_tally_counts_them():
    (counted,) = EntryEncoder((XML,))([[present("/c"), present("/b")], [deleted("/a")]])

    assert content_of(counted.piece).count(b"<file ") == 2
    assert content_of(counted.piece).count(b"<delete-file ") == 1
    assert counted.piece.last_name == "/a"
    assert counted.tally.totals == Totals(2, 10, 2, 10, deleted_files=1, deleted_size=5)


def test_a_name_that_the_format_cannot_hold_is_counted_as_unreadable():
    batch = [present("/b"), present("/a\1"), present("/a")]

    tally = tally_of(XML, [batch])

    assert tally.totals == Totals(2, 10, 2, 10, unreadable=1, unnameable=1, unreadable_created=1)
    assert tally.unreadable == [("/a\1", REASON)]
    assert tally_of(Ndjson(), [batch]).totals == Totals(3, 15, 3, 15)


def test_a_name_that_the_format_cannot_hold_does_not_matter_if_it_is_not_listed():
    batch = [
        Entry(State.LEFT_OUT, "/\1b", LINK, CREATE),
        Entry(State.GONE, "/\1a", file("1"), DELETE),
    ]

    assert tally_of(XML, [batch]).totals == Totals(left_out=1, gone_files=1)


def test_what_is_left_out_is_counted_also_under_a_name_that_the_format_cannot_hold():
    """A link has taken the place of a file: two entries of one name."""
    batch = [Entry(State.LEFT_OUT, "/\1a", LINK, CREATE), deleted("/\1a")]

    tally = tally_of(XML, [batch])

    assert tally.totals == Totals(left_out=1, unreadable=1, unnameable=1, unreadable_deleted=1)
    assert tally.left_out == ["/\1a"]


@given(worlds)
@settings(max_examples=50)
def test_a_piece_is_counted_the_same_however_its_entries_are_divided_into_batches(world):
    entries = sorted(sides(world), key=lambda entry: entry.name, reverse=True)
    batches = [[one for one in entries if one.op == op] for op in (CREATE, MODIFY, DELETE)]
    for form in (XML, Ndjson()):
        together = tally_of(form, [batch for batch in batches if batch])
        one_by_one = tally_of(form, [[one] for one in entries])

        assert together.totals == one_by_one.totals
        assert sorted(together.unreadable) == sorted(one_by_one.unreadable)


def test_deleted_files_are_counted_by_folder_if_wanted():
    batch = [deleted("/d/b"), deleted("/d/a")]

    assert tally_of(XML, [batch], by_folder=True).deleted_by_folder == {"/d": 2}
    assert tally_of(XML, [batch]).deleted_by_folder == {}


@pytest.mark.parametrize(
    ("deletes", "totals"),
    [
        (True, Totals(1, 5, 1, 5, replaced=1, deleted_files=1, deleted_size=5)),
        (False, Totals(1, 5, 1, 5, replaced=1, gone_files=1)),
    ],
)
def test_of_both_sides_each_name_is_encoded_once_and_deletions_only_if_wanted(deletes, totals):
    both: list[Batch] = [[present("/b")], [deleted("/b"), deleted("/a")]]

    (counted,) = SidesEncoder(EntryEncoder((XML,)), deletes)(iter(both))

    assert counted.tally.totals == totals


@pytest.mark.parametrize("form", [XML, Ndjson()])
def test_what_encodes_and_its_result_can_be_pickled(form: ListFormat):
    encode = SidesEncoder(EntryEncoder((form,), by_folder=True), deletes=True)
    both: list[Batch] = [[present("/b"), deleted("/a\1")]]

    (sent,) = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(encode))(iter(both))))

    (counted,) = encode(iter(both))
    assert sent.piece == counted.piece
    assert sent.tally.totals == counted.tally.totals


def test_several_lists_get_the_same_entries_and_each_counts_what_it_can_hold():
    batches = [[present("/b"), present("/a\1")], [deleted("/a")]]

    together = EntryEncoder((XML, Ndjson()))(batches)

    forms: tuple[ListFormat, ...] = (XML, Ndjson())
    for form, counted in zip(forms, together, strict=True):
        (alone,) = EntryEncoder((form,))(batches)
        assert counted.piece == alone.piece
        assert counted.tally.totals == alone.tally.totals
    assert [counted.tally.totals.unreadable for counted in together] == [1, 0]


def test_a_name_can_be_held_if_every_list_can_hold_it():
    encode = EntryEncoder((Ndjson(), XML))

    assert encode.can_hold("/a")
    assert not encode.can_hold("/a\1")
    assert EntryEncoder((Ndjson(),)).can_hold("/a\1")
