"""Slices that are worked on in this process or in several, all of which end when they should."""

import contextlib
import errno
import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing.context import SpawnProcess
from typing import Any

import pytest

from qumulo_changelist.changes.slice import Slice
from qumulo_changelist.errors import (
    MistakeError,
    MountTimeoutError,
    UnreachableError,
    WorkerError,
)
from qumulo_changelist.events import Listener, WorkersUnavailable, ignore
from qumulo_changelist.runners import processes
from qumulo_changelist.runners.local import LocalRunner
from tests.parts.conftest import RecordingListener
from tests.parts.worker_trees import (
    NAMES,
    SLICES,
    TIMEOUT,
    AnySource,
    Exited,
    HangingMount,
    Holding,
    Job,
    Killed,
    Mistaken,
    Owned,
    OwnedTree,
    Readers,
    Waiting,
    make_job,
    names_in,
    owners_in,
)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

JOB = make_job(Owned(), Owned())


@pytest.fixture
def readers() -> Iterator[Readers]:
    with contextlib.closing(Readers()) as made:
        yield made


@pytest.fixture(autouse=True)
def no_process_remains() -> Iterator[None]:
    yield
    assert multiprocessing.active_children() == []


@contextlib.contextmanager
def start_runner(count: int, listener: Listener = ignore) -> Iterator[LocalRunner]:
    """Yield a runner whose processes have been started, if it is to have any."""
    with LocalRunner(count, listener) as runner:
        runner.start_processes()
        yield runner


def interrupt_when_reading(
    job: Job, readers: Readers, count: int, look: Callable[[], object] = int
) -> None:
    """Interrupt this process while others read; have a look before."""

    def slices() -> Iterator[Slice]:
        yield from SLICES[:count]
        readers.wait_for(count)
        look()
        raise KeyboardInterrupt

    with start_runner(2) as runner:
        list(runner.run(job, slices()))


in_both = pytest.mark.parametrize("count", [1, 2], ids=["in this process", "in several"])


# Results


def test_one_worker_is_this_process():
    with start_runner(1) as runner:
        assert not runner.is_parallel
        assert owners_in(runner.run(JOB, SLICES)) == {os.getpid()}


def test_several_workers_that_were_not_started_are_this_process():
    with LocalRunner(2, ignore) as runner:
        assert runner.is_parallel
        assert owners_in(runner.run(JOB, SLICES)) == {os.getpid()}


def test_all_processes_start_at_once_and_end_with_the_runner():
    with start_runner(3) as runner:
        assert len(multiprocessing.active_children()) == 3
        runner.start_processes()
        assert len(multiprocessing.active_children()) == 3
        assert list(runner.run(JOB, [])) == []

    assert multiprocessing.active_children() == []


def test_the_other_processes_of_a_program_are_left_alone():
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    process.start()
    try:
        with start_runner(2), start_runner(1):
            assert len(multiprocessing.active_children()) == 3

        assert multiprocessing.active_children() == [process]
        assert process.is_alive()
    finally:
        process.kill()
        process.join()


def test_an_interruption_while_processes_start_leaves_none(monkeypatch):
    start = SpawnProcess.start

    def interrupt(process: SpawnProcess) -> None:
        start(process)
        signal.raise_signal(signal.SIGINT)  # it is blocked until all have started

    monkeypatch.setattr(SpawnProcess, "start", interrupt)

    with pytest.raises(KeyboardInterrupt), LocalRunner(2, ignore) as runner:
        runner.start_processes()


class Noting(AnySource, frozen=True):
    """Notes when it is opened and closed."""

    name: str
    notes: list[str]

    @contextlib.contextmanager
    def open(self, listener: Listener) -> Iterator[OwnedTree]:
        self.notes.append(f"open {self.name}")
        yield OwnedTree()
        self.notes.append(f"close {self.name}")


def test_trees_stay_open_from_slice_to_slice_until_the_end():
    notes: list[str] = []
    newer, older = Noting("newer", notes), Noting("older", notes)

    with start_runner(1) as runner:
        assert notes == []
        assert len(list(runner.run(make_job(newer, older), SLICES))) == len(SLICES)
        assert notes == ["open newer", "open older"]
    assert notes[2:] == ["close older", "close newer"]


# Elsewhere


class Elsewhere:
    """Stands for the workers of a scheduler."""

    requests_under_way = 5
    is_closed = False

    def run(self, job: Any, slices: Any) -> Any:
        return iter((job, *slices))

    def close(self) -> None:
        self.is_closed = True


