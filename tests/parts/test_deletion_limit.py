"""The limit on what a list may delete: what is allowed, what is not, and what the error states."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.checks.deletion_limit import DeletionLimit, check_deletions
from qumulo_changelist.checks.limit import main_places
from qumulo_changelist.errors import (
    DeletionLimitError,
    UnknownDeletionLimitError,
    UnreadableError,
)
from qumulo_changelist.model import Totals


def number(allowed: int) -> DeletionLimit:
    return DeletionLimit(Fraction(allowed), is_percentage=False)


def percent(allowed: str) -> DeletionLimit:
    return DeletionLimit(Fraction(allowed), is_percentage=True)


def never_count() -> int:
    raise AssertionError("the older snapshot's files should not be counted")


def check(deleted: int, limit: DeletionLimit, before: int | None = None) -> None:
    """Check a list that deletes files of one folder; the older snapshot has ``before`` files."""
    check_deletions(
        Totals(deleted_files=deleted, deleted_size=10 * deleted, deleted_directories=3),
        limit,
        never_count if before is None else lambda: before,
        {"/reel": deleted},
    )


def refuse(deleted: int, limit: DeletionLimit, before: int | None = None) -> str:
    """Return the error's message."""
    with pytest.raises(DeletionLimitError) as caught:
        check(deleted, limit, before)
    return str(caught.value)


# The number


def test_a_number_of_files_may_be_deleted_and_not_one_more_whatever_there_was():
    check(4, number(5))
    check(5, number(5))
    assert refuse(6, number(5))


def test_a_limit_of_zero_allows_none():
    check(0, number(0))
    check(0, percent("0"))
    assert refuse(1, number(0))
    assert refuse(1, percent("0"), 1000)


@pytest.mark.parametrize(
    ("percentage", "before", "allowed"),
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
def test_a_percentage_is_of_the_files_in_the_older_snapshot(percentage, before, allowed):
    check(allowed, percent(percentage), before)
    assert refuse(allowed + 1, percent(percentage), before)


def test_a_hundred_percent_allows_everything():
    check(10**6, percent("100"), 10**6)


@given(deleted=st.integers(0, 50), tenths=st.integers(0, 1000), before=st.integers(0, 500))
def test_any_percentage_is_exact(deleted, tenths, before):
    limit = percent(f"{tenths // 10}.{tenths % 10}")

    if deleted * 1000 > tenths * before:
        assert refuse(deleted, limit, before)
    else:
        check(deleted, limit, before)


def test_nothing_is_counted_if_nothing_is_deleted():
    check(0, percent("5"), None)


def test_directories_do_not_count():
    check_deletions(Totals(deleted_directories=1000), number(0), never_count, {})


def test_a_percentage_of_an_unknown_number_is_a_different_error():
    def fail() -> int:
        raise UnreadableError("its name is not Unicode")

    with pytest.raises(UnknownDeletionLimitError) as caught:
        check_deletions(Totals(deleted_files=1), percent("5"), fail, {"": 1})
    assert str(caught.value) == (
        "the number of files of which 5% may be deleted is unknown: its name is not Unicode"
    )
    assert caught.value.exit_code == 6


# What the error states


def test_it_states_what_would_be_deleted_and_where_most_of_it_is():
    assert refuse(6, number(5)) == (
        "6 files (60 bytes) and 3 directories would be deleted, more than the limit of 5 allows; "
        "most of them are in /reel (6)"
    )
    assert refuse(6, percent("0.5"), 1000) == (
        "6 of 1000 files (60 bytes) and 3 directories would be deleted, more than the limit of "
        "0.5% allows; most of them are in /reel (6)"
    )
    assert refuse(1, percent("0"), 1) == (
        "1 of 1 file (10 bytes) and 3 directories would be deleted, more than the limit of 0% "
        "allows; most of them are in /reel (1)"
    )


def test_it_names_each_place_with_many_of_the_files():
    with pytest.raises(DeletionLimitError, match=r"are in /a \(1\), /b \(1\)$") as caught:
        check_deletions(Totals(deleted_files=2), number(1), never_count, {"/a": 1, "/b": 1})
    assert caught.value.exit_code == 6


@pytest.mark.parametrize(
    ("limit", "text"),
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
def test_a_limit_is_written_as_it_was_given(limit, text):
    assert str(limit) == text


# Where most of them are


@pytest.mark.parametrize(
    ("by_folder", "expected"),
    [
        ({"/a": 1}, [("/a", 1)]),
        ({"/a/b/c": 5}, [("/a/b/c", 5)]),
        ({"/a/b": 3, "/a/c": 2}, [("/a/b", 3)]),
        ({"/a/b": 2, "/a/c": 2}, [("/a", 4)]),
        ({"/a/b": 3, "/a": 2, "/c": 1}, [("/a", 5)]),
        ({"/a": 2, "/b": 2}, [("/a", 2), ("/b", 2)]),
        ({"/a": 1, "/b": 4, "/c": 3, "/d": 2}, [("/b", 4), ("/c", 3), ("/d", 2)]),
        ({"/a/x": 2, "/a/y": 2, "/b": 4}, [("/a", 4), ("/b", 4)]),
        ({"/ab": 3, "/a": 2}, [("/ab", 3)]),
        ({"": 2}, [("/", 2)]),
        ({"": 3, "/a": 1}, [("/", 3), ("/a", 1)]),
        ({"": 2, "/a": 3, "/b": 1}, [("/a", 3), ("/", 2), ("/b", 1)]),
        ({"": 1, "/a": 2}, [("/a", 2)]),
    ],
)
def test_the_deepest_folder_with_most_of_the_files_is_named_or_the_greatest_few(
    by_folder, expected
):
    assert main_places(by_folder) == expected
    assert main_places(dict(reversed(by_folder.items()))) == expected


FOLDERS = st.lists(st.sampled_from("ab"), max_size=3).map(
    lambda parts: "".join(map("/{}".format, parts))
)


@given(st.dictionaries(FOLDERS, st.integers(1, 9), min_size=1))
def test_no_folder_further_down_has_more_than_half(by_folder):
    below: Counter[str] = Counter()
    for folder, files in by_folder.items():
        below.update({folder[:end]: files for end in range(0, len(folder) + 1, 2)})

    places = main_places(by_folder)

    with_most = [folder for folder, files in below.items() if folder and 2 * files > below[""]]
    if with_most:
        deepest = max(with_most, key=len)
        assert places == [(deepest, below[deepest])]
    else:
        counts = {"/": by_folder.get("", 0), "/a": below["/a"], "/b": below["/b"]}
        assert dict(places) == {place: files for place, files in counts.items() if files}
        assert places == sorted(places, key=lambda place: (-place[1], place[0]))
