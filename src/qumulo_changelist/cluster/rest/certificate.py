"""When a certificate ends: pure, from its DER.

The standard library reads this only of certificates that it trusts. Structure: RFC 5280, section
4.1; encoding: ITU-T X.690.
"""

from datetime import datetime, timezone

_SEQUENCE, _UTC_TIME, _GENERALIZED_TIME = 0x30, 0x17, 0x18
_VERSION = 0xA0
# Of the two digits of a year in UTCTime, these and later ones are of the 20th century.
_FIRST_OF_1900 = 50


def read_end(certificate: bytes) -> int | None:
    """Return the seconds since the epoch at which a certificate ends; None if it is malformed."""
    try:
        return _read_end(certificate)
    except (ValueError, IndexError):
        return None


def _read_end(certificate: bytes) -> int:
    _, whole, _ = _take(certificate)
    _, rest, _ = _take(whole)
    tag, _, after = _take(rest)
    rest = after if tag == _VERSION else rest
    for _ in range(3):  # the serial number, the algorithm, and the issuer
        _, _, rest = _take(rest)
    tag, validity, _ = _take(rest)
    if tag != _SEQUENCE:
        raise ValueError("the validity is missing")
    _, _, rest = _take(validity)
    return _moment(*_take(rest)[:2])


def _take(data: bytes) -> tuple[int, bytes, bytes]:
    """Return the tag and the content of the first value, and what is after it."""
    tag, size, at = data[0], data[1], 2
    if size & 0x80:
        at += size & 0x7F
        size = int.from_bytes(data[2:at], "big")
    if at + size > len(data):
        raise ValueError("it is cut short")
    return tag, data[at : at + size], data[at + size :]


def _moment(tag: int, written: bytes) -> int:
    text = written.decode("ascii")
    if tag == _UTC_TIME:
        text = f"{'19' if int(text[:2]) >= _FIRST_OF_1900 else '20'}{text}"
    elif tag != _GENERALIZED_TIME:
        raise ValueError("it is not a time")
    moment = datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)
    return int(moment.timestamp())
