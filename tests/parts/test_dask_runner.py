"""Slices on the workers of Dask: what dies, hangs, joins, or is not what it should be."""

import contextlib
import gc
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import trustme

from qumulo_changelist.changes import key
from qumulo_changelist.changes.key import MODIFIED
from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.errors import (
    MistakeError,
    NoWorkersError,
    SchedulerError,
    SchedulerRefusedError,
    WorkerError,
    WorkerMismatchError,
)
from qumulo_changelist.events import Listener, SliceLate, WorkerLeftOut, WorkersAwaited, ignore
from qumulo_changelist.runners import dask, dask_connection, dask_worker, lateness
from qumulo_changelist.runners.attempt import Attempt, GivenSlice
from qumulo_changelist.runners.dask import DaskRunner
from qumulo_changelist.runners.dask_connection import DaskConnection
from qumulo_changelist.runners.dask_worker import PickledTask
from qumulo_changelist.runners.report import Report
from qumulo_changelist.runners.scheduler import Scheduler
from qumulo_changelist.trees.interface import WorkerPlace
from tests.parts.conftest import RecordingListener
from tests.parts.dask_cluster import ROOT, Nursery, nursery, wait_until
from tests.parts.worker_trees import (
    NAMES,
    SLICES,
    TIMEOUT,
    Counted,
    DiesAt,
    Mistaken,
    Owned,
    Readers,
    Waiting,
    make_job,
    names_in,
    opened,
    owners_in,
)

__all__ = ["nursery"]

JOB = make_job(Owned(), Owned())


@pytest.fixture
def readers() -> Iterator[Readers]:
    with contextlib.closing(Readers()) as made:
        yield made


@pytest.fixture(autouse=True)
def nothing_remains(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "nursery" in request.fixturenames:
        request.getfixturevalue("nursery").end_all()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lateness, "_LEAST_SECONDS", 0.1)
    monkeypatch.setattr(dask, "_SECONDS_BETWEEN_COUNTS", 0.05)


def start_cluster(nursery: Nursery, workers: int) -> tuple[int, str]:
    """Start a scheduler and workers; return its process id and its file."""
    pid, file = nursery.start_scheduler()
    for _ in range(workers):
        nursery.start_worker(file)
    nursery.wait_for_workers(file, workers)
    return pid, file


def run(
    file: str,
    job: Any,
    slices: Any,
    results: list[Any] | None = None,
    listener: Listener = ignore,
) -> list[Any]:
    """Return the results of slices, which are also appended to a list one by one."""
    results = [] if results is None else results
    with contextlib.closing(DaskRunner(Scheduler(file), listener)) as runner:
        for result in runner.run(job, slices):
            results.append(result)
    return results


def until(is_so: Callable[[], object]) -> Iterator[Slice]:
    """Yield the same slice again and again, until something is so."""
    deadline = time.monotonic() + TIMEOUT
    while not is_so():
        assert time.monotonic() < deadline
        yield SLICES[0]


# Workers that come and go


def test_the_slices_of_a_worker_that_is_killed_are_worked_on_by_another(nursery, readers):
    _, file = start_cluster(nursery, 2)
    pids: list[int] = []

    def slices() -> Iterator[Slice]:
        yield from SLICES[:2]
        pids.extend(readers.wait_for(2))
        os.kill(pids[0], signal.SIGKILL)
        readers.release()
        yield from SLICES[2:]

    results = run(file, make_job(Waiting(readers.port), Owned()), slices())

    assert names_in(results) == NAMES
    assert owners_in(results) == {pids[1]}


@pytest.mark.usefixtures("impatient")
def test_the_slices_of_a_worker_that_hangs_are_worked_on_by_another_until_it_is_back(
    nursery, readers
):
    _, file = start_cluster(nursery, 2)
    pids: list[int] = []
    results: list[Any] = []

    def slices() -> Iterator[Slice]:
        yield from SLICES[:2]
        pids.extend(readers.wait_for(2))
        os.kill(pids[0], signal.SIGSTOP)
        readers.release()
        yield from SLICES[2:]
        yield from until(lambda: len(results) >= len(SLICES))
        os.kill(pids[0], signal.SIGCONT)
        yield from until(lambda: pids[0] in owners_in(results[len(SLICES) :]))

    listener = RecordingListener()
    run(file, make_job(Waiting(readers.port), Owned()), slices(), results, listener)

    assert any(isinstance(event, SliceLate) for event in listener.events)
    assert names_in(results[: len(SLICES)]) == NAMES
    assert owners_in(results[: len(SLICES)]) == {pids[1]}
    assert set(names_in(results[len(SLICES) :])) == set(NAMES[:2])