def test_processes_of_this_machine_only_share_items_if_slices_are_worked_on_elsewhere():
    elsewhere = Elsewhere()

    def items() -> Iterator[int]:
        yield 1
        runner.start_processes()
        assert len(multiprocessing.active_children()) == 2
        yield from range(2, 5)

    with LocalRunner(2, ignore, elsewhere=elsewhere) as runner:
        assert runner.is_parallel
        runner.start_processes()
        assert multiprocessing.active_children() == []
        assert sorted(runner.share(double, items())) == [2, 4, 6, 8]
        assert list(runner.run(JOB, SLICES)) == [JOB, *SLICES]
        assert multiprocessing.active_children() == []
        runner.start_processes()
        assert multiprocessing.active_children() == []
        assert runner.requests_under_way == 5
    assert elsewhere.is_closed


def test_with_slices_elsewhere_one_worker_is_this_process():
    with LocalRunner(1, ignore, elsewhere=Elsewhere()) as runner:
        assert runner.is_parallel
        assert list(runner.share(double, [2])) == [4]
        runner.start_processes()
        assert multiprocessing.active_children() == []


# Sharing


def double(number: int) -> int:
    """Return twice the number; 13 brings bad luck, and 17 ends the process."""
    if number == 13:
        raise UnreachableError("the thirteenth")
    if number == 17 and multiprocessing.parent_process():
        os._exit(3)
    return 2 * number


@in_both
def test_shared_items_each_give_one_result(count):
    with start_runner(count) as runner:
        assert sorted(runner.share(double, range(13))) == list(range(0, 26, 2))


def test_items_are_shared_as_soon_as_there_are_processes():
    with LocalRunner(2, ignore) as runner:
        here = [os.getpid(), *runner.share(pid_of, range(2))]
        assert len(set(here)) == 1
        items = iter(range(100))
        shared = runner.share(pid_of, items)
        assert next(shared) == os.getpid()
        runner.start_processes()
        assert len({os.getpid(), *shared}) > 1


def pid_of(_: int) -> int:
    return os.getpid()


@in_both
def test_an_error_of_a_shared_item_ends_the_run(count):
    with start_runner(count) as runner, pytest.raises(UnreachableError, match="the thirteenth"):
        list(runner.share(double, [13]))


def test_a_process_that_ends_with_a_shared_item_ends_the_run():
    with start_runner(2) as runner, pytest.raises(WorkerError, match="exit code 3"):
        list(runner.share(double, [17]))


# Errors


@pytest.mark.parametrize(
    ("newer", "message"),
    [
        (Killed(signal.SIGKILL), "a worker process was killed by signal SIGKILL"),
        (Exited(3), "a worker process ended with exit code 3"),
        (Killed(signal.SIGTERM), "a worker process was terminated"),
    ],
)
def test_the_error_of_a_process_that_dies_names_its_ending(newer, message):
    with pytest.raises(WorkerError) as caught, start_runner(2) as runner:
        list(runner.run(make_job(newer), SLICES))

    assert str(caught.value) == message


SECRET = "correct-horse"


def run_mistaken() -> None:
    with start_runner(2) as runner:
        list(runner.run(make_job(Mistaken(SECRET)), SLICES))


def share_mistaken() -> None:
    with start_runner(2) as runner:
        list(runner.share(misread, [SECRET]))


def misread(secret: str) -> None:
    with Mistaken(secret).open(ignore):
        pass


@pytest.mark.parametrize("work", [run_mistaken, share_mistaken])
def test_a_mistake_in_a_process_names_its_place_there_and_nothing_that_was_worked_on(work):
    with pytest.raises(MistakeError) as caught:
        work()

    shown = "".join(traceback.format_exception(caught.value))
    assert "mistake in qumulo-changelist: KeyError at " in shown
    assert "KeyError, raised at:\n" in caught.value.frames
    assert "wording.py" in caught.value.frames  # where the first one of both was raised
    assert SECRET not in shown + caught.value.frames


def test_a_process_that_dies_before_all_have_started_is_an_error(monkeypatch):
    class PatientExecutor(ProcessPoolExecutor):
        def submit(self, *arguments, **keywords) -> Future[Any]:
            submitted = super().submit(*arguments, **keywords)
            submitted.exception(TIMEOUT)
            return submitted

    monkeypatch.setattr(processes, "ProcessPoolExecutor", PatientExecutor)
    monkeypatch.setattr(processes, "_prepare_process", partial(signal.raise_signal, signal.SIGKILL))

    with (
        pytest.raises(WorkerError, match=r"terminated|killed by signal SIGKILL"),
        start_runner(2),
    ):
        pass


