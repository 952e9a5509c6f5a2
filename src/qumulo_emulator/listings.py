"""The sorted names of directories that clients are reading page by page."""

import threading
from bisect import bisect_right
from collections import OrderedDict
from fnmatch import fnmatchcase
from typing import NamedTuple

from qumulo_emulator import clock
from qumulo_emulator.model import Entry
from qumulo_emulator.ordering import order_key
from qumulo_emulator.settings import Order
from qumulo_emulator.tree import Tree

_MAX_CACHED = 16


class ListingOptions(NamedTuple):
    """What to list of a directory: in which snapshot, in which order, which pattern of names."""

    snapshot: int | None
    order: Order
    pattern: str


class _SortedNames(NamedTuple):
    keys: list[bytes]
    names: list[str]


class ListingCache:
    """The names after a given name, without sorting the directory for every page. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cached: OrderedDict[tuple[int, int, ListingOptions], _SortedNames] = OrderedDict()

    def names_after(
        self, tree: Tree, directory: Entry, options: ListingOptions, last: str | None, limit: int
    ) -> list[str]:
        """Return at most `limit` names after `last`; None means from the beginning."""
        known = directory.attributes
        key = (known.id, known.changed, options)
        with self._lock:
            found = self._cached.get(key)
        if found is None:
            # In the tick of its last change, a directory can change without a new timestamp.
            settled = options.snapshot is not None or clock.timestamps_have_passed(known.changed)
            found = _sort_names(tree.names(directory.parts), options)
            if settled:
                self._add(key, found)
        begin = 0 if last is None else bisect_right(found.keys, order_key(options.order, last))
        return found.names[begin : begin + limit]

    def _add(self, key: tuple[int, int, ListingOptions], found: _SortedNames) -> None:
        with self._lock:
            self._cached[key] = found
            while len(self._cached) > _MAX_CACHED:
                self._cached.popitem(last=False)


def _sort_names(names: list[str], options: ListingOptions) -> _SortedNames:
    pattern = options.pattern.lower()
    if pattern != "*":
        names = [name for name in names if fnmatchcase(name.lower(), pattern)]
    keys = [order_key(options.order, name) for name in names]
    pairs = sorted(zip(keys, names, strict=True))
    return _SortedNames([key for key, _ in pairs], [name for _, name in pairs])
