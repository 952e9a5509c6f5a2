"""Times as a cluster writes them: pure, from text to integers, never through floats."""

import contextlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

_EPOCH = datetime(1970, 1, 1)
_NANOSECONDS = 1_000_000_000
# The calendar repeats itself after 400 years, and ``datetime`` knows each day from 2000 to 2399.
_CYCLE_YEARS, _CYCLE_SECONDS = 400, 146_097 * 86_400
_LIKE_YEAR_0, _CYCLES_TO_YEAR_2000 = 2000, 5
# Times as nearly all are, each on a line of its own.
_PLAIN = re.compile(
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z\n)*"
)
_TO_THE_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_MAX_DAYS = 100_000
_EXPANDED_YEAR = re.compile(r"[+-][0-9]{4,9}(?=-)|[0-9]{5,9}(?=-)|0000(?=-)")


def seconds(moment: str) -> int:
    """Return the whole seconds since the epoch, rounded down, of a time in UTC.

    It is written as in RFC 3339 (years 0000 to 9999, ``Z``, at most nine digits of fraction), or
    with an expanded year of ISO 8601: a sign and four to nine digits. Years of five digits and more
    may lack the sign. The calendar is the Gregorian one in all years, as on a mount.

    Raises:
        ValueError: it is written in any other way.
    """
    if moment[10:17:3] != "T::" or moment[:4] == "0000":
        return _seconds_of_expanded_year(moment)
    # Cutting off the fraction rounds down, before the epoch too.
    fraction = moment[19:-1]
    if fraction and not (fraction[0] == "." and fraction[1:].isdigit() and len(fraction) < 11):
        raise ValueError("not a fraction of a second")
    if moment[-1] != "Z" or not moment.isascii():
        raise ValueError("not a time in UTC")
    if moment[17:19] == "60":  # a leap second, which no Unix clock counts
        return seconds(f"{moment[:17]}59Z") + 1
    if not _TO_THE_SECOND.match(moment):  # Python takes more forms, from 3.11 on
        raise ValueError("not a time in UTC")
    whole = datetime.fromisoformat(moment[:19]) - _EPOCH
    return whole.days * 86_400 + whole.seconds


def seconds_of_all(moments: Sequence[str]) -> list[int]:
    """Return :func:`seconds` of each time: quicker, since many times share their day.

    Raises:
        ValueError: one is written in any other way.
    """
    joined = "\n".join([*moments, ""])
    if joined.count("\n") == len(moments) and _PLAIN.fullmatch(joined):
        with contextlib.suppress(KeyError):
            return _seconds_of_plain(moments)
    return list(map(seconds, moments))


def _seconds_of_plain(moments: Sequence[str]) -> list[int]:
    """Return the seconds of times as nearly all are; raises ``KeyError`` for an unusual clock."""
    days, minutes, seconds_of = _days, _minutes, _seconds
    try:
        return [days[one[:10]] + minutes[one[11:16]] + seconds_of[one[17:19]] for one in moments]
    except KeyError:
        if len(days) > _MAX_DAYS:
            days.clear()
        days.update({day: seconds(f"{day}T00:00:00Z") for day in {one[:10] for one in moments}})
    return [days[one[:10]] + minutes[one[11:16]] + seconds_of[one[17:19]] for one in moments]


_days: dict[str, int] = {}
"""The seconds since the epoch of days, such as ``2026-11-26``, once they were used."""

_minutes = {
    f"{hour:02}:{minute:02}": hour * 3600 + minute * 60
    for hour in range(24)
    for minute in range(60)
}
"""The seconds since midnight of all minutes of a day, such as ``08:41``."""
_seconds = {f"{second:02}": second for second in range(60)}


def _seconds_of_expanded_year(moment: str) -> int:
    year = _EXPANDED_YEAR.match(moment)
    rest = moment[year.end() :] if year else ""
    if not year or rest[6:13:3] != "T::":
        raise ValueError("not a time in UTC")
    cycles, year_of_cycle = divmod(int(year[0]), _CYCLE_YEARS)
    like = seconds(f"{_LIKE_YEAR_0 + year_of_cycle}{rest}")
    return like + (cycles - _CYCLES_TO_YEAR_2000) * _CYCLE_SECONDS


def format_time(moment: int) -> str:
    """Return a time in nanoseconds since the epoch as RFC 3339 has it, in UTC.

    It is rounded up to whole seconds, so that nothing expires earlier than asked for.

    Raises:
        ValueError: RFC 3339 cannot write it, such as a year after 9999.
    """
    try:
        whole = _EPOCH + timedelta(seconds=-(-moment // _NANOSECONDS))
    except OverflowError:
        raise ValueError("not a time that RFC 3339 can write") from None
    return f"{whole.isoformat()}Z"


def nanoseconds(moment: str) -> int:
    """Return the nanoseconds since the epoch of a time in UTC; see :func:`seconds`.

    Raises:
        ValueError: it is written in any other way.
    """
    fraction = moment.partition(".")[2].removesuffix("Z")
    return seconds(moment) * _NANOSECONDS + int(fraction.ljust(9, "0"))
