"""A directory that tests change and capture, and short forms of what the oracle expects of it."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from tests.oracle import Identity, Node, Restrictions, Tree, expected_diff, expected_entries

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.oracle import Entry

OLD = 1_700_000_000
NEW = 1_700_000_100
RUN = 1_700_000_200


class Share:
    """A directory to change and capture; paths below it are text or bytes."""

    def __init__(self, root: str) -> None:
        self.root = os.fsencode(root)

    def at(self, path: bytes | str) -> bytes:
        return os.path.join(self.root, path if isinstance(path, bytes) else path.encode())

    def write(self, *paths: bytes | str, size: int = 0, when: int = NEW) -> None:
        """Write files, and make the directories above them."""
        for path in paths:
            os.makedirs(os.path.dirname(self.at(path)), exist_ok=True)
            with open(self.at(path), "wb") as file:
                file.write(b"x" * size)
            self.touch(path, when)

    def touch(self, path: bytes | str, when: int, atime: int | None = None) -> None:
        accessed = when if atime is None else atime
        os.utime(self.at(path), (accessed, when), follow_symlinks=False)

    def make_folder(self, path: bytes | str) -> None:
        os.makedirs(self.at(path))

    def move(self, old: bytes | str, new: bytes | str) -> None:
        os.rename(self.at(old), self.at(new))

    def delete(self, path: bytes | str) -> None:
        if os.path.isdir(self.at(path)) and not os.path.islink(self.at(path)):
            shutil.rmtree(self.at(path))
        else:
            os.unlink(self.at(path))

    def replace_folder(self, path: bytes | str, *files: bytes | str) -> None:
        """Replace a directory by a new one with some files, certainly with another inode."""
        beside = self.at(path) + b" replacement"
        self.make_folder(beside)
        self.delete(path)
        self.move(beside, path)
        self.write(*(os.path.join(self.at(path), os.fsencode(file)) for file in files))


def lines(
    before: Tree,
    after: Tree,
    base: bytes | str = "/proj",
    *,
    deletes: bool = True,
    source: bytes | str = "/proj",
    unreadable: Collection[bytes] = (),
) -> list[str]:
    """The expected entries, each as `element type name`."""
    return in_words(
        expected_entries(
            before,
            after,
            source=source,
            base=base,
            deletes=deletes,
            newer_restrictions=Restrictions(unreadable=unreadable),
        )
    )


def in_words(entries: list[Entry]) -> list[str]:
    return [f"{entry.element} {entry.type} {entry.name}" for entry in entries]


def diff_lines(before: Tree, after: Tree) -> list[tuple[str, str]]:
    """The expected diff of `/proj`, in order."""
    return sorted(expected_diff(before, after, "/proj"))


def file(identity: int) -> Node:
    return Node("file", Identity(given=identity))


def folder(identity: int) -> Node:
    return Node("dir", Identity(given=identity))


def two_trees(older: dict[bytes, Node], newer: dict[bytes, Node]) -> tuple[Tree, Tree]:
    """Two states of one root."""
    return Tree({b"": folder(0), **older}), Tree({b"": folder(0), **newer})
