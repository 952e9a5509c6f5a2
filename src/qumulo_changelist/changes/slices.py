"""Cutting the stream of changes into slices; each becomes a contiguous piece of a list.

A cut falls only where list order and stream order agree (:mod:`~qumulo_changelist.scan.order`):
never between a directory that was created or deleted and what is below it, and never while such a
directory still has to wait for its place in the list. A waiting directory that was only modified
moves to the slice after the cut, where its place is.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet

from qumulo_changelist.changes.key import (
    MODIFIED,
    directories_in,
    lower_bound,
    make_key,
    path_of,
)
from qumulo_changelist.names import outermost

# A directory that was created or deleted counts as a quarter of a slice: much can be below it.
_WHOLE_DIRECTORIES_IN_A_SLICE = 4


def cut(blocks: Iterable[list[str]], size: int, whole: AbstractSet[str]) -> Iterator[list[str]]:
    """Yield slices of a descending stream of keys, in order.

    Args:
        blocks: the keys, see :mod:`~qumulo_changelist.changes.key`.
        size: the approximate number of keys in a slice; fewer if whole directories are among
            them, more if no earlier cut is possible.
        whole: the directories that were created or deleted, as escaped paths.
    """
    pending: list[str] = []
    moved = at = 0
    for block in blocks:
        pending += block
        while at := at or _end_of_slice(pending, moved, size, whole):
            at = _next_cut(pending, at, whole)
            if at == len(pending):
                break  # the next block decides
            slice_keys, waiting = _without_waiting(pending[:at], path_of(pending[at]))
            if slice_keys:
                yield slice_keys
            pending = waiting + pending[at:]
            moved, at = len(waiting), 0
    if pending:
        yield pending


def _end_of_slice(keys: list[str], begin: int, size: int, whole: AbstractSet[str]) -> int:
    """Return the index after the last key of a full slice, counted from ``begin``, or 0."""
    heavier = max(size // _WHOLE_DIRECTORIES_IN_A_SLICE, 1) - 1
    added = 0
    for at in directories_in(keys, begin, begin + size) if whole else ():
        if at - begin + added >= size:
            break
        if path_of(keys[at]) in whole:
            added += heavier
            if at + 1 - begin + added >= size:
                return at + 1
    end = begin + size - added
    return end if end <= len(keys) else 0


def _next_cut(keys: list[str], at: int, whole: AbstractSet[str]) -> int:
    """Return the first index from ``at`` on where a cut can be made, or ``len(keys)``."""
    while at < len(keys):
        path = path_of(keys[at])
        above = outermost(whole, path)
        waiting = [directory for directory in _waiting_before(path) if directory in whole]
        if path == path_of(keys[at - 1]):
            at += 1
        elif above and keys[at - 1].startswith(above):
            at = _first_where(keys, at, _is_outside(above))
        elif waiting:
            # Go on after the last of their places.
            at = _first_where(keys, at, _sorts_below(lower_bound(waiting[0].removesuffix("/"))))
        else:
            break
    return at


def _without_waiting(keys: list[str], path: str) -> tuple[list[str], list[str]]:
    """Return the keys that precede ``path`` in a list, and the modified directories that wait."""
    waiting = [make_key(directory, MODIFIED) for directory in _waiting_before(path)]
    waiting = [key for key in waiting if _contains(keys, key)]
    if not waiting:
        return keys, []
    return [key for key in keys if key not in waiting], sorted(waiting, reverse=True)


def _waiting_before(path: str) -> list[str]:
    """Return directories that precede ``path`` in a stream but not in a list, shortest first."""
    ends = [end for end, character in enumerate(path) if character < "/"]
    return [f"{path[:end]}/" for end in [*ends, len(path)]]


def _is_outside(directory: str) -> Callable[[str], bool]:
    return lambda key: not key.startswith(directory)


def _sorts_below(bound: str) -> Callable[[str], bool]:
    return lambda key: key < bound


def _contains(keys: list[str], wanted: str) -> bool:
    at = _first_where(keys, 0, lambda key: key <= wanted)
    return at < len(keys) and keys[at] == wanted


def _first_where(keys: list[str], begin: int, is_true: Callable[[str], bool]) -> int:
    """Return the first index from ``begin`` on where ``is_true`` holds, and for all after it."""
    return bisect_left(keys, True, lo=begin, key=is_true)
