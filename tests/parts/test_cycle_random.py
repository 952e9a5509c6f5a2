"""Whole cycles in any order, with anything going wrong: the archive never misses a file.

The operations are the real ones, with the real journal. The model is simple: a list that is applied
to an archive, which has at least what was committed, makes it have every file of the newer snapshot
in its version. If that holds, nothing is missed, and no file that exists is removed.
"""

import contextlib
import os
from collections.abc import Iterator

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from qumulo_changelist.cycle.runs import RunState
from qumulo_changelist.cycle.snapshot_names import parse_name
from qumulo_changelist.errors import (
    ChangelistError,
    SnapshotMissingError,
    StateFileError,
    UncommittableError,
    UnreachableError,
)
from qumulo_changelist.events import SnapshotKept
from qumulo_changelist.operations.project.adoption import adopt_project
from qumulo_changelist.operations.project.commit import CommitRequest, commit_project
from qumulo_changelist.operations.project.run import RunRequest, plan_project, run_project
from qumulo_changelist.operations.project.source_run import SourceRun
from tests.parts.cycle_world import SETTINGS, Died, MadeList, Tree, Trouble, World, a_project

CYCLES = os.environ.get("CYCLES")
"""The number of random lives to try; without it, some that are the same every time."""
NAMES = st.sampled_from("abcd")
MACHINES = st.integers(0, 1)
POLICY = "nightly"
STEPS = st.integers(1, 40)
TROUBLES = st.one_of(
    st.none(),
    st.none(),
    st.builds(Trouble, st.sampled_from(["killed", "killed", "unreachable", "full"]), STEPS),
)
FOREIGN = st.sampled_from(
    ["show1-1800000000", "show1-run", "show12-1800000000-run", "show1-1800000000-committed-1-x",
     "ashow1-1800000000-run", "a-show1-1800000000-committed-1", "show1-1800000000-committed-"]
)  # fmt: skip


