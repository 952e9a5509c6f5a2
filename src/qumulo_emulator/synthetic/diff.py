"""The diff of a made-up tree: a sequence whose entries are worked out when they are asked for."""

from collections.abc import Iterator, Sequence
from typing import overload

from qumulo_emulator.model import Change, Operation
from qumulo_emulator.names import join_path
from qumulo_emulator.synthetic.contents import Contents, Fate, copies_with_changes
from qumulo_emulator.synthetic.tree import Place, top


class SyntheticDiff(Sequence[Change]):
    """The changes at and below a root, by ascending path.

    Args:
        root: what is in the root of the cluster.
    """

    def __init__(self, root: Contents) -> None:
        self.top = top(root)

    def __len__(self) -> int:
        return self.top.contents.changes

    def __iter__(self) -> Iterator[Change]:
        return _changes(self.top, 0, len(self))

    @overload
    def __getitem__(self, index: int) -> Change: ...
    @overload
    def __getitem__(self, index: slice) -> list[Change]: ...
    def __getitem__(self, index: int | slice) -> Change | list[Change]:
        if isinstance(index, slice):
            begin, end, step = index.indices(len(self))
            return list(_changes(self.top, begin, end))[::step]
        at = range(len(self))[index]
        return next(_changes(self.top, at, at + 1))


def _changes(place: Place, begin: int, end: int) -> Iterator[Change]:
    """The changes of what is in a directory, from one on and before another."""
    for index in place.contents.changing:
        row = place.contents.rows[index]
        for copy in copies_with_changes(row, begin, end):
            child, first = place.child(index, copy), copy * row.changes
            own = row.fate is not Fate.KEPT
            if own and first >= begin:
                path = join_path(child.parts, directory=row.contents is not None)
                yield Change(Operation(row.fate.value), path)
            if row.opens:
                yield from _changes(child, begin - first - own, end - first - own)
        begin, end = begin - row.count * row.changes, end - row.count * row.changes
