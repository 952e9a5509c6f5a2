"""Files as columns: the same entries, in the same order and the same list, as with objects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.columns import FileBatch, FileColumns
from qumulo_changelist.model import (
    CREATE,
    DELETE,
    MODIFY,
    Attributes,
    Batch,
    Entry,
    Kind,
    Op,
    State,
)
from qumulo_changelist.names import parent_of
from qumulo_changelist.output.interface import ListFormat
from qumulo_changelist.output.ndjson import Ndjson
from qumulo_changelist.output.scan_xml import ScanXml
from qumulo_changelist.runners.encode import EntryEncoder, SidesEncoder
from qumulo_changelist.scan.order import in_list_order, merge, resolve_names
from qumulo_changelist.scan.reconcile import choose_entry, hide_deletions

NAMES = ["a", "b", "b.", "c&d", '"', "<", "é", "\u3000", "\n", "\x7f", "\1", "\udc80", "\ufffe"]

OPS: list[Op] = [CREATE, MODIFY, DELETE]
# A number is an operation and attributes: drawn one by one, these would take most of the time.
numbers = st.integers(0, len(OPS) * 4**5 - 1)


def entry(name: str, op: Op, known: Attributes) -> Entry:
    return Entry(State.DELETED if op == DELETE else State.PRESENT, name, known, op)


def numbered(name: str, number: int) -> Entry:
    """An entry with one of all combinations of an operation and five attributes, each below 4."""
    values, op = divmod(number, len(OPS))
    first, second, third, fourth, fifth = (values >> 2 * place & 3 for place in range(5))
    known = Attributes(Kind.FILE, first, second, third, fourth, fifth, "7")
    return entry(name, OPS[op], known)


def of_directory(directory: str) -> st.SearchStrategy[list[Entry]]:
    """Entries of one directory, each name once, in descending order."""
    names = st.sampled_from([directory + name for name in NAMES])
    entries = st.dictionaries(names, numbers)
    return entries.map(
        lambda found: [numbered(*one) for one in sorted(found.items(), reverse=True)]
    )


streams = st.lists(
    st.sampled_from(["/z/", "/d/", "/d./", "/"]).flatmap(of_directory).filter(bool),
    max_size=3,
    unique_by=lambda found: parent_of(found[0].name),
).map(lambda found: sorted(found, key=lambda batch: parent_of(batch[0].name), reverse=True))


def in_columns(entries: list[Entry]) -> FileBatch:
    """Return entries of one directory as a tree gives them."""
    directory = parent_of(entries[0].name)
    return FileBatch(
        directory,
        [one.name.removeprefix(directory) for one in entries],
        [one.op for one in entries],
        FileColumns.of([one.attributes for one in entries]),
    )


def flatten(batches: list[Batch]) -> list[Entry]:
    return [one for batch in batches for one in batch]


@given(of_directory("/d/").filter(bool), st.slices(len(NAMES)))
def test_a_batch_of_columns_is_a_sequence_of_entries(entries, part):
    batch = in_columns(entries)

    assert list(batch) == entries
    assert list(batch[part]) == entries[part]
    assert [batch[at] for at in range(-len(entries), len(entries))] == entries * 2
    assert [batch.name_at(at) for at in range(len(batch))] == batch.names
    rebuilt = FileBatch.of(entries)
    assert rebuilt is not None
    assert list(rebuilt) == entries


@pytest.mark.parametrize(
    "unusual",
    [
        Entry(State.UNREADABLE, "/a", Attributes(Kind.FILE), CREATE, "reason"),
        Entry(State.LEFT_OUT, "/a", Attributes(Kind.OTHER), CREATE),
        Entry(State.GONE, "/a", Attributes(Kind.FILE), DELETE),
        Entry(State.PRESENT, "/a", Attributes(Kind.DIRECTORY), MODIFY),
        Entry(State.DELETED, "/a", Attributes(Kind.DIRECTORY), DELETE),
        Entry(State.PRESENT, "/a", Attributes(Kind.FILE, owner=None), MODIFY),
        Entry(State.PRESENT, "/a", Attributes(Kind.FILE, group=None), MODIFY),
        Entry(State.PRESENT, "/a", Attributes(Kind.FILE), CREATE, replaces=True),
        Entry(State.PRESENT, "/a", Attributes(Kind.FILE), CREATE, moved_from="/b"),
    ],
)
def test_what_is_unusual_does_not_fit_into_columns(unusual):
    assert FileBatch.of([entry("/b", CREATE, Attributes(Kind.FILE)), unusual]) is None


@given(streams, streams)
def test_columns_are_merged_and_resolved_like_objects(first, second):
    def listed(first: list[Batch], second: list[Batch]) -> list[Entry]:
        both = merge(in_list_order(first), in_list_order(second))
        return flatten(list(resolve_names(both, choose_entry)))

    in_objects = listed(list(first), list(second))

    assert listed(list(map(in_columns, first)), list(map(in_columns, second))) == in_objects
    assert listed(list(first), list(map(in_columns, second))) == in_objects
    assert listed(list(map(in_columns, first)), list(second)) == in_objects


def test_few_deletions_among_many_files_leave_them_in_columns():
    """Otherwise a directory with one deleted file would cost an object for each of its files."""
    created = [
        entry(f"/d/{number:03}", CREATE, Attributes(Kind.FILE)) for number in range(99, 0, -2)
    ]
    gone = [entry("/d/050", DELETE, Attributes(Kind.FILE))]

    for first, second in ((in_columns(created), gone), (gone, in_columns(created))):
        batches = list(merge([first], [second]))
        assert sum(len(batch) for batch in batches if isinstance(batch, FileBatch)) >= 50


@given(of_directory("/d/").filter(bool))
def test_deletions_are_hidden_in_columns_as_in_objects(entries):
    assert list(hide_deletions(in_columns(entries))) == list(hide_deletions(entries))


@pytest.mark.parametrize("form", [ScanXml("1", 9), Ndjson()], ids=["xml", "ndjson"])
@given(stream=streams)
def test_a_list_of_columns_is_that_of_objects(form: ListFormat, stream):
    encode = EntryEncoder((form,), by_folder=True)

    (objects,), (columns,) = encode(stream), encode(list(map(in_columns, stream)))

    assert columns.piece == objects.piece
    assert columns.tally.totals == objects.tally.totals
    assert columns.tally.unreadable == objects.tally.unreadable
    assert columns.tally.deleted_by_folder == objects.tally.deleted_by_folder


@pytest.mark.parametrize("deletes", [True, False])
@given(stream=streams)
def test_sides_of_columns_give_the_piece_of_objects(deletes, stream):
    encode = SidesEncoder(EntryEncoder((ScanXml("1", 9),)), deletes)

    (of_columns,), (of_objects,) = encode(map(in_columns, stream)), encode(iter(stream))
    assert of_columns.piece == of_objects.piece
