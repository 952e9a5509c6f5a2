"""The set of pieces that a run keeps by itself: copies, for a run after it, once it takes long.

The run does not depend on it. Workers copy pieces as long as the set has a file named ``open``.
"""

import contextlib
import os
import time

from qumulo_changelist.events import KeepingStopped, Listener
from qumulo_changelist.machine.shortages import check_shortage
from qumulo_changelist.operations.lists.keeping.folder import (
    KeptFolder,
    NoRoomError,
    describe_problem,
)
from qumulo_changelist.operations.lists.keeping.piece_sets import (
    PieceSet,
    make_set,
    name_set,
    take_set,
)
from qumulo_changelist.operations.lists.keeping.set_facts import Snapshots
from qumulo_changelist.runners.piece_keeper import OPEN

SECONDS_BEFORE_KEEPING = 10
"""How long a run takes before it keeps anything: what is done sooner, the next one does sooner."""

_SECONDS_BETWEEN_LOOKS = 2


class PieceCopies:
    """The set of one run; it never fails the run.

    Args:
        folder: where it is.
        fingerprint: stands for all that the pieces depend on.
        snapshots: those of the list.
        stack: gives up the set at the end.
        listener: receives the events of the run.
    """

    def __init__(
        self,
        folder: KeptFolder,
        fingerprint: bytes,
        snapshots: Snapshots,
        stack: contextlib.ExitStack,
        listener: Listener,
    ) -> None:
        self._folder, self._snapshots = folder, snapshots
        self._stack, self._listener = stack, listener
        self._next_look = time.monotonic() + SECONDS_BEFORE_KEEPING
        path = os.path.join(folder.path, name_set(fingerprint))
        self.used = PieceSet(path, int(time.time()), lasts=True)
        """It may be that its folder is not made yet."""
        self._is_made = False
        self._keeps = True
        try:
            if folder.is_usable and (taken := take_set(folder.path, fingerprint, stack, listener)):
                self.used, self._is_made, self._next_look = taken, True, 0.0
        except OSError as error:
            self._stop(error)
        self.look("")

    def look(self, problem: str) -> None:
        """Begin to keep pieces when it is time, and end it when there is no room.

        Args:
            problem: why a piece could not be kept; "" if none is known.
        """
        if not self._keeps:
            return
        if problem:
            self._stop(NoRoomError(problem))
        elif time.monotonic() >= self._next_look:
            try:
                self._folder.take_room(0)
                self._open()
            except (OSError, NoRoomError) as error:
                self._stop(error)
            self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS

    def _open(self) -> None:
        folder, name = os.path.split(self.used.path)
        if not self._is_made:
            made = make_set(
                *(folder, name, self.used.run_time, self._snapshots),
                *(self._stack, self._listener),
                lasts=True,
            )
            self._is_made, self._keeps = True, made.lasts
        if self._keeps:
            flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            os.close(os.open(os.path.join(self.used.path, OPEN), flags, 0o600))

    def _stop(self, error: OSError | NoRoomError) -> None:
        check_shortage(error)
        self._keeps = False
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(self.used.path, OPEN))
        self._listener(KeepingStopped(self.used.path, describe_problem(error)))
