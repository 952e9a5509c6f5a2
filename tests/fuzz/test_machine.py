"""Any work is told by the cluster, and listed, as the oracle says: shortly, and always alike."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fuzz.laboratory import Laboratory, laboratory
from tests.fuzz.machine import AnyGreatWork, AnyWork, AnyWorkSeenByAStranger
from tests.fuzz.ways import ORDINARY, Way
from tests.fuzz.work import Place

SHORT = settings(
    max_examples=4,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    # To make a failure short takes longer than all tests; make fuzz does that.
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Laboratory]:
    with laboratory() as made:
        yield made


def test_any_work_is_told_and_listed(lab: Laboratory) -> None:
    AnyWork.laboratory = lab
    run_state_machine_as_test(AnyWork, settings=SHORT)


def test_any_work_is_listed_by_who_may_not_see_everything(lab: Laboratory) -> None:
    if not lab.strange_site:
        pytest.skip("only root can become a user who may not see everything")
    AnyWorkSeenByAStranger.laboratory = lab
    run_state_machine_as_test(AnyWorkSeenByAStranger, settings=SHORT)


@pytest.mark.parametrize(
    ("transport", "metadata", "wide"), [("qq", "mount", 1001), ("rest", "rest", 10_000)]
)
def test_a_deep_and_a_wide_directory_come_and_go(
    lab: Laboratory, transport: str, metadata: str, wide: int
) -> None:
    AnyWork.laboratory = lab
    # Whatever was drawn in another test.
    lab.answer_like(ORDINARY)
    work = AnyGreatWork()
    way = Way(transport, metadata, True, "below", 0, ("--workers=1",), moves=True, verify=True)
    try:
        work.begin([], [Place(0, b"kept")])
        work.nest_deep(Place(1, b"deep"), 200, b"n" * 100)
        work.widen_much(Place(1, b"wide"), (wide, False))
        # A directory of the source, so that the older tree is not on the mount.
        work.look(way._replace(directory=1))
        work.delete(1)
        work.look(way._replace(directory=1 if metadata == "rest" else 0))
    finally:
        work.teardown()
