"""The sorted names of directories that are being read page by page."""

import threading
from bisect import bisect_right
from collections import OrderedDict
from fnmatch import fnmatchcase
from typing import NamedTuple

from qumulo_emulator import clock
from qumulo_emulator.model import Entry, Tree
from qumulo_emulator.ordering import order_key
from qumulo_emulator.settings import Order

_MAX_CACHED = 16


class ListingOptions(NamedTuple):
    """What is listed of a directory: the pattern that names match, and their order."""

    snapshot: int | None
    order: Order
    pattern: str


class _Sorted(NamedTuple):
    keys: list[bytes]
    names: list[str]


class ListingCache:
    """Names after a given one, without sorting the directory anew for every page.

    May be used by many threads at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[int, int, ListingOptions], _Sorted] = OrderedDict()

    def after(
        self, tree: Tree, directory: Entry, listing: ListingOptions, last: str | None, limit: int
    ) -> list[str]:
        """At most `limit` names that come after one; None for the beginning."""
        known = directory.attributes
        key = (known.id, known.changed, listing)
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            # A directory that changes in the tick of its last change keeps its time of change.
            settled = listing.snapshot is not None or clock.timestamps_have_passed(known.changed)
            found = _sorted(tree.names(directory.parts), listing)
            if settled:
                self._keep(key, found)
        begin = 0 if last is None else bisect_right(found.keys, order_key(listing.order, last))
        return found.names[begin : begin + limit]

    def _keep(self, key: tuple[int, int, ListingOptions], found: _Sorted) -> None:
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > _MAX_CACHED:
                self._kept.popitem(last=False)


def _sorted(names: list[str], listing: ListingOptions) -> _Sorted:
    pattern = listing.pattern.lower()
    if pattern != "*":
        names = [name for name in names if fnmatchcase(name.lower(), pattern)]
    pairs = sorted((order_key(listing.order, name), name) for name in names)
    return _Sorted([key for key, _ in pairs], [name for _, name in pairs])
