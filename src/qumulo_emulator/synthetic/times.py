"""The times of a synthetic tree, computed: a day for each directory, a time of day for each entry.

The older snapshot is taken after all settled days and before all recent days.
"""

from functools import lru_cache

from qumulo_emulator.clock import SECOND, format_time, parse_time

OLDER_TAKEN = parse_time("2025-02-01T00:00:00Z")
NEWER_TAKEN = parse_time("2025-10-01T00:00:00Z")
ACCESSED = parse_time("2025-01-20T00:00:00Z")

_DAY = 86_400 * SECOND
_FIRST_SETTLED, _SETTLED_DAYS = parse_time("2024-01-01T00:00:00Z"), 300
_FIRST_RECENT, _RECENT_DAYS = parse_time("2025-03-01T00:00:00Z"), 200
_LAST_NANOSECOND_EVERY = 50
_POWERS_OF_TEN = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000]


def settled_day(ordinal: int) -> int:
    """Return midnight of the day on which the files of a directory were created."""
    return _FIRST_SETTLED + ordinal % _SETTLED_DAYS * _DAY


def recent_day(ordinal: int) -> int:
    """Return midnight of the day on which the files of a directory changed."""
    return _FIRST_RECENT + ordinal % _RECENT_DAYS * _DAY


@lru_cache(maxsize=1024)
def format_day(moment: int) -> str:
    """Return the date of a time, as it is written."""
    return format_time(moment)[:10]


@lru_cache(maxsize=8192)
def time_of_day(index: int, salt: int) -> int:
    """Return the nanoseconds since midnight for an entry, with 0 to 9 decimals in turn."""
    seconds = (index * 7919 + salt * 104_729) % 86_400
    turn = index + salt
    if turn % _LAST_NANOSECOND_EVERY == 0:
        return (seconds + 1) * SECOND - 1
    digits = turn % 10
    if digits == 0:
        return seconds * SECOND
    # The last digit is not a zero, which would not be written.
    fraction = (index * 40_503_007 + salt) % _POWERS_OF_TEN[digits - 1] * 10 + index % 9 + 1
    return seconds * SECOND + fraction * _POWERS_OF_TEN[9 - digits]
