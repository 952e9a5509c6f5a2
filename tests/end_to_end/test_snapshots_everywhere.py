"""A base path below the snapshots' source: a mount of a cluster shows `.snapshot` there, too."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator, serve_in_process
from tests.end_to_end.conftest import site_on
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import deleted, file, folder, scan_list, settled
from tests.end_to_end.site import Site

# On some disks `.snapshot` makes a directory larger.
_DIRECTORY_SIZES = re.compile(rb'size="\d+" (mode="0x777"  type="F_DIR")')


class Made(NamedTuple):
    """A project with two snapshots."""

    site: Site
    older: int
    newer: int

    def list(self, transport: str, metadata: str, base: str) -> bytes:
        options = ("--deletes", f"--transport={transport}", f"--metadata={metadata}")
        made = self.site.scan_list(
            self.older, self.newer, *options, base=f"{self.site.source}/{base}"
        )
        return without_directory_sizes(settled(made))


def without_directory_sizes(content: bytes) -> bytes:
    return _DIRECTORY_SIZES.sub(rb'size="0" \1', content)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    root = tmp_path_factory.mktemp("cluster")
    with serve_in_process(root, page_limit=3, snapshots_everywhere=True) as running:
        yield running


def project(cluster: Emulator, folder: Path, source: str) -> Site:
    site = site_on(cluster, folder, source)
    site.mount.mkdir()
    return site


@pytest.fixture(scope="module")
def worked(cluster: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A day's work in `show`, and beside it."""
    site = project(cluster, tmp_path_factory.mktemp("site"), "/work")
    show = site.mount / "show"
    write_files(site.mount, "show.mov", "show2/a.mov")
    write_files(show, "kept.mov", "grows.mov", "goes.mov", "reel/a.mov", "old/deep/b.mov")
    write_files(show, "anew/was.mov", "anew/is.mov", "moves/c.mov")
    older = site.snapshot_by_api(cluster)
    write_files(site.mount, "show/grows.mov", "show.mov", "show2/a.mov", size=20)
    (show / "goes.mov").unlink()
    shutil.rmtree(show / "old")
    shutil.rmtree(show / "anew")
    write_files(show, "anew/is.mov", "new/deep/d.mov", "reel/e.mov", size=30)
    (show / "moves").rename(show / "moved")
    (show / "reel" / "link").symlink_to("a.mov")
    return Made(site, older, site.snapshot_by_api(cluster))


def day_in(show: Path) -> bytes:
    """The list of the day's work, with the attributes of the files as they are there."""
    lines = [
        file(show, "/reel/e.mov"),
        folder(show, "/reel"),
        deleted("/old/deep/b.mov"),
        deleted("/old", "F_DIR"),
        file(show, "/new/deep/d.mov"),
        deleted("/moves/c.mov"),
        deleted("/moves", "F_DIR"),
        file(show, "/moved/c.mov"),
        file(show, "/grows.mov"),
        deleted("/goes.mov"),
        deleted("/anew/was.mov"),
        file(show, "/anew/is.mov"),
    ]
    return without_directory_sizes(scan_list(lines))


@pytest.mark.parametrize(
    ("transport", "metadata"),
    [("qq", "snapshot"), ("rest", "mount"), ("rest", "snapshot"), ("rest", "rest")],
)
def test_a_base_path_below_the_source_is_listed_alike_from_everywhere(
    worked: Made, transport: str, metadata: str
) -> None:
    assert worked.list(transport, metadata, "show") == day_in(worked.site.mount / "show")


@pytest.mark.parametrize("metadata", ["snapshot", "rest"])
def test_a_base_path_below_the_source_is_listed_as_the_snapshot_holds_it_whatever_came_after(
    cluster: Emulator, tmp_path: Path, metadata: str
) -> None:
    site = project(cluster, tmp_path, f"/later{metadata}")
    write_files(site.mount, "show/reel/a.mov", "show/reel/goes.mov")
    older = site.snapshot_by_api(cluster)
    write_files(site.mount, "show/reel/b.mov", size=20)
    (site.mount / "show/reel/goes.mov").unlink()
    newer = site.snapshot_by_api(cluster)
    reel = site.mount / "show/reel"
    lines = [deleted("/goes.mov"), file(reel, "/b.mov")]
    write_files(reel, "b.mov", "goes.mov", "later.mov", size=90)
    assert Made(site, older, newer).list("rest", metadata, "show/reel") == scan_list(lines)


@pytest.mark.parametrize("metadata", ["mount", "snapshot", "rest"])
def test_a_directory_in_the_place_of_the_base_path_does_not_hide_what_is_gone(
    cluster: Emulator, tmp_path: Path, metadata: str
) -> None:
    """A mount shows the past of the directory that is at the base path now, not of the path."""
    site = project(cluster, tmp_path, f"/replaced{metadata}")
    write_files(site.mount, "show/gone.mov", "show/same.mov", "aside/same.mov", "aside/went.mov")
    older = site.snapshot_by_api(cluster)
    shutil.rmtree(site.mount / "show")
    (site.mount / "aside").rename(site.mount / "show")
    (site.mount / "show/went.mov").unlink()
    made = Made(site, older, site.snapshot_by_api(cluster))
    expected = scan_list([file(site.mount / "show", "/same.mov"), deleted("/gone.mov")])
    assert made.list("rest", metadata, "show") == expected


@pytest.mark.parametrize("metadata", ["snapshot", "rest"])
def test_a_base_path_that_was_renamed_is_new_as_a_whole_and_has_nothing_to_lose(
    cluster: Emulator, tmp_path: Path, metadata: str
) -> None:
    site = project(cluster, tmp_path, f"/renamed{metadata}")
    write_files(site.mount, "was/reel/a.mov", "was/reel/b.mov")
    older = site.snapshot_by_api(cluster)
    (site.mount / "was").rename(site.mount / "show")
    (site.mount / "show/reel/b.mov").unlink()
    made = Made(site, older, site.snapshot_by_api(cluster))
    expected = scan_list([file(site.mount / "show", "/reel/a.mov")])
    assert made.list("rest", metadata, "show") == expected