# The end


def test_processes_that_are_working_end_with_the_runner(readers):
    with pytest.raises(KeyboardInterrupt):
        interrupt_when_reading(make_job(Waiting(readers.port)), readers, 2)

    readers.wait_until_gone()
    assert multiprocessing.active_children() == []


def test_processes_whose_mount_does_not_answer_end_with_an_interruption(readers, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        interrupt_when_reading(make_job(HangingMount(str(tmp_path), readers.port)), readers, 2)

    readers.wait_until_gone()
    assert multiprocessing.active_children() == []


def test_a_mount_that_does_not_answer_ends_all_processes(readers, tmp_path):
    job = make_job(HangingMount(str(tmp_path), readers.port, timeout=0.3))

    with start_runner(2) as runner, pytest.raises(MountTimeoutError, match=rf": {tmp_path}/\da"):
        list(runner.run(job, SLICES))

    assert multiprocessing.active_children() == []


def test_a_process_that_is_ended_while_it_works_cleans_up(readers, tmp_path):
    path = tmp_path / "held"
    job = make_job(Holding(readers.port, str(path)))
    existed: list[bool] = []

    with pytest.raises(KeyboardInterrupt):
        interrupt_when_reading(job, readers, 1, lambda: existed.append(path.exists()))

    readers.wait_until_gone()
    assert existed == [True]
    assert not path.exists()


INTERRUPTED = """
import contextlib, os, signal
from qumulo_changelist.events import ignore
from qumulo_changelist.runners.local import LocalRunner
from tests.parts.worker_trees import SLICES, Readers, Waiting, make_job, names_in

before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
with contextlib.closing(Readers()) as readers:
    def slices():
        yield from SLICES[:2]
        for process in readers.wait_for(2):
            os.kill(process, signal.SIGINT)
        readers.release()

    with LocalRunner(2, ignore) as runner:
        runner.start_processes()
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before
        print(*names_in(runner.run(make_job(Waiting(readers.port)), slices())))
"""


def test_processes_ignore_an_interruption():
    # Run by a process that has started no other before.
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )

    names = " ".join(name for name in NAMES[:4] if name.endswith("a"))
    assert (done.stdout, done.stderr) == (names + "\n", "")


ENDED = """
import sys
from qumulo_changelist.events import ignore
from qumulo_changelist.runners.local import LocalRunner
from tests.parts.worker_trees import SLICES, Waiting, make_job

with LocalRunner(2, ignore) as runner:
    runner.start_processes()
    list(runner.run(make_job(Waiting(int(sys.argv[1]))), SLICES))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_processes_end_with_the_process_that_started_them_however_it_ended(readers, number):
    command = [sys.executable, "-c", ENDED, str(readers.port)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as parent:
        readers.wait_for(2)
        parent.send_signal(number)
        assert parent.wait(TIMEOUT) == -number

    readers.wait_until_gone()


HANGING = """
import signal, threading
from qumulo_changelist.runners import processes

processes._SECONDS_TO_END, processes._at_work = 0.01, True
signal.signal(signal.SIGTERM, processes._handle_sigterm)
try:
    signal.raise_signal(signal.SIGTERM)
finally:
    threading.Event().wait(20)
"""


def test_a_process_whose_cleaning_up_hangs_ends_all_the_same():
    ended = subprocess.run([sys.executable, "-c", HANGING], cwd=ROOT, timeout=TIMEOUT, check=False)

    assert ended.returncode == 1


STUCK = """
import signal, sys
from multiprocessing.process import BaseProcess
from qumulo_changelist.cli import program
from qumulo_changelist.cli.screen import Screen
from qumulo_changelist.runners import processes
from tests.parts.worker_trees import Stuck, make_job, SLICES

# Nobody can end a process that waits in the kernel for a dead file server.
BaseProcess.kill = lambda process: None
processes._SECONDS_TO_KILL, processes._SECONDS_TO_GIVE_UP = 0.2, 0.4

def command(_):
    runner = processes.ProcessRunner(1, Screen(verbose=False))
    try:
        list(runner.run(make_job(Stuck()), [b"" for _ in range(4)]))
    finally:
        runner.close()
        runner.close()

