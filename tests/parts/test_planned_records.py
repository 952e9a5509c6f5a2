"""Entries that are set aside while a wide directory is read: they come back as they were."""

from hypothesis import given, settings
from hypothesis import strategies as st

from qumulo_changelist.cluster.interface import DirectoryPage
from qumulo_changelist.columns import NO_FILES, FileColumns
from qumulo_changelist.model import Attributes, Description, Kind, ReadFailure
from qumulo_changelist.planning.records import decode_page, encode_page, name_of

numbers = st.integers(-(10**12), 10**20)
ids = st.none() | st.integers(0, 2**64)
texts = st.text(st.characters(exclude_categories=()), max_size=8)
names = st.text(st.characters(exclude_categories=(), exclude_characters="/"), min_size=1)
revisions = st.sampled_from(["", "7", "2026-01-31T00:00:00.5Z", "with a blank"])
attributes = st.builds(
    Attributes,
    *(st.sampled_from(Kind), numbers, numbers, numbers, ids, ids),
    id=st.sampled_from(["", "12345678901234567890123"]),
    revision=revisions,
)
described = attributes | st.builds(ReadFailure, texts, st.none() | attributes)
files = st.dictionaries(names, st.tuples(*[numbers] * 5, st.just("3"), revisions), max_size=5)


@settings(deadline=None, max_examples=60)
@given(files, st.dictionaries(names, described, max_size=5))
def test_a_page_is_the_same_after_it_was_set_aside(
    plain: dict[str, tuple[int, ...]], others: dict[str, Description]
) -> None:
    columns = FileColumns(*zip(*plain.values(), strict=True)) if plain else NO_FILES
    others = {f"{name}/": known for name, known in others.items()}
    page = DirectoryPage(99, 10, list(plain), columns, others)

    records = encode_page(page)
    again = decode_page(sorted(records, reverse=True))

    assert [name_of(record) for record in records] == [*plain, *others]
    assert again.entries == page.entries
    assert set(again.files) == set(plain)
    assert again.others == others
