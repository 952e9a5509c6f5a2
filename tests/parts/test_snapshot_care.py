"""What each snapshot of a cluster is for, and which of them nobody should delete."""

from qumulo_changelist.cycle.journal import IN_MEMORY, Journal
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.cycle.snapshot_names import marker_name, run_name
from qumulo_changelist.cycle.survey import survey_snapshots
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.snapshots.care import describe_roles

SECONDS = 1_700_000_000


def a_run(number: int, project: str = "films", source: str = "/a") -> Snapshot:
    return Snapshot(number, f"{number}_{run_name(project, SECONDS)}", source=source)


def a_marker(number: int, marked: int, project: str = "films", source: str = "/a") -> Snapshot:
    return Snapshot(number, f"{number}_{marker_name(project, SECONDS, marked)}", source=source)


def needed(*snapshots: Snapshot, runs: tuple[Run, ...] = ()) -> list[int]:
    with Journal(IN_MEMORY) as journal:
        for run in runs:
            journal.add(run)
        return [one.snapshot.id for one in describe_roles(list(snapshots), journal) if one.need]


def test_the_base_of_each_source_of_a_project_is_needed() -> None:
    snapshots = [
        a_run(1, source="/a"), a_marker(2, 1, source="/a"),
        a_run(3, source="/b"), a_marker(4, 3, source="/b"),
        a_run(5, source="/b"), a_marker(6, 5, source="/b"),
    ]  # fmt: skip

    assert needed(*snapshots) == [1, 2, 5, 6]


def test_two_projects_can_commit_the_same_snapshot_of_a_policy() -> None:
    policy = Snapshot(1, "1_Nightly", source="/", by_policy=True, policy="Nightly")

    both = [policy, a_marker(2, 1, "tape"), a_marker(3, 1, "cloud")]

    assert needed(*both) == [1, 2, 3]


def test_what_this_machine_has_committed_or_begun_is_needed_whatever_the_cluster_shows() -> None:
    here = Run(project="films", source="/a", state=RunState.COMMITTED, newer=1)
    begun = Run(project="films", source="/a", state=RunState.TAKEN, older=1, newer=4)
    listed = Run(project="films", source="/a", state=RunState.LISTED, older=1, newer=5)
    snapshots = [a_run(1), a_run(2), a_marker(3, 2), a_run(4), a_run(5), a_run(6)]

    assert needed(*snapshots, runs=(here, begun, listed)) == [1, 2, 3, 4, 5]


def test_a_name_that_marks_a_later_snapshot_is_no_marker() -> None:
    """Anybody can name a snapshot ``films-1700000000-committed``, and the seconds follow."""
    forged = Snapshot(7, f"7_films-{SECONDS}-committed-{SECONDS}", source="/a")

    assert survey_snapshots([a_run(1), a_marker(2, 1), forged], "films", "/a", "9").committed == 1
    assert needed(a_run(1), a_marker(2, 1), forged) == [1, 2]


def test_a_snapshot_belongs_to_the_path_that_it_was_taken_of() -> None:
    """If two sources change places, the directory of one is the other one now."""
    moved = a_marker(4, 3, source="/old")._replace(source_id="9")
    unknown = a_marker(6, 5, source="")._replace(source_id="9")

    assert survey_snapshots([moved], "films", "/a", "9").committed is None
    assert survey_snapshots([moved, unknown], "films", "/a", "9").committed == 5
