"""Descending streams: pure, holding no more than they must.

Entries flow in *batches*: a list of files' entries in descending order of names, or one
directory's entry alone. Two orders meet here. *Stream order* sorts names with a directory's
trailing ``/``: all that is below a directory stands together, right before it, so that trees can
be walked in place. *List order* is the contract's: names without that ``/``. They differ where a
name goes on with a byte below ``/``: ``/reel2/`` comes before ``/reel2.mov`` in a stream,
``/reel2`` behind it in a list.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import attrgetter, eq
from typing import TypeVar

from qumulo_changelist.model import Entry, Kind

Batch = list[Entry]
Item = TypeVar("Item")

name_of = attrgetter("name")


def first_where(items: Sequence[Item], begin: int, is_so: Callable[[Item], bool]) -> int:
    """Return where ``is_so`` becomes true, and stays true, at or behind ``begin``."""
    return bisect_left(items, True, lo=begin, key=is_so)


def in_list_order(stream: Iterable[Batch]) -> Iterator[Batch]:
    """Turn stream order into list order.

    Held back are only directories whose name begins the names that follow.
    """
    held: Batch = []
    for batch in stream:
        while held and held[-1].name > batch[-1].name:
            waiting = held.pop()
            cut = first_where(batch, 0, _below(waiting.name))
            if cut:
                yield batch[:cut]
            yield [waiting]
            batch = batch[cut:]
        if batch[0].attributes.kind is Kind.DIRECTORY:
            held.append(batch[0])
        else:
            yield batch
    yield from ([waiting] for waiting in reversed(held))


def merged(first: Iterable[Batch], second: Iterable[Batch]) -> Iterator[Batch]:
    """Yield all entries of two streams in list order; of equal names, the first stream's first.

    No batch holds a name twice. Neither stream is read further than the greatest name not yet
    given asks for.
    """
    ones, others = iter(first), iter(second)
    one, other = next(ones, None), next(others, None)
    while one and other:
        if one[-1].name >= other[0].name:
            yield one
            one = next(ones, None)
        elif other[-1].name > one[0].name:
            yield other
            other = next(others, None)
        elif one[-1].name >= other[-1].name:
            # Not the second's of that name: the first may have more.
            cut = first_where(other, 0, _at_or_below(one[-1].name))
            yield from distinct(one + other[:cut])
            one, other = next(ones, None), other[cut:]
        else:
            cut = first_where(one, 0, _below(other[-1].name))
            yield from distinct(one[:cut] + other)
            one, other = one[cut:], next(others, None)
    for left, rest in ((one, ones), (other, others)):
        if left:
            yield left
            yield from rest


def by_name(stream: Iterable[Batch], choose: Callable[[Batch], Batch]) -> Iterator[Batch]:
    """Let ``choose`` say what is left of entries that have one name; all others stay.

    No batch of the stream holds a name twice.
    """
    same: Batch = []
    for batch in stream:
        if same and same[0].name == batch[0].name:
            same.append(batch[0])
            if len(batch) == 1:
                continue
            batch = batch[1:]
        if len(same) > 1:
            same = choose(same)
        if settled := same + batch[:-1]:
            yield settled
        same = batch[-1:]
    if same:
        yield choose(same)


def distinct(entries: Batch) -> Iterator[Batch]:
    """Yield entries in descending order, those of one name in one batch each."""
    entries.sort(key=name_of, reverse=True)
    names = [entry.name for entry in entries]
    begin = 0
    if any(map(eq, names, names[1:])):
        for end in range(1, len(names)):
            if names[end] == names[end - 1]:
                yield entries[begin:end]
                begin = end
    yield entries[begin:]


def _below(name: str) -> Callable[[Entry], bool]:
    return lambda entry: entry.name < name


def _at_or_below(name: str) -> Callable[[Entry], bool]:
    return lambda entry: entry.name <= name
