"""What every runner promises: this process, several of this machine, and the workers of Dask."""

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from msgspec.structs import replace

from qumulo_changelist.changes import key
from qumulo_changelist.changes.key import CREATED, DELETED, MODIFIED
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.errors import MistakeError, QqFailedError, UnreachableError, UsageError
from qumulo_changelist.events import CommandStarted, Listener, ignore
from qumulo_changelist.output.interface import Piece
from qumulo_changelist.runners.encode import CountedPieces
from qumulo_changelist.runners.job import SliceJob
from qumulo_changelist.runners.local import LocalRunner, open_runner
from qumulo_changelist.runners.piece_codec import PiecesCodec
from qumulo_changelist.runners.piece_keeper import PieceKeeper
from qumulo_changelist.runners.scheduler import Scheduler
from tests.parts.conftest import RecordingListener
from tests.parts.dask_cluster import Nursery, nursery
from tests.parts.worker_trees import (
    NAMES,
    SLICES,
    FailsToOpen,
    FailsToRead,
    Job,
    Owned,
    Placed,
    Readers,
    Reporting,
    Waiting,
    make_job,
    names_in,
    owners_in,
)

__all__ = ["nursery"]

JOB = make_job(Owned(), Owned())
FILES = [Slice.of([key.make_key(f"/{name}", MODIFIED)]) for name in "dcba"]

Start = Callable[[Listener], AbstractContextManager[LocalRunner]]


@pytest.fixture
def readers() -> Iterator[Readers]:
    with contextlib.closing(Readers()) as made:
        yield made


@pytest.fixture(scope="module")
def scheduler(nursery: Nursery) -> Scheduler:
    """A scheduler with two workers that work on one slice at a time."""
    _, file = nursery.start_scheduler()
    nursery.start_worker(file)
    nursery.start_worker(file)
    nursery.wait_for_workers(file, 2)
    return Scheduler(file)


@pytest.fixture(params=["this process", "two processes", "two workers of Dask"])
def start(request: pytest.FixtureRequest) -> Start:
    """Return what starts a runner, which is closed at the end of a block."""

    @contextlib.contextmanager
    def start_runner(listener: Listener) -> Iterator[LocalRunner]:
        is_dask = request.param == "two workers of Dask"
        scheduler = request.getfixturevalue("scheduler") if is_dask else None
        with open_runner(2, scheduler, listener) as runner:
            if request.param == "two processes":
                runner.start_processes()
            yield runner

    return start_runner


in_several = pytest.mark.parametrize(
    "start", ["two processes", "two workers of Dask"], indirect=True
)

# What does not depend on the number of processes.
here_and_elsewhere = pytest.mark.parametrize(
    "start", ["this process", "two workers of Dask"], indirect=True
)


# Results


@pytest.mark.parametrize(
    ("start", "ahead"),
    [("this process", 1), ("two processes", 4), ("two workers of Dask", 4)],
    indirect=["start"],
)
def test_results_come_in_the_order_of_the_slices_of_which_few_are_taken_ahead(start, ahead):
    taken = 0

    def slices() -> Iterator[Slice]:
        nonlocal taken
        for one in SLICES:
            taken += 1
            yield one

    results = []
    with start(ignore) as runner:
        for result in runner.run(JOB, slices()):
            results.append(result)
            assert taken <= len(results) - 1 + ahead

    assert names_in(results) == NAMES
    for result in results:
        (counted,) = result.product
        totals = counted.tally.totals
        assert (totals.files, totals.deleted_files) == (1, 1)
        assert result.changed_since == 1


@here_and_elsewhere
def test_no_slices_give_no_results(start):
    with start(ignore) as runner:
        assert list(runner.run(JOB, [])) == []


@here_and_elsewhere
def test_entries_that_changed_since_the_snapshot_are_counted_in_both_newer_trees(start):
    job: Job = SliceJob(Owned(), Owned(), JOB.finish, identified=Owned())
    slices = [
        Slice.of([key.make_key("/d", CREATED), key.make_key("/c", MODIFIED)]),
        Slice.of([key.make_key("/b", MODIFIED), key.make_key("/a", DELETED)]),
    ]

    with start(ignore) as runner:
        assert [result.changed_since for result in runner.run(job, slices)] == [2, 1]


