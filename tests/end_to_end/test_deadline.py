"""``--deadline`` and its key: whatever a run waits for, it ends in time; the next one succeeds."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from qumulo_changelist.cycle.lock import lock_project
from qumulo_changelist.events import ignore
from tests.end_to_end.files import write_files
from tests.end_to_end.forked import ForkServer
from tests.end_to_end.site import Site
from tests.end_to_end.test_cycle import Office

NEVER = 10_000
SHORT = ("--deadline", "1s")


@pytest.fixture
def office(site: Site, forks: ForkServer) -> Office:
    write_files(site.mount, "a", "folder/b")
    return Office(site, forks)


def stalled(office: Office) -> AbstractContextManager[object]:
    """The cluster takes requests about files, and does not answer."""
    office.cluster.fault(method="GET", path="*/files/*", action="stall", times=NEVER)
    return nullcontext()


def failing(office: Office) -> AbstractContextManager[object]:
    """The cluster fails, and asks to be left alone for a minute each time."""
    office.cluster.fault(method="GET", status=503, retry_after=60, times=NEVER)
    return nullcontext()


def locked(office: Office) -> AbstractContextManager[object]:
    """A different run of the project is under way."""
    return lock_project(str(office.site.folder / office.state), office.name, 0, ignore)


@pytest.mark.parametrize("trouble", [stalled, failing, locked])
def test_a_run_ends_in_time_whatever_it_waits_for(
    office: Office, trouble: Callable[[Office], AbstractContextManager[object]]
) -> None:
    with trouble(office):
        done = office.run(*SHORT, "--wait", "1h", "--retry-for", "1h", code=9)
    office.cluster.clear_faults()

    assert "the time is over: 1 second" in done.messages
    assert "--deadline" in done.messages
    assert done.output == ""
    assert not office.site.list_path.exists()
    office.run("--commit")
    assert office.site.list_path.exists()


def test_a_source_that_is_left_is_not_begun_when_the_time_is_over(
    office: Office, tmp_path: Path
) -> None:
    other = office.site.mount / "other"
    write_files(other, "c")
    mine = office.site.source.rstrip("/")
    projects = tmp_path / "projects.toml"
    projects.write_text(
        "[projects.both]\ndeadline = '1s'\n"
        f"[[projects.both.sources]]\npath = '{mine}/folder'\nguid = 'g'\nindex = 1\n"
        f"[[projects.both.sources]]\npath = '{mine}/other'\nguid = 'g'\nindex = 2\n",
        encoding="utf-8",
    )
    stalled(office)

    answer = office.ask("run", "both", "--projects", str(projects), code=9)
    _, requests = office.cluster.request("GET", "/emulator/requests")
    office.cluster.clear_faults()

    sources = answer["projects"][0]["sources"]
    assert [one["source"] for one in sources] == [f"{mine}/folder", f"{mine}/other"]
    assert {one["error"]["class"] for one in sources} == {"DeadlineError"}
    assert not [one for one in requests["entries"] if "other" in one["path"]]
