"""Entries as text: they come back as they were, and sort like their names."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Entry, Kind, State
from qumulo_changelist.scan.records import read, written

# NUL and its neighbours, a blank, a lone surrogate and what sorts around it, and anything else.
TEXT = st.text(
    st.sampled_from("\0\1\2 /a\ud7ff\udcff\ue000\U00010000") | st.characters(codec=None), max_size=6
)
NAMES = st.builds("/{}".format, TEXT)
NUMBERS = st.integers(0, 2**64)
TIMES = st.integers(-(2**40), 2**40)
IDS = st.none() | st.integers(0, 2**32 - 1)
# As clusters write them: a number, or a time.
REVISIONS = st.sampled_from(["", "0", "17", "2024-01-01T00:00:00.5Z"])

attributes = st.builds(
    Attributes,
    st.sampled_from(Kind),
    NUMBERS,
    TIMES,
    TIMES,
    IDS,
    IDS,
    st.sampled_from(["", "0", str(2**64)]),
    REVISIONS,
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    """An entry as the rules make it: what is there has an origin, all else a reason."""
    state = draw(st.sampled_from(State))
    there = state is State.PRESENT
    return Entry(
        state,
        draw(NAMES),
        draw(attributes),
        draw(st.sampled_from([CREATE, MODIFY, DELETE])),
        "" if there else draw(TEXT),
        draw(st.booleans()),
        draw(TEXT) if there else "",
    )


def in_utf8(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


@given(entries())
@example(Entry(State.UNREADABLE, "/\1\0\1\2", Attributes(Kind.DIRECTORY), CREATE, "\0\1 \2"))
@example(Entry(State.PRESENT, "/ ", Attributes(Kind.FILE, owner=None), CREATE, "", True, "/\0\1"))
def test_any_entry_comes_back_as_it_was(entry):
    assert read(written(entry)) == entry


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("op", [CREATE, MODIFY, DELETE])
def test_no_state_kind_or_operation_is_taken_for_another(state, kind, op):
    for replaces in (False, True):
        entry = Entry(state, "/a", Attributes(kind), op, "", replaces)

        assert read(written(entry)) == entry


def test_nobody_is_not_the_owner_with_the_number_0():
    for owner, group in [(None, 0), (0, None), (None, None), (0, 0)]:
        known = Attributes(Kind.FILE, owner=owner, group=group)

        found = read(written(Entry(State.PRESENT, "/a", known, CREATE))).attributes

        assert (found.owner, found.group) == (owner, group)


@given(entries())
def test_a_record_is_a_name_a_nul_and_the_rest_whatever_a_name_holds(entry):
    record = written(entry)

    name, end, rest = record.partition("\0")

    assert name
    assert end
    assert rest
    assert "\0" not in rest
    assert not rest.endswith("\0")


@given(st.lists(entries(), max_size=8))
def test_sorting_records_sorts_names_by_their_bytes(some):
    found = [read(record).name for record in sorted(map(written, some))]

    assert found == sorted([entry.name for entry in some], key=in_utf8)


@given(entries(), entries())
def test_different_entries_are_different_records(one, other):
    assert (written(one) == written(other)) == (one == other)


@given(st.lists(NAMES, max_size=8))
def test_whatever_stands_behind_a_name_what_has_one_name_stays_together(names):
    """As ``/a`` does before ``/a!``, which begins with it."""
    records = sorted(
        written(Entry(state, name, Attributes(Kind.FILE), op))
        for name in names
        for state, op in ((State.PRESENT, CREATE), (State.DELETED, DELETE))
    )
    found = [read(record).name for record in records]

    assert found[0::2] == found[1::2]
