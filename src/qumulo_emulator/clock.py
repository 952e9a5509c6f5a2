"""Moments: nanoseconds since the epoch, and how they are written."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from qumulo_emulator.errors import InvalidRequestError

SECOND = 1_000_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# The calendar repeats itself after 400 years.
_CYCLE = 146_097 * 86_400
_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_SPAN = re.compile(r"(\d{1,9}) *(minute|hour|day|week|month)s?", re.ASCII)
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000}
# Linux stamps files by its coarse clock, which advances a few hundred times a second.
_CLOCK_REALTIME_COARSE = 5


def now() -> int:
    """This moment."""
    return time.time_ns()


def format_moment(moment: int) -> str:
    """RFC 3339 in UTC with up to nine digits of fraction, zeros at the end cut.

    A year outside of 0 to 9999 is written with a sign and at least five digits.
    """
    seconds, fraction = divmod(moment, SECOND)
    digits = f".{fraction:09}".rstrip("0").rstrip(".")
    return f"{_whole_seconds(seconds)}{digits}Z"


@lru_cache(maxsize=4096)
def _whole_seconds(seconds: int) -> str:
    cycles, within = divmod(seconds, _CYCLE)
    text = (_EPOCH + timedelta(seconds=within)).isoformat()
    year = int(text[:4]) + 400 * cycles
    written = f"{year:04}" if 0 <= year <= 9999 else f"{year:+06}"
    return written + text[4:19]


def parse_moment(text: str) -> int:
    """The moment that RFC 3339 text names, to the nanosecond.

    Raises:
        InvalidRequestError: if it names none.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise InvalidRequestError(f"not a time by RFC 3339: {text!a}")
    day, clock_time, fraction, zone = match.groups()
    offset = "+00:00" if zone in "Zz" else zone  # Python 3.10 reads no Z
    try:
        whole = datetime.fromisoformat(f"{day}T{clock_time}{offset}") - _EPOCH
    except ValueError as error:
        raise InvalidRequestError(f"not a time by RFC 3339: {text!a}") from error
    seconds = whole.days * 86_400 + whole.seconds
    return seconds * SECOND + int((fraction or "0").ljust(9, "0"))


def parse_span(text: str) -> int:
    """Nanoseconds in a span of time such as `5days` or `1hours`.

    Raises:
        InvalidRequestError: if it is none.
    """
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise InvalidRequestError(f"not a span of time such as 5days or 1hours: {text!a}")
    return int(match[1]) * _SECONDS[match[2]] * SECOND


def wait_until_stamps_pass(moment: int) -> None:
    """Return when a change made from now on is stamped later than a moment just seen on a file.

    The kernel's stamps advance in ticks of some milliseconds. A file that is changed again within
    the tick in which it was looked at would look unchanged for ever.
    """
    deadline = time.monotonic() + 1
    while not stamps_have_passed(moment) and time.monotonic() < deadline:
        time.sleep(0.001)


def stamps_have_passed(moment: int) -> bool:
    """Whether a change made from now on is stamped later than a moment."""
    try:
        return time.clock_gettime_ns(_CLOCK_REALTIME_COARSE) > moment
    except OSError:  # not Linux: stamps are as fine as the clock
        return time.time_ns() > moment
