"""Times as a cluster writes them: exact, in any year, and refused if they are malformed."""

import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qumulo_changelist.cluster.times import format_time, nanoseconds, seconds, seconds_of_all

SECOND = 10**9

MOMENTS = [
    ("1970-01-01T00:00:00Z", 0),
    ("1970-01-01T00:00:00.000000001Z", 1),
    ("1970-01-01T00:00:00.1Z", 100_000_000),
    ("1970-01-01T00:00:00.010Z", 10_000_000),
    ("1970-01-01T00:00:14.999999999Z", 14_999_999_999),
    ("1969-12-31T23:59:59.999999999Z", -1),
    ("1969-12-31T23:59:59.000000001Z", -999_999_999),
    ("1969-12-31T23:59:59Z", -1_000_000_000),
    ("1969-12-31T23:59:58.5Z", -1_500_000_000),
    ("2023-11-14T22:13:20.12345678Z", 1_700_000_000_123_456_780),
    ("2024-02-29T00:00:00.5Z", 1_709_164_800_500_000_000),
    ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
    ("2016-12-31T23:59:60.25Z", 1_483_228_800_250_000_000),
    ("2262-04-11T23:47:17.5Z", 9_223_372_037_500_000_000),
    ("9999-12-31T23:59:59Z", 253_402_300_799_000_000_000),
    ("+10000-01-01T00:00:00Z", 253_402_300_800_000_000_000),
    ("10000-01-01T00:00:00.5Z", 253_402_300_800_500_000_000),
    ("+10000-02-29T00:00:00Z", 253_407_398_400_000_000_000),
    # The last moment that Windows can write, in ticks of 100 ns since 1601.
    ("+30828-09-14T02:48:05.477580700Z", (2**63 - 1 - 116_444_736_000_000_000) * 100),
    ("+030828-09-14T02:48:05.4775807Z", (2**63 - 1 - 116_444_736_000_000_000) * 100),
    ("+2024-02-29T00:00:00.5Z", 1_709_164_800_500_000_000),
    ("0001-01-01T00:00:00Z", -62_135_596_800_000_000_000),
    ("0000-12-31T23:59:59.999999999Z", -62_135_596_800_000_000_001),
    ("0000-02-29T00:00:00Z", -62_162_121_600_000_000_000),
    ("0000-01-01T00:00:00Z", -62_167_219_200_000_000_000),
    ("-0001-12-31T23:59:59Z", -62_167_219_201_000_000_000),
    ("-00001-01-01T00:00:00Z", -62_198_755_200_000_000_000),
    ("-0400-01-01T00:00:00Z", -62_167_219_200_000_000_000 - 146_097 * 86_400 * SECOND),
    ("+10000-12-31T23:59:60Z", 253_433_923_200_000_000_000),
]


@pytest.mark.parametrize(("moment", "expected"), MOMENTS)
def test_a_time_is_exact_and_its_seconds_are_rounded_down(moment, expected):
    assert nanoseconds(moment) == expected
    assert seconds(moment) == expected // SECOND


@given(
    st.datetimes(min_value=datetime.datetime(1, 1, 1)),
    st.text("0123456789", max_size=9),
)
def test_no_fraction_changes_the_second(moment, fraction):
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    whole = int((moment.replace(microsecond=0) - datetime.datetime(1970, 1, 1)).total_seconds())

    assert seconds(f"{text}{'.' * bool(fraction)}{fraction}Z") == whole