@pytest.mark.parametrize(("is_in_line", "is_cancelled"), [(True, False), (False, True)])
def test_the_slice_of_a_slow_worker_that_is_gone_is_left_to_the_scheduler(
    nursery, is_in_line, is_cancelled
):
    """A cancelled attempt looks like a lost connection, if anybody still waits for it."""
    _, file = start_cluster(nursery, 0)
    attempt = Attempt("slice-1", "tcp://127.0.0.1:1")
    attempt.result = Future()

    with contextlib.closing(DaskRunner(Scheduler(file), ignore)) as runner:
        runner._slow["tcp://127.0.0.1:9"] = attempt
        if is_in_line:
            runner._line.append(GivenSlice(PickledTask(), attempt))
        runner._forget_slow()

        assert runner._slow == {}
        assert attempt.result.cancelled() is is_cancelled


def test_a_worker_that_joins_in_the_middle_gets_slices_too(nursery, monkeypatch):
    monkeypatch.setattr(dask, "_SECONDS_BETWEEN_COUNTS", 0.05)
    _, file = start_cluster(nursery, 1)
    results: list[Any] = []

    def slices() -> Iterator[Slice]:
        yield from SLICES
        nursery.start_worker(file)
        yield from until(lambda: len(owners_in(results)) == 2)

    run(file, JOB, slices(), results)

    assert names_in(results[: len(SLICES)]) == NAMES


def test_a_slice_that_ends_every_worker_ends_the_run(nursery):
    _, file = start_cluster(nursery, 2)

    with pytest.raises(WorkerError, match=r"ended; the last one was tcp://127\.0\.0\.1:\d+$"):
        run(file, make_job(DiesAt("/5a")), SLICES)


def test_a_mistake_of_a_worker_is_said_without_what_was_worked_on(nursery, caplog):
    _, file = start_cluster(nursery, 1)

    with pytest.raises(MistakeError, match=r"worker tcp://.*KeyError at ") as caught:
        run(file, make_job(Mistaken("s3cret")), SLICES)

    assert "wording.py" in caught.value.frames
    assert "s3cret" not in caplog.text + str(caught.value) + caught.value.frames


def test_nothing_is_logged_of_what_dask_leaves_of_a_slice_that_failed(nursery, caplog):
    """Python logs it when it finds the garbage: at any moment, in any thread."""
    _, file = start_cluster(nursery, 2)
    with pytest.raises(WorkerError):
        run(file, make_job(DiesAt("/5a")), SLICES)

    gc.collect()

    assert [one.getMessage() for one in caplog.records if one.name == "asyncio"] == []


def test_without_workers_the_run_waits_for_them_and_gives_up(nursery, monkeypatch):
    monkeypatch.setattr(dask, "_SECONDS_TO_WAIT_FOR_WORKERS", 0)
    _, file = start_cluster(nursery, 0)
    listener = RecordingListener()

    with (
        contextlib.closing(DaskRunner(Scheduler(file), listener)) as runner,
        pytest.raises(NoWorkersError, match="has no workers, and none came within 0 s"),
    ):
        list(runner.run(JOB, SLICES))

    assert listener.events == [WorkersAwaited(Scheduler(file).location())]


def test_a_run_goes_on_when_the_first_worker_comes(nursery):
    _, file = start_cluster(nursery, 0)
    events: list[object] = []

    def listen(event: object) -> None:
        events.append(event)
        nursery.start_worker(file)

    with contextlib.closing(DaskRunner(Scheduler(file), listen)) as runner:
        assert names_in(runner.run(JOB, SLICES)) == NAMES
    assert events == [WorkersAwaited(Scheduler(file).location())]


