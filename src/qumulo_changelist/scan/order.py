"""Descending streams: pure, holding no more than they must.

Two orders meet here. *Stream order* sorts names with a directory's trailing ``/``: all that is
below a directory stands together, right before it, so that trees can be walked in place. *List
order* is the contract's: names without that ``/``. They differ where a name goes on with a byte
below ``/``: ``/reel2/`` comes before ``/reel2.mov`` in a stream, ``/reel2`` behind it in a list.
"""

import heapq
import itertools
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from operator import itemgetter
from typing import Protocol, TypeVar


class Named(Protocol):
    """Anything that has a name."""

    @property
    def name(self) -> str:
        """What it sorts by."""


Item = TypeVar("Item", bound=Named)
Other = TypeVar("Other", bound=Named)


def outermost(directories: AbstractSet[str], name: str) -> str:
    """Return the highest of ``directories`` that ``name`` is, or is below; "" for none."""
    if directories:
        end = 0
        while end := name.find("/", end) + 1:
            if name[:end] in directories:
                return name[:end]
    return ""


def in_list_order(stream: Iterable[Item]) -> Iterator[Item]:
    """Turn stream order into list order; the items' own names carry no trailing ``/``.

    Held back are only directories whose name begins the names that follow.
    """
    held: list[Item] = []
    for item in stream:
        while held and held[-1].name > item.name:
            yield held.pop()
        held.append(item)
    yield from reversed(held)


def side_by_side(
    first: Iterable[Item], second: Iterable[Other]
) -> Iterator[tuple[list[Item], list[Other]]]:
    """Yield, name by name in descending order, what each of two descending streams has for it.

    Neither is read further than the greatest name not yet given asks for.
    """
    merged = heapq.merge(
        ((item.name, item, None) for item in first),
        ((item.name, None, item) for item in second),
        key=itemgetter(0),
        reverse=True,
    )
    for _, group in itertools.groupby(merged, key=itemgetter(0)):
        pairs = list(group)
        yield (
            [one for _, one, _ in pairs if one is not None],
            [other for _, _, other in pairs if other is not None],
        )
