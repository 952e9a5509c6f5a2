"""Medians, ratios within each round, and the rows of the report."""

from typing import Any

import pytest
from bench import claims
from bench.measure import Usage
from bench.report import make_table, report
from bench.results import Result, Results, Way, ratio
from bench.scenario import REST, Scenario


def result_of(*walls: float, processor: float = 1.0, **fields: Any) -> Result:
    return Result([Usage(wall, processor) for wall in walls], **fields)


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    # The ratio of the medians would be 4.
    assert ratio([10, 8, 12], [1, 2, 4]) == 4
    assert ratio([10, 8, 40], [1, 2, 4]) == 10


def test_a_slow_round_is_slow_for_both_sides() -> None:
    assert ratio([10, 30, 10], [5, 15, 5]) == 2


def test_different_numbers_of_rounds_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratio([1, 2], [1])
    with pytest.raises(ValueError, match="nothing"):
        ratio([], [])


OURS, THEIRS, BROKEN, ABSENT = Way("ours"), Way("theirs"), Way("broken"), Way("absent", look_ms=1)
RESULTS: Results = {
    ("million", OURS): result_of(2, 3, 4, memory=200_000_000, entries=900_000, listings=0),
    ("million", THEIRS): result_of(20, 27, 40),
    ("million", BROKEN): result_of(failure="ended with 2"),
    ("million", ABSENT): result_of(skipped="there is no compiler"),
    ("ten", OURS): result_of(36),
}


@pytest.mark.parametrize(
    ("claim", "figure", "reached"),
    [
        (claims.faster("million", OURS, THEIRS, 10, "x"), "10.00 times as fast", "yes"),
        (claims.faster("million", OURS, THEIRS, 10.1, "x"), "10.00 times as fast", "no"),
        (claims.within("million", THEIRS, OURS, 9.5, "x"), "10.00 times as long", "no"),
        (claims.within("million", THEIRS, OURS, 10, "x"), "10.00 times as long", "yes"),
        (claims.processor("million", OURS, 0.9, "x"), "1.000 s of processor time", "no"),
        (claims.rate("million", OURS, 300_000, "x", "files"), "300,000 files a second", "yes"),
        (claims.memory("million", OURS, 199, "x"), "200 MB", "no"),
        (claims.no_listings("million", OURS, "x"), "0 listings", "yes"),
        (
            claims.growth(("million", 10**6), ("ten", 10**7), OURS, "x"),
            "12.0 times as long",
            "no",
        ),
    ],
)
def test_a_claim_shows_its_figure_and_whether_it_reaches_the_target(
    claim: claims.Claim, figure: str, reached: str
) -> None:
    assert claim.row(RESULTS)[1::2] == (figure, reached)


def test_the_target_of_growth_is_n_log_n() -> None:
    claim = claims.growth(("million", 10**6), ("ten", 10**7), OURS, "x")
    assert claim.row(RESULTS)[2] == "at most 11.7 times as long"


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        (claims.faster("million", OURS, BROKEN, 2, "x"), "not measured: broken failed"),
        (claims.faster("million", OURS, ABSENT, 2, "x"), "not measured: there is no compiler"),
        (claims.memory("ten", OURS, 2, "x"), "not measured: this system does not report memory"),
        (claims.memory("nine", OURS, 2, "x"), "not measured: nine/ours did not run"),
    ],
)
def test_a_claim_that_was_not_measured_is_neither_reached_nor_missed(
    claim: claims.Claim, why: str
) -> None:
    assert claim.row(RESULTS)[1::2] == (why, "")


def test_a_table_is_markdown() -> None:
    assert make_table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_a_report_shows_what_was_in_flight_and_what_the_server_did_not_have() -> None:
    scenario = Scenario("small", shape="mixed", size=10, ways=(REST,), runs=1, claims=())
    counted = result_of(
        2, requests=5000, requests_in_flight=17, looks=4000, looks_in_flight=64, misses=3
    )
    text = report("bench", [scenario], {("small", REST): counted})
    assert "| 5,000 | 17 | 4,000 | 64 |" in text
    assert "small: rest-only HAD TO WAIT for 3 answers that the server did not have" in text
