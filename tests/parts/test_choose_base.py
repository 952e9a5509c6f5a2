"""What a run begins from: the older of what the machine and the cluster have as committed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qumulo_changelist.cycle.base import (
    SOON,
    Committed,
    Disagreement,
    WhyFull,
    choose_base,
)
from qumulo_changelist.cycle.survey import Survey
from qumulo_changelist.model import Snapshot

A, B = "7", "8"


def a_survey(*numbers: int, committed: tuple[int, ...] = (), source_id: str = A) -> Survey:
    """Snapshots that exist, taken at the time of their id, and ids that have a marker."""
    everything = {
        number: Snapshot(number, taken=number, source="/a", source_id=source_id)
        for number in numbers
    }
    return Survey(everything, {}, {number: [Snapshot(100 + number)] for number in committed})


def known(number: int, taken: int | None = None, source_id: str = A) -> Committed:
    return Committed(number, number if taken is None else taken, source_id)


@pytest.mark.parametrize(
    ("memory", "survey", "older", "why", "disagreement"),
    [
        (None, a_survey(1), None, WhyFull.FIRST, None),
        (None, a_survey(1, committed=(1,)), None, WhyFull.ELSEWHERE, None),
        (known(2), a_survey(1, 2, committed=(1, 2)), 2, None, None),
        (known(1), a_survey(1, 2, committed=(1, 2)), 1, None, Disagreement.CLUSTER_NEWER),
        (known(2), a_survey(1, 2, committed=(1,)), 1, None, Disagreement.CLUSTER_OLDER),
        (known(2), a_survey(1, 2), 2, None, Disagreement.CLUSTER_SILENT),
        (known(2), a_survey(1), None, WhyFull.GONE, Disagreement.CLUSTER_SILENT),
        (known(2), a_survey(2, committed=(1,)), None, WhyFull.GONE, Disagreement.CLUSTER_OLDER),
        (known(1), a_survey(2, committed=(2,)), None, WhyFull.GONE, Disagreement.CLUSTER_NEWER),
        (known(2, taken=9), a_survey(2, committed=(2,)), None, WhyFull.DIFFERENT, None),
        (known(2, source_id=B), a_survey(2, committed=(2,)), None, WhyFull.DIFFERENT, None),
        (
            known(2, source_id=B),
            a_survey(2, committed=(2,), source_id=B),
            None,
            WhyFull.REPLACED,
            None,
        ),
        # The cluster was set up anew, and a different machine has committed there.
        (known(2, taken=9), a_survey(1, committed=(1,)), 1, None, Disagreement.CLUSTER_OLDER),
        (
            Committed(5, 2, A),
            a_survey(3, committed=(3,)),
            None,
            WhyFull.DIFFERENT,
            Disagreement.CLUSTER_OLDER,
        ),
        # Two sources of a project have changed places.
        (
            known(2, source_id=B),
            a_survey(1, 2, committed=(1,)),
            None,
            WhyFull.REPLACED,
            Disagreement.CLUSTER_OLDER,
        ),
        (known(2, taken=0, source_id=""), a_survey(2, committed=(2,)), 2, None, None),
    ],
)
def test_the_older_of_two_commits_is_begun_from_if_it_is_what_it_was(
    memory: Committed | None,
    survey: Survey,
    older: int | None,
    why: WhyFull | None,
    disagreement: Disagreement | None,
) -> None:
    base = choose_base(memory, survey, A)

    assert (base.snapshot.id if base.snapshot else None) == older
    assert (base.why_full, base.disagreement) == (why, disagreement)


@given(
    memory=st.none() | st.integers(1, 6),
    existing=st.sets(st.integers(1, 6)),
    shown=st.sets(st.integers(1, 6)),
)
def test_nothing_newer_than_any_newest_commit_is_ever_begun_from(
    memory: int | None, existing: set[int], shown: set[int]
) -> None:
    survey = a_survey(*existing, committed=tuple(shown))
    base = choose_base(None if memory is None else known(memory), survey, A)

    assert (base.snapshot is None) == (base.why_full is not None)
    if base.snapshot:
        assert memory is not None
        assert base.snapshot.id == min([memory, *([max(shown)] if shown else [])])
        assert base.snapshot.id in existing


@pytest.mark.parametrize(
    ("expires", "is_soon"), [(0, False), (1, True), (10 + SOON - 1, True), (10 + SOON, False)]
)
def test_a_base_expires_soon_if_that_is_within_a_day(expires: int, *, is_soon: bool) -> None:
    survey = a_survey(2, committed=(2,))
    survey.all[2] = survey.all[2]._replace(expires=expires)

    assert choose_base(known(2), survey, A).expires_soon(10) == is_soon
    assert not choose_base(None, survey, A).expires_soon(10)


def test_a_different_project_of_the_archiver_gets_a_full_list() -> None:
    """It has nothing of what the earlier one has."""
    survey = a_survey(2, committed=(2,))

    for memory, archive, why in (
        ("5f1c/1", "5f1c/1", None),
        ("5f1c/1", "77aa/1", WhyFull.ARCHIVE),
        ("5f1c/1", "5f1c/2", WhyFull.ARCHIVE),
        ("", "5f1c/1", None),
        ("5f1c/1", "", None),
    ):
        base = choose_base(Committed(2, 2, A, memory), survey, A, archive)

        assert base.why_full is why
        assert (base.snapshot is None) is (why is not None)
