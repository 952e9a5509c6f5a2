"""Words that messages have in common."""

import contextlib
import shlex
import signal
import sys
from collections.abc import Iterable

# Real-time signals have no name.
_SIGNALS = {number.value: number.name for number in signal.Signals}
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


def count(number: int, noun: str) -> str:
    """Return a number of things in words: ``1 entry``, ``2 entries``, ``2 days``, ``0 files``.

    Args:
        number: not negative.
        noun: what is counted, in the singular; its plural is regular.
    """
    if number == 1:
        return f"{number} {noun}"
    has_ies = noun.endswith("y") and noun[-2:-1] not in "aeou"
    return f"{number} {noun[:-1]}ies" if has_ies else f"{number} {noun}s"


def describe_size(size: int) -> str:
    """Return a number of bytes with three digits and a unit: ``999 bytes``, ``1.23 GB``."""
    if size < 1000:
        return count(size, "byte")
    power, value = 0, float(size)
    while value >= 999.5 and power < len(_UNITS) - 1:
        power, value = power + 1, value / 1000
    digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
    return f"{value:.{digits}f} {_UNITS[power]}"


def describe_bytes(size: int) -> str:
    """Return the exact number of bytes; from a megabyte on also as people read it."""
    exact = count(size, "byte")
    return exact if size < 10**6 else f"{exact}, {describe_size(size)}"


def describe_share(part: int, whole: int) -> str:
    """Return a part of a whole in percent; it is 0 % or 100 % only if it is exactly that."""
    share = round(100 * part / whole) if whole else 0
    if share == 0 and part > 0:
        return "under 1 %"
    if share == 100 and part < whole:
        return "over 99 %"
    return f"{share} %"


def printable(text: str, keep: str = "") -> str:
    r"""Return text in which nothing can control a terminal, break a line, or turn its direction.

    Such characters, and bytes that are not UTF-8, are written like ``\x1b``.

    Args:
        text: anything, such as a name of the cluster.
        keep: the characters that may stay, such as line ends.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in keep else _escape(one) for one in text)


def join_lines(lines: Iterable[str]) -> str:
    """Return one text of lines for people, each of which stays one line; see :func:`printable`."""
    return "\n".join(map(printable, lines))


def describe_signal(number: int) -> str:
    """Return how a process ended that a signal killed, with the signal's name."""
    return f"was killed by signal {_SIGNALS.get(number, number)}"


def how_to_install(extra: str) -> str:
    """Return what to do if a package of an extra is missing, for the Python that runs this.

    A plain ``pip`` may belong to a different Python, or be refused by the system.
    """
    python = shlex.quote(sys.executable or "python3")
    return f"Install it with `{python} -m pip install 'qumulo-changelist[{extra}]'`."


def _escape(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # a byte of a name that is not UTF-8
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def describe_moment(nanoseconds: int | None) -> str:
    """Return a moment since the epoch in words; None if it is unknown."""
    from datetime import datetime, timezone  # takes long to load

    if nanoseconds is not None:
        with contextlib.suppress(ValueError, OverflowError):
            moment = datetime.fromtimestamp(nanoseconds // 1_000_000_000, timezone.utc)
            return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return "at an unknown time"
