"""Descending streams of entries: pure, and holding no more than necessary.

Entries flow in batches. Two orders meet here. *Stream order* sorts names with a directory's
trailing ``/``: everything below a directory stands together, directly before it, so that trees can
be walked in place. *List order* is the contract's: names without that ``/``. They differ where a
name continues with a byte below ``/``: ``/reel2/`` comes before ``/reel2.mov`` in a stream, and
``/reel2`` after it in a list.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter, eq

from qumulo_changelist.model import Batch, Entry, Kind

name_of = attrgetter("name")


def in_list_order(stream: Iterable[Batch]) -> Iterator[Batch]:
    """Turn stream order into list order.

    A directory is held back while the names that follow begin with its name; nothing else is.
    """
    held: Batch = []
    for batch in stream:
        while held and held[-1].name > batch[-1].name:
            directory = held.pop()
            cut = _first_where(batch, _is_below(directory.name))
            if cut:
                yield batch[:cut]
            yield [directory]
            batch = batch[cut:]
        if batch[0].attributes.kind is Kind.DIRECTORY:
            held.append(batch[0])
        else:
            yield batch
    yield from ([directory] for directory in reversed(held))


def merge(first: Iterable[Batch], second: Iterable[Batch]) -> Iterator[Batch]:
    """Yield all entries of two streams in list order; of equal names, the first stream's first.

    No batch contains a name twice. Each stream is read only as far as the next entries to yield
    require.
    """
    left_batches, right_batches = iter(first), iter(second)
    left, right = next(left_batches, None), next(right_batches, None)
    while left and right:
        if left[-1].name >= right[0].name:
            yield left
            left = next(left_batches, None)
        elif right[-1].name > left[0].name:
            yield right
            right = next(right_batches, None)
        elif left[-1].name >= right[-1].name:
            # Not the second stream's entry of that name: the first stream may have more.
            cut = _first_where(right, _is_at_or_below(left[-1].name))
            yield from sort_distinct(left + right[:cut])
            left, right = next(left_batches, None), right[cut:]
        else:
            cut = _first_where(left, _is_below(right[-1].name))
            yield from sort_distinct(left[:cut] + right)
            left, right = left[cut:], next(right_batches, None)
    for batch, rest in ((left, left_batches), (right, right_batches)):
        if batch:
            yield batch
            yield from rest


def resolve_names(stream: Iterable[Batch], choose: Callable[[Batch], Batch]) -> Iterator[Batch]:
    """Replace the entries of each name that has several by what ``choose`` returns for them.

    No batch of the stream contains a name twice.
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


def sort_distinct(entries: Batch) -> Iterator[Batch]:
    """Yield entries in descending order, in batches that contain no name twice."""
    entries.sort(key=name_of, reverse=True)
    names = [entry.name for entry in entries]
    begin = 0
    if any(map(eq, names, names[1:])):
        for end in range(1, len(names)):
            if names[end] == names[end - 1]:
                yield entries[begin:end]
                begin = end
    yield entries[begin:]


def _is_below(name: str) -> Callable[[Entry], bool]:
    return lambda entry: entry.name < name


def _is_at_or_below(name: str) -> Callable[[Entry], bool]:
    return lambda entry: entry.name <= name


def _first_where(batch: Batch, is_true: Callable[[Entry], bool]) -> int:
    """Return the first index where ``is_true`` holds, and for all after it."""
    return bisect_left(batch, True, key=is_true)
