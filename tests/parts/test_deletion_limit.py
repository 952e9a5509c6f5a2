"""A limit on how much a list may delete: what is allowed, what is not, and what is said of it."""

from collections.abc import Iterable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.checks.deletion_limit import DeletionLimit, check_deletes, places
from qumulo_changelist.errors import DeletionLimitError, UnreadableError
from qumulo_changelist.model import Totals


def number(most: int) -> DeletionLimit:
    return DeletionLimit(Fraction(most), is_percentage=False)


def percent(most: str) -> DeletionLimit:
    return DeletionLimit(Fraction(most), is_percentage=True)


def never() -> int:
    raise AssertionError("nobody needs to know")


def check(deleted: int, most: DeletionLimit, before: int | None = None) -> None:
    """Check a list that deletes so many files, all of one folder."""
    check_deletes(
        Totals(deleted_files=deleted, deleted_size=10 * deleted, deleted_directories=3),
        most,
        never if before is None else lambda: before,
        lambda: [f"/reel/{name}" for name in range(deleted)],
    )


def refused(deleted: int, most: DeletionLimit, before: int | None = None) -> str:
    with pytest.raises(DeletionLimitError) as caught:
        check(deleted, most, before)
    return str(caught.value)


# How many


def test_as_many_as_are_allowed_may_be_deleted_and_not_one_more():
    check(4, number(5))
    check(5, number(5))
    assert refused(6, number(5))


def test_where_none_may_be_deleted_not_even_one_is():
    check(0, number(0))
    check(0, percent("0"))
    assert refused(1, number(0))
    assert refused(1, percent("0"), 1000)


@pytest.mark.parametrize(
    ("most", "before", "allowed"),
    [
        ("5", 100, 5),
        ("5", 119, 5),
        ("5", 120, 6),
        ("0.5", 200, 1),
        ("0.5", 199, 0),
        ("100", 7, 7),
        ("33.3", 1000, 333),
        ("0.1", 30_000, 30),
        ("7", 0, 0),
    ],
)
def test_a_percentage_is_one_of_the_files_in_the_older_snapshot(most, before, allowed):
    check(allowed, percent(most), before)
    assert refused(allowed + 1, percent(most), before)


def test_a_hundred_percent_may_always_be_deleted():
    check(10**6, percent("100"), 10**6)


@given(deleted=st.integers(0, 50), tenths=st.integers(0, 1000), before=st.integers(0, 500))
def test_any_percentage_is_exact(deleted, tenths, before):
    most = percent(f"{tenths // 10}.{tenths % 10}")

    if deleted * 1000 > tenths * before:
        assert refused(deleted, most, before)
    else:
        check(deleted, most, before)


def test_a_number_of_files_needs_no_count_of_the_older_snapshot():
    check(5, number(5), None)
    refused(6, number(5), None)


def test_where_nothing_is_deleted_nothing_is_counted():
    check(0, percent("5"), None)


def test_directories_are_no_files():
    check_deletes(Totals(deleted_directories=1000), number(0), never, list)


def test_where_the_files_cannot_be_counted_a_percentage_is_not_kept():
    def unknown() -> int:
        raise UnreadableError("its name is not Unicode")

    with pytest.raises(
        DeletionLimitError, match=r"--max-deletes 5%.*: its name is not Unicode"
    ) as caught:
        check_deletes(Totals(deleted_files=1), percent("5"), unknown, lambda: ["/a"])
    assert caught.value.hint == (
        "No list was published; an earlier one is unchanged. Give a number of files."
    )


# What is said


def test_it_is_said_how_many_of_what_and_where_most_of_them_lie():
    assert refused(6, number(5)) == (
        "6 files (60 bytes) and 3 directories would be deleted, more than --max-deletes 5 allows; "
        "most of them lie in /reel (6)"
    )
    assert refused(6, percent("0.5"), 1000) == (
        "6 of 1000 files (60 bytes) and 3 directories would be deleted, more than --max-deletes "
        "0.5% allows; most of them lie in /reel (6)"
    )
    assert refused(1, percent("0"), 1) == (
        "1 of 1 file (10 bytes) and 3 directories would be deleted, more than --max-deletes 0% "
        "allows; most of them lie in /reel (1)"
    )


