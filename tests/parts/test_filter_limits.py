"""Sizes and moments of filters, and whether filters let more pass than others."""

import pytest

from qumulo_changelist.errors import UsageError
from qumulo_changelist.filters.filters import Filters, decode_filters
from qumulo_changelist.filters.limits import parse_moment, parse_size
from qumulo_changelist.filters.widening import may_let_more_pass

TAKEN = 1_700_000_000_999_999_999


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("0", 0), ("4096", 4096), ("1B", 1), ("10MB", 10_000_000), ("10 mb", 10_000_000)),
        *(("10MiB", 10_485_760), ("1.5GiB", 1_610_612_736), ("0.001kB", 1), ("8EiB", None)),
        *(("10M", None), ("-1", None), ("1.5B", None), ("", None), ("MB", None), ("1e3", None)),
    ],
)
def test_a_size_is_a_number_of_bytes(text: str, expected: int | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="is not a"):
            parse_size(text)
    else:
        assert parse_size(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7days", 1_700_000_000 - 7 * 86400),
        ("1970-01-02", 86400),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01t00:00:01.9z", 1),
        ("1969-12-31T23:59:59Z", -1),
        *(("2026-02-30", None), ("1970-01-01T00:00:00", None), ("yesterday", None), ("", None)),
    ],
)
def test_a_moment_is_in_whole_seconds(text: str, expected: int | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="is n"):
            parse_moment(text, TAKEN)
    else:
        assert parse_moment(text, TAKEN) == expected


def test_a_file_passes_within_its_limits() -> None:
    limits = Filters(min_size=2, max_size=4, newer_than="10s", older_than="5s").at(TAKEN)

    now = TAKEN // 10**9
    verdicts = {size: limits.judge(size, now - 7) for size in (1, 2, 4, 5)}
    assert verdicts == {1: "min-size", 2: "", 4: "", 5: "max-size"}
    times = {ago: limits.judge(3, now - ago) for ago in (11, 10, 6, 5)}
    assert times == {11: "newer-than", 10: "", 6: "", 5: "older-than"}


def test_a_time_before_a_snapshot_of_an_unknown_time_is_refused() -> None:
    with pytest.raises(UsageError, match="does not report when"):
        Filters(newer_than="7days").at(0)
    assert Filters(newer_than="1970-01-02").at(0).newer_than == 86400


@pytest.mark.parametrize(
    "filters",
    [
        Filters(only=("created",), include=("!a",)),
        Filters(only=("gone",)),  # type: ignore[arg-type]
        Filters(min_size=-1),
        Filters(newer_than="5days", older_than="6days"),
        Filters(newer_than="soon"),
    ],
)
def test_filters_that_nothing_can_pass_are_refused(filters: Filters) -> None:
    with pytest.raises(UsageError):
        filters.check()


def test_only_has_to_let_pass_what_a_list_can_have() -> None:
    Filters(only=("deleted",)).check()
    for options in ({"deletes": False}, {"is_full": True}):
        with pytest.raises(UsageError):
            Filters(only=("deleted",)).check(**options)
    Filters(only=("created", "moved")).check(moves=True)
    with pytest.raises(UsageError):
        Filters(only=("created", "moved")).check(moves=False)


def test_with_moves_a_file_that_was_only_renamed_is_not_dropped_by_only_created() -> None:
    with pytest.raises(UsageError, match="needs moved"):
        Filters(only=("created", "deleted")).check(moves=True)
    Filters(only=("created", "deleted")).check(moves=False)
    Filters(only=("modified",)).check(moves=True)


@pytest.mark.parametrize("filters", [Filters(newer_than="7days"), Filters(older_than="2026-01-31")])
def test_times_are_refused_where_a_rename_would_lose_a_file(filters: Filters) -> None:
    """The old name would be deleted in the archive, and the new one be left out."""
    for options in ({"deletes": True, "moves": False}, {"deletes": False, "moves": True}):
        with pytest.raises(UsageError, match="not be written again"):
            filters.check(**options)
    filters.check(deletes=False, moves=False)
    filters.check(deletes=True, moves=True, is_full=True)


def test_filters_of_a_later_version_are_not_taken_for_none() -> None:
    with pytest.raises(ValueError, match="not known"):
        decode_filters('{"colour": "blue"}')


NARROWER = [
    (Filters(), Filters(exclude=("a",))),
    (Filters(exclude=("a", "!b")), Filters(exclude=("c", "a", "!b", "d"))),
    (Filters(), Filters(include=("a",))),
    (Filters(include=("a", "b")), Filters(include=("b",))),
    (Filters(min_size=5), Filters(min_size=6, max_size=7)),
    (Filters(max_size=5), Filters(max_size=0)),
    (Filters(newer_than="7days"), Filters(newer_than="7days", only=("created",))),
]
WIDER = [
    *((after, before) for before, after in NARROWER),
    (Filters(exclude=("a",)), Filters(exclude=("a", "!b"))),
    (Filters(exclude=("a", "b")), Filters(exclude=("b", "a"))),
    (Filters(include=("a",)), Filters(include=("a", "b"))),
    (Filters(newer_than="7days"), Filters(newer_than="8days")),
    (Filters(only=("created",)), Filters(only=("created", "moved"))),
]


def test_it_is_known_if_filters_may_let_more_pass() -> None:
    for before, now in NARROWER:
        assert not may_let_more_pass(now, before), (before, now)
        assert not may_let_more_pass(now, now)
    for before, now in WIDER:
        assert may_let_more_pass(now, before), (before, now)


def test_filters_are_stored_as_text() -> None:
    filters = Filters(exclude=("\udcff\n",), max_size=5, only=("moved",))

    assert decode_filters(filters.encode()) == filters
    assert decode_filters(Filters().encode()) == Filters()