def test_a_worker_that_does_not_answer_is_told_from_those_that_do(nursery, monkeypatch):
    _, file = start_cluster(nursery, 1)
    pid = nursery.start_worker(file)
    nursery.wait_for_workers(file, 2)

    with contextlib.closing(DaskConnection(Scheduler(file))) as connection:
        pids = connection.ask_workers(os.getpid)
        silent = next(address for address, one in pids.items() if one == pid)
        os.kill(pid, signal.SIGSTOP)
        monkeypatch.setattr(dask_connection, "_SECONDS_TO_CONNECT", 1)
        answers = connection.ask_workers(os.getpid)

    error = answers.pop(silent)
    assert isinstance(error, WorkerError)
    assert str(error) == "it does not answer"
    assert answers == {one: answer for one, answer in pids.items() if one != silent}


# Nothing remains


def number_kept(connection: DaskConnection) -> int:
    """Return the number of results that all workers keep."""
    kept = connection._ask(connection._client.has_what, TIMEOUT)
    return sum(map(len, kept.values()))


def test_results_are_released_as_soon_as_they_are_here(nursery):
    _, file = start_cluster(nursery, 2)
    most = 0

    with (
        contextlib.closing(DaskRunner(Scheduler(file), ignore)) as runner,
        contextlib.closing(DaskConnection(Scheduler(file))) as other,
    ):
        for _ in runner.run(JOB, [SLICES[0]] * 40):
            most = max(most, number_kept(other))
        wait_until(lambda: not number_kept(other))

    assert most <= 4


def many(directory: str) -> Slice:
    """Return a slice that takes a hundred requests."""
    return Slice.of(
        [key.make_key(f"/{directory}{number:02}/a", MODIFIED) for number in range(99, -1, -1)]
    )


