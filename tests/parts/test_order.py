"""Descending streams: one order for walking, one for the list, and two streams side by side."""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.scan.order import in_list_order, outermost, side_by_side


class Item(NamedTuple):
    """Something with a name, and something that tells it from others of that name."""

    name: str
    mark: int = 0


paths = st.lists(
    st.text(st.sampled_from("a.b /\udcffé"), min_size=1, max_size=6).map("/{}".format), max_size=12
)


def plain(path: str) -> str:
    return path.removesuffix("/")


def in_stream_order(paths: list[str]) -> list[Item]:
    """Sort paths with a directory's slash, then take it off."""
    return [Item(plain(path)) for path in sorted(set(paths), reverse=True)]


# List order


def test_a_directory_waits_for_names_that_go_on_with_less_than_a_slash():
    stream = in_stream_order(["/reel2/", "/reel2/b", "/reel2.mov", "/reel2-old", "/reel20"])

    assert [item.name for item in stream] == [
        "/reel20",
        "/reel2/b",
        "/reel2",
        "/reel2.mov",
        "/reel2-old",
    ]
    assert [item.name for item in in_list_order(stream)] == [
        "/reel20",
        "/reel2/b",
        "/reel2.mov",
        "/reel2-old",
        "/reel2",
    ]


@given(paths)
@example(["/a/", "/a", "/a./", "/a./b", "/a /", "/a/b"])
def test_list_order_is_that_of_names_without_their_slash(paths):
    stream = in_stream_order(paths)

    assert list(in_list_order(stream)) == sorted(stream, reverse=True)


def test_no_more_is_held_than_must_be():
    read = []

    def stream() -> Iterator[Item]:
        for name in ("/d", "/c", "/b", "/a"):
            read.append(name)
            yield Item(name)

    ordered = in_list_order(stream())

    assert next(ordered).name == "/d"
    assert read == ["/d", "/c"]


def test_nothing_in_order_is_nothing():
    assert list(in_list_order([])) == []


# Side by side

items = st.lists(st.builds(Item, st.sampled_from(["", "a", "b", "c", "a.", "é"]), st.integers()))
descending = items.map(lambda items: sorted(items, key=lambda item: item.name, reverse=True))


@given(first=descending, second=descending)
def test_side_by_side_gives_for_each_name_what_each_stream_has(first, second):
    expected = [
        (
            [item for item in first if item.name == name],
            [item for item in second if item.name == name],
        )
        for name in sorted({item.name for item in [*first, *second]}, reverse=True)
    ]

    assert list(side_by_side(first, second)) == expected


def test_neither_stream_is_read_ahead_of_the_other():
    read = []

    def stream(*names: str) -> Iterator[Item]:
        for name in names:
            read.append(name)
            yield Item(name)

    pairs = side_by_side(stream("f", "e", "d"), stream("c", "b", "a"))
    next(pairs)

    assert sorted(read) == ["c", "e", "f"]


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
