"""The mapped path must show the base path: another share is refused, a busy share never."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.lists import file, normalized, scan_list
from tests.end_to_end.site import CommandResult, Site

NAMES = [f"clip{number}.mov" for number in range(5)]


class Project(NamedTuple):
    """A project whose files were all written again between two snapshots."""

    cluster: Emulator
    site: Site
    older: int
    newer: int

    def make_list(self, mapped_path: Path, *options: str) -> CommandResult:
        return self.site.generate(self.older, self.newer, "-m", str(mapped_path), *options)

    def requests(self) -> list[str]:
        """The paths of the requests for files so far."""
        _, log = self.cluster.request("GET", "/emulator/requests")
        return [one["path"] for one in log["entries"] if one["path"].startswith("/v1/files/")]


@pytest.fixture
def project(cluster: Emulator, site: Site) -> Project:
    for name in NAMES:
        (site.mount / name).write_text("x")
    older = site.snapshot()
    for name in NAMES:
        (site.mount / name).write_text("longer")
    return Project(cluster, site, older, site.snapshot())


def another_share(project: Project) -> Path:
    """A directory with other files of the same names."""
    other = project.site.folder / "other share"
    other.mkdir()
    for name in NAMES:
        (other / name).write_text("other")
    return other


def nothing_mounted(project: Project) -> Path:
    empty = project.site.folder / "not mounted"
    empty.mkdir()
    return empty


def the_parent(project: Project) -> Path:
    return project.site.mount.parent


WRONG: list[tuple[Callable[[Project], Path], str]] = [
    (another_share, "a file of 5 bytes"),
    (nothing_mounted, "not there"),
    (the_parent, "not there"),
]


CASES = [("rest", *wrong) for wrong in WRONG] + [("qq", *WRONG[0])]


@pytest.mark.parametrize(
    ("transport", "wrong", "shown"),
    CASES,
    ids=[f"{transport} {wrong.__name__}" for transport, wrong, _ in CASES],
)
def test_another_share_is_refused_and_a_file_that_differs_is_shown(
    project: Project, transport: str, wrong: Callable[[Project], Path], shown: str
) -> None:
    mapped_path = wrong(project)

    done = project.make_list(mapped_path, f"--transport={transport}", "--verify")

    assert (done.code, done.output) == (2, "")
    assert not project.site.list_path.exists()
    assert f"{mapped_path} does not show {project.site.source}: /clip" in done.messages
    assert "is a file of 6 bytes, modified 20" in done.messages
    assert f"but {shown}" in done.messages
    assert "-m names the directory" in done.messages


def test_another_snapshot_with_the_same_id_is_refused(project: Project) -> None:
    other = another_share(project)
    (other / ".snapshot").mkdir()
    shutil.copytree(
        other, other / ".snapshot" / f"{project.newer}_other", ignore=lambda *_: {".snapshot"}
    )

    done = project.make_list(other, "--transport=rest", "--metadata=snapshot")

    assert (done.code, done.output) == (2, "")
    assert "does not show" in done.messages


@pytest.mark.parametrize("untouched", [1, 0])
def test_a_busy_share_is_never_refused(project: Project, untouched: int) -> None:
    for name in NAMES[untouched:]:
        (project.site.mount / name).write_text("longer still")

    done = project.make_list(project.site.mount, "--transport=rest")

    assert done.code == 0, done.messages
    lines = [file(project.site.mount, f"/{name}") for name in reversed(NAMES)]
    assert normalized(project.site.list_path.read_bytes()) == scan_list(lines)


def test_a_share_where_everything_is_gone_is_accepted_but_proves_nothing(
    project: Project,
) -> None:
    for name in NAMES:
        (project.site.mount / name).unlink()

    done = project.make_list(project.site.mount, "--transport=rest")
    proved = project.make_list(project.site.mount, "--transport=rest", "--verify")

    assert done.code == 1
    assert f"it is not certain that the mapped path {project.site.mount} shows" in done.messages
    assert done.messages.count("it is gone since the snapshot") == len(NAMES)
    assert (proved.code, proved.output) == (5, "")
    assert "of 5 created or modified entries, 5 could not be read" in proved.messages


def test_the_comparison_takes_one_request_or_none_if_nothing_changed(project: Project) -> None:
    newest = project.site.snapshot()
    project.cluster.settings(page_limit=1000)
    before = len(project.requests())
    changed = project.make_list(project.site.mount, "--transport=rest")
    asked = project.requests()[before:]
    nothing = project.site.generate(project.newer, newest, "--transport=rest")
    later = project.requests()[before + len(asked) :]

    assert (changed.code, nothing.code) == (0, 0)
    assert asked == [f"/v1/files/{project.site.source}/entries/"]
    assert later == []


def test_deleted_files_are_read_from_the_snapshot_of_the_base_path_and_no_other(
    site: Site,
) -> None:
    """A mount shows the snapshots of the directory that has the mapped path now."""
    (site.mount / "gone").mkdir()
    (site.mount / "gone" / "was-here.mov").write_text("x")
    older = site.snapshot()
    shutil.rmtree(site.mount / "gone")
    newer = site.snapshot()
    # Another directory replaces it; it has other snapshots.
    site.mount.rename(f"{site.mount}-away")
    (site.mount / ".snapshot" / f"{older}_other" / "gone").mkdir(parents=True)
    (site.mount / ".snapshot" / f"{older}_other" / "gone" / "other.mov").write_text("x")

    made = site.scan_list(older, newer, "--transport=rest", "--deletes")

    names = [line.split('"')[1] for line in made.decode().splitlines()[1:-1]]
    assert names == ["/gone/was-here.mov", "/gone"]
