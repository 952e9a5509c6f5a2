"""What goes wrong in an hour: each kind of trouble, from its beginning to its end."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.fuzz.faults import ACTIONS, PATHS, STATUSES
from tests.soak.living import UNNAMEABLE

if TYPE_CHECKING:
    import random

    from tests.soak.grounds import Grounds, Plan

_BALLAST = "ballast"
_SHORT = 2
_READ = ("*/changes-since/*", "*/files/*")


class Trouble:
    """Nothing goes wrong: the run has to end with 0, and the archive has everything.

    Attributes:
        harm: how often something went wrong, by its kind.
    """

    kind = "none"
    is_forked = False
    """Whether the run has to be the command line."""
    is_harsh = False
    """Whether it can keep a list from its receipt."""

    def __init__(self, grounds: Grounds, plan: Plan, chance: random.Random) -> None:
        self.grounds, self.plan, self.chance = grounds, plan, chance
        self.harm: Counter[str] = Counter()
        self.kill_after = 0.0

    def prepare(self) -> None:
        """Do what precedes the last look at the share and at the cluster's snapshots."""

    def begin(self) -> None:
        """Do what precedes the run."""

    def meanwhile(self) -> None:
        """Do what happens a moment after the run has begun."""

    def end(self) -> None:
        """Mend everything, and count."""

    @property
    def passes(self) -> bool:
        """Whether it certainly passes by itself while the run tries again."""
        return False

    def count(self, times: int = 1) -> None:
        """Count how often something went wrong."""
        self.harm[self.kind] += times


class FailingRequests(Trouble):
    """Some requests to the cluster fail, in one way or in several."""

    kind = "failing requests"

    def begin(self) -> None:
        self._faults = [self._draw() for _ in range(self.chance.choice([1, 1, 2, 3]))]
        self._drawn = tuple(self._faults)
        for fault in self._faults:
            self.grounds.cluster.fault(**fault)

    def _draw(self) -> dict[str, Any]:
        chance = self.chance
        how = chance.choice([*STATUSES, *ACTIONS, "stall"])
        fault: dict[str, Any] = {
            "status" if isinstance(how, int) else "action": how,
            "path": chance.choice(PATHS),
            # Most of them pass; some last.
            "times": chance.choice([1, 1, 2, 3, 3, 40]),
            "skip": chance.choice([0, 0, 1, 2, 5, 20]),
        }
        if how in (429, 503) and chance.random() < 0.3:
            fault |= {"retry_after": 1, "times": 1}
        if chance.random() < 0.2:
            fault["node"] = chance.randrange(1, 4)
        return fault

    @property
    def passes(self) -> bool:
        """Whether it is a short one, of requests over REST that only read."""
        (first, *others) = self._drawn
        is_short = first["times"] <= _SHORT and first.get("action") != "stall"
        return self.plan.transport == "rest" and not others and is_short and first["path"] in _READ

    def meanwhile(self) -> None:
        if any(fault.get("action") == "stall" for fault in self._faults):
            self.end()

    def end(self) -> None:
        _, answer = self.grounds.cluster.request("GET", "/emulator/faults")
        left = [(_kind_of(one), one["times"]) for one in answer["entries"]]
        for fault in self._faults:
            times = fault["times"]
            same = next((one for one in left if one[0] == _kind_of(fault)), None)
            if same:
                left.remove(same)
                times -= same[1]
            self.harm[_kind_of(fault)] += times
        self._faults = []
        self.grounds.cluster.clear_faults()


def _kind_of(fault: dict[str, Any]) -> str:
    """Return the kind of a fault; those with `Retry-After` count apart."""
    if fault.get("action"):
        return str(fault["action"])
    after = ", Retry-After" if fault.get("retry_after") else ""
    return f"status {fault['status']}{after}"


class NodeGone(Trouble):
    """A node of the cluster does not answer; it comes back in the next hour."""

    kind = "node gone"

    def begin(self) -> None:
        self._number = self.chance.randrange(1, 4)
        self._is_late = self.chance.random() < 0.5
        if not self._is_late:
            self.grounds.cluster.change_node(self._number, alive=False)

    def meanwhile(self) -> None:
        if self._is_late:
            self.grounds.cluster.change_node(self._number, alive=False)

    def end(self) -> None:
        self.count()
        self.grounds.cluster.change_node(self._number, alive=True)


class SessionsEnded(Trouble):
    """All sessions end in the course of the run."""

    kind = "sessions ended"

    def meanwhile(self) -> None:
        _, ended = self.grounds.cluster.request("POST", "/emulator/expire-sessions")
        self.count(ended["expired"] > 0)