@in_several
def test_several_workers_are_other_processes_that_work_at_the_same_time(start, readers):
    ids: list[int] = []

    def slices() -> Iterator[Slice]:
        yield from SLICES[:2]
        ids.extend(readers.wait_for(2))
        readers.release()

    with start(ignore) as runner:
        results = list(runner.run(make_job(Waiting(readers.port)), slices()))

    assert owners_in(results) == set(ids)
    assert len(set(ids)) == 2
    assert os.getpid() not in ids


@in_several
def test_each_worker_opens_the_trees_in_its_own_place_once(start, readers):
    def slices() -> Iterator[Slice]:
        yield from SLICES[:2]
        readers.wait_for(2)
        readers.release()
        yield from SLICES[2:]

    with start(ignore) as runner:
        results = list(runner.run(make_job(Placed(Waiting(readers.port))), slices()))

    # Whose turn it is when both are done is open.
    assert owners_in(results) == {200, 201}
    readers.wait_until_gone()
    assert readers.none_came()


# Events


def test_events_arrive_with_the_results_of_their_slices(start):
    listener = RecordingListener()
    with start(listener) as runner:
        for number, _ in enumerate(runner.run(make_job(Reporting()), FILES)):
            expected = [CommandStarted(("read", f"/{name}")) for name in "dcba"[: number + 1]]
            assert [one for one in listener.events if one in expected] == expected

    opened = [one for one in listener.events if one == CommandStarted(("open",))]
    assert 1 <= len(opened) <= 2
    assert len(listener.events) == len(opened) + len(FILES)


def test_events_of_a_slice_that_fails_arrive_before_its_error(start):
    listener = RecordingListener()
    source = Reporting(UnreachableError("no node answers"), "/c")

    with pytest.raises(UnreachableError, match="no node answers"), start(listener) as runner:
        list(runner.run(make_job(source), FILES))

    read = [one for one in listener.events if one != CommandStarted(("open",))]
    assert read == [CommandStarted(("read", "/d")), CommandStarted(("read", "/c"))]


# Errors


@pytest.mark.parametrize(
    "source",
    [
        FailsToOpen(UsageError("the mapped path is missing", hint="mount it")),
        FailsToRead(QqFailedError("qq failed", exit_code=9)),
    ],
    ids=["opening", "reading"],
)
def test_an_error_that_ends_a_run_arrives_unchanged(start, source):
    with pytest.raises(type(source.error)) as caught, start(ignore) as runner:
        list(runner.run(make_job(source), SLICES))

    assert type(caught.value) is type(source.error)
    assert caught.value.args == source.error.args
    assert set(vars(source.error).items()) <= set(vars(caught.value).items())


def test_a_mistake_arrives_as_its_place_alone_from_a_different_process(start):
    with pytest.raises((ValueError, MistakeError)) as caught, start(ignore) as runner:
        list(runner.run(make_job(FailsToRead(ValueError("a secret"))), SLICES))

    if type(caught.value) is MistakeError:
        assert "ValueError at line" in str(caught.value)
        assert "secret" not in str(caught.value)


# What is kept


def test_what_a_runner_makes_is_kept_and_not_made_again(start, tmp_path):
    keeper: PieceKeeper[CountedPieces] = PieceKeeper(
        str(tmp_path), b"1" * 32, PiecesCodec(), lasts=True
    )
    with open_runner(1, None, ignore) as runner:
        list(runner.run(replace(JOB, keeper=keeper), SLICES[:1]))
    job = replace(JOB, keeper=keeper)

    with start(ignore) as runner:
        results = list(runner.run(job, SLICES[:3]))

    assert [result.was_kept for result in results] == [True, False, False]
    assert len(list(tmp_path.glob("*.piece"))) == 3
    assert not any(isinstance(one.piece, Piece) for result in results for one in result.product)
    assert names_in(results) == NAMES[:6]
    unreachable = replace(job, newer=FailsToRead(UnreachableError("it is gone")))
    with open_runner(1, None, ignore) as runner:
        again = list(runner.run(unreachable, SLICES[:3]))
    assert all(result.was_kept for result in again)
    assert names_in(again) == NAMES[:6]
