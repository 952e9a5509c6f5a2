"""Descending streams of batches: one order for walking, one for the list, two streams merged."""

from collections.abc import Iterable, Iterator
from itertools import groupby

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.model import MODIFY, Attributes, Entry, Kind, State
from qumulo_changelist.names import outermost
from qumulo_changelist.scan.order import Batch, by_name, first_where, in_list_order, merged

paths = st.lists(
    st.text(st.sampled_from("a.b /\udcffé"), min_size=1, max_size=6).map("/{}".format), max_size=12
)
sizes = st.lists(st.integers(1, 4))


def entry(path: str, mark: int = 0) -> Entry:
    """Return the entry of a path, a directory's where it ends in ``/``; ``mark`` tells it apart."""
    kind = Kind.DIRECTORY if path.endswith("/") else Kind.FILE
    return Entry(State.PRESENT, path.removesuffix("/") or "/", Attributes(kind, mark), MODIFY)


def names(batches: Iterable[Batch]) -> list[str]:
    return [one.name for one in flat(batches)]


def flat(batches: Iterable[Batch]) -> Batch:
    return [one for batch in batches for one in batch]


def batched(entries: Batch, sizes: list[int]) -> list[Batch]:
    """Cut entries into batches of these sizes, then of one, each a directory's or of files.

    No batch holds a name twice.
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


def test_a_directory_waits_for_names_that_go_on_with_less_than_a_slash():
    stream = in_stream_order(["/reel2/", "/reel2/b", "/reel2.mov", "/reel2-old", "/reel20", "/a"])
    batches = batched(stream, [1, 1, 3])

    assert [[one.name for one in batch] for batch in batches] == [
        ["/reel20"],
        ["/reel2/b"],
        ["/reel2"],
        ["/reel2.mov", "/reel2-old", "/a"],
    ]
    assert [[one.name for one in batch] for batch in in_list_order(batches)] == [
        ["/reel20"],
        ["/reel2/b"],
        ["/reel2.mov", "/reel2-old"],
        ["/reel2"],
        ["/a"],
    ]


@given(paths, sizes)
@example(["/a/", "/a", "/a./", "/a./b", "/a /", "/a/b"], [])
@example(["/a/", "/a", "/a./", "/a /", "/a./b", "/a.b", "/a b", "/"], [4, 4, 4])
def test_list_order_is_that_of_names_without_their_slash(paths, sizes):
    stream = in_stream_order(paths)

    ordered = list(in_list_order(batched(stream, sizes)))

    assert names(ordered) == sorted((one.name for one in stream), reverse=True)
    assert sorted(flat(ordered), key=repr) == sorted(stream, key=repr)


@given(paths, sizes)
def test_every_batch_in_list_order_is_of_files_or_one_directory(paths, sizes):
    for batch in in_list_order(batched(in_stream_order(paths), sizes)):
        assert len(batch) == 1 or {one.attributes.kind for one in batch} == {Kind.FILE}


def test_files_are_handed_on_before_more_is_read():
    read: list[str] = []
    ordered = in_list_order(noting([[entry("/d"), entry("/c")], [entry("/b")]], read))

    assert next(ordered) == [entry("/d"), entry("/c")]
    assert read == ["/d", "/c"]


def test_no_more_is_held_than_must_be():
    read: list[str] = []
    stream = batched(in_stream_order(["/c/", "/b/", "/b/x", "/b/y", "/b.mov", "/a/"]), [2])
    ordered = in_list_order(noting(stream, read))

    assert names([next(ordered)]) == ["/c"]
    assert read == ["/c", "/b/y", "/b/x"]
    next(ordered)
    assert names([next(ordered)]) == ["/b.mov"]
    assert read == ["/c", "/b/y", "/b/x", "/b", "/b.mov"]
    assert names([next(ordered)]) == ["/b"]
    assert read[-1] == "/a"


def test_nothing_in_order_is_nothing():
    assert list(in_list_order([])) == []


# Merged

marked = st.lists(
    st.builds(entry, st.sampled_from(["/", "/a", "/b", "/b/", "/c", "/a.", "/é"]), st.integers())
)
descending = marked.map(lambda entries: sorted(entries, key=lambda one: one.name, reverse=True))


@given(first=descending, second=descending, first_sizes=sizes, second_sizes=sizes)
@example([entry("/b"), entry("/b/")], [entry("/b", 1)], [1], [1])
@example([entry("/b")], [entry("/c", 1), entry("/b", 1), entry("/a", 1)], [1], [3])
def test_two_streams_merged_are_what_sorting_both_gives_the_first_ones_first(
    first, second, first_sizes, second_sizes
):
    expected = sorted([*first, *second], key=lambda one: one.name, reverse=True)

    batches = list(merged(batched(first, first_sizes), batched(second, second_sizes)))

    assert flat(batches) == expected
    assert all(batches)
    assert all(len(set(names([batch]))) == len(batch) for batch in batches)


def test_of_equal_names_the_first_stream_s_come_first_however_it_is_cut():
    first = [[entry("/c", 1), entry("/b", 1)], [entry("/b/", 2)]]

    assert flat(merged(first, [[entry("/b", 3)]])) == [
        entry("/c", 1),
        entry("/b", 1),
        entry("/b/", 2),
        entry("/b", 3),
    ]


def test_batches_stay_together_where_nothing_comes_between():
    first, second = [entry("/f"), entry("/e")], [entry("/d"), entry("/c")]

    assert list(merged([first], [second])) == [first, second]
    assert list(merged([second], [first])) == [first, second]


def test_neither_stream_is_read_ahead_of_the_other():
    read: list[str] = []
    first = batched(list(map(entry, ["/f", "/e", "/b", "/a"])), [1, 1, 1, 1])
    second = batched(list(map(entry, ["/d", "/c"])), [1, 1])
    both = merged(noting(first, read), noting(second, read))

    assert names([next(both)]) == ["/f"]
    assert read == ["/f", "/d"]
    assert names([next(both)]) == ["/e"]
    assert read == ["/f", "/d", "/e"]
    assert names([next(both)]) == ["/d"]
    assert read == ["/f", "/d", "/e", "/b"]


# By name


def least_of_many(same: Batch) -> Batch:
    """Leave one where there are more, the one that is marked least."""
    return [min(same, key=lambda one: one.attributes.size)]


@given(entries=descending, sizes=sizes)
@example([entry("/b"), entry("/b"), entry("/a"), entry("/a")], [3, 1])
def test_of_entries_of_one_name_is_left_what_was_chosen_and_all_others_stay(entries, sizes):
    expected = flat(
        least_of_many(list(group)) for _, group in groupby(entries, lambda one: one.name)
    )

    assert flat(by_name(batched(entries, sizes), least_of_many)) == expected


@given(entries=descending, sizes=sizes)
def test_whoever_chooses_sees_all_entries_of_a_name_at_once_in_their_order(entries, sizes):
    seen: list[Batch] = []

    def choose(same: Batch) -> Batch:
        seen.append(same)
        return same

    assert flat(by_name(batched(entries, sizes), choose)) == entries
    groups = [list(group) for _, group in groupby(entries, lambda one: one.name)]
    assert [same for same in seen if len(same) > 1] == [same for same in groups if len(same) > 1]


def test_only_what_may_share_its_name_with_what_comes_is_held():
    read: list[str] = []
    batches = [[entry("/d"), entry("/c")], [entry("/b")], [entry("/a")]]
    left = by_name(noting(batches, read), least_of_many)

    assert names([next(left)]) == ["/d"]
    assert read == ["/d", "/c"]
    assert names([next(left)]) == ["/c"]
    assert read == ["/d", "/c", "/b"]


# Searching


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 8))
def test_the_first_place_is_found_at_or_behind_the_beginning(false, true, begin):
    items = [False] * false + [True] * true

    found = first_where(items, min(begin, len(items)), bool)

    assert found == max(false, min(begin, len(items)))


# Directories above


@pytest.mark.parametrize(
    ("name", "directory"),
    [
        ("/a/b/c", "/a/"),
        ("/a/", "/a/"),
        ("/a", ""),
        ("/ab/c", ""),
        ("/x/y/z", "/x/y/"),
        ("/x/y/", "/x/y/"),
        ("/x/", ""),
        ("/x/yz", ""),
        ("/", ""),
    ],
)
def test_the_outermost_directory_is_found_by_whole_components(name, directory):
    assert outermost({"/a/", "/a/b/", "/x/y/"}, name) == directory


def test_everything_is_below_the_root():
    assert outermost({"/", "/a/"}, "/a/b") == "/"
    assert outermost({"/"}, "/") == "/"


@given(paths, paths)
def test_any_outermost_directory_is_the_shortest_that_begins_the_name(directories, names):
    directories = {f"{path}/" for path in directories}
    for name in names:
        above = [directory for directory in directories if name.startswith(directory)]
        assert outermost(directories, name) == min(above, key=len, default="")
