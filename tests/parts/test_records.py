"""Entries as text: they come back as they were, and sort by name."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.model import CREATE, DELETE, MODIFY, Attributes, Entry, Kind, State
from qumulo_changelist.scan.records import decode, encode

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
    """An entry as the rules make it: only a present one has an old name, only others a reason."""
    state = draw(st.sampled_from(State))
    is_present = state is State.PRESENT
    return Entry(
        state,
        draw(NAMES),
        draw(attributes),
        draw(st.sampled_from([CREATE, MODIFY, DELETE])),
        "" if is_present else draw(TEXT),
        draw(st.booleans()),
        draw(TEXT) if is_present else "",
    )


@given(entries())
@example(Entry(State.UNREADABLE, "/\1\0\1\2", Attributes(Kind.DIRECTORY), CREATE, "\0\1 \2"))
@example(Entry(State.PRESENT, "/ ", Attributes(Kind.FILE, owner=None), CREATE, "", True, "/\0\1"))
def test_any_entry_comes_back_as_it_was(entry):
    assert decode(encode(entry)) == entry


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("op", [CREATE, MODIFY, DELETE])
@pytest.mark.parametrize("replaces", [False, True])
def test_every_state_kind_and_operation_comes_back(state, kind, op, replaces):
    entry = Entry(state, "/a", Attributes(kind), op, "", replaces)

    assert decode(encode(entry)) == entry


@pytest.mark.parametrize(("owner", "group"), [(None, 0), (0, None), (None, None), (0, 0)])
def test_a_missing_id_does_not_become_0(owner, group):
    entry = Entry(State.PRESENT, "/a", Attributes(Kind.FILE, owner=owner, group=group), CREATE)

    assert decode(encode(entry)) == entry


@given(st.lists(NAMES, max_size=8))
@example(["/a", "/a!"])
def test_sorting_records_sorts_names_by_their_bytes_and_keeps_a_name_together(names):
    known = Attributes(Kind.FILE)
    records = [encode(Entry(State.PRESENT, name, known, CREATE)) for name in names]
    records += [encode(Entry(State.DELETED, name, known, DELETE)) for name in names]
    records.sort()

    found = [decode(record).name for record in records]

    in_utf8 = sorted(names, key=lambda name: name.encode("utf-8", "surrogatepass"))
    assert found[0::2] == found[1::2] == in_utf8
