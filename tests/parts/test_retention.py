"""Which snapshots go after a commit, and which never do."""

from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.cycle.retention import Retention, plan_retention
from qumulo_changelist.cycle.snapshot_names import marker_name, run_name
from qumulo_changelist.cycle.survey import survey_snapshots
from qumulo_changelist.model import Snapshot

ARABIC = "\u0661\u0667\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660"

SOURCE = "/projects/show1"


def a_snapshot(number: int, name: str, **facts: object) -> Snapshot:
    return Snapshot(number, f"{number}_{name}", number, SOURCE, "7")._replace(**facts)  # type: ignore[arg-type]


def a_run(number: int, **facts: object) -> Snapshot:
    return a_snapshot(number, run_name("show1", 1_700_000_000 + number), **facts)


def a_marker(number: int, committed: int, **facts: object) -> Snapshot:
    return a_snapshot(number, marker_name("show1", 1_700_000_000, committed), **facts)


def plan(
    *snapshots: Snapshot, committed: int, keep: int = 2, known: tuple[int, ...] = ()
) -> list[int]:
    survey = survey_snapshots(snapshots, "show1", SOURCE, "7")
    return [one.id for one in plan_retention(survey, committed, keep, set(known)).removable]


def test_older_commits_go_with_their_markers_and_a_marker_goes_after_its_snapshot() -> None:
    snapshots = [
        *(a_run(1), a_marker(2, 1), a_run(3), a_marker(4, 3), a_run(5), a_marker(6, 5)),
        *(a_run(7), a_marker(8, 7)),
    ]

    assert plan(*snapshots, committed=7, keep=1) == [1, 3, 5, 2, 4, 6]
    assert plan(*snapshots, committed=7, keep=2) == [1, 3, 2, 4]
    assert plan(*snapshots, committed=7, keep=9) == []


def test_a_snapshot_whose_list_was_never_committed_goes_and_counts_for_nothing() -> None:
    snapshots = [a_run(1), a_marker(2, 1), a_run(3), a_run(4), a_run(5), a_marker(6, 5)]

    assert plan(*snapshots, committed=5, keep=2) == [3, 4]


def test_what_is_newer_than_the_commit_stays() -> None:
    snapshots = [a_run(1), a_marker(2, 1), a_run(3), a_run(4), a_marker(5, 4), a_marker(6, 3)]

    assert plan(*snapshots, committed=3, keep=1) == [1, 2]


def test_what_only_this_machine_knows_as_committed_is_kept_like_any_other() -> None:
    assert plan(a_run(1), a_run(3), a_marker(4, 3), committed=3, known=(1, 3)) == []


def test_what_a_policy_took_or_the_cluster_deletes_already_is_left_alone() -> None:
    others = [
        *(a_run(1, by_policy=True), a_run(2, is_going=True), a_marker(3, 1, by_policy=True)),
        *(a_run(4, source="/elsewhere", source_id="9"), a_run(5, source="", source_id="")),
    ]

    assert plan(*others, a_run(6), a_marker(7, 6), committed=6, keep=1) == []
    assert plan(a_run(1, source=""), a_run(2, source_id=""), a_run(3), committed=3) == [1, 2]


def test_of_markers_taken_twice_one_stays() -> None:
    assert plan(a_run(1), a_marker(2, 1), a_marker(3, 1), committed=1) == [2]


def test_a_marker_goes_once_its_snapshot_has_expired() -> None:
    assert plan(a_marker(2, 1), a_run(3), a_marker(4, 3), committed=3) == [2]


def test_locked_ones_are_named_but_stay() -> None:
    survey = survey_snapshots(
        [a_run(1, is_locked=True), a_run(2), a_run(3), a_marker(4, 3)], "show1", SOURCE, "7"
    )
    found = plan_retention(survey, 3, 1, set())

    assert [one.id for one in found.locked] == [1]
    assert [one.id for one in found.removable] == [2]


NAMES = st.sampled_from(
    [
        "show1-1700000000-run", "show1-1700000000-committed-3", "show1-1700000000-committed-5",
        "show1-1700000000", "show1-1700000000-run2", "show1-17-run", "show1-run", "nightly",
        "show12-1700000000-run", "xshow1-1700000000-run", "a-show1-1700000000-run",
        "show1-1700000000-run-1700000000-run", "show1-1700000000-committed-",
        "show1-1700000000-doctor", f"show1-{ARABIC}-run", "show1-1700000000-committed-3-x",
    ]
)  # fmt: skip
OURS = {f"show1-1700000000-{what}" for what in ("run", "committed-3", "committed-5")}


@st.composite
def any_snapshots(draw: st.DrawFn) -> list[Snapshot]:
    return [
        Snapshot(
            number,
            draw(st.sampled_from(["", f"{number}_"])) + draw(st.sampled_from(sorted(OURS)) | NAMES),
            number,
            draw(st.sampled_from([SOURCE, SOURCE, f"{SOURCE}/a", ""])),
            draw(st.sampled_from(["7", "8", ""])),
            by_policy=draw(st.booleans()),
            is_locked=draw(st.booleans()),
            is_going=draw(st.booleans()),
        )
        for number in range(1, 9)
    ]


@given(any_snapshots(), st.integers(1, 8), st.integers(1, 4), st.sets(st.integers(1, 8)))
def test_only_what_runs_of_the_project_took_of_the_source_goes(
    snapshots: list[Snapshot], committed: int, keep: int, known: set[int]
) -> None:
    survey = survey_snapshots(snapshots, "show1", SOURCE, "7")
    found: Retention = plan_retention(survey, committed, keep, known)

    for one in found.removable:
        assert one.label in OURS
        assert one.source == SOURCE or one.source_id == "7"
        assert not one.by_policy
        assert not one.is_locked
        assert not one.is_going
        assert one.id != committed or "-committed-" in one.name
        assert one.id < committed or "-committed-" in one.name
    gone = {one.id for one in found.removable}
    kept = [number for number in sorted(known & survey.all.keys()) if number < committed]
    if keep > 1 and kept and not survey.markers:
        assert kept[-1] not in gone
    if committed in survey.markers:
        assert {one.id for one in survey.markers[committed]} - gone
