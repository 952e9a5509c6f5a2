"""The base path: the part of the cluster that a list is about."""

import shutil
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.lists import deleted, file, folder, normalized, scan_list
from tests.end_to_end.site import Site
from tests.qq import QQ


def make_shows(mount: Path) -> None:
    for show in ("show1", "show10"):
        (mount / show / "reel").mkdir(parents=True)
        (mount / show / "reel" / "a.mov").write_text("x")


def change_shows(mount: Path) -> None:
    for show in ("show1", "show10"):
        (mount / show / "reel" / "b.mov").write_text("x")
        (mount / show / "reel" / "a.mov").unlink()


@pytest.fixture
def project(cluster: Emulator, site: Site) -> tuple[Site, int, int]:
    make_shows(site.mount)
    older = site.snapshot()
    change_shows(site.mount)
    return site, older, site.snapshot()


@pytest.mark.parametrize("ending", ["", "/", "//"])
def test_names_are_relative_to_a_base_path_below_the_source(
    project: tuple[Site, int, int], ending: str
) -> None:
    site, older, newer = project
    options = ("--transport=rest", "--deletes")
    made = site.scan_list(older, newer, *options, base=f"{site.source}/show1{ending}")
    show = site.mount / "show1"
    assert normalized(made) == scan_list(
        [file(show, "/reel/b.mov"), deleted("/reel/a.mov"), folder(show, "/reel")]
    )


@pytest.mark.parametrize("ending", ["", "/"])
def test_a_base_path_can_be_the_source(project: tuple[Site, int, int], ending: str) -> None:
    site, older, newer = project
    made = site.scan_list(older, newer, "--transport=rest", base=f"{site.source}{ending}")
    assert normalized(made) == scan_list(
        [
            file(site.mount, "/show10/reel/b.mov"),
            folder(site.mount, "/show10/reel"),
            file(site.mount, "/show1/reel/b.mov"),
            folder(site.mount, "/show1/reel"),
        ]
    )


def test_names_are_relative_to_a_base_path_above_the_source(project: tuple[Site, int, int]) -> None:
    site, older, newer = project
    made = site.scan_list(older, newer, "--transport=rest", base="/")
    assert normalized(made) == scan_list(
        [
            file(site.root, f"{site.source}/show10/reel/b.mov"),
            folder(site.root, f"{site.source}/show10/reel"),
            file(site.root, f"{site.source}/show1/reel/b.mov"),
            folder(site.root, f"{site.source}/show1/reel"),
        ]
    )


