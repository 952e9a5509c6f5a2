"""Words that messages have in common."""


def count(number: int, noun: str) -> str:
    """Return a number of things in words: ``1 entry``, ``2 entries``, ``0 files``.

    Args:
        number: not negative.
        noun: what is counted, in the singular; its plural is regular.
    """
    if number == 1:
        return f"{number} {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"
