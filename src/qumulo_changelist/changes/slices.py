"""Cutting the stream of changes into slices, each of which becomes a contiguous piece of a list.

A cut falls where list order and stream order agree (:mod:`~qumulo_changelist.scan.order`):
never between a directory that was created or deleted and what is below it, and never where such a
directory still waits for its place in the list. One that was only modified and waits goes into
the slice behind the cut, where its place is.
"""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet

from qumulo_changelist.changes.changeset import END, MODIFIED
from qumulo_changelist.names import outermost
from qumulo_changelist.scan.order import first_where

# A directory that was created or deleted makes a quarter of a slice: it may hold very much.
_IN_A_SLICE = 4


def cut(blocks: Iterable[list[str]], size: int, whole: AbstractSet[str]) -> Iterator[list[str]]:
    """Yield slices of a descending stream of keys, in order.

    Args:
        blocks: the keys, see :mod:`~qumulo_changelist.changes.changeset`.
        size: a slice has about so many keys, fewer where directories stand for more; more where
            nothing else is right.
        whole: the directories that were created or deleted.
    """
    pending: list[str] = []
    waited = at = 0
    for block in blocks:
        pending += block
        while at := at or _filled(pending, waited, size, whole):
            at = _next_cut(pending, at, whole)
            if at == len(pending):
                break  # what comes next decides
            piece, waiting = _parted(pending[:at], _name(pending[at]))
            if piece:
                yield piece
            pending = waiting + pending[at:]
            waited, at = len(waiting), 0
    if pending:
        yield pending


def _filled(keys: list[str], begin: int, size: int, whole: AbstractSet[str]) -> int:
    """Return behind how many keys, from ``begin`` on, a slice is full; 0 if none is."""
    if not whole:
        return begin + size if begin + size <= len(keys) else 0
    weight = 0
    for at in range(begin, len(keys)):
        is_whole = keys[at][-3] == "/" and _name(keys[at]) in whole
        weight += max(size // _IN_A_SLICE, 1) if is_whole else 1
        if weight >= size:
            return at + 1
    return 0


def _next_cut(keys: list[str], at: int, whole: AbstractSet[str]) -> int:
    """Return the first index from ``at`` on that a cut may fall before; none if it is the end."""
    while at < len(keys):
        name = _name(keys[at])
        above = outermost(whole, name)
        waiting = [directory for directory in _waiting(name) if directory in whole]
        if name == _name(keys[at - 1]):
            at += 1
        elif above and keys[at - 1].startswith(above):
            at = first_where(keys, at, _beyond(above))
        elif waiting:
            # Behind the last of their places, and whatever else is there.
            at = first_where(keys, at, _below(waiting[0].removesuffix("/") + END))
        else:
            break
    return at


def _parted(keys: list[str], name: str) -> tuple[list[str], list[str]]:
    """Return what belongs before ``name`` in a list, and the modified directories that do not."""
    waiting = [directory + END + MODIFIED for directory in _waiting(name)]
    waiting = [key for key in waiting if _holds(keys, key)]
    if not waiting:
        return keys, []
    return [key for key in keys if key not in waiting], sorted(waiting, reverse=True)


def _waiting(name: str) -> list[str]:
    """Return directories before ``name`` in a stream, and not before it in a list; short first."""
    ends = [end for end, character in enumerate(name) if character < "/"]
    return [f"{name[:end]}/" for end in [*ends, len(name)]]


def _beyond(directory: str) -> Callable[[str], bool]:
    return lambda key: not key.startswith(directory)


def _below(place: str) -> Callable[[str], bool]:
    return lambda key: key < place


def _holds(keys: list[str], key: str) -> bool:
    at = first_where(keys, 0, lambda other: other <= key)
    return at < len(keys) and keys[at] == key


def _name(key: str) -> str:
    return key[: -len(END + MODIFIED)]
