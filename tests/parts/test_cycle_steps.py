"""The cycle, one case at a time, on a cluster in memory: what is committed, and what remains."""

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.cycle.snapshot_names import parse_any_name
from qumulo_changelist.errors import (
    SnapshotMissingError,
    StateFileError,
    UncommittableError,
    UnreachableError,
    UsageError,
)
from qumulo_changelist.events import Event, FiltersWidened
from qumulo_changelist.filters.filters import Filters
from qumulo_changelist.operations.project.adoption import adopt_project
from qumulo_changelist.operations.project.beginning import Plan
from qumulo_changelist.operations.project.commit import CommitRequest, CommitResult, commit_project
from qumulo_changelist.operations.project.run import RunRequest, plan_project, run_project
from qumulo_changelist.operations.project.source_run import SourceRun
from qumulo_changelist.projects.project import ListOptions, Project
from qumulo_changelist.runners.scheduler import Scheduler
from tests.parts.cycle_world import (
    SETTINGS,
    SOURCE,
    Died,
    Trouble,
    World,
    a_project,
)

ARCHIVE = ("true", "{list}")


class Site:
    """A world whose archive is a mirror: it has what the lists it was given say."""

    def __init__(self, project: Project) -> None:
        self.world = World(2)
        self.project = project
        self.archive: dict[str, int] = {}

    def run(
        self,
        *command: str,
        machine: int = 0,
        commit: bool = False,
        trouble: Trouble | None = None,
    ) -> list[SourceRun]:
        request = RunRequest(
            project=self.project,
            command=command,
            commit=commit,
            state=self.world.state(machine),
        )
        try:
            with self.world.acting(machine, trouble):
                return run_project(request, SETTINGS).sources
        finally:
            for made in self.world.has_archived:
                self.apply(made.entries)
            self.world.has_archived.clear()

    def apply(self, entries: dict[str, int | None]) -> None:
        for name, version in entries.items():
            if version is None:
                self.archive.pop(name, None)
            else:
                self.archive[name] = version

    def commit(
        self, snapshot: int | None = None, *, machine: int = 0, trouble: Trouble | None = None
    ) -> CommitResult:
        request = CommitRequest(
            project="show1",
            snapshot=snapshot,
            keep=self.project.keep,
            state=self.world.state(machine),
        )
        with self.world.acting(machine, trouble):
            return commit_project(request, SETTINGS)

    def adopt(self, *, machine: int = 0) -> list[int]:
        with self.world.acting(machine):
            state = self.world.state(machine)
            return [one.snapshot for one in adopt_project(self.project, SETTINGS, state=state)]

    def plan(self) -> Plan:
        with self.world.acting(0):
            (plan,) = plan_project(
                RunRequest(project=self.project, state=self.world.state(0)), SETTINGS
            )
        return plan

    def known(self, machine: int = 0, source: str = SOURCE) -> int | None:
        with self.world.journal(machine) as journal:
            committed = journal.committed("show1", source)
        return committed.id if committed else None

    def runs(self) -> list[Run]:
        with self.world.journal(0) as journal:
            return journal.runs()

    def taken_by_runs(self) -> list[int]:
        """The snapshots that runs took and that are left."""
        names = {one.id: parse_any_name(one.id, one.name) for one in self.world.snapshots.values()}
        return [number for number, name in names.items() if name and name.committed is None]

    def markers(self) -> dict[int, int]:
        names = {one.id: parse_any_name(one.id, one.name) for one in self.world.snapshots.values()}
        return {number: name.committed for number, name in names.items() if name and name.committed}


Sites = Callable[..., Site]


@pytest.fixture
def sites() -> "Iterator[Sites]":
    made: list[Site] = []

    def make(*paths: str, keep: int = 2, policy: str = "") -> Site:
        made.append(Site(a_project(*paths, keep=keep, policy=policy)))
        return made[-1]

    yield make
    for site in made:
        site.world.close()


# Killed, cut off, or without room, at every step


