"""The file of metrics: what it has, as Prometheus reads it, and who shares it."""

import fcntl
import os
import threading
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from qumulo_changelist.cycle.journal import Journal
from qumulo_changelist.cycle.runs import Run, RunState
from qumulo_changelist.events import Event, MetricsUnwritten
from qumulo_changelist.model import Totals
from qumulo_changelist.operations.lists.result import ChangelistResult, PublishedList
from qumulo_changelist.operations.project import metrics
from qumulo_changelist.operations.project.metrics import (
    METRICS,
    PREFIX,
    FinishedRun,
    update_metrics,
    write_metrics,
)
from qumulo_changelist.operations.project.source_run import SourceRun
from qumulo_changelist.projects.project import Project, Source

SECOND = 10**9
TOTALS = Totals(files=3, size=12_345_678_901_234, deleted_files=2, unreadable=1)


def project(name: str, *paths: str) -> Project:
    sources = [Source(path=path, guid="g", index=str(at)) for at, path in enumerate(paths, 1)]
    return Project(name=name, sources=tuple(sources))


def listed(path: str) -> SourceRun:
    made = PublishedList("/list", "/receipt", None, TOTALS)  # type: ignore[arg-type]
    result = ChangelistResult((made,), None, 7)
    return SourceRun(source=path, older=1, newer=2, result=result)


def finished(of: Project, code: int = 0, *sources: SourceRun) -> FinishedRun:
    return FinishedRun(
        project=of, started=100 * SECOND, ended=160 * SECOND, exit_code=code, sources=sources
    )


def parsed(path: Path) -> dict[tuple[str, ...], float]:
    """The values by metric, without its prefix, and labels."""
    return {
        (sample.name.removeprefix(PREFIX), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(path.read_text(encoding="utf-8"))
        for sample in family.samples
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics" / "qumulo.prom"


@pytest.fixture
def state(tmp_path: Path, path: Path) -> str:
    path.parent.mkdir()
    return str(tmp_path / "state.sqlite")


def remember(state: str, newer: int, how: RunState, taken: int = 0) -> None:
    with Journal(state) as journal:
        journal.add(
            Run(project="show1", source="/p", state=how, newer=newer, taken=taken, ended=newer)
        )


def test_a_run_is_described_by_project_and_source(path: Path, state: str) -> None:
    remember(state, 1, RunState.COMMITTED, taken=50 * SECOND)
    remember(state, 2, RunState.LISTED)

    assert write_metrics(str(path), finished(project("show1", "/p"), 1, listed("/p")), state=state)

    assert parsed(path) == {
        ("last_run_timestamp_seconds", "show1"): 160,
        ("last_run_duration_seconds", "show1"): 60,
        ("last_run_exit_code", "show1"): 1,
        ("last_run_changes", "show1", "/p"): 7,
        ("last_run_files", "show1", "/p"): 3,
        ("last_run_bytes", "show1", "/p"): 12_345_678_901_234,
        ("last_run_deleted_files", "show1", "/p"): 2,
        ("last_run_unreadable_entries", "show1", "/p"): 1,
        ("last_run_full_list", "show1", "/p"): 0,
        ("committed_snapshot_timestamp_seconds", "show1", "/p"): 50,
        ("pending_lists", "show1", "/p"): 1,
    }
    assert {PREFIX + name for name, *_ in parsed(path)} == set(METRICS)
    assert path.stat().st_mode & 0o777 == 0o644
    assert os.listdir(path.parent) == [path.name]


def test_a_failed_run_has_no_numbers_of_a_list(path: Path, state: str) -> None:
    show = project("show1", "/p")
    write_metrics(str(path), finished(show, 0, listed("/p")), state=state)
    write_metrics(str(path), finished(show, 69), state=state)

    assert parsed(path) == {
        ("last_run_timestamp_seconds", "show1"): 160,
        ("last_run_duration_seconds", "show1"): 60,
        ("last_run_exit_code", "show1"): 69,
        ("pending_lists", "show1", "/p"): 0,
    }


def test_a_commit_changes_only_what_it_is_about(path: Path, state: str) -> None:
    show = project("show1", "/p")
    remember(state, 1, RunState.LISTED)
    write_metrics(str(path), finished(show, 0, listed("/p")), state=state)
    before = parsed(path)
    remember(state, 1, RunState.COMMITTED, taken=50 * SECOND)

    assert update_metrics(str(path), show, state=state)

    assert parsed(path) == {
        **before,
        ("committed_snapshot_timestamp_seconds", "show1", "/p"): 50,
        ("pending_lists", "show1", "/p"): 0,
    }


def test_projects_that_share_a_file_leave_each_other_alone(path: Path, state: str) -> None:
    odd = project('a"b\\c\udcff', "/ü\n")

    def share(one: Project) -> None:
        write_metrics(str(path), finished(one), state=state)

    sharing = (odd, *(project(f"show{number}", "/p") for number in range(8)))
    threads = [threading.Thread(target=share, args=(one,)) for one in sharing]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = {labels[0] for name, *labels in parsed(path) if name == "last_run_exit_code"}
    assert codes == {'a"b\\c\\udcff', *(f"show{number}" for number in range(8))}

    only = {"show1", "show2"}
    write_metrics(str(path), finished(project("show1", "/p")), state=state, only=only)

    assert {labels[0] for _, *labels in parsed(path)} == only


def test_what_cannot_be_read_again_is_replaced(path: Path, state: str) -> None:
    path.write_bytes(b"\xff{{{ no metrics\n")

    assert write_metrics(str(path), finished(project("show1", "/p")), state=state)
    assert parsed(path)[("last_run_exit_code", "show1")] == 0


def test_a_file_that_cannot_be_written_fails_no_run(tmp_path: Path, state: str) -> None:
    events: list[Event] = []

    missing = str(tmp_path / "missing" / "q.prom")
    assert not write_metrics(missing, finished(project("show1", "/p")), events.append, state=state)

    reason = f"{missing} cannot be written: No such file or directory"
    assert events == [MetricsUnwritten(missing, reason)]


@pytest.mark.parametrize("place", ["pipe", "link", "/dev/null"])
def test_what_is_no_regular_file_is_never_replaced_and_holds_up_no_run(
    path: Path, state: str, place: str
) -> None:
    os.mkfifo(path.parent / "pipe")
    (path.parent / "link").symlink_to("pipe")
    events: list[Event] = []
    device = str(path.parent / place)

    assert not write_metrics(device, finished(project("show1", "/p")), events.append, state=state)

    assert events == [
        MetricsUnwritten(device, f"{device} cannot be written: it is not a regular file")
    ]
    assert not os.path.isfile(device)


def test_whoever_keeps_the_folder_locked_keeps_no_run_from_its_end(
    path: Path, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every user who can read a folder can lock it."""
    monkeypatch.setattr(metrics, "_SECONDS_TO_WAIT", 0)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)

        assert write_metrics(str(path), finished(project("show", "/a")), state=state)
    finally:
        os.close(folder)

    assert parsed(path)["last_run_exit_code", "show"] == 0
