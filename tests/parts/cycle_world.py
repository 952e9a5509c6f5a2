"""A cluster, machines and archives in memory, on which whole cycles run: only lists are made up."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from unittest import mock

from qumulo_changelist.cluster.interface import Cluster
from qumulo_changelist.config.settings import Secret, Settings
from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.errors import (
    CommandFailedError,
    SnapshotMissingError,
    StateFileError,
    StatusError,
    UnreachableError,
)
from qumulo_changelist.events import Event
from qumulo_changelist.model import EntryStat, Kind, Snapshot, Totals
from qumulo_changelist.operations.lists.receipt import ListFacts, SnapshotFacts
from qumulo_changelist.operations.lists.request import ChangelistRequest
from qumulo_changelist.operations.lists.result import ChangelistResult, PublishedList
from qumulo_changelist.operations.project import adoption, commit, run, source_run, state
from qumulo_changelist.projects.project import Project, Source
from tests.parts.fake_cluster import UnusedCluster

SOURCE = "/projects/show1"
IDS = {"/": "2", SOURCE: "7", "/projects/other": "8"}
"""The file ids of directories."""
SETTINGS = Settings(("cluster",), 8000, "user", Secret("password"))
SECOND = 10**9

Tree = dict[str, int]
"""Files, and the version of each: no version of a file ever comes again."""


class Died(BaseException):
    """The process was killed: nothing that it does from now on has any effect."""


class Trouble(NamedTuple):
    """What goes wrong in the course of one operation."""

    kind: str
    """``killed``, ``unreachable`` (the cluster), or ``full`` (the disk of the state file)."""
    step: int
    """Each call of the cluster and each write to the journal has a step before, and one after."""


class MadeList(NamedTuple):
    """A list: what it names, and of which snapshots it is."""

    older: int | None
    newer: int
    entries: dict[str, int | None]
    """The version of each file that changed; None if it was deleted."""


class World:
    """Everything outside the code under test, and how it reaches that.

    Args:
        machines: the number of machines, each with a journal.
    """

    def __init__(self, machines: int) -> None:
        self._folder = tempfile.TemporaryDirectory(dir=_quick_folder())
        self.live: Tree = {}
        self.snapshots: dict[int, Snapshot] = {}
        self.trees: dict[int, Tree] = {}
        self.history: dict[int, Tree] = {}
        """The trees of all snapshots, also of those that are gone."""
        self.last_id = 0
        self.now = 1_800_000_000 * SECOND
        self.skew = 0
        """How far the clocks of the machines are ahead of the cluster's."""
        self.in_place: list[MadeList | None] = [None] * machines
        self.deleted: list[Snapshot] = []
        """What the code under test has deleted."""
        self.events: list[Event] = []
        self.unreadable: set[str] = set()
        self._trouble: Trouble | None = None
        self.steps = 0
        """The number of steps that the last operation took."""
        self._is_dead = False
        self.machine = 0
        self.has_archived: list[MadeList] = []
        """What the archiver, as a command, was given and has archived."""
        self.archiver_fails = False
        self.while_listing: Callable[[], object] | None = None
        """What happens once, while the next list is made."""

    def close(self) -> None:
        self._folder.cleanup()

    def state(self, machine: int) -> str:
        return str(Path(self._folder.name, f"state{machine}.sqlite"))

    def journal(self, machine: int) -> Journal:
        return Journal(self.state(machine))

    # The cluster, as others change it.

    def take(self, name: str, *, expires: int = 0, policy: str = "", source: str = SOURCE) -> int:
        self.last_id += 1
        number = self.last_id
        self.snapshots[number] = Snapshot(
            number, f"{number}_{name}", self.now, source,
            IDS[source], expires, policy, bool(policy),
        )  # fmt: skip
        self.trees[number] = self.history[number] = dict(self.live)
        return number

    def remove(self, number: int) -> None:
        del self.snapshots[number], self.trees[number]

    def lock(self, number: int, *, is_locked: bool = True) -> None:
        self.snapshots[number] = self.snapshots[number]._replace(is_locked=is_locked)

    # What goes wrong.

    def step(self, part: str) -> None:
        """Let trouble come, if it is time for it. ``part`` is ``cluster`` or ``journal``."""
        if self._is_dead:
            raise Died
        self.steps += 1
        trouble = self._trouble
        if not trouble or self.steps < trouble.step:
            return
        if trouble.kind == "killed":
            self._is_dead = True
            raise Died
        if trouble.kind == "unreachable" and part == "cluster":
            raise UnreachableError("the cluster cannot be reached")
        if trouble.kind == "full" and part == "journal":
            raise StateFileError("the disk is full")

    @contextlib.contextmanager
    def acting(self, machine: int, trouble: Trouble | None = None) -> Iterator[None]:
        """Let the code under test work on a machine, in this world."""
        self.machine, self._trouble, self.steps, self._is_dead = machine, trouble, 0, False
        self.events.clear()
        world = self

        class WatchedJournal(Journal):
            def __getattribute__(self, name: str) -> Any:
                found = super().__getattribute__(name)
                return world._watched(found) if name in ("add", "update", "commit") else found

        with contextlib.ExitStack() as stack:
            for module in (run, commit, adoption):
                stack.enter_context(mock.patch.object(module, "open_cluster", self._open))
            for target, name, value in (
                (run, "with_answering_host", lambda settings, _listener: settings),
                (state, "Journal", WatchedJournal),
                (source_run, "generate_changelist", self._generate),
                (source_run, "hand_over", self._hand_over),
            ):
                stack.enter_context(mock.patch.object(target, name, value))
            stack.enter_context(mock.patch("time.time_ns", self._clock))
            stack.enter_context(mock.patch("time.time", self._seconds))
            yield

    def _clock(self) -> int:
        self.now += SECOND
        return self.now + self.skew

    def _seconds(self) -> float:
        return self._clock() / SECOND

    def _watched(self, method: Any) -> Any:
        def call(*arguments: object, **named: object) -> object:
            self.step("journal")
            result = method(*arguments, **named)
            self.step("journal")
            return result

        return call

    @contextlib.contextmanager
    def _open(self, *_: object, **__: object) -> Iterator[Cluster]:
        yield _WorldCluster(self)

    def _generate(
        self, request: ChangelistRequest, _settings: Settings, _listener: object
    ) -> ChangelistResult:
        self.step("cluster")
        before = {} if request.older is None else self.trees.get(request.older)
        after = self.trees.get(request.newer)
        if before is None or after is None:
            raise SnapshotMissingError("a snapshot is gone")
        entries: dict[str, int | None] = {
            name: version for name, version in after.items() if before.get(name) != version
        }
        entries |= dict.fromkeys(before.keys() - after.keys())
        unreadable = self.unreadable & entries.keys()
        for name in unreadable:
            del entries[name]
        self.step("journal")
        self.in_place[self.machine] = MadeList(request.older, request.newer, entries)
        self.step("journal")
        meanwhile, self.while_listing = self.while_listing, None
        if meanwhile:
            meanwhile()
        totals = Totals(unreadable=len(unreadable))
        older = request.older and SnapshotFacts(request.older)
        receipt = SimpleNamespace(
            list_file=ListFacts("list", 0, "0"), older_snapshot=older, format="xml", filtered={}
        )
        made = PublishedList("list", "receipt", cast(Any, receipt), totals)
        return ChangelistResult((made,), None)

    def _hand_over(
        self, _command: Sequence[str], _values: Mapping[str, str], _listener: object
    ) -> None:
        self.step("cluster")
        if self.archiver_fails:
            raise CommandFailedError("the archiver failed")
        made = self.in_place[self.machine]
        assert made
        self.has_archived.append(made)
        self.step("cluster")