@pytest.mark.parametrize("kind", ["killed", "unreachable", "full"])
@pytest.mark.parametrize("how", ["archiver", "--commit", "commit"])
@pytest.mark.parametrize("keep", [1, 2])
def test_whatever_ends_a_run_at_whatever_step_the_next_one_archives_all_that_is_missing(
    sites: Sites, kind: str, how: str, keep: int
) -> None:
    for step in range(1, 100):
        site = sites(keep=keep)
        world = site.world
        world.live |= {"same": 1, "changed": 1, "gone": 1}
        site.run(*ARCHIVE)
        world.live |= {"changed": 2, "new": 1}
        del world.live["gone"]
        failed: list[SourceRun] = []
        with suppress(Died, UnreachableError, StateFileError):
            trouble = Trouble(kind, step)
            if how == "commit":
                site.run()
                made = world.in_place[0]
                assert made
                site.apply(made.entries)  # somebody archives it, and commits it later
                site.commit(trouble=trouble)
            elif how == "--commit":
                failed = site.run(commit=True, trouble=trouble)
            else:
                failed = site.run(*ARCHIVE, trouble=trouble)
        steps = world.steps
        made = world.in_place[0]
        if how == "--commit" and made and site.known() == made.newer:
            site.apply(made.entries)  # `status` says that it is committed

        world.live |= {"changed": 3, "newer": 1}
        (done,) = site.run(*ARCHIVE)

        assert done.is_committed
        assert done.older is not None, "not a full list"
        assert site.archive == world.live
        assert site.known() == done.newer
        left = site.taken_by_runs()
        assert len(left) == keep, (step, left)
        assert done.newer in left
        assert set(site.markers().values()) == set(left)
        assert all(run.state is not RunState.COMMITTING for run in site.runs())
        if step > steps:
            assert all(one.is_committed for one in failed)
            return
    raise AssertionError("it never ended")


def test_the_journal_says_of_a_mistake_that_it_was_one_and_nothing_of_its_message(
    sites: Sites,
) -> None:
    site = sites()

    def fail() -> None:
        raise KeyError("s3cret")

    site.world.while_listing = fail
    with suppress(KeyError):
        site.run()

    (run,) = site.runs()
    assert (run.exit_code, "mistake in qumulo-changelist: KeyError" in run.error) == (70, True)
    assert "s3cret" not in run.error


def test_a_commit_that_nobody_acknowledged_is_not_completed_later(sites: Sites) -> None:
    """With --commit, perhaps nobody ever saw the list whose commit was interrupted."""
    for step in range(1, 30):
        site = sites()
        site.run(*ARCHIVE)
        base = site.known()
        site.world.live["new"] = 1
        with suppress(Died):
            site.run(commit=True, trouble=Trouble("killed", step))
        if site.known() != base:
            return
        assert [one.older for one in site.run()] == [base]
    raise AssertionError("it is never committed")


# What is committed


def test_a_wrong_clock_does_not_keep_later_commits_from_counting(sites: Sites) -> None:
    site = sites()
    site.world.skew = 10 * 365 * 86400 * 10**9
    site.run(*ARCHIVE)
    site.world.skew = 0
    site.run(*ARCHIVE)

    (last,) = site.run(*ARCHIVE)

    assert site.known() == last.newer
    assert last.older is not None
    assert site.taken_by_runs() == [last.older, last.newer]


def test_a_list_of_a_policys_snapshot_that_was_made_twice_can_be_committed(sites: Sites) -> None:
    site = sites(policy="nightly")
    number = site.world.take("nightly", policy="nightly")
    site.run()
    site.run()

    assert site.commit().committed == {SOURCE: number}


def test_two_lists_that_wait_are_not_told_apart_by_guessing(sites: Sites) -> None:
    site = sites()
    (first,), (second,) = site.run(), site.run()

    with pytest.raises(UncommittableError, match="2 lists of /projects/show1 wait"):
        site.commit()
    assert site.known() is None

    assert site.commit(first.newer).committed == {SOURCE: first.newer}
    assert second.newer in site.world.snapshots
    assert site.commit().committed == {SOURCE: second.newer}
    with pytest.raises(UncommittableError, match="committed already"):
        site.commit(first.newer)


