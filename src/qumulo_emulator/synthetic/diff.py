"""The diff of a synthetic tree: a sequence whose entries are computed when they are asked for."""

from collections.abc import Iterator, Sequence
from typing import overload

from qumulo_emulator.model import Change, Operation
from qumulo_emulator.names import join_path
from qumulo_emulator.synthetic.contents import Contents, Fate, copies_with_changes
from qumulo_emulator.synthetic.tree import Place, root_place


class SyntheticDiff(Sequence[Change]):
    """The changes between the two snapshots, by ascending path.

    Args:
        root: the contents of the cluster's root.
    """

    def __init__(self, root: Contents) -> None:
        self.top = root_place(root)

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
        number = range(len(self))[index]
        return next(_changes(self.top, number, number + 1))


def _changes(place: Place, begin: int, end: int) -> Iterator[Change]:
    """Yield the changes in a directory with numbers from `begin` to before `end`."""
    for index in place.contents.changing:
        row = place.contents.rows[index]
        for copy in copies_with_changes(row, begin, end):
            child, first = place.child(index, copy), copy * row.changes
            own = row.fate is not Fate.KEPT
            if own and first >= begin:
                path = join_path(child.parts, directory=row.contents is not None)
                yield Change(Operation(row.fate.value), path)
            if row.is_expanded:
                yield from _changes(child, begin - first - own, end - first - own)
        begin, end = begin - row.count * row.changes, end - row.count * row.changes
