"""Base paths below the source of the snapshots, where the mount also shows `.snapshot`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator, serve_in_thread
from tests.end_to_end.conftest import site_on
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import deleted, file, folder, normalized, scan_list
from tests.end_to_end.site import Site

# On some file systems `.snapshot` makes a directory larger.
_DIRECTORY_SIZES = re.compile(rb'size="\d+" (mode="0x777"  type="F_DIR")')


class Project(NamedTuple):
    """A project with two snapshots."""

    site: Site
    older: int
    newer: int

    def list(self, transport: str, metadata: str, base: str) -> bytes:
        options = ("--deletes", f"--transport={transport}", f"--metadata={metadata}")
        made = self.site.scan_list(
            self.older, self.newer, *options, base=f"{self.site.source}/{base}"
        )
        return without_directory_sizes(normalized(made))


def without_directory_sizes(content: bytes) -> bytes:
    return _DIRECTORY_SIZES.sub(rb'size="0" \1', content)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    root = tmp_path_factory.mktemp("cluster")
    with serve_in_thread(root, page_limit=3, snapshots_everywhere=True) as running:
        yield running


def make_site(cluster: Emulator, folder: Path, source: str) -> Site:
    site = site_on(cluster, folder, source)
    site.mount.mkdir()
    return site


@pytest.fixture(scope="module")
def project(cluster: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Work in `show`, and beside it."""
    site = make_site(cluster, tmp_path_factory.mktemp("site"), "/work")
    show = site.mount / "show"
    write_files(site.mount, "show.mov", "show2/a.mov")
    write_files(show, "kept.mov", "grows.mov", "goes.mov", "reel/a.mov", "old/deep/b.mov")
    write_files(show, "replaced/was.mov", "replaced/is.mov", "moves/c.mov")
    older = site.snapshot()
    write_files(site.mount, "show/grows.mov", "show.mov", "show2/a.mov", size=20)
    (show / "goes.mov").unlink()
    shutil.rmtree(show / "old")
    shutil.rmtree(show / "replaced")
    write_files(show, "replaced/is.mov", "new/deep/d.mov", "reel/e.mov", size=30)
    (show / "moves").rename(show / "moved")
    (show / "reel" / "link").symlink_to("a.mov")
    return Project(site, older, site.snapshot())


def expected_list_of(show: Path) -> bytes:
    """The list of the work, with the attributes of the files on disk."""
    lines = [
        deleted("/replaced/was.mov"),
        file(show, "/replaced/is.mov"),
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
    ]
    return without_directory_sizes(scan_list(lines))


@pytest.mark.parametrize(
    ("transport", "metadata"),
    [("qq", "snapshot"), ("rest", "mount"), ("rest", "snapshot"), ("rest", "rest")],
)
def test_a_base_path_below_the_source_has_the_same_list_in_every_way(
    project: Project, transport: str, metadata: str
) -> None:
    assert project.list(transport, metadata, "show") == expected_list_of(
        project.site.mount / "show"
    )


@pytest.mark.parametrize("metadata", ["snapshot", "rest"])
def test_a_base_path_below_the_source_is_listed_as_in_the_snapshot_whatever_happened_since(
    cluster: Emulator, tmp_path: Path, metadata: str
) -> None:
    site = make_site(cluster, tmp_path, f"/later{metadata}")
    write_files(site.mount, "show/reel/a.mov", "show/reel/goes.mov")
    older = site.snapshot()
    write_files(site.mount, "show/reel/b.mov", size=20)
    (site.mount / "show/reel/goes.mov").unlink()
    newer = site.snapshot()
    reel = site.mount / "show/reel"
    lines = [deleted("/goes.mov"), file(reel, "/b.mov")]
    write_files(reel, "b.mov", "goes.mov", "later.mov", size=90)
    assert Project(site, older, newer).list("rest", metadata, "show/reel") == scan_list(lines)


@pytest.mark.parametrize("metadata", ["mount", "snapshot", "rest"])
def test_a_directory_that_replaced_the_base_path_does_not_hide_what_was_deleted(
    cluster: Emulator, tmp_path: Path, metadata: str
) -> None:
    """A mount shows the snapshots of the directory that is at the base path now."""
    site = make_site(cluster, tmp_path, f"/replaced{metadata}")
    write_files(site.mount, "show/gone.mov", "show/same.mov", "aside/same.mov", "aside/went.mov")
    older = site.snapshot()
    shutil.rmtree(site.mount / "show")
    (site.mount / "aside").rename(site.mount / "show")
    (site.mount / "show/went.mov").unlink()
    made = Project(site, older, site.snapshot())
    expected = scan_list([file(site.mount / "show", "/same.mov"), deleted("/gone.mov")])
    assert made.list("rest", metadata, "show") == expected


@pytest.mark.parametrize("metadata", ["snapshot", "rest"])
def test_a_renamed_base_path_is_listed_as_created_and_nothing_is_deleted(
    cluster: Emulator, tmp_path: Path, metadata: str
) -> None:
    site = make_site(cluster, tmp_path, f"/renamed{metadata}")
    write_files(site.mount, "was/reel/a.mov", "was/reel/b.mov")
    older = site.snapshot()
    (site.mount / "was").rename(site.mount / "show")
    (site.mount / "show/reel/b.mov").unlink()
    made = Project(site, older, site.snapshot())
    expected = scan_list([file(site.mount / "show", "/reel/a.mov")])
    assert made.list("rest", metadata, "show") == expected
