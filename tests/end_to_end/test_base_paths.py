"""The base path: what of the cluster a list is about."""

from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.conftest import QQ
from tests.end_to_end.lists import deleted, file, folder, scan_list, settled
from tests.end_to_end.site import Site


def two_shows(mount: Path) -> None:
    for show in ("show1", "show10"):
        (mount / show / "reel").mkdir(parents=True)
        (mount / show / "reel" / "a.mov").write_text("x")


def work_on_both(mount: Path) -> None:
    for show in ("show1", "show10"):
        (mount / show / "reel" / "b.mov").write_text("x")
        (mount / show / "reel" / "a.mov").unlink()


@pytest.fixture
def worked(cluster: Emulator, site: Site) -> tuple[Site, int, int]:
    two_shows(site.mount)
    older = site.snapshot_by_api(cluster)
    work_on_both(site.mount)
    return site, older, site.snapshot_by_api(cluster)


@pytest.mark.parametrize("ending", ["", "/", "//"])
def test_a_base_path_below_the_source_has_its_own_names(
    worked: tuple[Site, int, int], ending: str
) -> None:
    site, older, newer = worked
    made = site.scan_list(older, newer, "--deletes", base=f"{site.source}/show1{ending}")
    show = site.mount / "show1"
    assert settled(made) == scan_list(
        [file(show, "/reel/b.mov"), deleted("/reel/a.mov"), folder(show, "/reel")]
    )


@pytest.mark.parametrize("ending", ["", "/"])
def test_a_base_path_may_be_the_source_itself(worked: tuple[Site, int, int], ending: str) -> None:
    site, older, newer = worked
    made = site.scan_list(older, newer, base=f"{site.source}{ending}")
    assert settled(made) == scan_list(
        [
            file(site.mount, "/show10/reel/b.mov"),
            folder(site.mount, "/show10/reel"),
            file(site.mount, "/show1/reel/b.mov"),
            folder(site.mount, "/show1/reel"),
        ]
    )


def test_a_base_path_beside_the_changes_has_none(worked: tuple[Site, int, int]) -> None:
    site, older, newer = worked
    (site.mount / "show").mkdir()
    assert site.scan_list(older, newer, "--deletes", base=f"{site.source}/show") == scan_list([])


def test_a_base_path_above_the_source_has_longer_names(worked: tuple[Site, int, int]) -> None:
    site, older, newer = worked
    made = site.scan_list(older, newer, base="/")
    assert settled(made) == scan_list(
        [
            file(site.root, f"{site.source}/show10/reel/b.mov"),
            folder(site.root, f"{site.source}/show10/reel"),
            file(site.root, f"{site.source}/show1/reel/b.mov"),
            folder(site.root, f"{site.source}/show1/reel"),
        ]
    )


def test_the_root_of_the_cluster_may_be_source_and_base_path(own_site: Site) -> None:
    two_shows(own_site.mount)
    older = own_site.snapshot()
    work_on_both(own_site.mount)
    (own_site.mount / "new.mov").write_text("x")
    made = own_site.scan_list(older, own_site.snapshot(), "--deletes")
    mount = own_site.mount
    assert settled(made) == scan_list(
        [
            file(mount, "/show10/reel/b.mov"),
            deleted("/show10/reel/a.mov"),
            folder(mount, "/show10/reel"),
            file(mount, "/show1/reel/b.mov"),
            deleted("/show1/reel/a.mov"),
            folder(mount, "/show1/reel"),
            file(mount, "/new.mov"),
        ]
    )


def test_a_base_path_that_came_with_a_folder_above_it_is_listed_whole(site: Site) -> None:
    older = site.snapshot()
    (site.mount / "archive" / "show" / "reel").mkdir(parents=True)
    (site.mount / "archive" / "show" / "reel" / "a.mov").write_text("x")
    newer = site.snapshot()
    made = site.scan_list(older, newer, "--deletes", base=f"{site.source}/archive/show")
    assert settled(made) == scan_list([file(site.mount / "archive" / "show", "/reel/a.mov")])


def test_a_base_path_moved_away_and_made_anew_loses_what_is_not_there_any_more(
    site: Site,
) -> None:
    (site.mount / "archive" / "show").mkdir(parents=True)
    for name in ("stays.mov", "goes.mov"):
        (site.mount / "archive" / "show" / name).write_text("x")
    older = site.snapshot()
    (site.mount / "archive").rename(site.mount / "shelf")
    (site.mount / "archive" / "show").mkdir(parents=True)
    (site.mount / "archive" / "show" / "stays.mov").write_text("other")
    newer = site.snapshot()
    made = site.scan_list(older, newer, "--deletes", base=f"{site.source}/archive/show")
    show = site.mount / "archive" / "show"
    assert settled(made) == scan_list([file(show, "/stays.mov"), deleted("/goes.mov")])


@pytest.mark.parametrize(
    ("transport", "qq", "was"),
    [
        ("qq", "qq of today", "missing"),
        ("qq", "qq of today", "a file"),
        ("qq", "qq before 6.2.2", "missing"),
        ("rest", "qq of today", "missing"),
        ("rest", "qq of today", "a file"),
    ],
)
def test_a_base_path_that_came_when_a_folder_above_it_was_made_anew_has_nothing_to_lose(
    cluster: Emulator, site: Site, transport: str, qq: str, was: str
) -> None:
    site.qq = QQ[qq]
    (site.mount / "archive").mkdir()
    (site.mount / "archive" / ("other" if was == "missing" else "show")).write_text("x")
    older = site.snapshot_by_api(cluster)
    (site.mount / "archive").rename(site.mount / "shelf")
    (site.mount / "archive" / "show").mkdir(parents=True)
    (site.mount / "archive" / "show" / "a.mov").write_text("x")
    newer = site.snapshot_by_api(cluster)
    options = (f"--transport={transport}", "--deletes")
    made = site.scan_list(older, newer, *options, base=f"{site.source}/archive/show")
    assert settled(made) == scan_list([file(site.mount / "archive" / "show", "/a.mov")])


def test_an_empty_directory_in_the_place_of_the_share_deletes_nothing(site: Site) -> None:
    (site.mount / "show").mkdir()
    (site.mount / "show" / "kept.mov").write_text("x")
    older = site.snapshot()
    (site.mount / "show").rename(site.mount / "was")
    (site.mount / "show").mkdir()
    (site.mount / "show" / "kept.mov").write_text("x")
    newer = site.snapshot()
    (site.folder / "not mounted").mkdir()
    options = ("--deletes", "-m", str(site.folder / "not mounted"))
    done = site.generate(older, newer, *options, base=f"{site.source}/show")
    assert (done.code, done.output) == (2, "")
    assert "share is mounted" in done.messages


def test_changes_that_are_all_elsewhere_are_told(worked: tuple[Site, int, int]) -> None:
    site, older, newer = worked
    (site.mount / "show").mkdir()
    done = site.generate(older, newer, base=f"{site.source}/show")
    assert done.code == 0
    assert "of 6 changes between the snapshots none is below the base path" in done.messages