def test_each_place_that_holds_many_of_them_is_said():
    with pytest.raises(DeletionLimitError, match=r"lie in /a \(1\), /b \(1\)$"):
        check_deletes(Totals(deleted_files=2), number(1), never, lambda: ["/a/x", "/b/x"])


def test_nothing_was_published_and_how_to_allow_it_is_said():
    with pytest.raises(DeletionLimitError) as caught:
        check(6, number(5))

    assert caught.value.exit_code == 6
    assert "--max-deletes" in caught.value.hint


@pytest.mark.parametrize(
    ("most", "text"),
    [
        (number(0), "0"),
        (number(5), "5"),
        (number(1_234_567), "1234567"),
        (number(10**17 + 1), "100000000000000001"),
        (percent("5"), "5%"),
        (percent("0.5"), "0.5%"),
        (percent("100"), "100%"),
        (percent("0.000000001"), "0.000000001%"),
        (percent("12.3456789"), "12.3456789%"),
    ],
)
def test_a_limit_is_said_as_it_was_given(most, text):
    assert str(most) == text


# Where most of them lie


def named(**counts: int) -> list[str]:
    """Return so many names in each folder; ``_`` stands for ``/``."""
    return [
        f"{folder.replace('_', '/')}/{number}"
        for folder, count in counts.items()
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("names", "where"),
    [
        (named(_a=1), [("/a", 1)]),
        (named(_a_b_c=5), [("/a/b/c", 5)]),
        (named(_a_b=3, _a_c=2), [("/a/b", 3)]),
        (named(_a_b=2, _a_c=2), [("/a", 4)]),
        (named(_a_b=3, _a=2, _c=1), [("/a", 5)]),
        (named(_a=2, _b=2), [("/a", 2), ("/b", 2)]),
        (named(_a=1, _b=4, _c=3, _d=2), [("/b", 4), ("/c", 3), ("/d", 2)]),
        (named(_a_x=2, _a_y=2, _b=4), [("/a", 4), ("/b", 4)]),
        (named(_ab=3, _a=2), [("/ab", 3)]),
    ],
)
def test_the_deepest_folder_with_most_of_them_is_named_or_the_greatest_few(names, where):
    assert places(names) == where
    assert places(reversed(names)) == where


def test_files_that_lie_in_the_base_path_itself_count_as_well():
    assert places(["/1", "/2"]) == [("/", 2)]
    assert places(["/1", "/2", "/3", "/a/1"]) == [("/", 3), ("/a", 1)]
    assert places(["/1", "/2", "/a/1", "/a/2", "/a/3", "/b/1"]) == [("/a", 3), ("/", 2), ("/b", 1)]
    assert places(["/1", "/a/1", "/a/2"]) == [("/a", 2)]


folders = st.lists(st.sampled_from("ab"), max_size=3).map(
    lambda parts: "".join(map("/{}".format, parts))
)


@given(st.lists(folders, min_size=1))
def test_no_folder_further_down_holds_more_than_half(found):
    names = [f"{folder}/{number}" for number, folder in enumerate(found)]

    def in_it(folder: str) -> int:
        return sum(name.startswith(folder + "/") for name in names)

    with_most = [one for one in all_folders(found) if 2 * in_it(one) > len(names)]
    where = places(names)

    assert all(count > 0 for _, count in where)
    assert [count for _, count in where] == sorted([count for _, count in where], reverse=True)
    if with_most:
        deepest = max(with_most, key=len)
        assert where == [(deepest, in_it(deepest))]
    else:
        # In the base path itself lie those that are in no folder.
        counts = {"/": found.count(""), "/a": in_it("/a"), "/b": in_it("/b")}
        assert dict(where) == {place: count for place, count in counts.items() if count}


def all_folders(found: Iterable[str]) -> set[str]:
    """Return all folders, and those above them, below the base path."""
    return {folder[:end] for folder in found for end in (2, 4, 6) if folder[:end]}
