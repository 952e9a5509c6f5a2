"""Whether filters let more pass than others did: what passes only now is on no list of changes."""

from collections.abc import Sequence

from qumulo_changelist.filters.filters import Filters


def may_let_more_pass(now: Filters, before: Filters) -> bool:
    """Return whether something may pass now that did not pass before.

    Moments are only compared as they are written.
    """
    return not (
        _is_within(now.include, before.include)
        and _is_within(now.only, before.only)
        and _excludes_all_of(now.exclude, before.exclude)
        and (before.min_size is None or (now.min_size or 0) >= before.min_size)
        and (
            before.max_size is None
            or (now.max_size is not None and now.max_size <= before.max_size)
        )
        and before.newer_than in (None, now.newer_than)
        and before.older_than in (None, now.older_than)
    )


def _is_within(now: Sequence[str], before: Sequence[str]) -> bool:
    """Return whether each of several alternatives was one before; none at all let all pass."""
    return not before or (bool(now) and set(now) <= set(before))


def _excludes_all_of(now: Sequence[str], before: Sequence[str]) -> bool:
    """Return whether all patterns are there still, in their order, and no new one takes back."""
    rest = list(before)
    for pattern in now:
        if rest and pattern == rest[0]:
            del rest[0]
        elif pattern.startswith("!"):
            return False
    return not rest
