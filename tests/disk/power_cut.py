"""What a disk can hold after a power cut, by what was written and synchronized before it. Pure.

POSIX promises little, and this model takes it at its word: what was written to a file, and each
change of a folder, may be on the disk or not until that file or that folder is synchronized; a
write also in part. What is there is so in the order in which it was done.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TypeVar

from tests.disk.shim import Call

Tree = dict[str, bytes]
"""Files by their paths."""
Item = TypeVar("Item")

_ALL_SUBSETS = 5
"""Of this number of changes, every selection is tried; of more, some."""
_MOST_TREES = 40
"""Of the trees that one moment can lead to."""
_SECTOR = 512


class _File:
    def __init__(self, content: bytes = b"") -> None:
        self.content = content
        self.pending: list[tuple[int, bytes | None]] = []
        """An offset and what was written there; None if the file was cut at the offset."""

    def synchronize(self) -> None:
        self.content, self.pending = _changed(self.content, self.pending), []

    def write(self, offset: int, content: bytes) -> None:
        half = len(content) // 2 // _SECTOR * _SECTOR
        if half:
            self.pending.append((offset, content[:half]))
        self.pending.append((offset + half, content[half:]))


class _Folder:
    def __init__(self) -> None:
        self.names: dict[str, _File | _Folder] = {}
        self.pending: list[tuple[str, str, _File | _Folder | None]] = []
        """A name that goes, "" for none; one that comes, "" for none; and what that is of."""

    def synchronize(self) -> None:
        self.names, self.pending = _renamed(self.names, self.pending), []


class Disk:
    """A disk of which everything was synchronized when it began.

    Args:
        root: the folder that all paths are below.
        tree: the files that it has.
    """

    def __init__(self, root: PurePath, tree: Tree) -> None:
        self._root = _Folder()
        self._now: dict[PurePath, _File | _Folder] = {root: self._root}
        for name, content in tree.items():
            path = root / name
            for parent in [*reversed(path.relative_to(root).parents)][1:]:
                if root / parent not in self._now:
                    self._put(root / parent, _Folder())
            self._put(path, _File(content))
        for node in self._now.values():
            node.synchronize()

    def _put(self, path: PurePath, node: "_File | _Folder") -> None:
        self._now[path] = node
        self._folder(path).pending.append(("", path.name, node))

    def _folder(self, path: PurePath) -> _Folder:
        folder = self._now[path.parent]
        assert isinstance(folder, _Folder)
        return folder

    def apply(self, call: Call) -> None:
        """Do what a call did."""
        path = PurePath(call.path)
        if call.path.endswith((" (deleted)", ".lock")):
            return  # a file without a name is gone after a power cut, and so are locks
        if call.name in ("create", "mkdir"):
            self._put(path, _File() if call.name == "create" else _Folder())
        elif call.name == "unlink":
            del self._now[path]
            self._folder(path).pending.append((path.name, "", None))
        elif call.name == "rename":
            node, new = self._now.pop(path), PurePath(call.more)
            assert path.parent == new.parent
            self._now[new] = node
            self._folder(new).pending.append((path.name, new.name, node))
        else:
            self._change(call, self._now[path])

    @staticmethod
    def _change(call: Call, node: "_File | _Folder") -> None:
        if call.name == "fsync":
            node.synchronize()
            return
        assert isinstance(node, _File), call
        if call.name == "write":
            node.write(int(call.more), call.content)
        else:
            assert call.name == "truncate", call
            node.pending.append((int(call.more), None))

    def trees(self, chosen: random.Random) -> Iterator[Tree]:
        """Yield what the disk can hold if the power is cut now, without hidden files and locks.

        Args:
            chosen: selects, where there are too many.
        """
        return _trees(self._root, chosen)


def _trees(folder: _Folder, chosen: random.Random) -> Iterator[Tree]:
    visible = [one for one in folder.pending if not all(map(_is_hidden, one[:2]))]
    for kept in _selections(visible, chosen):
        names = _renamed(folder.names, kept)
        options: list[list[Tree]] = []
        for name, node in names.items():
            if isinstance(node, _Folder):
                below = _trees(node, chosen)
                options.append(
                    [{f"{name}/{path}": one for path, one in tree.items()} for tree in below]
                )
            elif not _is_hidden(name):
                found = {_changed(node.content, some) for some in _selections(node.pending, chosen)}
                options.append([{name: content} for content in sorted(found)])
        for combined in _combinations(options, chosen):
            yield {path: content for tree in combined for path, content in tree.items()}


def _is_hidden(name: str) -> bool:
    return not name or name.startswith(".")


def _selections(changes: Sequence[Item], chosen: random.Random) -> Iterator[Sequence[Item]]:
    """Yield parts of changes, in their order: all, or none, or what was lost and what not."""
    if len(changes) <= _ALL_SUBSETS:
        for size in range(len(changes) + 1):
            yield from itertools.combinations(changes, size)
        return
    for end in range(len(changes) + 1):
        yield changes[:end]
        yield [*changes[:end], *changes[end + 1 :]]
        yield [one for one in changes if chosen.random() < 0.5]


def _combinations(options: list[list[Tree]], chosen: random.Random) -> Iterator[Sequence[Tree]]:
    number = 1
    for some in options:
        number *= len(some)
    if number <= _MOST_TREES:
        yield from itertools.product(*options)
        return
    for _ in range(_MOST_TREES):
        yield [chosen.choice(some) for some in options]


def _renamed(
    names: "dict[str, _File | _Folder]",
    changes: "Sequence[tuple[str, str, _File | _Folder | None]]",
) -> "dict[str, _File | _Folder]":
    names = dict(names)
    for old, new, node in changes:
        names.pop(old, None)
        if node:
            names[new] = node
    return names


def _changed(content: bytes, changes: Sequence[tuple[int, bytes | None]]) -> bytes:
    changed = bytearray(content)
    for offset, written in changes:
        if written is None:
            del changed[offset:]
        changed += bytes(max(0, offset - len(changed)))
        if written:
            changed[offset : offset + len(written)] = written
    return bytes(changed)