def test_a_list_that_does_not_continue_what_is_committed_is_refused(sites: Sites) -> None:
    """The archive of a machine that adopted an older commit lacks what is before that list."""
    site = sites()
    (first,), (second,) = site.run(*ARCHIVE), site.run(*ARCHIVE)
    (third,) = site.run()
    for marker, committed in site.markers().items():
        if committed == second.newer:
            site.world.remove(marker)
    assert site.adopt() == [first.newer]

    with pytest.raises(UncommittableError, match="does not continue what is committed"):
        site.commit(third.newer)


def test_a_different_snapshot_with_the_id_of_a_list_is_not_committed(sites: Sites) -> None:
    """As on a cluster that was set up anew."""
    site = sites()
    (done,) = site.run()
    assert done.newer
    site.world.snapshots[done.newer] = site.world.snapshots[done.newer]._replace(taken=5)

    with pytest.raises(SnapshotMissingError):
        site.commit()
    assert site.known() is None


def test_an_interrupted_commit_does_not_undo_what_was_adopted_after_it(sites: Sites) -> None:
    for step in range(1, 30):
        site = sites()
        site.run(*ARCHIVE)
        site.run()
        with suppress(Died):
            site.commit(trouble=Trouble("killed", step))
        is_interrupted = any(run.state is RunState.COMMITTING for run in site.runs())
        (other,) = site.run(*ARCHIVE, machine=1)
        assert site.adopt() == [other.newer]
        site.run()
        assert site.known() == other.newer
        if not is_interrupted and site.world.steps < step:
            return


def test_completing_an_interrupted_commit_commits_the_other_sources_too(sites: Sites) -> None:
    site = sites("/", SOURCE)
    one, other = site.run()
    step = 1
    while site.known(source="/") is None:
        with suppress(Died):
            site.commit(trouble=Trouble("killed", step))
        if any(run.state is RunState.COMMITTING for run in site.runs()):
            break
        step += 1

    assert site.commit().committed == {"/": one.newer, SOURCE: other.newer}


@pytest.mark.parametrize("completes", ["run", "commit"])
def test_an_interrupted_commit_is_completed_by_the_marker_that_was_taken(
    sites: Sites, completes: str
) -> None:
    for step in range(1, 30):
        site = sites()
        first, second = (site.run()[0].newer for _ in range(2))
        assert first
        with suppress(Died):
            site.commit(first, trouble=Trouble("killed", step))
        is_interrupted = any(run.state is RunState.COMMITTING for run in site.runs())
        if is_interrupted and site.markers():
            break
    assert site.known() is None

    if completes == "run":
        site.run()
        assert site.known() == first
        assert list(site.markers().values()) == [first]
    assert site.commit(second).committed == {SOURCE: second}

    assert site.known() == second
    assert sorted(site.markers().values()) == [first, second]


def test_sources_below_the_directory_of_one_policy_have_markers_of_their_own(sites: Sites) -> None:
    site = sites("/", SOURCE, "/projects/other", policy="nightly")
    for _ in range(3):
        number = site.world.take("nightly", policy="nightly", source="/")
        before = site.known()
        done = site.run(*ARCHIVE)
        assert [(one.older, one.is_committed) for one in done] == [(before, True)] * 3

    sources = [site.world.snapshots[marker].source for marker in site.markers()]
    assert sorted(sources) == sorted(["/", SOURCE, "/projects/other"] * 2)
    assert site.adopt(machine=1) == [number] * 3


@pytest.mark.parametrize(
    "options",
    [ListOptions(formats=("pdf",)), ListOptions(workers=10**9), ListOptions(metadata="mount")],
    ids=["format", "workers", "metadata"],
)
def test_no_snapshot_is_taken_for_a_list_that_cannot_be_made(
    sites: Sites, options: ListOptions
) -> None:
    site = sites()
    site.project = replace(site.project, options=options)

    with pytest.raises(UsageError):
        site.run()
    with pytest.raises(UsageError):
        site.plan()
    assert not site.world.snapshots
    assert not site.runs()


