"""The folders that show best where something lies: few, and together they contain all of it."""

from collections.abc import Callable, Iterable
from functools import reduce
from heapq import heappop, heappush
from typing import Literal

from msgspec import Struct

from qumulo_changelist.report.amounts import Amount, Changes
from qumulo_changelist.report.folders import Folder

Part = Literal["all", "own", "others"]
"""Of a folder: all of it; only the files directly in it; what the other rows leave of it."""


class FolderShare(Struct, frozen=True):
    """A folder, or a part of it, and what lies there."""

    path: str
    part: Part
    files: int
    bytes: int


def divide(
    folders: Iterable[Folder], measure: Callable[[Changes], Amount], at_most: int
) -> list[FolderShare]:
    """Return where something lies: the largest share first, and nothing is in two of them.

    The largest folder is opened, and replaced by the folders in it, as long as there is room.

    Args:
        folders: all folders, in ascending order of their paths.
        measure: returns what is looked for.
        at_most: the number of shares.
    """
    children: dict[str, list[Folder]] = {}
    root = None
    for folder in folders:
        if folder.path:
            children.setdefault(folder.path[: folder.path.rfind("/")], []).append(folder)
        else:
            root = folder
    if root is None or not measure(root.total).files:
        return []
    done: list[FolderShare] = []
    queue: list[tuple[tuple[int, int], str, Folder]] = []
    _push(queue, root, measure)
    while queue:
        _, _, folder = heappop(queue)
        inner = [one for one in children.get(folder.path, ()) if measure(one.total).files]
        own = measure(folder.own)
        room = at_most - len(done) - len(queue)
        if inner and len(inner) + (own.files > 0) <= room:
            for one in inner:
                _push(queue, one, measure)
            done += [_share(folder, "own", own)] if own.files else []
        elif inner and room > 1 and _is_large(measure(folder.total), measure(root.total)):
            # There is no room for all that is in it: the largest folders, and the rest.
            inner.sort(key=lambda one: _rank(measure(one.total)))
            for one in inner[: room - 1]:
                _push(queue, one, measure)
            rest = reduce(Amount.plus, (measure(one.total) for one in inner[room - 1 :]), own)
            done.append(_share(folder, "others", rest))
        else:
            done.append(_share(folder, "all", measure(folder.total)))
    return sorted(done, key=lambda one: (-one.bytes, -one.files, one.path))


def _push(
    queue: list[tuple[tuple[int, int], str, Folder]],
    folder: Folder,
    measure: Callable[[Changes], Amount],
) -> None:
    heappush(queue, (_rank(measure(folder.total)), folder.path, folder))


def _rank(amount: Amount) -> tuple[int, int]:
    """Return what sorts the largest first."""
    return -amount.bytes, -amount.files


def _is_large(amount: Amount, whole: Amount) -> bool:
    return 4 * amount.bytes >= whole.bytes if whole.bytes else 4 * amount.files >= whole.files


def _share(folder: Folder, part: Part, amount: Amount) -> FolderShare:
    return FolderShare(folder.path, part, amount.files, amount.bytes)
