"""However a run is interrupted, it leaves no process, no temporary file and no half list."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator, serve_in_process
from tests.end_to_end.conftest import site_on
from tests.end_to_end.failures import NO_LIST, check_failed, keep_earlier_list
from tests.end_to_end.processes import (
    SECONDS,
    children,
    descendants,
    has_ended,
    restore_sigint,
    wait_until,
)
from tests.end_to_end.site import CommandResult, Site
from tests.qq import INSTALLED

# This number of created or deleted folders is enough work for several processes, if slices are
# small, or if nothing counts what is in the folders.
MANY = 45
# More than the requests of any run.
ALWAYS = 1000
# The system sends SIGALRM when the time is over; it never is in a test that sends another one.
DEADLINE = "--deadline=2h"


class Project(NamedTuple):
    """A project with many folders, which were created after the first snapshot and then deleted."""

    cluster: Emulator
    site: Site
    empty: int
    """The snapshot before the folders were created."""
    full: int
    three_left: int
    """The snapshot after all but three of the folders were deleted."""
    all_gone: int


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with serve_in_process(tmp_path_factory.mktemp("cluster")) as cluster:
        site = site_on(cluster, tmp_path_factory.mktemp("site"))
        # Below the source of the snapshots, where the mount does not show them.
        show = site.mount / "show"
        show.mkdir()
        snapshots = [site.snapshot()]
        for number in range(MANY):
            (show / f"reel{number}").mkdir()
            (show / f"reel{number}" / "clip.mov").write_text("x")
        snapshots.append(site.snapshot())
        for numbers in (range(3, MANY), range(3)):
            for number in numbers:
                shutil.rmtree(show / f"reel{number}")
            snapshots.append(site.snapshot())
        yield Project(cluster, site, *snapshots)


@pytest.fixture
def project(shared: Project, tmp_path: Path) -> Iterator[Project]:
    site = site_on(shared.cluster, tmp_path)
    (tmp_path / "tmp").mkdir()
    site.environment = {"TMPDIR": str(tmp_path / "tmp")}
    keep_earlier_list(site)
    yield shared._replace(site=site)
    shared.cluster.clear_faults()


class Run(NamedTuple):
    """A command in the middle of its work."""

    site: Site
    process: subprocess.Popen[bytes]
    processes: list[int]
    """All processes below it."""
    workers: list[int]

    def wait(self) -> CommandResult:
        output, messages = self.process.communicate(timeout=SECONDS)
        return CommandResult(self.process.returncode, output.decode(), messages.decode())

    def check_nothing_is_left(self) -> None:
        wait_until(lambda: all(map(has_ended, self.processes)))
        assert os.listdir(self.site.folder / "tmp") == []


@contextlib.contextmanager
def started(
    site: Site, arguments: list[str], is_stalled: Callable[[int], object], *qq: bytes
) -> Iterator[Run]:
    """Start a run, and wait until it waits for the cluster.

    Args:
        site: the site.
        arguments: those of the run.
        is_stalled: returns whether a process waits for the cluster.
        qq: the commands of qq whose processes belong to the run.
    """
    with subprocess.Popen(
        site.command("qumulo_generate_changelist.py", *arguments),
        env=site.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=restore_sigint,
        start_new_session=True,
    ) as process:
        try:
            wait_until(lambda: is_stalled(process.pid) or process.poll() is not None)
            assert process.poll() is None, process.communicate()
            workers = descendants(process.pid, b"spawn_main")
            below = [one for command in qq for one in descendants(process.pid, command)]
            yield Run(site, process, [*children(process.pid), *below], workers)
        finally:
            process.kill()


# Over REST


def stalled_over_rest(
    project: Project, path: str, *, skip: int, waiting: int
) -> AbstractContextManager[Run]:
    """A run whose requests for a path are never answered, after the first few."""
    how = ("--transport=rest", "--metadata=rest", "--workers=2", "--slice-size=2", "--deletes")
    options = (*how, "--spill-after=3", "--page-size=3", DEADLINE)
    arguments = project.site.arguments(project.empty, project.full, *options, base="/show")
    project.cluster.fault(method="GET", path=path, action="stall", skip=skip, times=ALWAYS)
    return started(project.site, arguments, lambda _: stalled_requests(project.cluster) >= waiting)


def stalled_requests(cluster: Emulator) -> int:
    _, faults = cluster.request("GET", "/emulator/faults")
    return ALWAYS - int(faults["entries"][0]["times"])


def in_workers(project: Project) -> AbstractContextManager[Run]:
    """A run whose two workers both wait for the entries of a created folder."""
    # Each worker has further slices when one request has been answered.
    return stalled_over_rest(project, "*/entries/*", skip=1, waiting=2)


def in_the_diff(project: Project) -> AbstractContextManager[Run]:
    """A run that has put pages of the diff on disk, and waits for more."""
    return stalled_over_rest(project, "*changes-since*", skip=5, waiting=1)


def test_a_run_ends_when_one_of_its_workers_is_killed(project: Project) -> None:
    with in_workers(project) as run:
        assert len(run.workers) == 2
        os.kill(run.workers[1], signal.SIGKILL)
        done = run.wait()
        run.check_nothing_is_left()
    check_failed(project.site, done, 70, "SIGKILL", "--workers", NO_LIST)


def check_ended(site: Site, done: CommandResult, number: signal.Signals) -> None:
    """Check how a run ended that was sent a signal."""
    if number is signal.SIGALRM:
        check_failed(site, done, 9, "the time is over: 2 hours", NO_LIST, "--deadline")
    else:
        check_failed(site, done, 128 + number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGALRM])
@pytest.mark.parametrize("moment", [in_workers, in_the_diff])
def test_an_interrupted_run_leaves_nothing(
    project: Project,
    moment: Callable[[Project], AbstractContextManager[Run]],
    number: signal.Signals,
) -> None:
    with moment(project) as run:
        assert len(run.workers) == (2 if moment is in_workers else 0)
        run.process.send_signal(number)
        done = run.wait()
        run.check_nothing_is_left()
    check_ended(project.site, done, number)


@pytest.mark.parametrize(
    ("number", "messages"),
    [(signal.SIGINT, "interrupted\n"), (signal.SIGTERM, ""), (signal.SIGHUP, "")],
)
def test_a_signal_to_the_workers_too_does_not_change_how_a_run_ends(
    project: Project, number: signal.Signals, messages: str
) -> None:
    """A terminal signals to all of them, and so do programs that stop services."""
    with in_workers(project) as run:
        os.killpg(run.process.pid, number)
        done = run.wait()
        run.check_nothing_is_left()
    check_failed(project.site, done, 128 + number)
    assert done.messages == messages


@pytest.mark.parametrize("moment", [in_workers, in_the_diff])
def test_even_a_killed_run_leaves_nothing(
    project: Project, moment: Callable[[Project], AbstractContextManager[Run]]
) -> None:
    with moment(project) as run:
        run.process.kill()
        done = run.wait()
        run.check_nothing_is_left()
    check_failed(project.site, done, -signal.SIGKILL)


# Through qq


class QqCase(NamedTuple):
    """A moment at which a run waits for qq."""

    older: str
    newer: str
    path: str
    """The requests of qq that wait for ever."""
    command: bytes
    workers: int
    at_once: int
    """The number of processes of qq at that moment."""


DIFF = QqCase("empty", "full", "*changes-since*", b"snapshot_diff", 1, 1)
THREE_FOLDERS = QqCase("three_left", "all_gone", "*reel*attributes*", b"fs_walk_tree", 1, 2)
MANY_FOLDERS = QqCase("full", "all_gone", "*reel*attributes*", b"fs_walk_tree", 2, 4)


@pytest.mark.parametrize(
    ("case", "number"),
    [
        (DIFF, signal.SIGINT),
        (DIFF, signal.SIGHUP),
        (THREE_FOLDERS, signal.SIGINT),
        (MANY_FOLDERS, signal.SIGTERM),
        (MANY_FOLDERS, signal.SIGALRM),
    ],
    ids=lambda one: one.name if isinstance(one, signal.Signals) else one.command.decode(),
)
def test_an_interrupted_run_leaves_no_qq(
    project: Project, case: QqCase, number: signal.Signals
) -> None:
    site = project.site
    if case is DIFF:
        site.qq = INSTALLED["qq of today"]
    older, newer = getattr(project, case.older), getattr(project, case.newer)
    project.cluster.fault(method="GET", path=case.path, action="stall", times=ALWAYS)
    options = ("--deletes", f"--workers={case.workers}", DEADLINE)
    arguments = site.arguments(older, newer, *options, base="/show")
    with started(
        site,
        arguments,
        lambda process: len(descendants(process, case.command)) == case.at_once,
        case.command,
    ) as run:
        run.process.send_signal(number)
        done = run.wait()
        run.check_nothing_is_left()
    check_ended(site, done, number)
