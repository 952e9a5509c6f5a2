"""Moments as JSON has them."""

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
