"""A run that was cut short leaves its pieces, and the next one asks only for what is missing."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from qumulo_changelist import (
    ChangelistRequest,
    ChangelistResult,
    Filters,
    events,
    generate_changelist,
    read_settings,
)
from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import PiecesError
from qumulo_changelist.operations.lists.keeping import copies
from qumulo_changelist.operations.lists.keeping import folder as kept_folder
from qumulo_emulator.running import Emulator
from tests.end_to_end.archive import files_below
from tests.end_to_end.conftest import site_on
from tests.end_to_end.files import write_files
from tests.end_to_end.forked import ForkServer
from tests.end_to_end.lists import normalized
from tests.end_to_end.processes import descendants, has_ended, wait_until
from tests.end_to_end.site import Site
from tests.end_to_end.test_cycle import Office
from tests.parts.conftest import RecordingListener

# Deleted folders are read in slices of their own, and are enough work for several processes.
FOLDERS = [f"take{number:02}" for number in range(48)]
STALLED = 20
# Cuts at every created folder.
ONE_FOLDER = 1
TEN_FOLDERS = 40


class Project(NamedTuple):
    """A project in which much was deleted, something was created, and something was moved."""

    cluster: Emulator
    site: Site
    older: int
    newer: int

    @property
    def settings(self) -> Settings:
        return read_settings(str(self.site.configuration), "rest")

    def request(self, folder: Path, **options: Any) -> ChangelistRequest:
        values: dict[str, Any] = {
            "project": "show",
            "base_path": self.site.source,
            "older": self.older,
            "newer": self.newer,
            "metadata": "rest",
            "deletes": True,
            "slice_size": TEN_FOLDERS,
            "output": str(folder / "list"),
            "pieces": str(folder / "pieces"),
        }
        return ChangelistRequest(**values | options)

    def asked(self, since: int) -> set[str]:
        """The folders whose listings were asked for after a number of requests."""
        paths = [one["path"] for one in self.cluster.requests()[since:]]
        found = re.findall(
            r"(take\d\d)/?/entries", "\n".join(path.replace("%2F", "/") for path in paths)
        )
        return set(found)


@pytest.fixture(scope="module")
def shared(cluster: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Project:
    source = "/kept"
    Path(str(cluster.root), "kept").mkdir()
    site = site_on(cluster, tmp_path_factory.mktemp("site"), source)
    write_files(site.mount, "old", "stays", *(f"{folder}/clip.mov" for folder in FOLDERS), size=7)
    older = site.snapshot()
    for folder in FOLDERS:
        shutil.rmtree(site.mount / folder)
    write_files(site.mount, *(f"reel{number}/clip é.mov" for number in range(9)))
    (site.mount / "old").rename(site.mount / "new")
    write_files(site.mount, "stays", "no XML holds \1", size=8)
    return Project(cluster, site, older, site.snapshot())


@pytest.fixture
def project(shared: Project, tmp_path: Path) -> Project:
    (tmp_path / "pieces").mkdir()
    shared.cluster.settings(page_limit=1000)
    return shared


def make(
    project: Project, request: ChangelistRequest, listener: events.Listener = events.ignore
) -> dict[str, bytes]:
    """Make lists; return their bytes, without the time of the run, by their formats."""
    result = generate_changelist(request, project.settings, listener)
    return content_of(result)


def content_of(result: ChangelistResult) -> dict[str, bytes]:
    return {each.receipt.format: normalized(Path(each.path).read_bytes()) for each in result.lists}


def cut_short(project: Project, request: ChangelistRequest) -> None:
    """Interrupt a run when all of its slices are done, before their number is checked."""

    def interrupt(event: events.Event) -> None:
        if isinstance(event, events.StageBegun) and event.stage is events.Stage.CHECKING:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(project, replace(request, max_deletes=DeletionLimit(Fraction(100))), interrupt)


def rest_of(project: Project, request: ChangelistRequest) -> tuple[dict[str, bytes], int, int]:
    """Make the list now; return it, the number of reused pieces, and of all slices."""
    listener = RecordingListener()
    made = make(project, replace(request, max_deletes=DeletionLimit(Fraction(100))), listener)
    reused = listener.of(events.PiecesReused)
    return made, *((reused[0].reused, reused[0].slices) if reused else (0, 0))


# Killed

RUN = """
import json
import sys
from qumulo_changelist import ChangelistRequest, generate_changelist, read_settings

