"""What a thread does on a mount: it looks up names of a directory, or lists a directory."""

import os
import time
from collections.abc import Callable
from itertools import islice

from qumulo_changelist.machine.shortages import is_shortage
from qumulo_changelist.names import parent_of
from qumulo_changelist.trees.interface import Subtree
from qumulo_changelist.trees.open_directories import OpenDirectories, is_stale
from qumulo_changelist.trees.posix import (
    NO_STATUS,
    Failure,
    StatusColumns,
    as_components,
    name_of,
)

LIST_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW

# A listing asks after each such number of names whether there is room for more.
_NAMES_BETWEEN_CHECKS = 1024

# The number of statuses that become columns together.
_STATUSES_TO_COLUMNS = 64

HasRoom = Callable[["Listing", int], bool]
"""Whether there is room for the names of a listing, after this number of further ones."""


class Answers:
    """What a mount answered for names, in their order."""

    def __init__(self) -> None:
        self.statuses = StatusColumns.empty()
        self.failures: dict[int, Failure] = {}
        """The names without a status, by their number."""

    def fail(self, failure: Failure, names: int) -> None:
        """Add the same failure for a number of names."""
        first = len(self.statuses.modes)
        self.failures.update(dict.fromkeys(range(first, first + names), failure))
        self.statuses.add([NO_STATUS] * names)

    def add(self, other: "Answers") -> None:
        """Add the answers for further names."""
        first = len(self.statuses.modes)
        self.failures.update({first + number: one for number, one in other.failures.items()})
        self.statuses.add_rows(other.statuses)


class NamedLookup:
    """Names of one directory that are looked up.

    Args:
        names: one or more.
    """

    def __init__(self, names: list[str]) -> None:
        self.names = names
        self.directory = parent_of(names[0])
        start = len(self.directory)
        self.below = [name[start:] for name in names]
        """The names without the directory."""
        self.components = as_components(self.below)
        self.size = len(names)
        self._taken = 0
        self._parts: list[NamedPart] = []

    @property
    def is_done(self) -> bool:
        """Whether all names have been looked up, once the window is over."""
        return self._taken == self.size

    def take_answers(self) -> Answers:
        """Return what the mount answered, once, after the window."""
        # Each part refers to this lookup: the parts would stay in memory until the next collection.
        parts, self._parts = self._parts, []
        answers = parts[0].answers
        for part in parts[1:]:
            answers.add(part.answers)
        return answers

    def take(self, limit: int) -> "NamedPart | None":
        """Return a part that no thread has taken; None if all have been."""
        begin, self._taken = self._taken, min(self._taken + limit, self.size)
        if begin == self._taken:
            return None
        self._parts.append(NamedPart(self, begin, self._taken))
        return self._parts[-1]


class NamedPart:
    """Some of the names of a lookup, for one thread."""

    def __init__(self, lookup: NamedLookup, begin: int, end: int) -> None:
        self._lookup, self._begin, self._end = lookup, begin, end
        self.size = end - begin
        self.answers = Answers()
        self._latest: list[os.stat_result] = []
        """Those that are not in the answers yet."""
        self._finished = 0

    def look(self, directories: OpenDirectories, _has_room: HasRoom) -> float:
        """Look the names up; return the seconds that the mount took for them.

        Raises:
            OSError: this machine lacks something.
        """
        lookup, self.answers = self._lookup, Answers()
        self._latest, self._finished = [], 0
        began = time.perf_counter()
        try:
            parent = directories.lease(lookup.directory)
        except (OSError, ValueError) as error:
            if is_shortage(error):
                raise
            self.answers.fail(error, self.size)
            return time.perf_counter() - began
        try:
            began = time.perf_counter()
            if lookup.names == ["/"]:
                self._look_at_root(parent.descriptor)
            else:
                self._look_below(directories, parent.descriptor)
            return time.perf_counter() - began
        finally:
            directories.release(parent)

    def _look_at_root(self, descriptor: int) -> None:
        try:
            try:
                status = os.fstat(descriptor)
            except OSError as error:
                if not is_stale(error):
                    raise
                status = os.fstat(descriptor)
        except OSError as error:
            if is_shortage(error):
                raise
            self.answers.fail(error, 1)
        else:
            self.answers.statuses.add([status])

    def _look_below(self, directories: OpenDirectories, descriptor: int) -> None:
        # A part at a time becomes columns while it is in the processor's cache.
        components, stat = self._lookup.components, os.stat
        for begin in range(self._begin, self._end, _STATUSES_TO_COLUMNS):
            end = min(begin + _STATUSES_TO_COLUMNS, self._end)
            statuses: list[os.stat_result] = []
            self._latest = statuses
            add = statuses.append
            for component in components[begin:end]:
                try:
                    add(stat(component, dir_fd=descriptor, follow_symlinks=False))
                except (OSError, ValueError) as error:
                    found = self._look_again(directories, component, error)
                    if not isinstance(found, os.stat_result):
                        self.answers.failures[begin - self._begin + len(statuses)] = found
                    add(found if isinstance(found, os.stat_result) else NO_STATUS)
            self.answers.statuses.add(statuses)
            self._latest, self._finished = [], self._finished + len(statuses)

    def _look_again(
        self, directories: OpenDirectories, component: bytes, failure: Failure
    ) -> os.stat_result | Failure:
        """Return what a second try leads to if the first one was stale; else, why it failed."""
        if is_shortage(failure):
            raise failure
        if not is_stale(failure):
            return failure
        try:
            with directories.reopened(self._lookup.directory) as parent:
                return os.stat(component, dir_fd=parent, follow_symlinks=False)
        except OSError as error:
            if is_shortage(error):
                raise
            return error

    @property
    def progress(self) -> int:
        """The number of names so far."""
        return self._finished + len(self._latest)

    @property
    def position(self) -> str:
        """The name that is being read."""
        return self._lookup.names[min(self._begin + self.progress, self._end - 1)]


