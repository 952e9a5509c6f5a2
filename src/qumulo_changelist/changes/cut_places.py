"""Where a stream of changes can be cut, and which of the changes before a cut wait for it. Pure.

Slices become pieces of a list, so that a cut falls where list order and stream order agree
(:mod:`~qumulo_changelist.scan.order`): never among the changes of one path, nor between a whole
directory and changes below it. A directory can have to wait for its place in the list: then it
belongs to the slice after the cut.
"""

from bisect import bisect_left
from collections.abc import Callable
from collections.abc import Set as AbstractSet

from qumulo_changelist.bounds import waiting_before
from qumulo_changelist.changes.key import lower_bound, path_of, upper_bound
from qumulo_changelist.names import outermost


def next_cut(keys: list[str], at: int, whole: AbstractSet[str]) -> int:
    """Return the first index from ``at`` on where a cut can be made, or ``len(keys)``.

    Args:
        keys: of changes, in descending order.
        at: greater than 0.
        whole: the directories that were created or deleted, as escaped paths.
    """
    while at < len(keys):
        path = path_of(keys[at])
        above = outermost(whole, path)
        waiting = [directory for directory in waiting_before(path) if directory in whole]
        if path == path_of(keys[at - 1]):
            at += 1
        elif above and keys[at - 1].startswith(above):
            at = _first_where(keys, at, _is_outside(above))
        elif waiting:
            # Go on after the last of their places.
            at = end_of(keys, waiting[0].removesuffix("/"), at)
        else:
            break
    return at


def can_be_divided(keys: list[str], at: int, whole: AbstractSet[str]) -> bool:
    """Return whether a whole directory can be cut: nothing else is known of what is below it.

    Args:
        keys: of changes, in descending order.
        at: the index of the first key of the directory.
        whole: the directories that were created or deleted, as escaped paths.
    """
    directory = path_of(keys[at])
    has_keys_below = at > 0 and keys[at - 1].startswith(directory)
    return not has_keys_below and outermost(whole, directory) == directory


def waiting_keys(keys: list[str], end: int, path: str) -> list[str]:
    """Return those of the keys before ``end`` whose place in a list is after a cut at ``path``."""
    waiting = []
    for directory in waiting_before(path):
        # All of them, since the changes of one path stay together.
        begin = _first_where(keys, 0, _sorts_below(upper_bound(directory)), end)
        waiting += keys[begin : end_of(keys, directory, begin, end)]
    return waiting


def end_of(keys: list[str], path: str, begin: int, end: int | None = None) -> int:
    """Return the first index from ``begin`` on of a key of a smaller path, at most ``end``."""
    return _first_where(keys, begin, _sorts_below(lower_bound(path)), end)


def _is_outside(directory: str) -> Callable[[str], bool]:
    return lambda key: not key.startswith(directory)


def _sorts_below(bound: str) -> Callable[[str], bool]:
    return lambda key: key < bound


def _first_where(
    keys: list[str], begin: int, is_true: Callable[[str], bool], end: int | None = None
) -> int:
    """Return the first index from ``begin`` on where ``is_true`` holds, and for all after it."""
    return bisect_left(keys, True, lo=begin, hi=end, key=is_true)
