"""Times as nanoseconds since the epoch, and how they are written."""

import re
import time
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from qumulo_emulator.errors import InvalidRequestError

SECOND = 1_000_000_000
_DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# The calendar repeats every 400 years.
_CYCLE_DAYS = 146_097
_RFC_3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DURATION = re.compile(r"(\d{1,9}) *(minute|hour|day|week|month)s?", re.ASCII)
_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000}
# Linux stamps files with its coarse clock, which advances a few hundred times a second.
_CLOCK_REALTIME_COARSE = 5


def now() -> int:
    """Return the current time."""
    return time.time_ns()


class ClusterClock:
    """The clock of a cluster: that of this machine, until time is let pass.

    Attributes:
        ahead: the number of nanoseconds that it is ahead of this machine's.
    """

    def __init__(self) -> None:
        self.ahead = 0

    def now(self) -> int:
        """Return the current time of the cluster."""
        return now() + self.ahead

    def advance(self, seconds: int) -> None:
        """Let time pass: from now on, it is later by a number of seconds."""
        self.ahead += seconds * SECOND


@lru_cache(maxsize=4096)  # files that were made together have the same times
def format_time(moment: int) -> str:
    """Return a time by RFC 3339 in UTC, with up to nine decimals and no trailing zeros.

    A year outside of 0 to 9999 is written with a sign and at least five digits.
    """
    day, within = divmod(moment, _DAY)
    seconds, fraction = divmod(within, SECOND)
    digits = f".{fraction:09}".rstrip("0") if fraction else ""
    return f"{_format_day(day)}{_format_time_of_day(seconds)}{digits}Z"


@lru_cache(maxsize=4096)
def _format_day(day: int) -> str:
    cycles, within = divmod(day, _CYCLE_DAYS)
    text = (_EPOCH + timedelta(days=within)).isoformat()
    year = int(text[:4]) + 400 * cycles
    written = f"{year:04}" if 0 <= year <= 9999 else f"{year:+06}"
    return written + text[4:11]


@lru_cache(maxsize=86_400)
def _format_time_of_day(seconds: int) -> str:
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def parse_time(text: str) -> int:
    """Return the time that is written by RFC 3339, to the nanosecond.

    Raises:
        InvalidRequestError: if the text is not a time.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise InvalidRequestError(f"not a time by RFC 3339: {text!a}")
    day, clock_time, fraction, zone = match.groups()
    # Before Python 3.11, datetime does not know the zone Z.
    offset = "+00:00" if zone in "Zz" else zone
    try:
        whole = datetime.fromisoformat(f"{day}T{clock_time}{offset}") - _EPOCH
    except ValueError as error:
        raise InvalidRequestError(f"not a time by RFC 3339: {text!a}") from error
    seconds = whole.days * 86_400 + whole.seconds
    return seconds * SECOND + int((fraction or "0").ljust(9, "0"))


def parse_duration(text: str) -> int:
    """Return the nanoseconds in a duration such as `5days` or `1hours`.

    Raises:
        InvalidRequestError: if the text is not a duration.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise InvalidRequestError(f"not a span of time such as 5days or 1hours: {text!a}")
    return int(match[1]) * _UNIT_SECONDS[match[2]] * SECOND


def wait_until_timestamps_pass(moment: int) -> None:
    """Wait until a new change gets a later timestamp than `moment`; give up after a second.

    The kernel's timestamps advance in ticks of some milliseconds. A file that is changed again in
    the tick in which it was captured would look unchanged for ever.
    """
    deadline = time.monotonic() + 1
    while not timestamps_have_passed(moment) and time.monotonic() < deadline:
        time.sleep(0.001)


def timestamps_have_passed(moment: int) -> bool:
    """Return whether a change made now gets a later timestamp than `moment`."""
    try:
        return time.clock_gettime_ns(_CLOCK_REALTIME_COARSE) > moment
    except OSError:  # not Linux: timestamps are as fine as the clock
        return time.time_ns() > moment