def test_a_run_that_ends_lets_its_workers_stop_in_the_middle(nursery, readers):
    _, file = start_cluster(nursery, 2)

    def slices() -> Iterator[Slice]:
        yield from map(many, "ba")
        readers.wait_for(2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(file, make_job(Waiting(readers.port)), slices())

    readers.release(20)
    readers.wait_until_gone()
    # The same workers go on with others.
    assert names_in(run(file, JOB, SLICES)) == NAMES


RUN = """
import sys
from qumulo_changelist.cli import program
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.runners.local import open_runner
from qumulo_changelist.runners.scheduler import Scheduler
from tests.parts.worker_trees import SLICES, Waiting, make_job

def command(_):
    with open_runner(1, Scheduler(sys.argv[1]), Screen(verbose=False)) as runner:
        list(runner.run(make_job(Waiting(int(sys.argv[2]))), SLICES))

sys.exit(program.run(command, [], makes_list=True))
"""


@pytest.mark.parametrize("end", ["the run", "the scheduler"])
def test_what_ends_a_run_is_said_in_our_words_alone(nursery, readers, end):
    pid, file = start_cluster(nursery, 1)
    address = Scheduler(file).location()

    with subprocess.Popen(
        [sys.executable, "-c", RUN, file, str(readers.port)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        readers.wait_for(1)
        if end == "the run":
            process.terminate()
        else:
            os.kill(pid, signal.SIGKILL)
        _, said = process.communicate(timeout=TIMEOUT)

    if end == "the run":
        assert process.returncode == 128 + signal.SIGTERM
        assert "Traceback" not in said
        assert "distributed" not in said
    else:
        assert process.returncode == 69
        first, *_ = said.splitlines()
        assert first.endswith(f"the connection to the scheduler {address} was lost")
        assert "Traceback" not in said


# Schedulers that are not there


def test_a_refused_connection_is_reported_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"

    with pytest.raises(SchedulerError, match=f"nothing answers at {address}: Connection refused"):
        DaskRunner(Scheduler(address), ignore)


def test_a_scheduler_that_does_not_answer_is_reported(monkeypatch):
    monkeypatch.setattr(dask_connection, "_SECONDS_TO_CONNECT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"

        with pytest.raises(SchedulerError, match=f"no scheduler answers at {address} in time"):
            DaskRunner(Scheduler(address), ignore)


def test_a_run_ends_soon_when_the_scheduler_hangs(nursery, monkeypatch):
    monkeypatch.setattr(dask_connection, "_SECONDS_TO_END", 0.2)
    pid, file = start_cluster(nursery, 0)
    runner = DaskRunner(Scheduler(file), ignore)
    os.kill(pid, signal.SIGSTOP)

    began = time.monotonic()
    runner.close()

    assert time.monotonic() - began < dask_connection._SECONDS_TO_ANSWER / 2


# TLS


class Party:
    """Somebody who has a certificate of an authority, and trusts that of an authority."""

    def __init__(self, folder: Path, authority: trustme.CA, trusted: trustme.CA) -> None:
        folder.mkdir()
        leaf = authority.issue_cert("anybody", key_type=trustme.KeyType.ECDSA)
        names = [str(folder / name) for name in ("ca.pem", "cert.pem", "key.pem")]
        trusted.cert_pem.write_to_path(names[0])
        leaf.cert_chain_pems[0].write_to_path(names[1])
        leaf.private_key_pem.write_to_path(names[2])
        self._names = names

    def scheduler(self, address: str) -> Scheduler:
        return Scheduler(address, self._names[0], self._names[1], self._names[2])

    @property
    def options(self) -> list[str]:
        names = ("--tls-ca-file", "--tls-cert", "--tls-key")
        return [part for pair in zip(names, self._names, strict=True) for part in pair]


def test_over_tls_both_sides_verify_each_other(nursery, tmp_path, monkeypatch):
    ours, theirs = (trustme.CA(key_type=trustme.KeyType.ECDSA) for _ in range(2))
    cluster = Party(tmp_path / "cluster", ours, ours)
    _, file = nursery.start_scheduler("--protocol", "tls", *cluster.options)
    nursery.start_worker(file, *cluster.options)
    address = Scheduler(file).location()
    assert address.startswith("tls://")

    strangers = {"whom it does not trust": (ours, theirs), "who does not trust it": (theirs, ours)}
    for name, authorities in strangers.items():
        with pytest.raises(SchedulerRefusedError, match="do not accept each other's certificates"):
            DaskRunner(Party(tmp_path / name, *authorities).scheduler(address), ignore)
    scheduler = cluster.scheduler(address)
    scheduler.check()
    with contextlib.closing(DaskRunner(scheduler, ignore)) as runner:
        assert names_in(runner.run(JOB, SLICES)) == NAMES

    monkeypatch.setattr(dask_connection, "_SECONDS_TO_CONNECT", 0.3)
    with pytest.raises(SchedulerError, match="no scheduler answers") as caught:
        DaskRunner(Scheduler(address.replace("tls", "tcp")), ignore)
    assert "begins with tls://" in caught.value.hint


# Versions


def test_a_worker_without_the_package_is_named(nursery):
    _, file = nursery.start_scheduler()
    nursery.start_worker(file, "--hide-package")
    nursery.wait_for_workers(file, 1)

    with pytest.raises(WorkerMismatchError, match=r"^the worker tcp://\S+ does not have the pack"):
        DaskRunner(Scheduler(file), ignore)


def test_a_worker_with_other_versions_works_on_nothing(nursery, monkeypatch):
    _, file = start_cluster(nursery, 1)
    monkeypatch.setattr(dask, "versions", lambda: ("0.9", "3.9"))
    here = "{} with Python {}".format(*dask_worker.versions())

    with pytest.raises(WorkerMismatchError) as caught:
        run(file, JOB, SLICES)

    assert str(caught.value).endswith(
        f" has qumulo-changelist {here}, and this machine 0.9 with Python 3.9"
    )
    assert str(caught.value).startswith("the worker tcp://127.0.0.1:")


def test_a_worker_with_other_versions_that_joins_is_left_out_as_long_as_there_is_another(
    nursery, monkeypatch
):
    monkeypatch.setattr(dask, "_SECONDS_BETWEEN_COUNTS", 0.05)
    _, file = nursery.start_scheduler()
    good = nursery.start_worker(file)
    nursery.wait_for_workers(file, 1)
    listener = RecordingListener()
    results: list[Any] = []

    def slices() -> Iterator[Slice]:
        nursery.start_worker(file, "--hide-package")
        yield from until(lambda: listener.events)
        results.clear()
        yield from SLICES
        yield from until(lambda: len(results) >= len(SLICES))
        os.kill(good, signal.SIGKILL)
        yield from until(lambda: False)

    with pytest.raises(WorkerMismatchError) as caught:
        run(file, JOB, slices(), results, listener)

    assert listener.events == [WorkerLeftOut(str(caught.value))]
    assert str(caught.value).endswith(" does not have the package qumulo-changelist")
    assert owners_in(results[2 : len(SLICES)]) == {good}


def test_a_slice_that_a_worker_with_other_versions_took_is_given_to_others(nursery):
    _, file = start_cluster(nursery, 1)
    error = dask_worker.mismatch("tcp://127.0.0.1:9", ("0.9", "3.9"), ("1.0", "3.12"))
    refused = Attempt("slice-1", "tcp://127.0.0.1:1")
    refused.result = Future()
    refused.result.set_result(pickle.dumps(Report(error, [])))
    listener = RecordingListener()

    with contextlib.closing(DaskRunner(Scheduler(file), listener)) as runner:
        task = PickledTask.of(dask_worker.Task("1", pickle.dumps(JOB), runner._crew, SLICES[0]))
        runner._line.append(GivenSlice(task, refused))

        assert names_in([runner._take()]) == NAMES[:2]
    assert listener.events == [
        WorkerLeftOut(
            "the worker tcp://127.0.0.1:9 has qumulo-changelist 0.9 with Python 3.9, and this "
            "machine 1.0 with Python 3.12"
        )
    ]


def test_a_slice_that_was_only_for_workers_that_are_gone_is_given_to_others(nursery):
    _, file = start_cluster(nursery, 1)
    stranded = Attempt("slice-1", "tcp://127.0.0.1:1", ["tcp://127.0.0.1:9"])
    stranded.result = Future()

    with contextlib.closing(DaskRunner(Scheduler(file), ignore)) as runner:
        task = PickledTask.of(dask_worker.Task("1", pickle.dumps(JOB), runner._crew, SLICES[0]))
        runner._line.append(GivenSlice(task, stranded))
        runner._free_stranded()

        assert stranded.result.cancelled()
        assert names_in([runner._take()]) == NAMES[:2]


# What a worker keeps


def use(jobs: Any, job_id: str) -> None:
    """Work on a slice of a job."""
    job = pickle.dumps(make_job(Counted(job_id)))
    task = dask_worker.Task(job_id, job, dask_worker.Crew(), SLICES[0])
    with jobs.use(task) as kept:
        kept.work("tcp://127.0.0.1:1", task)


def test_a_worker_keeps_few_jobs_and_closes_those_that_were_not_used_for_longest(monkeypatch):
    monkeypatch.setattr(dask_worker, "_MAX_JOBS", 2)
    jobs = dask_worker._Jobs()

    for job_id, kept in (("a", "a"), ("b", "ab"), ("a", "ab"), ("c", "ac"), ("b", "bc")):
        use(jobs, job_id)
        assert "".join(sorted(opened)) == kept

    jobs.end("b")
    jobs.end("c")
    wait_until(lambda: not opened)


def test_a_worker_closes_jobs_of_runs_that_are_gone(monkeypatch):
    monkeypatch.setattr(dask_worker, "_SECONDS_TO_KEEP", 0.01)
    jobs = dask_worker._Jobs()

    use(jobs, "a")
    wait_until(lambda: not opened)


def test_one_timer_is_enough_for_all_jobs_of_a_worker():
    before, jobs = set(threading.enumerate()), dask_worker._Jobs()
    for job_id in "abc":
        use(jobs, job_id)

    timers = set(threading.enumerate()) - before
    for timer in timers:
        assert isinstance(timer, threading.Timer)
        timer.cancel()
    for job_id in "abc":
        jobs.end(job_id)
    wait_until(lambda: not opened)
    assert len(timers) == 1


def test_a_worker_begins_with_no_slice_of_a_run_that_has_ended():
    jobs = dask_worker._Jobs()
    use(jobs, "a")
    jobs.end("a")

    with pytest.raises(dask_worker._JobEnded):
        use(jobs, "a")
    wait_until(lambda: not opened)


@pytest.mark.parametrize(
    ("address", "thread", "place"),
    [
        ("tcp://a", 0, WorkerPlace(0, 3)),
        ("tcp://b", 0, WorkerPlace(1, 3)),
        ("tcp://b", 1, WorkerPlace(2, 3)),
        # It joined after the slice was given away.
        ("tcp://c", 1, WorkerPlace(4, 5)),
    ],
)
def test_each_thread_of_a_worker_has_its_own_place(address, thread, place):
    crew = dask_worker.Crew((("tcp://a", 1), ("tcp://b", 2)))

    assert crew.place_of(address, thread) == place
