"""Sizes and moments as people write them: ``10MB``, ``1GiB``; ``7days``, ``2026-01-31``. Pure."""

import re
from datetime import datetime

from qumulo_changelist.durations import parse_duration

_UNITS: dict[str, int] = {"": 1, "B": 1} | {
    f"{prefix}{ending}": base**power
    for power, prefix in enumerate("KMGTPE", 1)
    for base, ending in ((1000, "B"), (1024, "iB"))
}
_SIZE = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,9}))? ?([A-Za-z]*)")
_MAX_SIZE = 2**63 - 1
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2}))?"
)


def parse_size(text: str) -> int:
    """Return the number of bytes that text such as ``10MB``, ``1.5GiB`` or ``4096`` stands for.

    Raises:
        ValueError: it is no size, or not a whole number of bytes.
    """
    found = _SIZE.fullmatch(text.strip())
    units = {unit.lower(): factor for unit, factor in _UNITS.items()}
    factor = units.get(found[3].lower(), 0) if found else 0
    if not found or not factor:
        raise ValueError(f"{text!r:.100} is not a size such as 4096, 10MB or 1.5GiB")
    fraction = found[2] or ""
    size: int
    size, rest = divmod(int(found[1] + fraction) * factor, 10 ** len(fraction))
    if rest or size > _MAX_SIZE:
        raise ValueError(f"{text!r:.100} is not a possible number of bytes")
    return size


def parse_moment(text: str, taken: int | None) -> int:
    """Return a moment in whole seconds since the epoch.

    Args:
        text: a duration before the snapshot, a date (its begin, in UTC), or a time as RFC 3339
            writes it.
        taken: when the snapshot was taken, in nanoseconds since the epoch; None if that does not
            matter yet.

    Raises:
        ValueError: it is neither.
    """
    found = _MOMENT.fullmatch(text.strip())
    if found:
        zone = (found[3] or "Z").upper().replace("Z", "+00:00")
        try:
            moment = datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00:00'}{zone}")
            return int(moment.timestamp())
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{text!r:.100} is not a moment: {error}") from None
    try:
        duration = parse_duration(text)
    except ValueError:
        raise ValueError(
            f"{text!r:.100} is neither a duration such as 7days, nor a date such as 2026-01-31, "
            "nor a time such as 2026-01-31T18:00:00Z"
        ) from None
    return (taken or 0) // 1_000_000_000 - duration


def is_duration(text: str) -> bool:
    """Return whether a moment is given as a duration before the snapshot."""
    return not _MOMENT.fullmatch(text.strip())
