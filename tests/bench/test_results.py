"""Medians, ratios run by run, and what is said of them."""

from typing import Any

import pytest
from bench import claims
from bench.measure import Usage
from bench.report import table
from bench.results import Result, Results, ratio


def took(*walls: float, processor: float = 1.0, **also: Any) -> Result:
    return Result([Usage(wall, processor) for wall in walls], **also)


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    # The ratio of the medians would be 4.
    assert ratio([10, 8, 12], [1, 2, 4]) == 4
    assert ratio([10, 8, 40], [1, 2, 4]) == 10


def test_a_slow_round_is_slow_for_both() -> None:
    assert ratio([10, 30, 10], [5, 15, 5]) == 2


def test_rounds_that_do_not_match_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2], [1])
    with pytest.raises(ValueError, match="nothing"):
        ratio([], [])


RESULTS: Results = {
    ("million", "ours"): took(2, 3, 4, memory=200_000_000, entries=900_000, listings=0),
    ("million", "theirs"): took(20, 27, 40),
    ("million", "broken"): took(failure="ended with 2"),
    ("ten", "ours"): took(36),
}


@pytest.mark.parametrize(
    ("claim", "figure", "reached"),
    [
        (claims.faster("million", "ours", "theirs", 10, "x"), "10.00 times as fast", "yes"),
        (claims.faster("million", "ours", "theirs", 10.1, "x"), "10.00 times as fast", "no"),
        (claims.within("million", "theirs", "ours", 9.5, "x"), "10.00 times as long", "no"),
        (claims.within("million", "theirs", "ours", 10, "x"), "10.00 times as long", "yes"),
        (claims.processor("million", "ours", 0.9, "x"), "1.000 s of processor time", "no"),
        (claims.rate("million", "ours", 300_000, "x", "files"), "300,000 files a second", "yes"),
        (claims.memory("million", "ours", 199, "x"), "200 MB", "no"),
        (claims.no_listings("million", "ours", "x"), "0 listings", "yes"),
        (
            claims.growth(("million", 10**6), ("ten", 10**7), "ours", "x"),
            "12.0 times as long",
            "no",
        ),
    ],
)
def test_a_claim_says_its_figure_and_whether_it_is_reached(
    claim: claims.Claim, figure: str, reached: str
) -> None:
    assert claim.row(RESULTS)[1::2] == (figure, reached)


def test_growth_is_held_to_n_log_n() -> None:
    claim = claims.growth(("million", 10**6), ("ten", 10**7), "ours", "x")
    assert claim.row(RESULTS)[2] == "at most 11.7 times as long"


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        (claims.faster("million", "ours", "broken", 2, "x"), "not measured: broken failed"),
        (claims.memory("ten", "ours", 2, "x"), "not measured: this system does not tell memory"),
        (claims.memory("nine", "ours", 2, "x"), "not measured: nine/ours did not run"),
    ],
)
def test_what_was_not_measured_is_neither_reached_nor_missed(claim: claims.Claim, why: str) -> None:
    assert claim.row(RESULTS)[1::2] == (why, "")


def test_a_table_is_markdown() -> None:
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
