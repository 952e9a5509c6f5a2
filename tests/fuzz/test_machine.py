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
    max_examples=3,
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


@pytest.fixture
def work(lab: Laboratory) -> Iterator[AnyWork]:
    """A source with the file `par/base/file` in it, remembered."""
    AnyWork.laboratory = lab
    lab.answer_like(ORDINARY)
    made = AnyWork()
    made.begin([], [], [(Place(0, b"par"), 1, b"base")])
    yield made
    made.worked = False
    made.teardown()


LOOK = Way(
    *("rest", "rest", True, "changed", 0, ("--workers=1",)), moves=True, verify=True, guard=True
)
# Which of the changed directories: see `ways._changed_directories`.
WENT, CAME, BELOW_A_REPLACED_ONE = LOOK, LOOK._replace(directory=1), LOOK._replace(directory=2)


@pytest.mark.parametrize("metadata", ["rest", "mount"])
def test_a_base_path_goes_with_a_directory_of_which_another_comes(
    work: AnyWork, metadata: str
) -> None:
    work.change_a_folder(0, Place(0, b"par2"), "leave")
    work.look(CAME._replace(metadata=metadata))
    work.check_list(BELOW_A_REPLACED_ONE._replace(metadata=metadata), *work.moments[-2:])
    work.change_a_folder(0, Place(0, b""), "delete")
    work.look(WENT._replace(metadata=metadata))


@pytest.mark.parametrize("metadata", ["rest", "mount", "snapshot"])
def test_the_source_or_what_it_is_in_is_renamed(work: AnyWork, metadata: str) -> None:
    work.rename_source("sh\u00f6w")
    work.change_a_folder(1, Place(0, b""), "delete")
    work.look(LOOK._replace(metadata=metadata, base="source"))
    work.rename_what_is_above("&")
    work.write(Place(1, b"new"), 5)
    work.look(LOOK._replace(metadata=metadata, base="below", directory=1))


def test_a_base_path_that_never_was_is_refused(work: AnyWork) -> None:
    work.write(Place(0, b"file"), 5)
    work.look(LOOK._replace(base="missing"))
    for number in range(1, 8):
        work.check_list(LOOK._replace(base="missing", directory=number), *work.moments[-2:])
    work.check_list(LOOK._replace(base="beside", metadata="mount"), *work.moments[-2:])


@pytest.mark.parametrize("answer", ["error", "empty", "diff"])
def test_snapshots_of_two_directories_are_refused(work: AnyWork, answer: str) -> None:
    for kind in ("beside", "in its place"):
        work.list_two_directories(LOOK._replace(base="source", metadata="mount"), answer, kind)
