"""The names by which a cluster shows what is of a project's cycle, and what is committed."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.cycle.snapshot_names import (
    CycleName,
    marker_name,
    parse_name,
    run_name,
    trial_name,
)
from qumulo_changelist.errors import SnapshotMissingError
from qumulo_changelist.model import Snapshot
from qumulo_changelist.operations.snapshots.choice import choose_snapshot, depends_on_source

ARABIC = "\u0661\u0667\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660"

PROJECTS = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["show1", "show1-1700000000-run", "show1-1700000000", "a-1700000000-committed-3", "3_a", "-"]
)
NUMBERS = st.integers(1, 2**64 - 1)
SECONDS = st.integers(0, 10**11)


@given(PROJECTS, SECONDS, NUMBERS, NUMBERS)
def test_what_is_named_after_a_project_is_read_as_that(
    project: str, seconds: int, number: int, committed: int
) -> None:
    """With the id in front, as version 3 of the API has it."""
    run = f"{number}_{run_name(project, seconds)}"
    marker = f"{number}_{marker_name(project, seconds, committed)}"

    assert parse_name(number, run, project) == CycleName(project, seconds, None)
    assert parse_name(number, marker, project) == CycleName(project, seconds, committed)
    assert parse_name(number, f"{number}_{trial_name(project, seconds)}", project) is None


@given(PROJECTS, PROJECTS, SECONDS, NUMBERS, st.sampled_from([run_name, trial_name]))
def test_no_snapshot_is_of_two_projects(
    project: str, other: str, seconds: int, number: int, name: Callable[[str, int], str]
) -> None:
    if other != project:
        for label in (name(project, seconds), marker_name(project, seconds, 3)):
            assert parse_name(number, f"{number}_{label}", other) is None


@pytest.mark.parametrize(
    "name",
    [
        "show1", "show1-1700000000", "show1-run", "show1--run", "show1-2-run",
        "show1-1700000000-RUN", "show1-1700000000-run ", " show1-1700000000-run",
        "show1-1700000000-committed", "show1-1700000000-committed-", "show1-1700000000-committed-x",
        "show1-1700000000-committed-1-2", "show1-1700000000-run-2", f"show1-{ARABIC}-run",
        "show1-1700000000-committed-\u0663", "1700000000-run", "-1700000000-run", "",
        "show1-1700000000-doctor", "22_show1-1700000000-run", "show1-1700000000-run\n",
    ],
)  # fmt: skip
def test_names_that_others_give_are_not_of_the_cycle(name: str) -> None:
    assert parse_name(21, name, "show1") is None


def test_version_2_has_no_id_in_front() -> None:
    assert parse_name(21, "show1-1700000000-run", "show1")


def test_a_name_that_could_be_of_two_projects_is_of_one() -> None:
    """Only version 2 of the API has such names; version 3 writes 21_21_show1-…"""
    assert parse_name(21, "21_show1-1700000000-run", "show1")
    assert parse_name(21, "21_show1-1700000000-run", "21_show1") is None


def test_a_clock_that_begins_anew_makes_names_that_are_found_again() -> None:
    assert parse_name(1, run_name("show1", 5), "show1") == CycleName("show1", 5, None)


def test_only_some_words_mean_a_snapshot_of_a_source() -> None:
    for word in ("latest", "latest~12", "committed"):
        assert depends_on_source(word)
    for word in ("", "3", "X-committed-17", "latest-1", "my latest", "latest~x", "latest\n"):
        assert not depends_on_source(word)


def test_no_number_is_too_long_for_the_id_of_a_snapshot() -> None:
    with pytest.raises(SnapshotMissingError, match="the cluster has no snapshot '111"):
        choose_snapshot("1" * 5000, [Snapshot(1, name="1_a")])
