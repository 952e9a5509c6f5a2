"""What an event does to the tree, as values. Paths are relative to the cluster's root."""

from typing import NamedTuple


class MakeFile(NamedTuple):
    """A file is written, or written again, with the folders above it.

    `size` is in bytes; `age` is how many seconds ago it was modified last.
    """

    path: str
    size: int
    age: int = 0


class Rename(NamedTuple):
    """A file or folder gets a different path, and the folders above that."""

    old: str
    new: str


class Delete(NamedTuple):
    """A file, or a folder with everything in it, is deleted."""

    path: str


Step = MakeFile | Rename | Delete


class Event(NamedTuple):
    """Something that happens in the company, in words, and what it does to the tree."""

    words: str
    steps: tuple[Step, ...]
