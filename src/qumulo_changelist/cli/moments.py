"""Moments as JSON has them, and as a user reads them."""

import time

_SECONDS_OF_400_YEARS = 146_097 * 86_400  # the calendar repeats itself after that


def describe_time(nanoseconds: int) -> str | None:
    """Return a time in UTC as RFC 3339 writes it, in whole seconds; None for 0.

    After the year 9999, for which RFC 3339 has no form, it has the expanded year of ISO 8601:
    ``+12345-01-01T00:00:00Z``.
    """
    from datetime import datetime, timezone

    if not nanoseconds:
        return None
    cycles, seconds = divmod(nanoseconds // 10**9, _SECONDS_OF_400_YEARS)
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    year = moment.year + 400 * cycles
    return f"{'+' if year > 9999 else ''}{year:04}-{moment:%m-%dT%H:%M:%S}Z"


def describe_local_time(nanoseconds: int) -> str:
    """Return a time since the epoch as this machine's clock shows it; "" for 0."""
    if not nanoseconds:
        return ""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(nanoseconds // 10**9))
    except (OverflowError, ValueError, OSError):
        return f"{nanoseconds // 10**9} seconds after 1970"
