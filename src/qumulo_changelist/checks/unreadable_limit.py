"""A limit on how many entries of a list may be unreadable: more is probably a failing mount.

A list is not given up before it is certain that it would exceed the limit: of a percentage, that
depends on how many entries it will have, and at most has.
"""

from collections.abc import Mapping

from qumulo_changelist.checks.limit import Limit, describe_places
from qumulo_changelist.errors import TooManyUnreadableError
from qumulo_changelist.wording import count

_ALWAYS_ALLOWED = 1_000
_PARTS_ALLOWED = 100


class UnreadableLimit(Limit):
    """The number of entries of a list that may fail to be read; a percentage is one of all entries.

    An entry that was read, but whose name a format cannot hold, does not count.

    None stands for the usual limit: 1%, and at least 1,000 are always allowed.
    """

    __slots__ = ()


def exceeds(limit: UnreadableLimit | None, unreadable: int, entries: int | None) -> bool:
    """Return whether more entries are unreadable than a limit allows.

    Args:
        limit: the limit; None for the usual one.
        unreadable: the number of unreadable entries.
        entries: the number of all entries, or the greatest that it can still become; None if
            nothing is known of it, so that only a limit in numbers can be exceeded.
    """
    if limit is None:
        is_many = entries is not None and unreadable * _PARTS_ALLOWED > entries
        return is_many and unreadable > _ALWAYS_ALLOWED
    if limit.is_percentage and entries is None:
        return False
    return unreadable > limit.allowed_of(entries or 0)


def too_many(
    limit: UnreadableLimit | None,
    unreadable: int,
    entries: int,
    by_folder: Mapping[str, int],
    first: tuple[str, str],
    *,
    is_early: bool = False,
) -> TooManyUnreadableError:
    """Return the error for a list that exceeds its limit.

    Args:
        limit: the limit; None for the usual one.
        unreadable: the number of unreadable entries.
        entries: the number of all entries, so far.
        by_folder: the number of unreadable entries in each folder; "" is the base path.
        first: the name of one of them, and why it could not be read.
        is_early: whether not all entries have been read yet.
    """
    allowed = f"the limit of {limit}" if limit else "the limit of 1%, and at least 1000,"
    so_far = ", of those read so far," if is_early else ""
    name, reason = first
    return TooManyUnreadableError(
        f"{unreadable} of {count(entries, 'entry')}{so_far} could not be read, more than {allowed} "
        f"allows; most of them are in {describe_places(by_folder)}, such as {name}: {reason}"
    )
