"""Cutting the stream of changes into slices; each becomes a contiguous piece of a list.

A slice ends where it has enough changes (:mod:`.cut_places`), and within a whole directory at each
of its marks (:mod:`.marks`). Then that directory is in the slices before and after the cut, and so
are whole directories that wait for their place in the list; bounds decide what each slice lists.
"""

from collections.abc import Collection, Generator, Iterable, Iterator
from collections.abc import Set as AbstractSet

from qumulo_changelist.bounds import Bounds
from qumulo_changelist.changes import key
from qumulo_changelist.changes.cut_places import can_be_divided, end_of, next_cut, waiting_keys
from qumulo_changelist.changes.key import path_of
from qumulo_changelist.changes.marks import DirectoryPart, Division, Mark, divide
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.trees.interface import KnownListing

# The number of keys that are searched for whole directories together: more of them fit into a slice
# only if few are of such directories.
_KEYS_AT_A_TIME = 500


def cut(
    blocks: Iterable[list[str]], size: int, whole: AbstractSet[str], division: Division
) -> Iterator[Slice]:
    """Yield slices of a descending stream of keys, in order.

    Args:
        blocks: the keys, see :mod:`~qumulo_changelist.changes.key`.
        size: the approximate number of keys in a slice; fewer if whole directories are among
            them, more if no earlier cut is possible.
        whole: the directories that were created or deleted, as escaped paths.
        division: how they are divided.
    """
    cutter = _Cutter(size, whole, division)
    for block in blocks:
        yield from cutter.add(block)
    yield from cutter.finish()


class _Cutter:
    """The keys that are in no slice yet, and what is known of the next slice."""

    def __init__(self, size: int, whole: AbstractSet[str], division: Division) -> None:
        self._size = size
        self._whole = whole
        self._division = division
        self._keys: list[str] = []
        self._begin_slice()

    def _begin_slice(self, waiting: int = 0, upper: str = "") -> None:
        self._waiting = self._end = waiting
        """The number of keys at the front that have waited, and weigh nothing; and the index after
        all keys that have been weighed."""
        self._weight = 0
        self._upper = upper
        """Where in a whole directory the slice begins."""
        self._newer_known: KnownListing | None = None
        self._older_known: KnownListing | None = None

    def add(self, block: list[str]) -> Iterator[Slice]:
        """Add keys, and yield the slices that are complete."""
        self._keys += block
        return self._slices(is_all=False)

    def finish(self) -> Iterator[Slice]:
        """Yield the slices of what is left, after all keys."""
        yield from self._slices(is_all=True)
        if self._keys:
            yield self._slice_of(self._keys, len(self._keys))

    def _slices(self, *, is_all: bool) -> Iterator[Slice]:
        while (yield from self._fill(is_all=is_all)):
            self._end = next_cut(self._keys, self._end, self._whole)
            if self._end == len(self._keys):
                break  # the next block decides
            yield from self._end_slice(self._end)

    def _fill(self, *, is_all: bool) -> Generator[Slice, None, bool]:
        """Weigh keys until they fill a slice; return whether they do.

        Yields the slices that end within whole directories.
        """
        while self._weight < self._size and self._end < len(self._keys):
            room = min(self._size - self._weight, _KEYS_AT_A_TIME)
            end = min(self._end + room, len(self._keys))
            for at in self._whole_directories(self._end, end):
                if at < self._end or self._weight + at - self._end >= self._size:
                    continue  # one more key of the directory before, or one for the next slice
                after = end_of(self._keys, path_of(self._keys[at]), at)
                if after == len(self._keys) and not is_all:
                    return False  # perhaps the directory has more keys
                self._weigh_up_to(at)
                if (yield from self._divide(at, after)):
                    break
            else:
                self._weigh_up_to(min(self._end + self._size - self._weight, end))
        return self._weight >= self._size

    def _whole_directories(self, begin: int, end: int) -> list[int]:
        if not self._whole:
            return []
        directories = key.directories_in(self._keys, begin, end)
        return [at for at in directories if path_of(self._keys[at]) in self._whole]

    def _weigh_up_to(self, at: int) -> None:
        """Weigh keys that are not of whole directories: one each."""
        if at > self._end:
            self._weight += at - self._end
            self._end = at

    def _divide(self, at: int, after: int) -> Generator[Slice, None, bool]:
        """Weigh a whole directory, and yield the slices that end before it or within it.

        Args:
            at: the index of its first key.
            after: the index after its last key.

        Returns:
            Whether there are such slices, so that keys have moved to the front.
        """
        number = after - at
        for part in self._parts(at, after):
            if self._can_end_before(at, part.weight):
                yield from self._end_slice(at)
                at = self._waiting
            self._weight += part.weight
            # If something is known already, it is of a different directory.
            self._newer_known = self._newer_known or part.newer
            self._older_known = self._older_known or part.older
            if part.lower:
                yield self._end_within(at, at + number, part.lower)
                at = self._waiting
        self._end = at + number
        return self._end != after

    def _parts(self, at: int, after: int) -> Iterator[DirectoryPart]:
        directory = key.unescape(path_of(self._keys[at]))
        marks: Iterable[Mark] = ()
        if can_be_divided(self._keys, at, self._whole):
            letters = sorted({key.letter_of(one) for one in self._keys[at:after]})
            marks = self._division.marks(directory, "".join(letters))
        return divide(directory, marks, self._division.weigh)

    def _can_end_before(self, at: int, weight: int) -> bool:
        """Return whether it is useful, and possible, to end a slice before a whole directory.

        Then no slice is heavier than a slice may be, and each two neighbours together are.
        """
        is_too_heavy = self._weight > 0 and self._weight + weight > self._size
        is_useful = is_too_heavy or self._newer_known or self._older_known
        return (
            bool(is_useful) and at > self._waiting and next_cut(self._keys, at, self._whole) == at
        )

    def _end_slice(self, at: int) -> Iterator[Slice]:
        """Yield the slice of the keys before an index, unless all of them wait."""
        waiting = waiting_keys(self._keys, at, path_of(self._keys[at]))
        keys = _without(self._keys[:at], waiting)
        if keys:
            yield self._slice_of(keys, len(keys))
        self._keys = waiting + self._keys[at:]
        self._begin_slice(len(waiting))

    def _end_within(self, at: int, after: int, lower: str) -> Slice:
        """Return the slice that ends within the whole directory with the keys at an index."""
        waiting = waiting_keys(self._keys, at, key.escape(lower))
        # A whole directory that waits has names before the cut, unless it has waited before.
        has_waited = self._keys[: self._waiting]
        left = [one for one in waiting if path_of(one) not in self._whole or one in has_waited]
        own = self._keys[at:after]
        keys = _without(self._keys[:after], left)
        finished = len(keys) - len(own) - (len(waiting) - len(left))
        ended = self._slice_of(keys, finished, lower)
        self._keys[:after] = waiting + own
        self._begin_slice(len(waiting), lower)
        return ended

    def _slice_of(self, keys: list[str], finished: int, lower: str = "") -> Slice:
        bounds = Bounds(lower, self._upper)
        return Slice(key.pack(keys), finished, bounds, self._newer_known, self._older_known)


def _without(keys: list[str], left: Collection[str]) -> list[str]:
    return [one for one in keys if one not in left] if left else keys
