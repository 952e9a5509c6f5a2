"""The mapped path must show the base path: another share is refused, a busy one never."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.lists import file, scan_list, settled
from tests.end_to_end.site import Finished, Site

NAMES = [f"clip{number}.mov" for number in range(5)]


class Day(NamedTuple):
    """A project in which every file was written again between two snapshots."""

    cluster: Emulator
    site: Site
    older: int
    newer: int

    def make_list(self, mapped_path: Path, *options: str) -> Finished:
        return self.site.generate(self.older, self.newer, "-m", str(mapped_path), *options)

    def requests(self) -> list[str]:
        """What was asked about files so far."""
        _, told = self.cluster.request("GET", "/emulator/requests")
        return [one["path"] for one in told["entries"] if one["path"].startswith("/v1/files/")]


@pytest.fixture
def day(cluster: Emulator, site: Site) -> Day:
    for name in NAMES:
        (site.mount / name).write_text("x")
    older = site.snapshot_by_api(cluster)
    for name in NAMES:
        (site.mount / name).write_text("longer")
    return Day(cluster, site, older, site.snapshot_by_api(cluster))


def another_share(day: Day) -> Path:
    """A directory with the same names in it, and other files."""
    other = day.site.folder / "other share"
    other.mkdir()
    for name in NAMES:
        (other / name).write_text("other")
    return other


def nothing_mounted(day: Day) -> Path:
    empty = day.site.folder / "not mounted"
    empty.mkdir()
    return empty


def the_parent(day: Day) -> Path:
    return day.site.mount.parent


WRONG: list[tuple[Callable[[Day], Path], str]] = [
    (another_share, "a file of 5 bytes"),
    (nothing_mounted, "not there"),
    (the_parent, "not there"),
]


CASES = [("rest", *wrong) for wrong in WRONG] + [("qq", *WRONG[0])]


@pytest.mark.parametrize(
    ("transport", "wrong", "shown"),
    CASES,
    ids=[f"{way} {wrong.__name__}" for way, wrong, _ in CASES],
)
def test_another_share_is_refused_with_a_file_that_differs(
    day: Day, transport: str, wrong: Callable[[Day], Path], shown: str
) -> None:
    mapped_path = wrong(day)

    done = day.make_list(mapped_path, f"--transport={transport}", "--verify")

    assert (done.code, done.output) == (2, "")
    assert not day.site.list_path.exists()
    assert f"{mapped_path} does not show {day.site.source}: /clip" in done.messages
    assert "is a file of 6 bytes, modified 20" in done.messages
    assert f"but {shown}" in done.messages
    assert "-m names the directory" in done.messages


def test_another_snapshot_of_the_same_number_is_refused(day: Day) -> None:
    other = another_share(day)
    (other / ".snapshot").mkdir()
    shutil.copytree(
        other, other / ".snapshot" / f"{day.newer}_other", ignore=lambda *_: {".snapshot"}
    )

    done = day.make_list(other, "--transport=rest", "--metadata=snapshot")

    assert (done.code, done.output) == (2, "")
    assert "does not show" in done.messages


@pytest.mark.parametrize(("transport", "untouched"), [("rest", 1), ("rest", 0), ("qq", 0)])
def test_a_busy_share_is_never_refused(day: Day, transport: str, untouched: int) -> None:
    for name in NAMES[untouched:]:
        (day.site.mount / name).write_text("longer still")

    done = day.make_list(day.site.mount, f"--transport={transport}")

    assert done.code == 0, done.messages
    lines = [file(day.site.mount, f"/{name}") for name in reversed(NAMES)]
    assert settled(day.site.list_path.read_bytes()) == scan_list(lines)


def test_a_share_on_which_everything_is_gone_is_not_refused_but_proves_nothing(day: Day) -> None:
    for name in NAMES:
        (day.site.mount / name).unlink()

    done = day.make_list(day.site.mount, "--transport=rest")
    proved = day.make_list(day.site.mount, "--transport=rest", "--verify")

    assert done.code == 1
    assert f"it is not certain that the mapped path {day.site.mount} shows" in done.messages
    assert done.messages.count("it is gone since the snapshot") == len(NAMES)
    assert (proved.code, proved.output) == (5, "")
    assert "of 5 created or modified entries, 5 could not be read" in proved.messages


def test_comparing_takes_one_request_and_none_where_nothing_changed(day: Day) -> None:
    newest = day.site.snapshot_by_api(day.cluster)
    day.cluster.settings(page_limit=1000)
    try:
        before = len(day.requests())
        changed = day.make_list(day.site.mount, "--transport=rest")
        asked = day.requests()[before:]
        nothing = day.site.generate(day.newer, newest, "--transport=rest")
        later = day.requests()[before + len(asked) :]
    finally:
        day.cluster.settings(page_limit=3)

    assert (changed.code, nothing.code) == (0, 0)
    assert asked == [f"/v1/files/{day.site.source}/entries/"]
    assert later == []


@pytest.mark.parametrize("transport", ["rest", "qq"])
def test_what_was_deleted_is_read_from_the_past_of_the_base_path_and_no_other(
    cluster: Emulator, site: Site, transport: str
) -> None:
    """A mount shows the past of the directory that has the mapped path now."""
    (site.mount / "gone").mkdir()
    (site.mount / "gone" / "was-here.mov").write_text("x")
    older = site.snapshot_by_api(cluster)
    shutil.rmtree(site.mount / "gone")
    newer = site.snapshot_by_api(cluster)
    # Another directory takes its place, with a past of its own.
    site.mount.rename(f"{site.mount}-away")
    (site.mount / ".snapshot" / f"{older}_other" / "gone").mkdir(parents=True)
    (site.mount / ".snapshot" / f"{older}_other" / "gone" / "other.mov").write_text("x")

    made = site.scan_list(older, newer, f"--transport={transport}", "--deletes")

    names = [line.split('"')[1] for line in made.decode().splitlines()[1:-1]]
    assert names == ["/gone/was-here.mov", "/gone"]