if __name__ == "__main__":
    sys.exit(program.run(command, [], makes_list=True))
"""


def test_a_process_that_cannot_be_ended_is_left_behind_and_named():
    with subprocess.Popen(
        [sys.executable, "-c", STUCK], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stderr
        error, left = run.stderr.readline(), run.stderr.readline()
        if "left behind" in error:
            error, left = left, error
        pids = list(map(int, re.findall(r"\d+", left)))
        try:
            assert "left behind" in left
            assert len(pids) == 1
            assert run.wait(TIMEOUT) == 69
        finally:
            for pid in pids:
                # It may notice that the run is gone, and end by itself.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


DROPPED = """
import signal, sys, weakref
from qumulo_changelist.runners import processes

class Target:
    pass

def terminate(_):
    signal.raise_signal(signal.SIGTERM)
    for _ in range(1000):
        pass

processes._at_work = True
sys.unraisablehook = processes._handle_unraisable
signal.signal(signal.SIGTERM, processes._handle_sigterm)
target = Target()
reference = weakref.ref(target, terminate)
del target
try:
    signal.raise_signal(signal.SIGTERM)
except SystemExit:
    sys.exit(3)
"""


def test_a_process_ends_although_python_dropped_the_first_attempt():
    """Python drops an exception that is raised in the callback of a weak reference."""
    ended = subprocess.run(
        [sys.executable, "-c", DROPPED],
        cwd=ROOT,
        timeout=TIMEOUT,
        check=False,
        capture_output=True,
        text=True,
    )

    assert (ended.returncode, ended.stderr) == (3, "")


# Machines on which no process can be started

SHORTAGES = [
    OSError(errno.EAGAIN, "Resource temporarily unavailable"),
    OSError(errno.ENOSPC, "No space left on device"),
    FileNotFoundError(errno.ENOENT, "No such file or directory"),
    ImportError("This platform lacks a functioning sem_open implementation"),
]


def check_works_alone(listener: RecordingListener, runner: LocalRunner, reason: str) -> None:
    """Check that this process does all the work, and the event that says why."""
    runner.start_processes()  # does not try again
    results = list(runner.run(JOB, SLICES))

    assert names_in(results) == NAMES
    assert owners_in(results) == {os.getpid()}
    assert not runner.is_parallel
    assert listener.events == [WorkersUnavailable(reason)]


@pytest.mark.parametrize(
    ("shortage", "startable"),
    [*((shortage, 0) for shortage in SHORTAGES), (SHORTAGES[0], 1)],
    ids=str,
)
def test_if_not_all_processes_can_be_started_this_one_works_alone(monkeypatch, shortage, startable):
    start = SpawnProcess.start
    started: list[SpawnProcess] = []

    def start_some(process: SpawnProcess) -> None:
        if len(started) >= startable:
            raise shortage
        started.append(process)
        start(process)

    monkeypatch.setattr(SpawnProcess, "start", start_some)
    listener = RecordingListener()

    with start_runner(2, listener) as runner:
        check_works_alone(listener, runner, str(shortage).rpartition("] ")[2])

    assert not any(process.is_alive() for process in started)


def test_without_locks_that_processes_can_share_this_process_works_alone(monkeypatch):
    # As without /dev/shm: the first lock is refused, before any process is started.
    def refuse(*_: object) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr("multiprocessing.synchronize._multiprocessing.SemLock", refuse)
    listener = RecordingListener()

    with start_runner(2, listener) as runner:
        check_works_alone(listener, runner, "No such file or directory")


def test_without_room_for_a_thread_this_process_works_alone(monkeypatch):
    # A process is started before the thread that gives it work.
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    listener = RecordingListener()
    with LocalRunner(2, listener) as runner:
        with monkeypatch.context() as patched:
            patched.setattr("concurrent.futures.process._ExecutorManagerThread.start", refuse)
            runner.start_processes()
        check_works_alone(listener, runner, "can't start new thread")
        assert not multiprocessing.active_children()


NO_THREAD = """
import threading
from qumulo_changelist.runners import processes

def refuse(_thread):
    raise RuntimeError("can't start new thread")

threading.Thread.start = refuse
processes._prepare_process()
"""


def test_a_process_without_room_for_a_thread_ends_without_a_traceback():
    done = subprocess.run(
        [sys.executable, "-c", NO_THREAD], capture_output=True, timeout=TIMEOUT, check=False
    )

    assert (done.returncode, done.stderr) == (71, b"")
