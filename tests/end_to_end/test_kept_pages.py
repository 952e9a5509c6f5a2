"""A run that is cut short while it reads the diff leaves its pages, and the next one goes on."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from qumulo_changelist import (
    ChangelistRequest,
    ChangelistResult,
    events,
    generate_changelist,
    read_settings,
)
from qumulo_changelist.checks.deletion_limit import DeletionLimit
from qumulo_changelist.cluster.interface import UndecodedPage
from qumulo_changelist.config.settings import Settings
from qumulo_changelist.errors import (
    DeletionLimitError,
    IncompleteReplyError,
    ReplyError,
    StatusError,
)
from qumulo_changelist.operations.lists.keeping import folder as kept_folder
from qumulo_changelist.operations.lists.keeping import page_file
from qumulo_changelist.operations.lists.keeping import pages as kept_pages
from qumulo_emulator.running import Emulator
from tests.end_to_end.archive import files_below
from tests.end_to_end.conftest import PAGE_LIMIT, site_on
from tests.end_to_end.files import write_files
from tests.end_to_end.forked import ForkServer
from tests.end_to_end.lists import normalized
from tests.end_to_end.processes import wait_until
from tests.end_to_end.site import Site
from tests.end_to_end.test_cycle import Office
from tests.parts.conftest import RecordingListener

FILES = 36
# Three files were deleted, and the time of their directory has changed.
PAGES = -(-(FILES + 3 + 1) // PAGE_LIMIT)
READ = 9
"""The number of pages that are answered before a run is cut short."""
AGAIN = 1
"""The last page that is kept, which the next run compares."""
DAY = 86_400
DIFF = "*/changes-since/*"


class Project(NamedTuple):
    """A project of which only the diff takes many requests."""

    cluster: Emulator
    site: Site
    older: int
    newer: int
    state: Path
    """Where runs keep what is for later ones."""

    @property
    def settings(self) -> Settings:
        return read_settings(str(self.site.configuration), "rest")

    def request(self, folder: Path, **options: Any) -> ChangelistRequest:
        values: dict[str, Any] = {
            "project": "show",
            "base_path": self.site.source,
            "older": self.older,
            "newer": self.newer,
            "metadata": "mount",
            "mapped_path": str(self.site.mount),
            "output": str(folder / "list"),
        }
        return ChangelistRequest(**values | options)

    def pages_requested(self) -> int:
        """The number of requests for the diff so far."""
        asked = [one["path"] for one in self.cluster.requests()]
        return sum("/changes-since/" in path for path in asked)

    def kept(self) -> list[Path]:
        return sorted(self.state.glob("*"))


@pytest.fixture(scope="module")
def shared(cluster: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Project:
    Path(str(cluster.root), "long").mkdir()
    site = site_on(cluster, tmp_path_factory.mktemp("site"), "/long")
    write_files(site.mount, "stays", "in/stays", *(f"in/old{number}" for number in range(3)))
    older = site.snapshot()
    for number in range(3):
        (site.mount / f"in/old{number}").unlink()
    write_files(site.mount, *(f"in/clip{number:02} é.mov" for number in range(FILES)))
    return Project(cluster, site, older, site.snapshot(), Path())


@pytest.fixture
def project(shared: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return shared._replace(state=tmp_path / "state" / "qumulo-changelist" / "kept")


class Made(NamedTuple):
    """A list that was made."""

    content: bytes
    facts: tuple[object, ...]
    """What the receipt counts."""
    pages: int
    """The number of requests for the diff."""
    listener: RecordingListener


def make(project: Project, request: ChangelistRequest) -> Made:
    listener, before = RecordingListener(), project.pages_requested()
    result = generate_changelist(request, project.settings, listener)
    return Made(*_content(result), project.pages_requested() - before, listener)


def _content(result: ChangelistResult) -> tuple[bytes, tuple[object, ...]]:
    receipt = result.lists[0].receipt
    facts = receipt.files, receipt.directories, receipt.left_out, result.changes
    return normalized(Path(result.path).read_bytes()), facts


def cut_short(project: Project, request: ChangelistRequest, after: int = READ) -> None:
    """Refuse a page of the diff: nothing that is kept is to blame for that."""
    project.cluster.fault(path=DIFF, status=403, skip=after)
    with pytest.raises(StatusError, match="403"):
        generate_changelist(request, project.settings)
    project.cluster.clear_faults()


def check_made_anew(project: Project, made: Made) -> None:
    """Check that a list is the one of a run that nothing has disturbed."""
    undisturbed = make(project, project.request(project.state.parent, resume=False))
    assert undisturbed.pages == PAGES
    assert made[:2] == undisturbed[:2]
    assert made.content.count(b'<file name="/in/clip') == FILES


def test_after_a_kill_only_the_rest_of_the_diff_is_requested(
    project: Project, tmp_path: Path
) -> None:
    project.cluster.fault(path=DIFF, action="stall", skip=READ)
    before = project.pages_requested()
    command = project.site.command(
        "qumulo_generate_changelist.py",
        *project.site.arguments(project.older, project.newer, "--transport=rest"),
    )
    environment = project.site.variables() | {"XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as process:
        try:
            wait_until(lambda: count_kept_pages(project) == READ or process.poll() is not None)
            assert process.poll() is None, process.communicate()
        finally:
            process.send_signal(signal.SIGKILL)
    project.cluster.clear_faults()
    first = project.pages_requested() - before

    made = make(project, project.request(tmp_path))

    assert first >= READ
    assert made.pages == PAGES - READ + AGAIN
    assert made.listener.of(events.PagesReused) == [events.PagesReused(READ)]
    assert project.kept() == []
    check_made_anew(project, made)


def count_kept_pages(project: Project) -> int:
    """The number of requests that the kept pages name."""
    content = b"".join(path.read_bytes() for path in project.kept())
    return len(re.findall(rb"GET /v2/snapshots/\d+/changes-since", content))


def test_what_is_kept_is_for_its_user_alone(project: Project, tmp_path: Path) -> None:
    cut_short(project, project.request(tmp_path))

    (kept,) = project.kept()

    assert oct(kept.stat().st_mode) == "0o100600"
    assert oct(kept.parent.stat().st_mode) == "0o40700"


def test_a_run_that_is_cut_short_again_adds_to_what_is_kept(
    project: Project, tmp_path: Path
) -> None:
    request = project.request(tmp_path)
    cut_short(project, request, after=4)
    cut_short(project, request, after=3)

    made = make(project, request)

    assert made.pages == PAGES - 4 - (3 - AGAIN) + AGAIN
    check_made_anew(project, made)


def test_a_diff_that_was_read_whole_is_not_requested_again(
    project: Project, tmp_path: Path
) -> None:
    def interrupt(event: events.Event) -> None:
        if isinstance(event, events.ChangesCollected):
            raise KeyboardInterrupt

    request = project.request(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        generate_changelist(request, project.settings, interrupt)

    made = make(project, request)

    assert made.pages == 0
    check_made_anew(project, made)


# The cluster does not go on


def test_if_the_cluster_has_forgotten_where_it_was_the_run_starts_over_and_says_so(
    project: Project, tmp_path: Path
) -> None:
    request = project.request(tmp_path)
    cut_short(project, request)
    project.cluster.forget_pages()

    made = make(project, request)

    assert made.pages == 1 + PAGES
    (dropped,) = made.listener.of(events.PagesDropped)
    assert "400" in dropped.reason
    assert made.listener.of(events.PagesReused) == []
    check_made_anew(project, made)


def test_a_new_file_that_another_run_removes_at_once_never_has_pages_with_a_gap(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = page_file.open_pages

    def open_pages(path: str, header: page_file.PagesHeader, *, new: bool) -> Any:
        if new:  # as if it was made, and removed before it was locked
            monkeypatch.setattr(page_file, "open_pages", usual)
            monkeypatch.setattr(kept_pages, "open_pages", usual)
            return None
        return usual(path, header, new=new)

    monkeypatch.setattr(kept_pages, "open_pages", open_pages)
    cut_short(project, project.request(tmp_path))

    assert not project.kept()
    check_made_anew(project, make(project, project.request(tmp_path)))


def rewrite(project: Project, change: Callable[[list[UndecodedPage]], list[UndecodedPage]]) -> None:
    """Replace the pages that are kept by others, which are not damaged."""
    (kept,) = project.kept()
    descriptor = os.open(kept, os.O_RDWR)
    found = page_file.read_header(descriptor)
    assert found
    file = page_file.PageFile(descriptor, found[0])
    pages = [*file.pages()]
    file.clear()
    for page in change(pages):
        file.add(page)
    file.close()


@pytest.mark.parametrize("other", [b'{"entries": [], "paging": {"next": %s}}', b"garbled"])
def test_if_the_cluster_answers_something_else_for_the_last_page_the_run_starts_over(
    project: Project, tmp_path: Path, other: bytes
) -> None:
    """An address that means nothing any more may be answered as if nothing followed."""
    cut_short(project, project.request(tmp_path))

    def change(pages: list[UndecodedPage]) -> list[UndecodedPage]:
        *others, last = pages
        stated = json.dumps(last.next_uri).encode()
        return [*others, last._replace(data=other.replace(b"%s", stated))]

    rewrite(project, change)
    made = make(project, project.request(tmp_path))

    assert len(made.listener.of(events.PagesDropped)) == 1
    assert made.listener.of(events.PagesReused) == []
    check_made_anew(project, made)


def test_pages_without_the_first_one_are_not_used(project: Project, tmp_path: Path) -> None:
    cut_short(project, project.request(tmp_path))
    rewrite(project, lambda pages: pages[1:])

    made = make(project, project.request(tmp_path))

    assert "lacks the first page" in made.listener.of(events.PagesDropped)[0].reason
    check_made_anew(project, made)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_however_the_cluster_refuses_to_go_on_the_run_starts_over(
    project: Project, tmp_path: Path, status: int
) -> None:
    request = project.request(tmp_path)
    cut_short(project, request)
    project.cluster.fault(path=DIFF, status=status, error_class="an_unknown_error", times=1)

    made = make(project, request)

    assert made.pages == 1 + PAGES
    check_made_anew(project, made)


def test_pages_that_started_over_are_kept_in_place_of_the_earlier_ones(
    project: Project, tmp_path: Path
) -> None:
    request = project.request(tmp_path)
    cut_short(project, request)
    project.cluster.forget_pages()
    cut_short(project, request, after=1 + 3)

    made = make(project, request)

    assert made.pages == PAGES - 3 + AGAIN
    check_made_anew(project, made)


# What is kept is damaged, or not of this run


def _flip(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes((content[middle] ^ 1,)) + content[middle + 1 :]


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], int]] = {
    "the end is missing": (lambda content: content[:-1], READ - 1),
    "a bit is wrong": (_flip, READ // 2),
    "a page is missing": (lambda content: content[:200] + content[-800:], 0),
    "nothing is left": (lambda _: b"", 0),
    "it is something else": (lambda content: b"x" * len(content), 0),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_of_what_is_damaged_the_beginning_is_used(
    project: Project, tmp_path: Path, damage: str
) -> None:
    request = project.request(tmp_path)
    cut_short(project, request)
    (kept,) = project.kept()
    spoil, usable = DAMAGES[damage]
    kept.write_bytes(spoil(kept.read_bytes()))

    made = make(project, request)

    assert made.pages == PAGES - usable + AGAIN * (usable > 0)
    check_made_anew(project, made)


def _of_somebody_else(kept: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file away")
    os.chown(kept, 1, 1)


def _in_place_of(kept: Path) -> Path:
    return kept.rename(kept.parent.parent / "elsewhere")


def _as_a_pipe(kept: Path) -> None:
    _in_place_of(kept)
    os.mkfifo(kept, 0o600)


def _as_a_directory(kept: Path) -> None:
    _in_place_of(kept)
    kept.mkdir(0o700)


def _below_a_file(kept: Path) -> None:
    _in_place_of(kept.parent)
    kept.parent.touch()


FOREIGN: dict[str, Callable[[Path], object]] = {
    "others can write to it": lambda kept: kept.chmod(0o666),
    "it belongs to somebody else": _of_somebody_else,
    "it is a link": lambda kept: kept.symlink_to(_in_place_of(kept)),
    "it is a pipe": _as_a_pipe,
    "it is a directory": _as_a_directory,
    "the folder is a link": lambda kept: kept.parent.symlink_to(_in_place_of(kept.parent)),
    "the folder is a file": _below_a_file,
}


@pytest.mark.parametrize("foreign", FOREIGN)
def test_what_is_not_a_file_of_this_user_alone_is_neither_used_nor_touched(
    project: Project, tmp_path: Path, foreign: str
) -> None:
    request = project.request(tmp_path)
    cut_short(project, request)
    (kept,) = project.kept()
    content = kept.read_bytes()
    FOREIGN[foreign](kept)
    shown = look(kept.parent), look(kept)

    made = make(project, request)

    assert made.pages == PAGES
    assert len(made.listener.of(events.KeepingStopped)) == 1
    assert shown == (look(kept.parent), look(kept))
    moved = kept.parent.parent / "elsewhere", kept.parents[2] / "elsewhere" / kept.name
    places = (kept, *moved)
    assert content in [place.read_bytes() for place in places if place.is_file()]
    check_made_anew(project, made)


def look(path: Path) -> tuple[int, ...]:
    """What shows whether a file is still the same."""
    if not os.path.lexists(path):
        return ()
    found = os.lstat(path)
    return found.st_ino, found.st_mode, found.st_uid, found.st_size, found.st_mtime_ns


def test_another_cluster_with_the_same_snapshots_is_not_mistaken_for_this_one(
    project: Project, tmp_path: Path
) -> None:
    request = project.request(tmp_path)
    cut_short(project, request)
    # One whose configured name is different may be a different one.
    project.site.configure(QumuloClusterIP="localhost", QumuloVerifyTLS="false")
    try:
        made = make(project, request)
    finally:
        project.site.configure()

    assert made.pages == PAGES
    assert len(project.kept()) == 1, "what is kept of the first one"


# Bounds


def test_two_runs_at_once_do_not_disturb_each_other(project: Project, tmp_path: Path) -> None:
    request = project.request(tmp_path)
    cut_short(project, request)
    inner: list[Made] = []
    before = project.pages_requested()

    def run_another(event: events.Event) -> None:
        if isinstance(event, events.PagesReused) and not inner:
            inner.append(make(project, replace(request, output=str(tmp_path / "other"))))

    outer = generate_changelist(request, project.settings, run_another)

    (other,) = inner
    # Of both together: the outer one may request a page while the inner one runs.
    assert project.pages_requested() - before == PAGES + PAGES - READ + AGAIN
    assert other.listener.of(events.KeepingStopped) == [], "that is no problem"
    assert _content(outer) == other[:2]
    assert project.kept() == []


def test_what_is_older_than_two_weeks_goes(project: Project, tmp_path: Path) -> None:
    cut_short(project, project.request(tmp_path))
    (kept,) = project.kept()
    os.utime(kept, (0, time.time() - 14 * DAY - 60))

    made = make(project, project.request(tmp_path))

    assert made.pages == PAGES
    assert project.kept() == []


def test_without_room_the_beginning_of_a_diff_is_kept_and_what_is_oldest_goes_first(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = project.request(tmp_path)
    cut_short(project, request, after=2)
    (kept,) = project.kept()
    size = kept.stat().st_size
    oldest = kept.with_name(f"{64 * '0'}.pages")
    oldest.write_bytes(b"x" * size)
    os.utime(oldest, (0, time.time() - DAY))
    monkeypatch.setattr(kept_folder, "MAX_SIZE", 3 * size)
    monkeypatch.setattr(kept_folder, "_BYTES_AT_A_TIME", 1)

    cut_short(project, request, after=10)
    made = make(project, request)

    assert not oldest.exists()
    assert 6 <= PAGES + AGAIN - made.pages <= 2 + 10 - 2, "not all that were read are kept"
    check_made_anew(project, made)


@contextlib.contextmanager
def _file_system(folder: Path, size: str) -> Iterator[None]:
    folder.mkdir(parents=True)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)]
    if subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("only root can mount a small file system")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_file_system_is_reported_once_and_the_list_is_made(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_folder, "MIN_FREE", -1_000_000)  # so that the system finds it is full
    request = project.request(tmp_path)
    with _file_system(project.state, "4k"):
        cut_short(project, request, after=PAGES - 1)
        kept = count_kept_pages(project)

        made = make(project, request)

        assert 0 < kept < PAGES - 1
        assert made.pages == PAGES - kept + AGAIN
        (stopped,) = made.listener.of(events.KeepingStopped)
        assert stopped.reason == "No space left on device"
        assert project.kept() == []
    check_made_anew(project, made)


def test_some_room_is_left_on_the_file_system(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_folder, "_FREE_SHARE", 1)  # all of it
    with _file_system(project.state, "4k"):
        made = make(project, project.request(tmp_path))
        assert project.kept() == []
    (stopped,) = made.listener.of(events.KeepingStopped)
    assert stopped.reason.startswith("its file system is nearly full")


# What is not kept


def test_whoever_does_not_want_it_keeps_and_uses_nothing(project: Project, tmp_path: Path) -> None:
    request = project.request(tmp_path)
    cut_short(project, replace(request, resume=False))
    assert not project.state.exists()
    cut_short(project, request)
    (kept,) = project.kept()
    content = kept.read_bytes()

    made = make(project, replace(request, resume=False))

    assert made.pages == PAGES
    assert kept.read_bytes() == content


def test_a_diff_of_one_page_writes_nothing(project: Project, tmp_path: Path) -> None:
    project.cluster.settings(page_limit=1000)

    def interrupt(event: events.Event) -> None:
        if isinstance(event, events.ChangesCollected):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate_changelist(project.request(tmp_path), project.settings, interrupt)

    assert project.kept() == []


def test_a_list_that_a_check_refuses_leaves_nothing(project: Project, tmp_path: Path) -> None:
    request = project.request(tmp_path)
    wanted = replace(request, deletes=True, max_deletes=DeletionLimit.parse("1"))
    cut_short(project, wanted)
    with pytest.raises(DeletionLimitError):
        make(project, wanted)
    assert project.kept() == []


def test_a_reply_that_makes_no_sense_leaves_nothing(project: Project, tmp_path: Path) -> None:
    request = project.request(tmp_path)
    cut_short(project, request)
    project.cluster.fault(path=DIFF, action="garbage", skip=2)
    with pytest.raises(ReplyError):
        make(project, request)
    assert project.kept() == []


def test_a_listing_that_lacks_entries_keeps_the_pages_for_the_next_run(
    project: Project, tmp_path: Path
) -> None:
    """As a snapshot may lead to that expires meanwhile: it may pass."""

    def lack(event: events.Event) -> None:
        if isinstance(event, events.ChangesCollected):
            raise IncompleteReplyError("snapshot 5 lists 3 of the 4 entries of /long/in/")

    request = project.request(tmp_path)
    with pytest.raises(IncompleteReplyError):
        generate_changelist(request, project.settings, lack)

    made = make(project, request)

    assert made.pages == 0
    check_made_anew(project, made)


# The commands


def test_the_command_says_after_how_many_pages_it_goes_on(project: Project, tmp_path: Path) -> None:
    cut_short(project, project.request(tmp_path))
    site = project.site
    environment = site.variables() | {"XDG_STATE_HOME": os.environ["XDG_STATE_HOME"]}
    arguments = site.arguments(project.older, project.newer, "--transport=rest")
    command = site.command("qumulo_generate_changelist.py", *arguments)

    done = subprocess.run(command, env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert f"going on after {READ} pages of the diff" in done.stderr


@pytest.mark.parametrize("is_worth_it", [True, False])
def test_run_goes_on_with_the_snapshot_of_a_long_run_that_was_cut_short(
    site: Site, forks: ForkServer, *, is_worth_it: bool
) -> None:
    office = Office(site, forks)
    cluster = office.cluster
    cluster.settings(page_limit=PAGE_LIMIT)
    write_files(site.mount, "stays")
    office.archived()
    write_files(site.mount, *(f"clip{number}" for number in range(20)))
    cluster.fault(path=DIFF, status=403, skip=5)
    office.run(code=77)
    cluster.clear_faults()
    begun = max(office.taken())
    write_files(site.mount, "new")
    (kept,) = (site.folder / "state" / "qumulo-changelist" / "kept").glob("*.pages")
    if is_worth_it:
        os.utime(kept, (0, time.time() + 70))  # as if the pages had taken more than a minute

    plan = office.run_as_json("--dry-run")
    anew = office.run_as_json("--dry-run", "--no-resume")
    done = office.archived()

    assert plan["newer"] == (begun if is_worth_it else None)
    assert anew["newer"] is None
    assert ("going on after 5 pages of the diff" in done.messages) == is_worth_it
    assert (f"going on with snapshot {begun} (" in done.messages) == is_worth_it
    assert ("/new" not in office.mirror.files) == is_worth_it
    office.archived()
    assert office.mirror.files == files_below(site.mount)
