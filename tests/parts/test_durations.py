"""Durations as people write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.cli.moments import describe_time
from qumulo_changelist.durations import describe_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("1s", 1), ("90 sec", 90), ("10m", 600), ("10min", 600), ("26h", 93_600)),
        *(("30days", 2_592_000), ("1 day", 86_400), (" 2W ", 1_209_600), ("36500d", 3_153_600_000)),
    ],
)
def test_a_number_and_a_unit_are_a_duration(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "10", "m", "0m", "-1h", "1.5h", "1h30m", "10 mo", "1y", "36501d",
     "\u0661\u0660m", "10  m", "9" * 20,
     "10m\n5", "1e3s", "+1h", "1_0m", "\0"],
)  # fmt: skip
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration such as 10m, 26h or 30days"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((0, "0 seconds"), (-5, "0 seconds"), (1.9, "1 second"), (119, "119 seconds")),
        *((120, "2 minutes"), (7199, "119 minutes"), (7200, "2 hours"), (172_799, "47 hours")),
        *((172_800, "2 days"), (86_400 * 400, "400 days")),
    ],
)
def test_a_duration_is_described_in_the_greatest_unit_of_which_it_has_two(
    seconds: float, words: str
) -> None:
    assert describe_duration(seconds) == words


@given(st.integers(2, 10_000), st.sampled_from(["seconds", "minutes", "hours", "days"]))
def test_what_is_described_can_be_read_and_is_never_longer(number: int, unit: str) -> None:
    seconds = parse_duration(f"{number} {unit}")

    described = parse_duration(describe_duration(seconds))
    assert seconds / 2 < described <= seconds


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, None),
        (1_700_000_000, "2023-11-14T22:13:20Z"),
        (253_402_300_799, "9999-12-31T23:59:59Z"),
        (253_402_300_800, "+10000-01-01T00:00:00Z"),
        (2**63, "+292277026596-12-04T15:30:08Z"),
        (-1, "1969-12-31T23:59:59Z"),
    ],
)
def test_a_moment_of_any_year_is_written(seconds: int, expected: str | None) -> None:
    assert describe_time(seconds * 10**9) == expected
