"""Pages that never end: noticed in little memory, and never where there is an end."""

import tracemalloc

import pytest

from qumulo_changelist.cluster.endless import MAX_PAGES, Circle, EmptyPages
from qumulo_changelist.errors import ReplyError


def pages_until_noticed(before: int, length: int) -> int:
    """Return the number of pages after which a circle is noticed.

    Args:
        before: the number of pages before it begins.
        length: the number of pages in it.
    """
    circle = Circle()
    for number in range(10 * (before + length)):
        place = number if number < before else before + (number - before) % length
        if circle.closes_with(f"/{place}"):
            return number
    raise AssertionError("it was never noticed")


@pytest.mark.parametrize("length", [1, 2, 3, 99, 100])
@pytest.mark.parametrize("before", [0, 1, 5, 1000])
def test_a_short_circle_is_noticed_when_it_closes(before, length):
    assert pages_until_noticed(before, length) == before + length


@pytest.mark.parametrize("length", [101, 128, 500, 4097])
@pytest.mark.parametrize("before", [0, 7, 3000])
def test_a_long_circle_is_noticed_after_a_few_rounds(before, length):
    assert before + length <= pages_until_noticed(before, length) <= 4 * (before + length)


def test_pages_that_are_all_different_are_no_circle_and_take_no_more_memory():
    circle = Circle()
    tracemalloc.start()
    try:
        assert not any(circle.closes_with(f"/{number:0100}") for number in range(20_000))
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


def test_empty_pages_are_counted_only_in_a_row():
    pages = EmptyPages("the diff")
    for _ in range(3):
        for _ in range(MAX_PAGES):
            pages.count(0)
        pages.count(1)
    for _ in range(MAX_PAGES):
        pages.count(0)

    with pytest.raises(ReplyError, match=r"^the diff: more than 1,000 pages in a row are empty$"):
        pages.count(0)
