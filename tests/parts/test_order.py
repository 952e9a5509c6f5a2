"""Descending streams of batches: from stream order to list order, merged, and with unique names."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.model import MODIFY, Attributes, Batch, Entry, Kind, State
from qumulo_changelist.scan.order import in_list_order, merge, resolve_names, sort_distinct

paths = st.lists(
    st.text(st.sampled_from("a.b /\udcffé"), min_size=1, max_size=6).map("/{}".format), max_size=12
)
sizes = st.lists(st.integers(1, 4))


def entry(path: str, mark: int = 0) -> Entry:
    """Return an entry; the path of a directory ends in ``/``, and the mark is kept as the size."""
    kind = Kind.DIRECTORY if path.endswith("/") else Kind.FILE
    return Entry(State.PRESENT, path.removesuffix("/") or "/", Attributes(kind, mark), MODIFY)


def flatten(batches: Iterable[Batch]) -> Batch:
    return [one for batch in batches for one in batch]


def names(batches: Iterable[Batch]) -> list[str]:
    return [one.name for one in flatten(batches)]


def divide(entries: Batch, sizes: list[int]) -> list[Batch]:
    """Return batches of at most these sizes, then of single entries, as they flow in production.

    A batch contains one directory or several files, and no name twice.
    """
    batches: list[Batch] = []
    left = list(sizes)
    for kind, group in groupby(entries, lambda one: one.attributes.kind):
        together = list(group)
        while together:
            size = left.pop(0) if left and kind is Kind.FILE else 1
            while len(names([together[:size]])) > len(set(names([together[:size]]))):
                size -= 1
            batches.append(together[:size])
            del together[:size]
    return batches


def in_stream_order(paths: list[str]) -> Batch:
    return [entry(path) for path in sorted(set(paths), reverse=True)]


def noting(batches: Iterable[Batch], read: list[str]) -> Iterator[Batch]:
    """Yield batches, and note the names of those that were read."""
    for batch in batches:
        read += [one.name for one in batch]
        yield batch


# List order


def test_a_directory_waits_for_names_that_continue_its_own_with_less_than_a_slash():
    stream = in_stream_order(["/reel2/", "/reel2/b", "/reel2.mov", "/reel2-old", "/reel20", "/a"])
    batches = divide(stream, [1, 1, 3])

    assert [names([batch]) for batch in batches] == [
        ["/reel20"],
        ["/reel2/b"],
        ["/reel2"],
        ["/reel2.mov", "/reel2-old", "/a"],
    ]
    assert [names([batch]) for batch in in_list_order(batches)] == [
        ["/reel20"],
        ["/reel2/b"],
        ["/reel2.mov", "/reel2-old"],
        ["/reel2"],
        ["/a"],
    ]


@given(paths, sizes)
@example(["/a/", "/a", "/a./", "/a./b", "/a /", "/a/b"], [])
@example(["/a/", "/a", "/a./", "/a /", "/a./b", "/a.b", "/a b", "/"], [4, 4, 4])
def test_list_order_is_that_of_names_without_their_trailing_slash(paths, sizes):
    stream = in_stream_order(paths)

    ordered = list(in_list_order(divide(stream, sizes)))

    assert names(ordered) == sorted((one.name for one in stream), reverse=True)
    assert sorted(flatten(ordered), key=repr) == sorted(stream, key=repr)
    for batch in ordered:
        assert len(batch) == 1 or {one.attributes.kind for one in batch} == {Kind.FILE}


def test_files_come_out_before_more_is_read():
    read: list[str] = []
    ordered = in_list_order(noting([[entry("/d"), entry("/c")], [entry("/b")]], read))

    assert next(ordered) == [entry("/d"), entry("/c")]
    assert read == ["/d", "/c"]


def test_a_directory_comes_out_as_soon_as_its_place_is_known():
    read: list[str] = []
    stream = divide(in_stream_order(["/c/", "/b/", "/b/x", "/b/y", "/b.mov", "/a/"]), [2])
    ordered = in_list_order(noting(stream, read))

    assert names([next(ordered)]) == ["/c"]
    assert read == ["/c", "/b/y", "/b/x"]
    next(ordered)
    assert names([next(ordered)]) == ["/b.mov"]
    assert read == ["/c", "/b/y", "/b/x", "/b", "/b.mov"]
    assert names([next(ordered)]) == ["/b"]
    assert read[-1] == "/a"


# Merging

marked = st.lists(
    st.builds(entry, st.sampled_from(["/", "/a", "/b", "/b/", "/c", "/a.", "/é"]), st.integers())
)
descending = marked.map(lambda entries: sorted(entries, key=lambda one: one.name, reverse=True))


@given(first=descending, second=descending, first_sizes=sizes, second_sizes=sizes)
@example([entry("/b"), entry("/b/")], [entry("/b", 1)], [1], [1])
@example([entry("/b")], [entry("/c", 1), entry("/b", 1), entry("/a", 1)], [1], [3])
def test_merging_is_sorting_with_the_first_stream_first_among_equal_names(
    first, second, first_sizes, second_sizes
):
    expected = sorted([*first, *second], key=lambda one: one.name, reverse=True)

    batches = list(merge(divide(first, first_sizes), divide(second, second_sizes)))

    assert flatten(batches) == expected
    assert all(batches)
    assert all(len(set(names([batch]))) == len(batch) for batch in batches)


def test_batches_stay_whole_if_no_name_comes_between():
    first, second = [entry("/f"), entry("/e")], [entry("/d"), entry("/c")]

    assert list(merge([first], [second])) == [first, second]
    assert list(merge([second], [first])) == [first, second]


def test_neither_stream_is_read_ahead_of_the_other():
    read: list[str] = []
    first = divide(list(map(entry, ["/f", "/e", "/b", "/a"])), [1, 1, 1, 1])
    second = divide(list(map(entry, ["/d", "/c"])), [1, 1])
    merged = merge(noting(first, read), noting(second, read))

    assert names([next(merged)]) == ["/f"]
    assert read == ["/f", "/d"]
    assert names([next(merged)]) == ["/e"]
    assert read == ["/f", "/d", "/e"]
    assert names([next(merged)]) == ["/d"]
    assert read == ["/f", "/d", "/e", "/b"]


# Unique names


def choose_smallest(same: list[Entry]) -> list[Entry]:
    return [min(same, key=lambda one: one.attributes.size)]


@given(entries=descending, sizes=sizes)
@example([entry("/b"), entry("/b"), entry("/a"), entry("/a")], [3, 1])
def test_the_entries_of_a_name_are_replaced_by_the_chosen_one(entries, sizes):
    groups = [list(group) for _, group in groupby(entries, lambda one: one.name)]
    offered: list[list[Entry]] = []

    def choose(same: list[Entry]) -> list[Entry]:
        offered.append(same)
        return choose_smallest(same)

    resolved = flatten(resolve_names(divide(entries, sizes), choose))

    assert resolved == [choose_smallest(group)[0] for group in groups]
    assert [same for same in offered if len(same) > 1] == [same for same in groups if len(same) > 1]


def test_several_entries_of_a_name_may_be_chosen():
    batches = [[entry("/b", 1)], [entry("/b", 2), entry("/a")], [entry("/a")]]

    assert flatten(resolve_names(batches, list)) == flatten(batches)


def test_only_a_batch_whose_last_name_may_come_again_is_held():
    read: list[str] = []
    batches = [[entry("/d"), entry("/c")], [entry("/b")], [entry("/a")]]
    resolved = resolve_names(noting(batches, read), choose_smallest)

    assert names([next(resolved)]) == ["/d", "/c"]
    assert read == ["/d", "/c", "/b"]
    assert names([next(resolved)]) == ["/b"]
    assert read == ["/d", "/c", "/b", "/a"]


@given(marked.filter(bool))
def test_entries_are_sorted_into_batches_without_a_name_twice(entries):
    expected = sorted(entries, key=lambda one: one.name, reverse=True)

    batches = list(sort_distinct(list(entries)))

    assert flatten(batches) == expected
    assert all(batches)
    assert all(len(set(names([batch]))) == len(batch) for batch in batches)
