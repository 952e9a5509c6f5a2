"""Lookups that are made together, by as many threads as the answer time of the mount asks for.

Nobody computes meanwhile: a thread that returns from the kernel needs Python's lock, and one that
computes gives it away only every five milliseconds (``sys.setswitchinterval``). So the caller waits
for a whole window, and then works on its answers while no lookup is under way.
"""

import threading
from collections import deque
from collections.abc import Iterable
from queue import SimpleQueue

from qumulo_changelist.machine.shortages import is_shortage
from qumulo_changelist.trees import open_directories
from qumulo_changelist.trees.answer_time import AnswerTime
from qumulo_changelist.trees.lookup import HasRoom, Listing, Lookup, Part
from qumulo_changelist.trees.lookups import LookupThreads
from qumulo_changelist.trees.open_directories import OpenDirectories, retry_on_shortage

# The number of names that a thread takes at a time: alone, and beside others.
_NAMES_ALONE = 1024
_NAMES_BESIDE_OTHERS = 4


class Mount:
    """What lookups on one mount have in common.

    Args:
        path: that of the tree's root.
        directories: the directories of the tree.
        threads: the threads for it.
        max_lookups: the greatest number of lookups at once.
    """

    def __init__(
        self, path: str, directories: OpenDirectories, threads: LookupThreads, max_lookups: int
    ) -> None:
        self.path = path
        self.directories = directories
        self.threads = threads
        self.answer_time = AnswerTime()
        self._max_lookups = max_lookups

    @property
    def lookups_at_once(self) -> int:
        """The number of lookups at once that the mount asks for and this process allows."""
        wanted = self.answer_time.lookups_at_once()
        return min(wanted, self._max_lookups, open_directories.max_threads())


class LookupWindow:
    """A number of lookups that are made together; it is a ``Job``.

    Args:
        mount: where.
        lookups: what, in order.
        max_names: the number of names after which all listings but the first lookup are left
            undone.
    """

    def __init__(self, mount: Mount, lookups: Iterable[Lookup], max_names: int = 0) -> None:
        self.ended: SimpleQueue[None] = SimpleQueue()
        self._mount = mount
        self._waiting = deque(lookups)
        self._first = self._waiting[0]
        self._max_names = max_names
        self._returned: list[Part] = []
        """Parts that a thread could not do."""
        self._turns: set[_Turn] = set()
        """What threads do at the moment."""
        self._lock = threading.Lock()
        """Held while anything here is changed."""
        self._names_listed = self._finished = 0
        self._prepare()

    def _prepare(self) -> None:
        """Prepare for a first thread, which begins alone and with one name."""
        self._names_at_a_time = 1
        self._has_helpers = self._is_stopped = self._has_ended = False
        self._error: BaseException | None = None

    def run(self) -> None:
        """Make all lookups.

        Raises:
            MountTimeoutError: the mount does not answer.
            ResourceError: this machine lacks something.
        """
        try:
            while self._waiting or self._returned:
                retry_on_shortage(self._run)
        except BaseException:
            self._is_stopped = True  # each thread ends the call that it is in, and makes no other
            raise

    def _run(self) -> None:
        """Make lookups until all are made, or this machine lacks something after some of them."""
        finished = self._finished
        self._prepare()
        self._mount.threads.start(self)
        self._mount.threads.wait_for(self)
        if self._error:
            if not is_shortage(self._error) or self._finished == finished:
                raise self._error
            open_directories.use_less()

    def work(self) -> None:
        """Make lookups, until all are made or one shows a shortage; see ``Job``."""
        while turn := self._next_turn():
            error: BaseException | None = None
            try:
                turn.look(self._mount.directories, self._has_room)
            except BaseException as raised:  # noqa: BLE001  # the caller gets it
                error = raised
            self._finish(turn, error)
            if turn.finished and not self._has_helpers:
                self._adapt(turn)

    def progress(self) -> int:
        """Return a number that grows with each answer of the mount; see ``Job``."""
        with self._lock:
            return self._finished + sum(turn.progress() for turn in self._turns)

    def position(self) -> str:
        """Return the path of a lookup that waits for its answer; see ``Job``."""
        with self._lock:
            names = [part.position for turn in self._turns for part in turn.parts[-1:]]
        return self._mount.path + (names[0] if names else "")

    def _next_turn(self) -> "_Turn | None":
        """Return what a thread should do next; None if there is nothing left to do."""
        parts: list[Part] = []
        with self._lock:
            missing = self._names_at_a_time
            while missing > 0 and not self._is_stopped and (self._returned or self._waiting):
                part = self._returned.pop() if self._returned else self._waiting[0].take(missing)
                if part:
                    parts.append(part)
                    missing -= part.size
                else:
                    self._waiting.popleft()
            if parts:
                parts.reverse()
                turn = _Turn(parts)
                self._turns.add(turn)
                return turn
            if not self._turns and not self._has_ended:
                self._has_ended = True
                self.ended.put(None)
            return None

    def _finish(self, turn: "_Turn", error: BaseException | None) -> None:
        with self._lock:
            self._turns.remove(turn)
            self._finished += turn.finished
            self._returned += turn.parts
            if error:
                self._error, self._is_stopped = error, True

    def _adapt(self, turn: "_Turn") -> None:
        """Add threads if the mount took long in a turn, during which no other was under way."""
        mount = self._mount
        mount.answer_time.add(turn.seconds / turn.finished, turn.finished)
        left = sum(lookup.size for lookup in self._waiting)
        at_once = min(mount.lookups_at_once, left)
        if at_once > 1:
            self._has_helpers = True
            self._names_at_a_time = max(min(left // at_once, _NAMES_BESIDE_OTHERS), 1)
            mount.threads.add_helpers(self, at_once - 1)
        elif mount.answer_time.is_known:
            self._names_at_a_time = _NAMES_ALONE

    def _has_room(self, listing: Listing, names: int) -> bool:
        with self._lock:
            self._names_listed += names
            return listing is self._first or self._names_listed <= self._max_names


class _Turn:
    """What one thread does at a time.

    Args:
        parts: the parts of lookups; the first one is last.
    """

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        """Those that are not finished."""
        self.finished = 0
        """The number of names that are finished."""
        self.seconds = 0.0
        """How long the mount took for them."""

    def look(self, directories: OpenDirectories, has_room: HasRoom) -> None:
        """Make the lookups."""
        while self.parts:
            self.seconds += self.parts[-1].look(directories, has_room)
            self.finished += self.parts.pop().size

    def progress(self) -> int:
        """Return a number that grows with each answer of the mount."""
        return self.finished + sum(part.progress for part in self.parts[-1:])