class _WorldCluster(UnusedCluster):
    def __init__(self, world: World) -> None:
        self._world = world

    def create_snapshot(self, name: str, path: str, expires: int = 0) -> Snapshot:
        self._world.step("cluster")
        number = self._world.take(name, expires=expires, source=path)
        self._world.step("cluster")
        return self._world.snapshots[number]

    def all_snapshots(self) -> list[Snapshot]:
        self._world.step("cluster")
        return list(self._world.snapshots.values())

    def delete_snapshot(self, number: int) -> None:
        world = self._world
        world.step("cluster")
        if number not in world.snapshots:
            raise SnapshotMissingError(f"no snapshot {number}")
        if world.snapshots[number].is_locked:
            raise StatusError("it is locked")
        world.deleted.append(world.snapshots[number])
        world.remove(number)
        world.step("cluster")

    def inspect_entry(self, reference: str, snapshot: int | None) -> EntryStat:
        self._world.step("cluster")
        assert snapshot is None
        return EntryStat(Kind.DIRECTORY, 512, 1, IDS[reference], reference)


def a_project(*paths: str, keep: int = 2, policy: str = "", full: bool = True) -> Project:
    sources = [Source(path=path, guid=f"g{path}".replace("/", "-")) for path in paths or [SOURCE]]
    return Project(name="show1", sources=tuple(sources), keep=keep, policy=policy, full=full)


def _quick_folder() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
