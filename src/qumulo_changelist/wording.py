"""Words that messages have in common."""

import signal

# Real-time signals have no name.
_SIGNALS = {number.value: number.name for number in signal.Signals}


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


def describe_signal(number: int) -> str:
    """Return how a process ended that a signal killed, with the signal's name."""
    return f"was killed by signal {_SIGNALS.get(number, number)}"