if __name__ == "__main__":
    request = ChangelistRequest(**json.loads(sys.argv[2]))
    generate_changelist(request, read_settings(sys.argv[1], "rest"))
"""


def test_after_a_kill_only_what_is_missing_is_asked_for_and_the_list_is_the_same(
    project: Project, tmp_path: Path
) -> None:
    request = project.request(tmp_path, workers=2, slice_size=ONE_FOLDER)
    missing = set(FOLDERS[:STALLED])
    for number in (1, 2):  # each process works on slices until it stalls
        project.cluster.fault(path=f"*{FOLDERS[STALLED - number]}*/entries/*", action="stall")
    (tmp_path / "run.py").write_text(RUN)
    given = {name: getattr(request, name) for name in request.__struct_fields__}
    values = {name: value for name, value in given.items() if isinstance(value, str | int)}
    with subprocess.Popen(
        [sys.executable, "run.py", str(project.site.configuration), json.dumps(values)],
        cwd=tmp_path,
        env=project.site.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            wait_until(lambda: kept_folders(tmp_path) >= set(FOLDERS) - missing or process.poll())
            assert process.poll() is None, process.communicate()
            below = descendants(process.pid, b"spawn_main")
            assert len(below) == request.workers
        finally:
            process.send_signal(signal.SIGKILL)
    wait_until(lambda: all(map(has_ended, below)))
    project.cluster.clear_faults()
    assert kept_folders(tmp_path) == set(FOLDERS) - missing
    before = len(project.cluster.requests())
    listener = RecordingListener()

    made = make(project, request, listener)

    assert project.asked(before) == missing
    (event,) = listener.of(events.PiecesReused)
    assert event.reused >= len(FOLDERS) - STALLED
    assert event.slices - event.reused >= STALLED
    assert os.listdir(tmp_path / "pieces") == []
    assert made == make(project, replace(request, pieces=None))


def kept_folders(folder: Path) -> set[str]:
    """The folders that kept pieces contain."""
    content = b"".join(path.read_bytes() for path in folder.glob("pieces/*/*.piece"))
    return {name.decode() for name in re.findall(rb'name="/(take\d\d)/clip.mov"', content)}


# What may be used again


WANTED: dict[str, dict[str, Any]] = {
    "several formats": {"formats": ("xml", "ndjson", "csv", "parquet", "rsync")},
    "moves": {"moves": True, "formats": ("ndjson", "xml"), "verify": True},
    "filters": {"filters": Filters(exclude=("take0*",), only=("created",))},
    "full list": {"older": None, "deletes": False},
}


@pytest.mark.parametrize("wanted", WANTED)
def test_whatever_is_wanted_all_pieces_of_a_run_that_was_interrupted_are_used_again(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str
) -> None:
    request = project.request(tmp_path, **WANTED[wanted])
    interrupt_before_publication(project, request, monkeypatch)
    before, listener = len(project.cluster.requests()), RecordingListener()

    made = make(project, request, listener)

    assert project.asked(before) == set()
    (event,) = listener.of(events.PiecesReused)
    assert event.reused == event.slices > 0
    assert os.listdir(tmp_path / "pieces") == []
    assert made == make(project, replace(request, pieces=None))
    assert len(made) >= len(request.formats)


def interrupt_before_publication(
    project: Project, request: ChangelistRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupt a run when all of its pieces are there."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("qumulo_changelist.operations.lists.changelist.publish", interrupt)
        with pytest.raises(KeyboardInterrupt):
            make(project, request)


def test_what_is_different_uses_nothing(project: Project, tmp_path: Path) -> None:
    """What else is different is in tests/parts/test_kept_pieces.py."""
    request = project.request(tmp_path)
    cut_short(project, request)
    other = replace(request, filters=Filters(min_size=9))

    made, reused, _ = rest_of(project, other)

    assert reused == 0
    assert len(os.listdir(tmp_path / "pieces")) == 1, "that of the first run is kept"
    assert made == make(project, replace(other, pieces=None))


def test_a_damaged_piece_is_made_again_and_reported(project: Project, tmp_path: Path) -> None:
    request = project.request(tmp_path)
    cut_short(project, request)
    kept = sorted(tmp_path.glob("pieces/*/*.piece"))
    kept[3].write_bytes(kept[4].read_bytes())
    listener = RecordingListener()

    made = make(project, replace(request, max_deletes=DeletionLimit(Fraction(100))), listener)

    assert [event.path for event in listener.of(events.PieceDamaged)] == [str(kept[3])]
    assert listener.of(events.PiecesReused) == [events.PiecesReused(len(kept) - 1, len(kept))]
    assert made == make(project, replace(request, pieces=None))


def test_what_could_not_be_read_is_read_again(project: Project, tmp_path: Path) -> None:
    request = project.request(tmp_path)
    project.cluster.fault(
        path="*take07*/entries/*", status=403, error_class="fs_access_denied_error"
    )
    cut_short(project, request)
    project.cluster.clear_faults()

    made, reused, slices = rest_of(project, request)

    assert reused == slices - 1
    assert made["xml"].count(b"<bad-dir") == 1, "the name that no XML holds"
    assert made == make(project, replace(request, pieces=None))


# What is not kept


def test_pieces_of_the_live_share_are_not_used_again(project: Project, tmp_path: Path) -> None:
    mount = str(project.site.mount)
    request = project.request(tmp_path, metadata="mount", mapped_path=mount)
    cut_short(project, request)
    assert os.listdir(tmp_path / "pieces") == []
    listener = RecordingListener()

    made = make(project, request, listener)

    assert not listener.of(events.PiecesReused)
    reasons = [event.reason for event in listener.of(events.PiecesPerishable)]
    assert reasons == ["the live share can change"]
    assert made == make(project, replace(request, pieces=None))


def test_a_folder_that_vanishes_ends_the_run_with_its_name(
    project: Project, tmp_path: Path
) -> None:
    def remove(event: events.Event) -> None:
        if isinstance(event, events.ChangesCollected):
            (tmp_path / "pieces").rename(tmp_path / "elsewhere")

    with pytest.raises(PiecesError, match=f"{tmp_path}/pieces/.* cannot be used: No such file"):
        make(project, project.request(tmp_path), remove)
    assert not (tmp_path / "list").exists()


def test_two_runs_of_the_same_list_at_once_do_not_disturb_each_other(
    project: Project, tmp_path: Path
) -> None:
    request = project.request(tmp_path)
    cut_short(project, request)
    request = replace(request, max_deletes=DeletionLimit(Fraction(100)))
    inner: list[dict[str, bytes]] = []
    listener = RecordingListener()

    def run_another(event: events.Event) -> None:
        listener(event)
        if isinstance(event, events.ChangesCollected):
            other = replace(request, output=str(tmp_path / "other"))
            inner.append(make(project, other, listener))

    outer = make(project, request, run_another)

    assert [outer] == inner
    (event,) = listener.of(events.PiecesReused)
    assert event.reused == event.slices, "the first run has the pieces, the second makes its own"
    assert os.listdir(tmp_path / "pieces") == []


# Without a folder of the user's own


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a run of any length keeps copies of its pieces by itself."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(copies, "SECONDS_BEFORE_KEEPING", 0)
    return tmp_path / "state" / "qumulo-changelist" / "kept"


def request_with_copies(project: Project, folder: Path, **options: Any) -> ChangelistRequest:
    return project.request(folder, **{"pieces": None, **options})


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("wanted", ["moves", "full list"])
def test_a_long_run_keeps_copies_by_itself_and_the_next_one_uses_them(
    project: Project,
    tmp_path: Path,
    state: Path,
    monkeypatch: pytest.MonkeyPatch,
    wanted: str,
    workers: int,
) -> None:
    request = request_with_copies(project, tmp_path, workers=workers, **WANTED[wanted])
    interrupt_before_publication(project, request, monkeypatch)
    before, listener = len(project.cluster.requests()), RecordingListener()

    made = make(project, request, listener)

    assert project.asked(before) == set()
    (event,) = listener.of(events.PiecesReused)
    assert event.reused == event.slices > 0
    assert os.listdir(state) == []
    assert made == make(project, replace(request, resume=False))


def test_a_short_run_keeps_no_piece(
    project: Project, tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copies, "SECONDS_BEFORE_KEEPING", 1000)
    cut_short(project, request_with_copies(project, tmp_path))

    assert not any(state.glob("*pieces*"))


def test_of_the_live_share_nothing_is_kept_and_nothing_is_said(
    project: Project, tmp_path: Path, state: Path
) -> None:
    mount = str(project.site.mount)
    request = request_with_copies(project, tmp_path, metadata="mount", mapped_path=mount)
    listener = RecordingListener()

    make(project, request, listener)

    assert not listener.of(events.PiecesPerishable)
    assert not listener.of(events.KeepingStopped)


def test_copies_that_cannot_be_written_are_reported_once_and_the_list_is_made(
    project: Project, tmp_path: Path, state: Path
) -> None:
    """A directory is where the copy of each piece would be."""
    request = request_with_copies(project, tmp_path)
    cut_short(project, request)
    for kept in state.glob("*/*.piece"):
        kept.unlink()
        kept.mkdir()
        (kept / "full").touch()
    listener = RecordingListener()

    made = make(project, replace(request, max_deletes=DeletionLimit(Fraction(100))), listener)

    assert not listener.of(events.PiecesReused)
    (stopped,) = listener.of(events.KeepingStopped)
    assert "Is a directory" in stopped.reason
    assert made == make(project, replace(request, resume=False))


def test_without_room_for_copies_the_list_is_made(
    project: Project, tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_folder, "MAX_SIZE", -1)
    request, listener = request_with_copies(project, tmp_path), RecordingListener()

    made = make(project, request, listener)

    (stopped,) = listener.of(events.KeepingStopped)
    assert "which is its limit" in stopped.reason
    assert os.listdir(state) == []
    assert made == make(project, replace(request, resume=False))


def test_whoever_does_not_want_it_uses_no_piece_of_an_earlier_run(
    project: Project, tmp_path: Path
) -> None:
    request = project.request(tmp_path)
    cut_short(project, request)
    listener = RecordingListener()

    make(project, replace(request, resume=False), listener)

    assert not listener.of(events.PiecesReused)
    assert not listener.of(events.PiecesPerishable)
    assert len(os.listdir(tmp_path / "pieces")) == 1, "that of the first run"


# A project


def test_run_goes_on_with_the_snapshot_of_a_run_that_was_cut_short(
    site: Site, forks: ForkServer, tmp_path: Path
) -> None:
    office, folder = Office(site, forks), tmp_path / "pieces"
    folder.mkdir()
    kept = ["--pieces", str(folder)]
    write_files(site.mount, "a", "b", "c")
    office.archived(*kept)
    (site.mount / "a").unlink()
    kill_once_a_piece_is_kept(office, folder)
    write_files(site.mount, "new")
    begun = max(office.taken())

    plan = office.run_as_json(*kept, "--deletes", "--dry-run")
    other = office.run(*kept, "--dry-run", "--json", "--exclude", "b")
    done = office.archived(*kept)

    assert plan["newer"] == begun
    assert json.loads(other.output)["projects"][0]["sources"][0]["newer"] is None
    assert f"going on with snapshot {begun} (" in done.messages
    assert "1 of 1 piece made by an earlier run" in done.messages
    assert office.mirror.files == {"/b": 10, "/c": 10}
    assert not any(folder.glob("*/*.piece"))
    assert "going on" not in office.archived(*kept).messages
    assert office.mirror.files == files_below(site.mount)


def kill_once_a_piece_is_kept(office: Office, folder: Path) -> None:
    """Kill runs, each one step later than the one before it, until one has kept a piece."""
    arguments = ["run", *office.project, "--deletes", "--pieces", str(folder)]
    environment = office.site.variables() | {
        "QUMULO_CHANGELIST_STATE": str(office.site.folder / office.state)
    }
    for step in range(9, 40):
        killed = office.forks.run(arguments, environment, office.site.folder, kill_at=step)
        assert killed.code == -signal.SIGKILL, killed.messages
        if any(folder.glob("*/*.piece")):
            return
    pytest.fail("no run kept a piece")


def test_a_list_that_a_check_refused_is_made_anew_from_a_new_snapshot(
    site: Site, forks: ForkServer, tmp_path: Path
) -> None:
    office, folder = Office(site, forks), tmp_path / "pieces"
    folder.mkdir()
    options = ["--pieces", str(folder), "--max-deletes", "1"]
    write_files(site.mount, "a", "away/b", "away/c")
    office.archived(*options)
    (site.mount / "away").rename(tmp_path / "away")
    (site.mount / "a").unlink()
    office.run(*options, code=6)
    left = os.listdir(folder)
    (tmp_path / "away").rename(site.mount / "away")

    done = office.archived(*options)

    assert left == []
    assert "going on" not in done.messages
    assert office.mirror.files == files_below(site.mount) == {"/away/b": 10, "/away/c": 10}
