"""Reading a mount in the order of a list, and ahead of it: many names and directories together."""

from collections import deque
from collections.abc import Iterable, Iterator

from qumulo_changelist.trees.interface import NamedEntries, Subtree, TreeRequest
from qumulo_changelist.trees.lookup import Listing, NamedLookup
from qumulo_changelist.trees.lookup_window import LookupWindow, Mount

# The number of files of a walk that are looked up together: a directory can have more than fit in
# memory.
_MAX_FILES = 4096
# The number of names in a window: enough that it costs little to begin and end it.
_NAMES_IN_A_WINDOW = 1024
_NAMES_FOR_A_THREAD = 64
# The number of names that listings hold ahead of their place.
_MAX_LISTED = 100_000
# The number of names in a directory, as long as none has been listed; and how much the newest
# listing counts in the mean of all.
_USUAL_LISTING = 32
_WEIGHT_OF_NEWEST = 0.2


class AnswerEnd:
    """The end of the answer to a request."""

    is_done = True
    size = 0


class SkippedDirectory:
    """A directory that is not read, since filters exclude it."""

    def __init__(self, directory: str) -> None:
        self.directory = directory

    is_done = True
    size = 0


Step = NamedLookup | Listing | SkippedDirectory | AnswerEnd
"""What a mount is asked, or has answered."""


class ReadAhead:
    """Yields in order what a mount answers to requests, and an end after each answer.

    The answer to ``NamedEntries`` is one lookup. The answer to a ``Subtree`` is the listing of the
    directory, lookups of everything in it, the listings of directories that cannot be listed, and
    directories that are skipped. What is held ahead of its place does not grow with the tree.

    Args:
        mount: what to read.
        requests: the requests.
    """

    def __init__(self, mount: Mount, requests: Iterable[TreeRequest]) -> None:
        self._mount = mount
        self._steps: list[Step | _Level] = [_Level(_steps_for(requests))]
        """What is to be read, or has been read ahead of its place; the next one is last."""
        self._held = 0
        """The number of names that have been looked up ahead of their place."""
        self._listed = 0
        """The number of names that have been listed ahead of their place."""
        self._mean_listing: float = _USUAL_LISTING

    def __iter__(self) -> Iterator[Step]:
        while window := self._next_window():
            lookups = [step for step in window if isinstance(step, NamedLookup | Listing)]
            self._read([step for step in lookups if not step.is_done])
            steps: deque[Step | _Level] = deque()
            for step in window:
                steps += self._with_what_follows(step, is_ahead=step is not window[0])
            while steps and not isinstance(first := steps[0], _Level) and first.is_done:
                del steps[0]
                yield first
            self._held += sum(step.size for step in steps if step.is_done)
            self._steps += reversed(steps)

    def _next_window(self) -> list[Step]:
        """Take the next steps, at least one that is to be read unless there is none."""
        room = max(_NAMES_IN_A_WINDOW, _NAMES_FOR_A_THREAD * self._mount.lookups_at_once)
        room -= self._held
        window: list[Step] = []
        names = 0.0
        while (names < room or not names) and (step := self._next_step()):
            if step.is_done:
                self._held -= step.size
            elif isinstance(step, NamedLookup):
                names += step.size
            elif names and self._listed >= _MAX_LISTED:
                self._steps.append(step)
                break
            else:
                names += self._mean_listing + 1
            window.append(step)
        return window

    def _next_step(self) -> Step | None:
        while self._steps:
            step = self._steps.pop()
            if not isinstance(step, _Level):
                return step
            below = next(step.steps, None)
            if below:
                self._steps.append(step)
            passed = step.ahead if below is None else min(step.ahead, below.size)
            step.ahead -= passed
            self._listed -= passed
            if below:
                return below
        return None

    def _read(self, lookups: list[NamedLookup | Listing]) -> None:
        if lookups:
            LookupWindow(self._mount, lookups, _MAX_LISTED - self._listed).run()

    def _with_what_follows(self, step: Step, *, is_ahead: bool) -> "Iterator[Step | _Level]":
        """Yield a step, if it is part of an answer, and what follows from what it found."""
        if not isinstance(step, Listing):
            yield step
            return
        if step.status is not None or not step.is_done:
            yield step
        names, step.names = step.names, None  # perhaps it is read again here before its place
        if names is not None:
            found = len(names)
            self._mean_listing += (found - self._mean_listing) * _WEIGHT_OF_NEWEST
            level = _Level(_steps_below(names, step.subtree), found if is_ahead else 0)
            self._listed += level.ahead
            yield level
            if step.is_wanted and not step.is_top:
                yield NamedLookup([step.directory])


class _Level:
    """The steps that follow from one listing, or from the requests."""

    def __init__(self, steps: Iterator[Step], ahead: int = 0) -> None:
        self.steps = steps
        self.ahead = ahead
        """The number of names in it that count as listed ahead of their place."""

    is_done = False
    size = 0


def _steps_for(requests: Iterable[TreeRequest]) -> Iterator[Step]:
    for request in requests:
        if isinstance(request, NamedEntries):
            yield NamedLookup(request.names)
        else:
            yield Listing(request.directory, request)
        yield AnswerEnd()


def _steps_below(names: list[str], subtree: Subtree) -> Iterator[Step]:
    """Yield the steps for what is in a directory, whose names are in descending order."""
    begin = 0
    while begin < len(names):
        end = begin
        last = min(begin + _MAX_FILES, len(names))
        while end < last and names[end][-1] != "/":
            end += 1
        if end > begin:
            yield NamedLookup(names[begin:end])
        else:
            directory = names[end]
            if not subtree.filters.excludes(directory):
                yield Listing(directory, subtree)
            elif subtree.bounds.includes(directory):
                yield SkippedDirectory(directory)
            end += 1
        begin = end