MALFORMED = [
    *("", "Z", "T", "never", "yesterday", "1970-01-01", "1970-01-01T00:00:00", "0000-01-01T0"),
    *("1970-01-01 00:00:00Z", "1970-01-01T00:00:00z", "1970-01-01T00:00:00+00:00"),
    *("1970-01-01T00:00:00.Z", "1970-01-01T00:00:00,5Z", "1970-01-01T00:00:00.1234567890Z"),
    *("1970-01-01T00:00:00.5", "1970-01-01T00:00:00.-5Z", "1970-01-01T00:00:00.٣Z"),
    *("1970-13-01T00:00:00Z", "1970-02-30T00:00:00Z", "1970-01-01T24:00:01Z"),
    *("1970-01-01T00:60:00Z", "1970-01-01T00:00:61Z", "1970-01-01T00:00+01Z"),
    *("1970-01-01T00:00:00Z ", "1970-01-01T00:00:0٤Z", "٢٠٢٣-01-01T00:00:00Z", "\udcff"),
    *("+10000-13-01T00:00:00Z", "+10001-02-29T00:00:00Z", "+10000-02-30T00:00:00Z"),
    *("+10000-01-01T24:00:00.5Z", "+10000-01-01 00:00:00Z", "+10000-01-01T00:00:00"),
    *("+10000-01-01T00:00:00+00:00", "+10000-01-01T00:00:00.Z", "+999-01-01T00:00:00Z"),
    *("999-01-01T00:00:00Z", "+1234567890-01-01T00:00:00Z", "--0001-01-01T00:00:00Z"),
    *("+-0001-01-01T00:00:00Z", "+10000-1-1T00:00:00Z", "+1\u0660000-01-01T00:00:00Z"),
    "-0001-02-29T00:00:00Z",
]


@pytest.mark.parametrize("moment", MALFORMED)
def test_a_malformed_time_is_refused(moment):
    with pytest.raises(ValueError):  # noqa: PT011 - no matter which text
        seconds(moment)
    with pytest.raises(ValueError):  # noqa: PT011
        nanoseconds(moment)


@given(st.integers(-62_135_596_800 * SECOND, 253_402_300_799 * SECOND))
def test_a_written_time_is_rounded_up_to_seconds(moment):
    written = format_time(moment)

    assert len(written) == len("2023-11-14T22:13:14Z")
    assert 0 <= nanoseconds(written) - moment < SECOND


@pytest.mark.parametrize("moment", [253_402_300_799 * SECOND + 1, -(10**30), 10**30])
def test_no_time_is_written_with_a_year_that_rfc_3339_does_not_have(moment):
    with pytest.raises(ValueError, match="RFC 3339"):
        format_time(moment)


@given(st.text(st.sampled_from("0123456789-:T.Z+W "), max_size=30) | st.text())
@example("2023-11-14T22:13:14Z")
def test_any_text_is_a_time_or_is_refused(text):
    try:
        assert nanoseconds(text) // SECOND == seconds(text)
    except ValueError:
        return
    assert len(text) >= len("2023-11-14T22:13:14Z")


# Many times at once

plain_times = st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='microseconds')}123Z")
unusual_times = st.sampled_from(
    [
        *("2020-02-29T23:59:59Z", "2020-02-29T23:59:60.000000000Z", "12020-01-01T00:00:00Z"),
        *("0000-01-01T00:00:00.000000000Z", "1969-12-31T23:59:59.999999999Z"),
    ]
)
malformed_times = st.sampled_from(
    [
        *("2021-02-29T00:00:00.000000000Z", "2020-01-01T24:00:00.000000000Z", "", "2020-01-01"),
        *("2020-01-01T00:60:00.000000000Z", "2020-01-01T00:00:00.00000000\uff11Z"),
        *(
            "2020-01-01T00:00530Z",
            "2020-01-01T00:00:00.0000000x0Z",
            "2020-01-01T00:00:61.000000000Z",
        ),
        "2020-01-01T00:00:00.000000000Z\n2020-01-01T00:00:00.000000000Z",
    ]
)


@given(st.lists(plain_times | unusual_times))
def test_many_times_are_read_as_each_of_them_is(moments):
    assert seconds_of_all(moments) == [seconds(moment) for moment in moments]


@given(st.lists(plain_times), malformed_times)
def test_one_malformed_time_among_many_is_refused(moments, malformed):
    with pytest.raises(ValueError):  # noqa: PT011
        seconds(malformed)
    with pytest.raises(ValueError):  # noqa: PT011
        seconds_of_all([*moments, malformed])
