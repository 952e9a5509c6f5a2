"""Durations as people write them: ``10m``, ``26h``, ``30days``. Pure."""

import re

from qumulo_changelist.wording import count

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "week", "weeks"), "w"),
}
_DURATION = re.compile(r"([0-9]{1,9}) ?([a-z]+)")
_MAX_SECONDS = 100 * 365 * 86400


def parse_duration(text: str) -> int:
    """Return the number of seconds that text such as ``30days`` or ``10m`` stands for.

    Raises:
        ValueError: it is not a positive number with a unit, or more than a hundred years.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    unit = _UNITS.get(found[2]) if found else None
    seconds = int(found[1]) * _SECONDS[unit] if found and unit else 0
    if not 0 < seconds <= _MAX_SECONDS:
        raise ValueError(f"{text!r:.100} is not a duration such as 10m, 26h or 30days")
    return seconds


def describe_duration(seconds: float) -> str:
    """Return a duration in words, in the greatest unit of which it has at least two."""
    for unit, noun in (("d", "day"), ("h", "hour"), ("m", "minute")):
        if seconds >= 2 * _SECONDS[unit]:
            return count(int(seconds // _SECONDS[unit]), noun)
    return count(max(int(seconds), 0), "second")