class Cycles(RuleBasedStateMachine):
    """Machines take turns; ``shared`` is whether they serve one archive."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(2)
        self.version = 0
        self.archives: list[Tree] = [{}, {}]
        self.newest = [0, 0]
        """The newer snapshot of the list that each archive got last."""
        self.archived: list[set[int]] = [set(), set()]
        """The newer snapshots of all lists that each archive has whole."""
        self.meddled = False
        """Whether snapshots went that the code under test needs."""
        self.is_adoptable = True
        self.interrupted: set[int] = set()
        """The machine that acts, if it has a commit to complete."""

    @initialize(shared=st.booleans(), keep=st.integers(1, 3), by_policy=st.booleans())
    def begin(self, *, shared: bool, keep: int, by_policy: bool) -> None:
        self.shared, self.by_policy = shared, by_policy
        self.project = a_project(keep=keep, policy=POLICY if by_policy else "")
        self.world.take(POLICY, policy=POLICY)

    def teardown(self) -> None:
        self.world.close()

    # What others do.

    @rule(name=NAMES)
    def write(self, name: str) -> None:
        self.version += 1
        self.world.live[name] = self.version

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.world.live.pop(name, None)

    @precondition(lambda self: self.by_policy)
    @rule()
    def policy_takes(self) -> None:
        self.world.take(POLICY, policy=POLICY)

    @rule(name=FOREIGN)
    def somebody_takes(self, name: str) -> None:
        self.world.take(name)

    @rule(data=st.data())
    def remove_by_hand(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.world.snapshots)))
        # Of the policy, the newest one stays: no archiver can take a list after a newer one.
        if number != max(one.id for one in self.world.snapshots.values() if one.by_policy):
            self.world.remove(number)
            self.meddled = True

    @rule(data=st.data())
    def lock_or_unlock(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.world.snapshots)))
        self.world.lock(number, is_locked=not self.world.snapshots[number].is_locked)

    @rule(seconds=st.sampled_from([-(10**6), 10**6, 10**9 // 2]))
    def set_clock(self, seconds: int) -> None:
        """Only the machine's clock goes wrong; the cluster takes its own times."""
        self.world.skew += seconds * 10**9

    @rule(names=st.sets(NAMES, max_size=1))
    def make_unreadable(self, names: set[str]) -> None:
        self.world.unreadable = names

    # What machines do.

    @rule(machine=MACHINES, trouble=TROUBLES)
    def run_only(self, machine: int, trouble: Trouble | None) -> None:
        with self.acting(machine, trouble):
            self.run(machine, RunRequest(project=self.project, state=self.state(machine)))

    @rule(machine=MACHINES, trouble=TROUBLES, fails=st.booleans(), part=st.integers(0, 4))
    def run_archiver(
        self, machine: int, trouble: Trouble | None, *, fails: bool, part: int
    ) -> None:
        self.world.archiver_fails = fails
        before = self.known(machine)
        request = RunRequest(project=self.project, command=("true",), state=self.state(machine))
        done: list[SourceRun] = []
        with self.acting(machine, trouble):
            done += self.run(machine, request)
        handed = list(self.world.has_archived)
        self.world.has_archived.clear()
        if handed:
            self.apply(machine, handed[0])
        elif fails and done and done[0].failure and (made := self.world.in_place[machine]):
            self.apply_partly(machine, made, part)
        if not handed:
            assert self.known(machine) in (before, self.recovered(machine)), "commits nothing"

    @rule(machine=MACHINES, trouble=TROUBLES, looks=st.booleans())
    def run_with_commit(self, machine: int, trouble: Trouble | None, *, looks: bool) -> None:
        """The list is archived after the run, or not if that died before it was committed."""
        request = RunRequest(project=self.project, commit=True, state=self.state(machine))
        done: list[SourceRun] = []
        with self.acting(machine, trouble):
            done += self.run(machine, request)
        made = self.world.in_place[machine]
        if not made:
            return
        is_committed = self.known(machine) == made.newer
        if is_committed or looks or (done and done[0].result and not done[0].failure):
            if self.is_complete(made):
                self.apply(machine, made)
        elif any(f"-committed-{made.newer}" in one.name for one in self.world.snapshots.values()):
            self.is_adoptable = False

    @rule(machine=MACHINES, trouble=TROUBLES, data=st.data())
    def archive_and_commit(
        self, machine: int, trouble: Trouble | None, data: st.DataObject
    ) -> None:
        """The list that is in place is archived; then it is committed, or an earlier one."""
        made = self.world.in_place[machine]
        if not made or not self.is_complete(made):
            return
        if made.newer < self.newest[self.archive(machine)]:
            return
        self.apply(machine, made)
        with self.world.journal(machine) as journal:
            waiting = {run.newer or 0 for run in journal.uncommitted("show1", "/projects/show1")}
        chosen = data.draw(st.sampled_from([None, made.newer, *sorted(waiting)]))
        if chosen is not None and chosen > made.newer:
            return
        request = CommitRequest(
            project="show1", snapshot=chosen, keep=self.project.keep, state=self.state(machine)
        )
        with self.acting(machine, trouble):
            try:
                result = commit_project(request, SETTINGS, self.world.events.append)
            except UncommittableError:
                assert chosen not in waiting
                assert chosen is not None or len(waiting) != 1
            else:
                assert chosen is None or result.committed == {"/projects/show1": chosen}
                self.check_rotation(machine)

    @precondition(lambda self: self.shared and self.is_adoptable)
    @rule(machine=MACHINES, trouble=TROUBLES)
    def adopt(self, machine: int, trouble: Trouble | None) -> None:
        with self.acting(machine, trouble), contextlib.suppress(UncommittableError):
            (adopted,) = adopt_project(self.project, SETTINGS, state=self.state(machine))
            assert self.known(machine) == adopted.snapshot

    @rule(machine=MACHINES)
    def dry_run(self, machine: int) -> None:
        before = dict(self.world.snapshots)
        with self.acting(machine, None):
            plan_project(RunRequest(project=self.project, state=self.state(machine)), SETTINGS)
        assert self.world.snapshots == before

    # What always holds.

    @invariant()
    def commits_only_what_is_archived(self) -> None:
        for machine in (0, 1):
            known = self.known(machine)
            assert known is None or known <= max(self.archived[self.archive(machine)], default=0)

    # Help for these.

    def state(self, machine: int) -> str:
        return self.world.state(machine)

    def archive(self, machine: int) -> int:
        return 0 if self.shared else machine

    def known(self, machine: int) -> int | None:
        with self.world.journal(machine) as journal:
            committed = journal.committed("show1", "/projects/show1")
        return committed.id if committed else None

    def recovered(self, machine: int) -> int | None:
        """What was committed by completing an interrupted commit."""
        return self.known(machine) if machine in self.interrupted else None

    @contextlib.contextmanager
    def acting(self, machine: int, trouble: Trouble | None) -> Iterator[None]:
        with self.world.journal(machine) as journal:
            is_interrupted = any(run.state is RunState.COMMITTING for run in journal.runs())
        self.interrupted = {machine} if is_interrupted else set()
        with self.world.acting(machine, trouble):
            try:
                yield
            except (Died, UnreachableError, StateFileError) as error:
                note(f"ended by {type(error).__name__}")
                if not trouble:
                    raise
            except SnapshotMissingError:
                # Or a commit of the other machine removed what is older.
                if not self.meddled and self.known(1 - machine) is None:
                    raise
        known = self.known(machine)
        for one in self.world.deleted:
            assert known
            assert not one.is_locked
            assert not one.by_policy
            assert parse_name(one.id, one.name, "show1"), one.name
            assert one.id < known or "-committed-" in one.name, "a newer list could be committed"
        self.world.deleted.clear()

    @property
    def others_commit(self) -> bool:
        return self.known(0) is not None and self.known(1) is not None

    def run(self, machine: int, request: RunRequest) -> list[SourceRun]:
        known = self.known(machine)
        was_interrupted = bool(self.interrupted)
        (done,) = run_project(request, SETTINGS, self.world.events.append).sources
        if done.failure:
            raised: ChangelistError = done.failure
            if isinstance(raised, UnreachableError | StateFileError | SnapshotMissingError):
                raise raised
            return [done]
        if known is not None and done.result and not was_interrupted and not self.meddled:
            is_gone = known not in self.world.history
            assert done.older is not None or self.others_commit or is_gone, done
            if not self.others_commit:
                assert done.older == known
        if done.is_committed:
            self.check_rotation(machine)
        return [done]

    def check_rotation(self, machine: int) -> None:
        """After a commit, only the newest committed snapshots of the project are left."""
        if any(isinstance(event, SnapshotKept) for event in self.world.events):
            return
        committed = self.known(machine)
        assert committed
        with self.world.journal(machine) as journal:
            ever = journal.committed_ids("show1", "/projects/show1")
        left = []
        for one in self.world.snapshots.values():
            name = parse_name(one.id, one.name, "show1")
            if name and name.committed is None and one.id < committed and not one.is_locked:
                left.append(one.id)
        markers = {
            name.committed
            for one in self.world.snapshots.values()
            if (name := parse_name(one.id, one.name, "show1")) and name.committed is not None
        }
        assert set(left) <= ever | markers
        assert len(left) <= self.project.keep - 1
        assert committed in markers or self.others_commit

    def is_complete(self, made: MadeList) -> bool:
        after = self.world.history[made.newer]
        before = self.world.history[made.older] if made.older else {}
        changed = {name for name, version in after.items() if before.get(name) != version}
        return changed <= made.entries.keys()

    def apply(self, machine: int, made: MadeList) -> None:
        """Let the archive have a whole list; it takes no list after a newer one."""
        index = self.archive(machine)
        if made.newer < self.newest[index]:
            return
        archive = self.archives[index]
        self.apply_partly(machine, made, len(made.entries))
        if self.is_complete(made):
            self.archived[index].add(made.newer)
            for name, version in self.world.history[made.newer].items():
                assert archive.get(name) == version, (made, name, archive)

    def apply_partly(self, machine: int, made: MadeList, part: int) -> None:
        index = self.archive(machine)
        if made.newer < self.newest[index]:
            return
        self.newest[index] = made.newer
        for name, version in sorted(made.entries.items())[:part]:
            if version is None:
                self.archives[index].pop(name, None)
            else:
                self.archives[index][name] = version


def test_whatever_goes_wrong_no_archive_misses_a_file_and_no_other_snapshot_goes() -> None:
    run_state_machine_as_test(
        Cycles,
        settings=settings(
            max_examples=int(CYCLES or 60),
            derandomize=not CYCLES,
            stateful_step_count=25,
            deadline=None,
            report_multiple_bugs=False,
            print_blob=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
