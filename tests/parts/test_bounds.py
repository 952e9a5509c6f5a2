"""Bounds: what of a directory a slice has to read, compared with a definition that is slow."""

from itertools import pairwise, product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.bounds import EVERYTHING, Bounds, waiting_before
from tests.parts.scanning import touches

COMPONENTS = ["a", "a.", "a.-", "a-", "a0", "é", "\0", "\udcff", "b"]
BELOW = ["\0", "\1", "a", "é/-", "\U0010ffff" * 3]

names_of_one_directory = st.tuples(
    st.sampled_from(["/", "/a/", "/a./a/"]),
    st.sets(st.tuples(st.sampled_from(COMPONENTS), st.sampled_from(["", "/"]))),
).map(lambda made: sorted((made[0] + name + end for name, end in made[1]), reverse=True))

texts = st.lists(st.sampled_from([*COMPONENTS, "/", ".", "-", "0"]), max_size=4).map(
    lambda parts: "/" + "".join(parts)
)
any_bounds = st.builds(
    lambda first, second: Bounds(*sorted((first, second))), st.just("") | texts, texts
) | st.builds(Bounds, st.just("") | texts)


def is_within(bounds: Bounds, listed: str) -> bool:
    return bounds.lower <= listed and (listed < bounds.upper or not bounds.upper)


@given(names=names_of_one_directory, bounds=any_bounds)
@example(["/a/", "/a.", "/a-", "/a"], Bounds("/a-", "/a."))
@example(["/a/", "/a.", "/a-", "/a"], Bounds("/", "/a."))
@example(["/a/", "/a.", "/a"], Bounds("/a", "/a/"))
def test_selected_are_the_names_in_bounds_and_the_directories_of_such_names(names, bounds):
    selected = bounds.select(names)

    assert all(first > second for first, second in pairwise(selected))
    assert set(selected) <= set(names)
    for name in names:
        listed = name.removesuffix("/")
        assert bounds.includes(name) == is_within(bounds, listed)
        if not name.endswith("/"):
            assert (name in selected) == is_within(bounds, listed)
            continue
        below = [name + one for one in BELOW]
        assert (name in selected) == touches(bounds, name)
        if any(is_within(bounds, one) for one in [listed, *below]):
            assert name in selected
        if any(is_within(bounds, one) for one in below):
            assert bounds.reaches_into(name)


@pytest.mark.parametrize(
    ("bounds", "selected"),
    [
        (Bounds(), ["/c/", "/b", "/a/", "/a.mov", "/a"]),
        (Bounds("/a/x"), ["/c/", "/b", "/a/"]),
        (Bounds("/c"), ["/c/"]),
        (Bounds("/c/x", "/c/y"), ["/c/"]),
        (Bounds("/d"), []),
        (Bounds("/a0", "/c"), ["/b"]),
        (Bounds("", "/a.mov"), ["/a/", "/a"]),
        (Bounds("/a.", "/a.mov"), []),
        (Bounds("/a.", "/a/"), ["/a.mov"]),
        (Bounds("", "/a"), []),
    ],
)
def test_only_what_can_have_entries_in_bounds_is_selected(bounds, selected):
    assert bounds.select(["/c/", "/b", "/a/", "/a.mov", "/a"]) == selected


def test_adjacent_bounds_have_each_name_once():
    names = ["/" + "".join(parts) for parts in product(COMPONENTS, repeat=2)]
    cuts = sorted(names[::5], reverse=True)

    parts = [Bounds(*both) for both in zip([*cuts, ""], ["", *cuts], strict=True)]

    assert all(sum(part.includes(name) for part in parts) == 1 for name in names)


def test_everything_is_in_bounds_that_have_no_ends():
    assert EVERYTHING.includes("/")
    assert EVERYTHING.reaches_into("/")
    assert EVERYTHING.select([]) == []


def test_directories_wait_for_their_place_after_names_that_begin_like_them():
    assert waiting_before("/a-b/c.d") == ["/a/", "/a-b/c/", "/a-b/c.d/"]