class Listing:
    """A directory that is listed.

    Args:
        directory: its name.
        subtree: what the walk that lists it reads.
    """

    def __init__(self, directory: str, subtree: Subtree) -> None:
        self.directory = directory
        self.subtree = subtree
        self.is_top = directory == subtree.directory
        """Whether the walk begins with it."""
        self.is_wanted = subtree.bounds.includes(directory)
        """Whether the walk is about the directory itself, too, and not only about what is in it."""
        self.names: list[str] | None = None
        """The names in it that the walk is about, in descending order; None if it is not listed
        yet, or cannot be."""
        self.status: os.stat_result | Failure | None = None
        """That of the directory if a walk begins with it; or why it cannot be listed."""
        self.size = 1
        """The number of names that its own place in a list takes, like that of a lookup."""
        self._is_taken = False
        self._seconds = 0.0
        self._found: list[str] = []
        self._listed = 0

    def take(self, _limit: int) -> "Listing | None":
        """Return this listing for the first thread that asks for it, and None for the others."""
        self._is_taken = not self._is_taken
        return self if self._is_taken else None

    def look(self, directories: OpenDirectories, has_room: HasRoom) -> float:
        """List the directory, unless there is no room for its names.

        Returns:
            The seconds that the mount took for the first answer.

        Raises:
            OSError: this machine lacks something.
        """
        began = time.perf_counter()
        self._seconds = 0.0
        try:
            try:
                with directories.opened(self.directory) as parent:
                    self._list(parent, has_room)
            except OSError as error:
                if not is_stale(error):
                    raise
                with directories.reopened(self.directory) as parent:
                    self._list(parent, has_room)
        except (OSError, ValueError) as error:
            if is_shortage(error):
                raise
            self.status, self.names = error, None
        return self._seconds or time.perf_counter() - began

    def _list(self, parent: int, has_room: HasRoom) -> None:
        self._found = []
        began = time.perf_counter()
        descriptor = os.open(b".", LIST_FLAGS, dir_fd=parent)
        self._seconds = time.perf_counter() - began
        try:
            if self._read(descriptor, has_room):
                # No walk describes the top, and it alone shows that an entry is gone.
                self.status = os.fstat(descriptor) if self.is_top else None
                names = sorted(filter(None, self._found), reverse=True)
                self.names = self.subtree.bounds.select(names)
        finally:
            os.close(descriptor)
            self._found = []

    def _read(self, descriptor: int, has_room: HasRoom) -> bool:
        """Read all names; return False if there is no room for them."""
        known = self.subtree.known
        if known and known.directory == self.directory:
            self._found = known.names
            return has_room(self, len(known.names))
        with os.scandir(descriptor) as entries:
            while some := list(islice(entries, _NAMES_BETWEEN_CHECKS)):
                self._found += [name_of(self.directory, entry) for entry in some]
                self._listed = len(self._found)
                if not has_room(self, len(some)):
                    return False
        return True

    @property
    def is_done(self) -> bool:
        """Whether it is known what is in the directory, or why that cannot be known."""
        return self.names is not None or self.status is not None

    @property
    def progress(self) -> int:
        """The number of names so far."""
        return self._listed

    @property
    def position(self) -> str:
        """The name that is being read."""
        return self.directory


Lookup = NamedLookup | Listing
Part = NamedPart | Listing
"""What one thread does at a time."""
