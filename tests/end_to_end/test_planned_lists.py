"""Whole directories in many slices: the same list as in one, whatever the cluster counts."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_changelist import ChangelistRequest, generate_changelist, read_settings
from qumulo_changelist.cluster.interface import DirectoryCounts
from qumulo_changelist.cluster.rest.files import Files
from qumulo_changelist.errors import InconsistentReadError
from qumulo_emulator.running import Emulator, serve_in_thread
from tests.end_to_end.conftest import site_on
from tests.end_to_end.lists import normalized
from tests.end_to_end.site import GUID, Site
from tests.end_to_end.test_every_way import NEIGHBOURS, write

ONE_SLICE = 10**9
SIZE = 8


class Project(NamedTuple):
    """A project with two snapshots, and wide folders in each of them."""

    cluster: Emulator
    site: Site
    older: int
    newer: int

    def list(self, slice_size: int, *, is_full: bool = False, mount: bool = False) -> bytes:
        request = ChangelistRequest(
            project="show",
            guid=GUID,
            base_path=self.site.source,
            older=None if is_full else self.older,
            newer=self.newer,
            metadata="snapshot" if mount else "rest",
            mapped_path=str(self.site.mounted(self.site.source)) if mount else None,
            deletes=True,
            slice_size=slice_size,
        )
        settings = read_settings(str(self.site.configuration), "rest")
        return normalized(Path(generate_changelist(request, settings).path).read_bytes())


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    root = tmp_path_factory.mktemp("cluster")
    with serve_in_thread(root, page_limit=15) as running:
        running.settings(order="shuffled")
        site = site_on(running, tmp_path_factory.mktemp("site"))
        fill(site.mount, b"wide gone")
        fill(site.mount, b"wide again")
        older = site.snapshot()
        shutil.rmtree(site.mount / "wide gone")
        shutil.rmtree(site.mount / "wide again")
        fill(site.mount, b"wide new")
        fill(site.mount, b"wide again", every=2)
        newer = site.snapshot()
        yield Project(running, site, older, newer)


def fill(mount: Path, folder: bytes, every: int = 1) -> None:
    for number in range(0, 18, every):
        write(mount, folder + b"/f%02d" % number)
    for name in NEIGHBOURS[::every]:
        write(mount, folder + b"/" + name + b" file")
        for number in range(4):
            write(mount, folder + b"/" + name + b"/%d" % number)
    for number in range(12):
        write(mount, folder + b"/a deeper/and/deeper/%d" % number)


@pytest.fixture
def wrong_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the cluster count wrongly."""
    chance = random.Random(5)
    count = Files.count

    async def count_wrongly(
        cluster: Files, directory: str, snapshot: int, most_named: int = 0
    ) -> DirectoryCounts:
        counts = await count(cluster, directory, snapshot, most_named)
        names = [*counts.children, "never/", "a", "z.mov/"] if most_named else []
        some = chance.sample(names, len(names) * 3 // 4)
        below = chance.choice([0, 3, 40, counts.below, 10**6])
        return DirectoryCounts(below, {name: chance.choice([1, 2, 30, 999]) for name in some})

    monkeypatch.setattr(Files, "count", count_wrongly)


@pytest.mark.parametrize("mount", [False, True], ids=["rest", "mount"])
@pytest.mark.parametrize("is_full", [False, True], ids=["changes", "full"])
def test_the_list_is_the_same_in_many_slices(
    project: Project, *, is_full: bool, mount: bool
) -> None:
    expected = project.list(ONE_SLICE, is_full=is_full, mount=mount)

    assert expected.count(b"\n") > 80
    assert project.list(SIZE, is_full=is_full, mount=mount) == expected


@pytest.mark.usefixtures("wrong_counts")
def test_the_list_is_the_same_if_the_counts_are_wrong(project: Project) -> None:
    expected = project.list(ONE_SLICE)

    for size in (5, 20):
        assert project.list(size) == expected


@pytest.mark.parametrize("status", [403, 404, 500])
def test_the_list_is_the_same_if_the_cluster_does_not_count(project: Project, status: int) -> None:
    expected = project.list(ONE_SLICE)
    project.cluster.fault(path="*/aggregates/*", status=status)
    try:
        assert project.list(SIZE) == expected
    finally:
        project.cluster.clear_faults()


def test_the_list_is_the_same_if_a_folder_cannot_be_read(project: Project) -> None:
    for folder in ("wide new/a-", "wide gone/a0", "wide again/a deeper/and"):
        project.cluster.fault(
            path=f"*{folder}/entries/*", status=403, error_class="fs_access_denied_error"
        )
    try:
        expected = project.list(ONE_SLICE)

        assert expected.count(b"<bad-dir") == 3
        assert project.list(SIZE) == expected
    finally:
        project.cluster.clear_faults()


@pytest.mark.parametrize("folder", ["wide new/a deeper", "wide gone/a deeper"])
def test_a_folder_that_can_be_read_for_one_part_alone_is_never_left_out_silently(
    project: Project, folder: str
) -> None:
    """A single refusal hits the part that says so, or one that would lack files."""
    expected, outcomes = project.list(ONE_SLICE), set()
    for skip in range(4):
        project.cluster.fault(
            path=f"*/{folder}/entries/*",
            status=403,
            error_class="fs_access_denied_error",
            skip=skip,
            times=1,
        )
        try:
            made = project.list(SIZE)
        except InconsistentReadError:
            outcomes.add("no list")
        else:
            outcomes.add("unreadable" if b"<bad-dir" in made else "all of it")
            assert b"<bad-dir" in made or made == expected
        finally:
            project.cluster.clear_faults()

    assert outcomes == {"no list", "unreadable", "all of it"}