class Killed(Trouble):
    """SIGKILL at any moment."""

    kind = "killed"
    is_harsh = True
    is_forked = True

    def begin(self) -> None:
        longest = 2.0 if self.plan.transport == "qq" else 0.5
        self.kill_after = self.chance.uniform(0.005, longest)

    def end(self) -> None:
        self.count()
        self.grounds.fence()


class ArchiverFails(Trouble):
    """The archiver fails, or is killed, before or after it takes the list."""

    kind = "archiver fails"

    def begin(self) -> None:
        how = self.chance.choice(["exit 1", "exit 77", "kill -9 $$"])
        where = self.chance.choice(["before", "after"])
        self.grounds.set_fate(**{where: how})
        self.count(self.plan.archives)

    def end(self) -> None:
        self.grounds.set_fate()


class FolderFull(Trouble):
    """There is no room in the work folder, or next to none."""

    kind = "work folder full"
    is_harsh = True

    def begin(self) -> None:
        left = self.chance.choice([0, 4096, 12_288])
        with (self.grounds.work / _BALLAST).open("wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 - not what is tested
            file.truncate(max(0, file.tell() - left))

    def end(self) -> None:
        self.count()
        (self.grounds.work / _BALLAST).unlink()


class FolderReadOnly(Trouble):
    """The work folder cannot be written to."""

    kind = "work folder read-only"
    is_harsh = True

    def begin(self) -> None:
        self._remount("ro")

    def end(self) -> None:
        self.count()
        self._remount("rw")

    def _remount(self, how: str) -> None:
        command = ["mount", "-o", f"remount,{how}", str(self.grounds.work)]
        subprocess.run(command, check=True, capture_output=True)


class MountVanished(Trouble):
    """The mount is gone, before the run or in the course of it; an empty folder is there."""

    kind = "mount vanished"

    def begin(self) -> None:
        self._is_late = self.chance.random() < 0.5
        if not self._is_late:
            self.grounds.unbind()

    def meanwhile(self) -> None:
        if self._is_late:
            self.grounds.unbind()

    def end(self) -> None:
        self.count()
        self.grounds.bind()


class JournalLocked(Trouble):
    """Something else holds the file of what was committed, for a moment."""

    kind = "journal locked"

    def begin(self) -> None:
        self._file = sqlite3.connect(self.grounds.state, isolation_level=None)
        self._file.execute("BEGIN EXCLUSIVE")

    def meanwhile(self) -> None:
        self._file.execute("ROLLBACK")

    def end(self) -> None:
        with contextlib.suppress(sqlite3.OperationalError):
            self._file.execute("ROLLBACK")
        self.count()
        self._file.close()


class UnnameableFile(Trouble):
    """The share has a file that XML cannot name: the list is not committed by itself."""

    kind = "name for no XML"

    def prepare(self) -> None:
        path = os.path.join(os.fsencode(self.grounds.source), UNNAMEABLE)
        with open(path, "wb"):
            pass

    def end(self) -> None:
        self.count()
        os.unlink(os.path.join(os.fsencode(self.grounds.source), UNNAMEABLE))


class BaseDeleted(Trouble):
    """Somebody deletes the snapshot that the run is to begin from."""

    kind = "base deleted"

    def prepare(self) -> None:
        found = self.grounds.snapshots().values()
        marked = [one.marks for one in found if one.project == self.plan.name and one.marks]
        if marked:
            status, _ = self.grounds.cluster.request("DELETE", f"/v3/snapshots/{max(marked)}")
            self.count(status < 300)


ALWAYS = (
    *(FailingRequests,) * 8,
    *(NodeGone, SessionsEnded),
    *(Killed, Killed, ArchiverFails, ArchiverFails, JournalLocked, UnnameableFile, BaseDeleted),
)
WITH_MOUNTS = (FolderFull, FolderReadOnly)


def draw_trouble(grounds: Grounds, plan: Plan, chance: random.Random) -> Trouble:
    """Return what goes wrong in a run; in half of the runs, nothing does."""
    kinds: list[type[Trouble]] = [*ALWAYS]
    if grounds.is_mounted:
        kinds += WITH_MOUNTS
        if plan.metadata != "rest":
            kinds += [MountVanished, MountVanished]
    kind = Trouble if chance.random() < 0.5 else chance.choice(kinds)
    return kind(grounds, plan, chance)