def test_source_and_base_path_can_be_the_root_of_the_cluster(
    own_cluster: Emulator, own_site: Site
) -> None:
    make_shows(own_site.mount)
    older = own_site.snapshot()
    change_shows(own_site.mount)
    (own_site.mount / "new.mov").write_text("x")
    made = own_site.scan_list(older, own_site.snapshot(), "--transport=rest", "--deletes")
    mount = own_site.mount
    assert normalized(made) == scan_list(
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


def test_a_base_path_that_was_created_with_a_folder_above_it_is_listed_as_a_whole(
    cluster: Emulator, site: Site
) -> None:
    older = site.snapshot()
    (site.mount / "archive" / "show" / "reel").mkdir(parents=True)
    (site.mount / "archive" / "show" / "reel" / "a.mov").write_text("x")
    newer = site.snapshot()
    options = ("--transport=rest", "--deletes")
    made = site.scan_list(older, newer, *options, base=f"{site.source}/archive/show")
    assert normalized(made) == scan_list([file(site.mount / "archive" / "show", "/reel/a.mov")])


def test_a_replaced_base_path_deletes_what_is_no_longer_there(
    cluster: Emulator, site: Site
) -> None:
    (site.mount / "archive" / "show").mkdir(parents=True)
    for name in ("stays.mov", "goes.mov"):
        (site.mount / "archive" / "show" / name).write_text("x")
    older = site.snapshot()
    (site.mount / "archive").rename(site.mount / "shelf")
    (site.mount / "archive" / "show").mkdir(parents=True)
    (site.mount / "archive" / "show" / "stays.mov").write_text("other")
    newer = site.snapshot()
    made = site.scan_list(
        older, newer, "--transport=rest", "--deletes", base=f"{site.source}/archive/show"
    )
    show = site.mount / "archive" / "show"
    assert normalized(made) == scan_list([file(show, "/stays.mov"), deleted("/goes.mov")])


@pytest.mark.parametrize(
    ("transport", "qq", "was"),
    [
        ("qq", "qq before 6.2.2", "missing"),
        ("rest", "qq of today", "missing"),
        ("rest", "qq of today", "a file"),
    ],
)
def test_a_base_path_that_was_created_in_a_replaced_folder_deletes_nothing(
    cluster: Emulator, site: Site, transport: str, qq: str, was: str
) -> None:
    site.qq = QQ[qq]
    (site.mount / "archive").mkdir()
    (site.mount / "archive" / ("other" if was == "missing" else "show")).write_text("x")
    older = site.snapshot()
    (site.mount / "archive").rename(site.mount / "shelf")
    (site.mount / "archive" / "show").mkdir(parents=True)
    (site.mount / "archive" / "show" / "a.mov").write_text("x")
    newer = site.snapshot()
    options = (f"--transport={transport}", "--deletes")
    made = site.scan_list(older, newer, *options, base=f"{site.source}/archive/show")
    assert normalized(made) == scan_list([file(site.mount / "archive" / "show", "/a.mov")])


@pytest.mark.parametrize(
    ("transport", "metadata", "above"),
    [
        ("rest", "rest", "replaced"),
        ("rest", "rest", "gone"),
        ("rest", "mount", "gone"),
    ],
)
def test_a_base_path_that_went_with_a_folder_above_it_is_deleted_as_a_whole(
    cluster: Emulator, site: Site, transport: str, metadata: str, above: str
) -> None:
    base = site.mount / "archive" / "show"
    (base / "reel").mkdir(parents=True)
    for name in ("b.mov", "reel/a.mov"):
        (base / name).write_text("x")
    older = site.snapshot()
    (site.mount / "archive").rename(site.mount / "shelf")
    if above == "replaced":
        (site.mount / "archive").mkdir()
    newer = site.snapshot()
    if metadata == "mount":
        # It exists again, since the newer snapshot.
        base.mkdir(parents=True)
        (base / "later.mov").write_text("x")
    options = (f"--transport={transport}", f"--metadata={metadata}", "--deletes", "--verify")
    made = site.scan_list(older, newer, *options, base=f"{site.source}/archive/show")
    assert normalized(made) == scan_list([deleted("/reel/a.mov"), deleted("/b.mov")])


def test_2_if_neither_snapshot_has_the_base_path_and_the_nearest_name_is_suggested(
    site: Site,
) -> None:
    (site.mount / "Müller").mkdir()
    (site.mount / "a file").write_text("x")
    older = site.snapshot()
    (site.mount / "Müller" / "a.mov").write_text("x")
    newer = site.snapshot()
    earlier = site.scan_list(older, newer, "--transport=rest")
    cases = {
        "Mu\u0308ller": f"Did you mean {site.source}/Müller, which differs in its accents?",
        "a file": f"{site.source}/a file is a file there",
    }
    for name, hint in cases.items():
        options = ("--transport=rest", "--metadata=rest", "--deletes")
        done = site.generate(older, newer, *options, base=f"{site.source}/{name}")
        assert (done.code, done.output) == (2, "")
        assert f"neither snapshot has a directory {site.source}/{name}" in done.messages
        assert hint in done.messages
        assert site.list_path.read_bytes() == earlier


def test_2_if_the_base_path_is_neither_below_the_source_nor_above_it(
    project: tuple[Site, int, int],
) -> None:
    site, older, newer = project
    options = ("--transport=rest", "--metadata=rest")
    done = site.generate(older, newer, *options, base=f"{site.source.upper()}/show1")
    assert (done.code, done.output) == (2, "")
    assert f"the snapshots are of {site.source}, and the base path" in done.messages
    assert f"Did you mean {site.source}/show1, which differs in upper and lower" in done.messages


@pytest.mark.parametrize(
    ("transport", "metadata", "renamed"),
    [
        ("rest", "rest", "the source"),
        ("rest", "rest", "a folder above it"),
        ("rest", "mount", "the source"),
    ],
)
def test_a_renamed_source_is_read_by_the_path_that_each_snapshot_has(
    cluster: Emulator, site: Site, transport: str, metadata: str, renamed: str
) -> None:
    folder_of_site = site.source
    site.source = f"{folder_of_site}/old/show"
    (site.mount / "gone").mkdir(parents=True)
    for name in ("gone/a.mov", "gone/b.mov", "kept.mov", "lost.mov"):
        (site.mount / name).write_text("x")
    older = site.snapshot()
    old, new = ("old/show", "old/new") if renamed == "the source" else ("old", "new")
    site.mounted(f"{folder_of_site}/{old}").rename(site.mounted(f"{folder_of_site}/{new}"))
    site.source = f"{folder_of_site}/{'old/new' if renamed == 'the source' else 'new/show'}"
    shutil.rmtree(site.mount / "gone")
    (site.mount / "lost.mov").unlink()
    newer = site.snapshot()
    options = (f"--transport={transport}", f"--metadata={metadata}", "--deletes", "--verify")
    made = site.scan_list(older, newer, *options, "--max-deletes=75%")
    assert normalized(made) == scan_list(
        [
            deleted("/lost.mov"),
            deleted("/gone/b.mov"),
            deleted("/gone/a.mov"),
            deleted("/gone", "F_DIR"),
        ]
    )


def test_65_if_the_snapshots_are_of_two_folders_whatever_the_cluster_answers(
    own_cluster: Emulator, own_site: Site
) -> None:
    make_shows(own_site.mount)
    own_site.source = "/show1"
    older = own_site.snapshot()
    own_site.source = "/show10"
    newer = own_site.snapshot()
    for answer, transport in (("error", "qq"), ("empty", "rest"), ("diff", "rest")):
        own_cluster.settings(different_sources=answer)
        done = own_site.generate(older, newer, f"--transport={transport}", "--deletes")
        assert (done.code, done.output) == (65, "")
        assert "/show1 (file id" in done.messages
        assert "of the same directory" in done.messages
        assert not own_site.list_path.exists()


def test_a_run_reports_that_all_changes_are_outside_the_base_path(
    cluster: Emulator, site: Site
) -> None:
    make_shows(site.mount)
    (site.mount / "show").mkdir()
    older = site.snapshot()
    change_shows(site.mount)
    newer = site.snapshot()
    base = f"{site.source}/show"
    done = site.generate(older, newer, "--deletes", "--transport=rest", base=base)
    assert done.code == 0
    assert site.list_path.read_bytes() == scan_list([])
    assert "6 changes between the snapshots, but none below the base path" in done.messages
