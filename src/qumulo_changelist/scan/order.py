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

from qumulo_changelist.columns import FileBatch, name_at
from qumulo_changelist.model import Batch, Entry, Kind

name_of = attrgetter("name")


def in_list_order(stream: Iterable[Batch]) -> Iterator[Batch]:
    """Turn stream order into list order.

    A directory is held back while the names that follow begin with its name; nothing else is.
    """
    held: list[Entry] = []
    for batch in stream:
        last = name_at(batch, -1)
        while held and held[-1].name > last:
            directory = held.pop()
            cut = _first_below(batch, directory.name)
            if cut:
                yield batch[:cut]
            yield [directory]
            batch = batch[cut:]
        if isinstance(batch, FileBatch) or batch[0].attributes.kind is not Kind.DIRECTORY:
            yield batch
        else:
            held.append(batch[0])
    yield from ([directory] for directory in reversed(held))


def merge(first: Iterable[Batch], second: Iterable[Batch]) -> Iterator[Batch]:
    """Yield all entries of two streams in list order; of equal names, the first stream's first.

    No batch contains a name twice. Each stream is read only as far as the next entries to yield
    require.
    """
    left_batches, right_batches = iter(first), iter(second)
    left, right = next(left_batches, None), next(right_batches, None)
    while left and right:
        end_of_left, end_of_right = name_at(left, -1), name_at(right, -1)
        if end_of_left >= name_at(right, 0):
            yield left
            left = next(left_batches, None)
        elif end_of_right > name_at(left, 0):
            yield right
            right = next(right_batches, None)
        elif end_of_left >= end_of_right:
            # Not the second stream's entry of that name: the first stream may have more.
            cut = _first_at_or_below(right, end_of_left)
            yield from _interleave(left, right[:cut])
            left, right = next(left_batches, None), right[cut:]
        else:
            cut = _first_below(left, end_of_right)
            yield from _interleave(left[:cut], right)
            left, right = left[cut:], next(right_batches, None)
    for batch, rest in ((left, left_batches), (right, right_batches)):
        if batch:
            yield batch
            yield from rest


def resolve_names(
    stream: Iterable[Batch], choose: Callable[[list[Entry]], list[Entry]]
) -> Iterator[Batch]:
    """Replace the entries of each name that has several by what ``choose`` returns for them.

    No batch of the stream contains a name twice.
    """
    held: Batch = ()
    same: list[Entry] = []
    for batch in stream:
        if held:
            if name_at(held, -1) == name_at(batch, 0):
                same, held = [held[-1]], held[:-1]
            if held:
                yield held
            held = ()
        if same and same[0].name == name_at(batch, 0):
            same.append(batch[0])
            batch = batch[1:]
        if batch:
            if same:
                yield choose(same)
            held, same = batch, []
    if same:
        yield choose(same)
    elif held:
        yield held


def sort_distinct(entries: list[Entry]) -> Iterator[list[Entry]]:
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


def _interleave(first: Batch, second: Batch) -> Iterator[Batch]:
    """Yield the entries of two batches in descending order, the first batch's first."""
    if name_at(first, -1) > name_at(second, 0):
        yield from (first, second)
        return
    if name_at(second, -1) > name_at(first, 0):
        yield from (second, first)
        return
    both = first.interleaved(second) if isinstance(first, FileBatch) else None
    if not both and isinstance(second, FileBatch):
        both = second.interleaved(first)
    if both:
        yield both
    else:
        yield from sort_distinct([*first, *second])


def _first_below(batch: Batch, name: str) -> int:
    """Return the index of the first entry whose name is smaller than ``name``."""
    return bisect_left(range(len(batch)), True, key=lambda at: name_at(batch, at) < name)


def _first_at_or_below(batch: Batch, name: str) -> int:
    """Return the index of the first entry whose name is not greater than ``name``."""
    return bisect_left(range(len(batch)), True, key=lambda at: name_at(batch, at) <= name)
