"""The cluster's diff and every list are as the oracle expects: a few examples, always the same."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fuzz.filters import DrawnFilters
from tests.fuzz.laboratory import Laboratory, laboratory
from tests.fuzz.machine import LargeWork, Work, WorkListedByOtherUser
from tests.fuzz.ways import ORDINARY, Way
from tests.fuzz.work import Place

SHORT = settings(
    max_examples=2,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    # Shrinking a failure takes longer than all tests; `make fuzz` does it.
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def lab() -> Iterator[Laboratory]:
    with laboratory() as made:
        yield made


def test_random_work_is_in_the_diff_and_in_the_list(lab: Laboratory) -> None:
    Work.laboratory = lab
    run_state_machine_as_test(Work, settings=SHORT)


def test_random_work_is_listed_by_a_user_without_access_to_everything(lab: Laboratory) -> None:
    if not lab.other_user_site:
        pytest.skip("only root can become a user without access to everything")
    WorkListedByOtherUser.laboratory = lab
    run_state_machine_as_test(WorkListedByOtherUser, settings=SHORT)


def test_a_deep_and_a_wide_directory_come_and_go(lab: Laboratory) -> None:
    Work.laboratory = lab
    # Another test may have drawn other settings.
    lab.set_answers(ORDINARY)
    work = LargeWork()
    way = Way("rest", "rest", True, "below", 0, ("--workers=1",), moves=True, verify=True)
    try:
        work.begin([], [Place(0, b"kept")])
        work.make_deep_tree(Place(1, b"deep"), 200, b"n" * 100)
        work.fill_directory_widely(Place(1, b"wide"), (4097, False))
        work.list_work(way._replace(directory=1))
        work.delete(1)
        work.list_work(way._replace(directory=1))
    finally:
        work.teardown()


@pytest.fixture
def work(lab: Laboratory) -> Iterator[Work]:
    """A source with the file `par/base/file` in it, and a snapshot of it."""
    Work.laboratory = lab
    lab.set_answers(ORDINARY)
    made = Work()
    made.begin([], [], [(Place(0, b"par"), 1, b"base")])
    yield made
    made.has_changed = False
    made.teardown()


WAY = Way(
    *("rest", "rest", True, "changed", 0, ("--workers=1",)), moves=True, verify=True, guard=True
)
# Which of the changed directories is the base path: see `ways._changed_directories`.
DELETED, CREATED, BELOW_REPLACED = WAY, WAY._replace(directory=1), WAY._replace(directory=2)


@pytest.mark.parametrize("metadata", ["rest", "mount"])
def test_a_base_path_goes_with_the_directory_above_it_which_is_made_anew(
    work: Work, metadata: str
) -> None:
    work.change_a_folder(0, Place(0, b"par2"), "move away")
    work.list_work(CREATED._replace(metadata=metadata))
    work.check_list(BELOW_REPLACED._replace(metadata=metadata), *work.snapshots[-2:])
    work.change_a_folder(0, Place(0, b""), "delete")
    work.list_work(DELETED._replace(metadata=metadata))


@pytest.mark.parametrize("metadata", ["rest", "mount", "snapshot"])
def test_the_source_or_the_folder_above_it_is_renamed(work: Work, metadata: str) -> None:
    work.rename_source("sh\u00f6w")
    work.change_a_folder(1, Place(0, b""), "delete")
    work.list_work(WAY._replace(metadata=metadata, base="source"))
    work.rename_folder_above("&")
    work.write(Place(1, b"new"), 5)
    work.list_work(WAY._replace(metadata=metadata, base="below", directory=1))
    for snapshot in work.snapshots:
        for base in ("source", "above", "missing"):
            work.check_full_list(WAY._replace(metadata=metadata, base=base), snapshot)


@pytest.mark.parametrize(
    ("only", "slice_size"), [("created", 1), ("created", 1000), ("deleted", 1)]
)
def test_an_unreadable_directory_is_listed_whatever_only_says_and_whatever_is_beside_it(
    work: Work, only: str, slice_size: int
) -> None:
    way = WAY._replace(
        base="source",
        moves=False,
        verify=False,
        guard=False,
        limits=("--workers=1", f"--slice-size={slice_size}"),
        filters=DrawnFilters(only=(only,)),
    )
    for name in (b"b\xff", b"\xfe", b"kept\xff"):
        work.make_deep(Place(0, name), 2, b"below")
    work.write(Place(0, b"beside"), 5)
    # Created: three directories that cannot be read over REST.
    work.list_work(way)
    for number in range(3):
        work.write(Place(number + 2, b"new"), 5)
    work.delete(2)
    # One of them is deleted, and others have changed within.
    work.list_work(way)


def test_a_base_path_that_never_existed_is_refused(work: Work) -> None:
    work.write(Place(0, b"file"), 5)
    work.list_work(WAY._replace(base="missing"))
    for number in range(1, 8):
        work.check_list(WAY._replace(base="missing", directory=number), *work.snapshots[-2:])
    work.check_list(WAY._replace(base="beside", metadata="mount"), *work.snapshots[-2:])


@pytest.mark.parametrize("answer", ["error", "empty", "diff"])
def test_snapshots_of_two_directories_are_refused(work: Work, answer: str) -> None:
    for kind in ("beside", "in its place"):
        work.list_two_directories(WAY._replace(base="source", metadata="mount"), answer, kind)