@pytest.mark.parametrize(("missing", "exit_code"), [("mount", 2), ("pieces", 4), ("scheduler", 69)])
def test_no_snapshot_is_taken_as_long_as_something_is_missing_that_the_list_is_made_with(
    sites: Sites, tmp_path: Path, missing: str, exit_code: int
) -> None:
    site, absent = sites(), str(tmp_path / "absent")
    with socket.create_server(("127.0.0.1", 0)) as server:
        scheduler = Scheduler(f"tcp://127.0.0.1:{server.getsockname()[1]}")
    options = {
        "mount": ListOptions(),
        "pieces": ListOptions(pieces=absent),
        "scheduler": ListOptions(pieces=str(tmp_path), scheduler=scheduler),
    }
    source = replace(site.project.sources[0], mapped_path=absent if missing == "mount" else None)
    site.project = replace(site.project, options=options[missing], sources=(source,))

    (done,) = site.run()

    assert done.failure
    assert done.failure.exit_code == exit_code
    assert not site.world.snapshots
    (run,) = site.runs()
    assert (run.state, run.newer, run.exit_code) == (RunState.FAILED, None, exit_code)
    assert list(tmp_path.iterdir()) == []


# What goes, and what is only said


def test_a_dry_run_names_what_the_next_commit_removes(sites: Sites) -> None:
    site = sites(keep=2)
    site.run(*ARCHIVE)
    for _ in range(3):
        site.run()  # its list is never committed
        before = dict(site.world.snapshots)
        plan = site.plan()
        assert site.world.snapshots == before
        (done,) = site.run(*ARCHIVE)
        assert plan.removable == done.removed
        assert plan.older == done.older


def test_two_machines_without_adopting_begin_from_the_older_commit(sites: Sites) -> None:
    site = sites(keep=3)
    world = site.world
    (first,) = site.run(*ARCHIVE, machine=0)
    assert site.adopt(machine=1) == [first.newer]
    for machine in (1, 0, 1, 0, 1):
        world.live[f"by{len(world.live)}"] = 1
        known = site.known(machine)
        (done,) = site.run(*ARCHIVE, machine=machine)
        assert done.older == known
        assert site.archive == world.live


def test_a_run_whose_snapshots_a_different_machine_removed_meanwhile_commits_nothing(
    sites: Sites,
) -> None:
    site = sites(keep=1)
    site.run(*ARCHIVE)
    site.world.live["new"] = 1

    def other() -> None:
        machine = site.world.machine
        site.run(*ARCHIVE, machine=1)
        site.world.machine = machine

    site.world.while_listing = other
    (done,) = site.run(*ARCHIVE)

    assert isinstance(done.failure, SnapshotMissingError)
    assert not done.is_committed
    site.world.live["newer"] = 1
    (again,) = site.run(*ARCHIVE)
    assert again.why_full == "the cluster no longer has the snapshot that was committed last"
    assert site.archive == site.world.live


def test_a_machine_that_adopts_lists_exactly_what_is_new(sites: Sites) -> None:
    site = sites()
    (last,) = site.run(*ARCHIVE, machine=0)
    for machine in (1, 0, 1, 0):
        assert site.adopt(machine=machine) == [last.newer]
        site.world.live["new"] = last.newer or 0
        (now,) = site.run(*ARCHIVE, machine=machine)
        made = site.world.in_place[machine]
        assert made
        assert (now.older, made.entries) == (last.newer, {"new": last.newer})
        last = now


def test_filters_that_let_more_pass_are_reported_until_a_full_list_is_committed(
    sites: Sites,
) -> None:
    site = sites()

    def run(*exclude: str, full: bool = False) -> list[int]:
        """Return the snapshots that filters are reported for; the list is committed."""
        filters = Filters(exclude=exclude)
        project = replace(site.project, options=ListOptions(filters=filters))
        heard: list[Event] = []
        state = site.world.state(0)
        request = RunRequest(project=project, commit=True, full=full, state=state)
        with site.world.acting(0, None):
            (done,) = run_project(request, SETTINGS, heard.append).sources
        assert done.is_committed
        assert (done.older is None) == bool(done.why_full)
        assert not full or done.why_full == "it was asked for"
        return [event.snapshot for event in heard if isinstance(event, FiltersWidened)]

    assert run("a", "b") == []
    assert run("a", "b", "c") == []
    narrowest = site.known()
    assert run("a", "b") == [narrowest]
    narrower = site.known()
    assert run("a", "b") == [narrowest]
    second = site.known()
    assert narrower != second
    assert run("a") == run("a") == [second]
    assert run("a", full=True) == []
    assert run("a", "c") == []
    assert run("a", "c") == []
