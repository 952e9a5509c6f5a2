"""Processes that work on a list end with it, however it ends, and one that dies ends it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator, serve_in_process
from tests.end_to_end.conftest import site_on
from tests.end_to_end.refusals import check_refused, keep_earlier_list
from tests.end_to_end.site import Finished, Site
from tests.end_to_end.test_interruption import children, heed_interrupts

# So many created folders are worth several processes.
MANY = 45
# More than there are of any request.
ALWAYS = 1000
PATIENCE = 30


class Worked(NamedTuple):
    """A project on a cluster, and the ids of two snapshots, between which much was created."""

    cluster: Emulator
    site: Site
    older: int
    newer: int


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worked]:
    with serve_in_process(tmp_path_factory.mktemp("cluster")) as cluster:
        site = site_on(cluster, tmp_path_factory.mktemp("site"))
        older = site.snapshot_by_api(cluster)
        for number in range(MANY):
            (site.mount / f"reel{number}").mkdir()
            (site.mount / f"reel{number}" / "clip.mov").write_text("x")
        yield Worked(cluster, site, older, site.snapshot_by_api(cluster))


@pytest.fixture
def worked(made: Worked, tmp_path: Path) -> Iterator[Worked]:
    site = site_on(made.cluster, tmp_path)
    (tmp_path / "tmp").mkdir()
    site.environment = {"TMPDIR": str(tmp_path / "tmp")}
    keep_earlier_list(site)
    yield made._replace(site=site)
    made.cluster.clear_faults()


class Run(NamedTuple):
    """A command in the middle of its work."""

    site: Site
    process: subprocess.Popen[bytes]
    processes: list[int]
    """All processes that it started."""
    workers: list[int]

    def finished(self) -> Finished:
        output, messages = self.process.communicate(timeout=PATIENCE)
        return Finished(self.process.returncode, output.decode(), messages.decode())

    def check_nothing_is_left(self) -> None:
        until(lambda: all(map(is_gone, self.processes)))
        assert os.listdir(self.site.folder / "tmp") == []


@contextlib.contextmanager
def stalled(worked: Worked, path: str, skip: int, times: int) -> Iterator[Run]:
    """Give a run, over REST alone, so many of whose requests wait for ever."""
    options = ["--transport=rest", "--metadata=rest", "--workers=2", "--deletes"]
    options += ["--spill-after=3", "--page-size=3"]
    arguments = worked.site.arguments(worked.older, worked.newer, *options)
    worked.cluster.fault(method="GET", path=path, action="stall", skip=skip, times=ALWAYS)
    with subprocess.Popen(
        worked.site.command("qumulo_generate_changelist.py", *arguments),
        env=worked.site.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_interrupts,
        start_new_session=True,
    ) as process:
        try:
            until(lambda: struck(worked.cluster) >= times or process.poll() is not None)
            assert process.poll() is None, process.communicate()
            processes = children(process.pid)
            workers = [one for one in processes if b"spawn_main" in command_line(one)]
            yield Run(worked.site, process, processes, workers)
        finally:
            process.kill()


def struck(cluster: Emulator) -> int:
    """How many requests have met the fault."""
    _, faults = cluster.request("GET", "/emulator/faults")
    return ALWAYS - int(faults["entries"][0]["times"])


def until(letters) -> None:
    end = time.monotonic() + PATIENCE
    while not letters():
        assert time.monotonic() < end
        time.sleep(0.01)


def command_line(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def is_gone(process: int) -> bool:
    """Whether a process ended, even if nobody has asked yet how."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def at_work(worked: Worked) -> contextlib.AbstractContextManager[Run]:
    """A run whose workers both wait for what is in a created folder."""
    return stalled(worked, "*/entries/*", skip=4, times=2)


def in_the_diff(worked: Worked) -> contextlib.AbstractContextManager[Run]:
    """A run that has put pages of the diff on disk, and waits for more."""
    return stalled(worked, "*changes-since*", skip=5, times=1)


def test_a_worker_that_is_killed_ends_the_run(worked: Worked) -> None:
    with at_work(worked) as run:
        assert len(run.workers) == 2
        os.kill(run.workers[1], signal.SIGKILL)
        done = run.finished()
        run.check_nothing_is_left()
    check_refused(worked.site, done, 70, "SIGKILL", "--workers", "No list was written")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", [at_work, in_the_diff])
def test_an_interrupted_run_leaves_nothing_but_the_earlier_list(
    worked: Worked, moment, number: signal.Signals
) -> None:
    with moment(worked) as run:
        assert len(run.workers) == (2 if moment is at_work else 0)
        run.process.send_signal(number)
        done = run.finished()
        run.check_nothing_is_left()
    check_refused(worked.site, done, 128 + number)


@pytest.mark.parametrize(
    ("number", "told"),
    [(signal.SIGINT, "interrupted\n"), (signal.SIGTERM, ""), (signal.SIGHUP, "")],
)
def test_who_signals_to_the_workers_too_does_not_change_how_a_run_ends(
    worked: Worked, number: signal.Signals, told: str
) -> None:
    """As a terminal does, and whatever stops a service."""
    with at_work(worked) as run:
        os.killpg(run.process.pid, number)
        done = run.finished()
        run.check_nothing_is_left()
    check_refused(worked.site, done, 128 + number)
    assert done.messages == told


@pytest.mark.parametrize("moment", [at_work, in_the_diff])
def test_even_a_killed_run_leaves_nothing_but_the_earlier_list(worked: Worked, moment) -> None:
    with moment(worked) as run:
        run.process.kill()
        done = run.finished()
        run.check_nothing_is_left()
    check_refused(worked.site, done, -signal.SIGKILL)
