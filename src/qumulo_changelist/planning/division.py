"""Dividing a directory into parts of nearly equal weight. Pure.

Entries come in the order of the stream, and parts are filled one after the other: a part is closed
before it would become too heavy, and a directory that is too heavy for one part is entered. So two
neighbours together are nearly always heavier than one part may be, and no part is twice as heavy
as the mean.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from qumulo_changelist.changes.marks import Mark
from qumulo_changelist.names import is_directory
from qumulo_changelist.trees.interface import KnownListing

# Sorts after the name of a directory, and before everything that is in it.
_AFTER_ITSELF = "\0"

# A part that weighs this share of its greatest weight need not wait for more.
_FULL = 0.75


class Child(NamedTuple):
    """An entry of a directory that is divided."""

    name: str
    weight: int
    """The number of entries at and below it, in all trees together."""
    newer: str = ""
    """What was read of it in the newer tree; "" if nothing was."""
    older: str = ""
    """Likewise in the older tree."""


class Known(NamedTuple):
    """What is known of a directory between two marks."""

    newer: KnownListing | None = None
    older: KnownListing | None = None


class Knowledge(Protocol):
    """What is known of a directory that was listed."""

    entries: int
    """The number of entries that it has."""

    def of(self, children: list[Child]) -> Known:
        """Return what is known of some of them, given in descending order of names."""


class Contents(NamedTuple):
    """What is in a directory that is divided."""

    children: Iterator[Child]
    """In descending order of names."""
    knowledge: Knowledge | None = None
    """None if it was not listed: who works on a part of the directory lists it."""


def divide(top: str, contents_of: Callable[[str], Contents | None], size: int) -> Iterator[Mark]:
    """Yield where a directory is cut, in descending order; the last mark is the directory itself.

    Args:
        top: its name.
        contents_of: returns what is in a directory that is heavier than a part; None if it cannot
            be divided.
        size: what a part weighs at most, as far as it can be divided.
    """
    contents = contents_of(top)
    if not contents:
        return
    part = _Part(top, contents)
    while level := part.level:
        child = next(level.children, None)
        if child is None:
            part.leave()
            continue
        below = None
        if child.weight > size and is_directory(child.name):
            if part.weight >= size * _FULL:
                # It can take long to read what is in the directory, and there is work until then.
                yield part.close(child.name)
            below = contents_of(child.name)
        if below:
            part.enter(child, below)
            continue
        if part.weight and part.weight + child.weight > size:
            yield part.close(child.name)
        part.take(child)
    yield part.close("")


class _Level:
    """A directory that is being divided: its entries, as far as the part has something of them."""

    def __init__(self, directory: str, contents: Contents) -> None:
        self.directory = directory
        self.children, self.knowledge = contents
        self.taken: list[Child] = []
        self.entered: list[Child] = []
        """The directory in this one that is being divided, if any."""
        self._waiting: list[Child] = []
        """Directories of earlier parts whose own place in a list comes after those parts."""

    @property
    def known(self) -> Known:
        """What is known of the directory, as far as the part has something of it."""
        assert self.knowledge
        return self.knowledge.of(self._waiting + self.taken + self.entered)

    def end_part(self, mark: str) -> None:
        """Begin another part after a mark."""
        seen = self._waiting + self.taken
        self._waiting = [child for child in seen if _is_after(child.name, mark)]
        self.taken = []


class _Part:
    """The part that is being filled, and the position in all directories that are divided."""

    def __init__(self, top: str, contents: Contents) -> None:
        self.weight = 0
        self._top = top
        self._levels = [_Level(top, contents)]
        self._left: list[_Level] = []
        """Directories that ended in this part."""
        self._last = ""
        """The last entry of the part."""

    @property
    def level(self) -> _Level | None:
        """The directory whose entries come next; None at the end."""
        return self._levels[-1] if self._levels else None

    def take(self, child: Child) -> None:
        """Add an entry, and everything below it."""
        self._levels[-1].taken.append(child)
        self.weight += child.weight
        self._last = child.name

    def enter(self, child: Child, contents: Contents) -> None:
        """Go on with what is in a directory."""
        self._levels[-1].entered = [child]
        self._levels.append(_Level(child.name, contents))

    def leave(self) -> None:
        """Go on after a directory, which belongs to the same part as its last entries."""
        ended = self._levels.pop()
        self._left.append(ended)
        if self._levels:
            self._levels[-1].taken += self._levels[-1].entered
            self._levels[-1].entered = []
        self.weight += 1
        self._last = ended.directory

    def close(self, following: str) -> Mark:
        """Return the end of the part, and begin another one.

        Args:
            following: the first entry after it; "" at the end.
        """
        mark = _cut_between(self._last, following) if following else self._top
        levels = self._levels + self._left
        widest = max(
            (level for level in levels if level.knowledge),
            key=lambda level: level.knowledge.entries if level.knowledge else 0,
            default=None,
        )
        made = Mark(mark, self.weight, *(widest.known if widest else Known()))
        for level in self._levels:
            level.end_part(mark)
        self._left = []
        self.weight = 0
        return made


def _cut_between(name: str, following: str) -> str:
    """Return where a list is cut between two neighbours of the stream.

    In a list, a directory comes after names that begin with its name. As a rule there are none, and
    it stays together with what is in it.
    """
    if is_directory(name):
        return name + _AFTER_ITSELF if following.startswith(name[:-1]) else name[:-1]
    return name


def _is_after(name: str, mark: str) -> bool:
    """Return whether a directory has its own place in a list after a mark."""
    return is_directory(name) and name[:-1] < mark
