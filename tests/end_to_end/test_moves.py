"""With ``--moves`` a file that was only moved is told as such: no new copy of it, and no delete."""

import os
import shutil
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import deleted, file, folder, scan_list, settled
from tests.end_to_end.site import Site

# The transport, where attributes come from, and limits that are crossed.
WAYS = [
    ("--transport=qq", "--metadata=mount", "--workers=1"),
    ("--transport=qq", "--metadata=snapshot", "--spill-after=2"),
    ("--transport=rest", "--metadata=mount", "--slice-size=1"),
    ("--transport=rest", "--metadata=snapshot", "--workers=1"),
    ("--transport=rest", "--metadata=rest", "--spill-after=1", "--slice-size=2"),
]
every_way = pytest.mark.parametrize("way", WAYS, ids=[" ".join(way) for way in WAYS])
REST = ("--transport=rest", "--metadata=rest", "--workers=1")


def moved(mount: Path, name: str, moved_from: str) -> str:
    """The line of a file that was only moved."""
    return file(mount, name).replace(f'name="{name}"', f'name="{name}" from="{moved_from}"')


@every_way
def test_what_was_moved_is_told_whatever_else_happened(
    cluster: Emulator, site: Site, way: tuple[str, ...]
) -> None:
    mount = site.mount
    write_files(
        mount, "a", "b", "changed", "d/1", "d/2", "d/sub/3", "gone", "kept", "over", "x", "y"
    )
    older = site.snapshot_by_api(cluster)
    (mount / "a").rename(mount / "a & <b>")
    (mount / "b").replace(mount / "over")
    (mount / "changed").rename(mount / "changed too")
    write_files(mount, "changed too", size=99)
    (mount / "d").rename(mount / "e")
    (mount / "e/2").unlink()
    write_files(mount, "e/new")
    (mount / "gone").unlink()
    os.link(mount / "kept", mount / "link")
    (mount / "x").rename(mount / "z")
    (mount / "y").rename(mount / "x")
    (mount / "z").rename(mount / "y")
    newer = site.snapshot_by_api(cluster)

    done = site.generate(older, newer, "--moves", "--deletes", "--verify", *way)

    assert "of these only moved: 6 files (60 bytes); deleted: 3 files, 1 dir" in done.messages
    assert settled(site.list_path.read_bytes()) == scan_list(
        [
            moved(mount, "/y", "/x"),
            moved(mount, "/x", "/y"),
            moved(mount, "/over", "/b"),
            file(mount, "/link"),
            file(mount, "/kept"),
            deleted("/gone"),
            moved(mount, "/e/sub/3", "/d/sub/3"),
            file(mount, "/e/new"),
            moved(mount, "/e/1", "/d/1"),
            deleted("/d/2"),
            deleted("/d", "F_DIR"),
            file(mount, "/changed too"),
            deleted("/changed"),
            moved(mount, "/a & <b>", "/a").replace('"/a & <b>"', '"/a &amp; &lt;b&gt;"'),
        ]
    )


def test_without_deletes_moves_are_told_and_nothing_is_deleted(
    cluster: Emulator, site: Site
) -> None:
    write_files(site.mount, "a", "gone")
    older = site.snapshot_by_api(cluster)
    (site.mount / "a").rename(site.mount / "b")
    (site.mount / "gone").unlink()
    newer = site.snapshot_by_api(cluster)

    written = site.scan_list(older, newer, "--moves", *REST)

    assert settled(written) == scan_list([moved(site.mount, "/b", "/a")])


def test_what_comes_from_beyond_the_base_path_or_goes_there_is_no_move(
    cluster: Emulator, site: Site
) -> None:
    base = site.mount / "show"
    write_files(site.mount, "show/goes", "comes", "show/stays/1", "else/2")
    older = site.snapshot_by_api(cluster)
    (base / "goes").rename(site.mount / "went")
    (site.mount / "comes").rename(base / "came")
    (site.mount / "else").rename(base / "else")
    (base / "stays").rename(site.mount / "else")
    newer = site.snapshot_by_api(cluster)

    written = site.scan_list(
        older, newer, "--moves", "--deletes", "--verify", *REST, base=f"{site.source}/show"
    )

    assert settled(written) == scan_list(
        [
            deleted("/stays/1"),
            deleted("/stays", "F_DIR"),
            deleted("/goes"),
            file(base, "/else/2"),
            file(base, "/came"),
        ]
    )


def test_of_many_names_of_a_file_those_that_came_and_went_are_paired_as_they_sort(
    cluster: Emulator, site: Site
) -> None:
    mount = site.mount
    write_files(mount, "d/a")
    for name in ("b", "c"):
        os.link(mount / "d/a", mount / "d" / name)
    older = site.snapshot_by_api(cluster)
    (mount / "d/a").rename(mount / "d/z")
    (mount / "d/b").rename(mount / "d/y")
    os.link(mount / "d/c", mount / "d/zz")
    newer = site.snapshot_by_api(cluster)

    written = site.scan_list(older, newer, "--moves", "--deletes", "--verify", *REST)

    assert settled(written) == scan_list(
        [
            file(mount, "/d/zz"),
            moved(mount, "/d/z", "/d/b"),
            moved(mount, "/d/y", "/d/a"),
            file(mount, "/d/c"),
            folder(mount, "/d"),
        ]
    )


def test_a_file_is_where_it_was_although_all_above_it_was_made_anew(
    cluster: Emulator, site: Site
) -> None:
    write_files(site.mount, "d/a", "d/b")
    older = site.snapshot_by_api(cluster)
    (site.mount / "d").rename(site.mount / "old")
    (site.mount / "d").mkdir()
    (site.mount / "old/a").rename(site.mount / "d/a")
    (site.mount / "old/b").rename(site.mount / "d/c")
    shutil.rmtree(site.mount / "old")
    newer = site.snapshot_by_api(cluster)

    written = site.scan_list(older, newer, "--moves", "--deletes", "--verify", *REST)

    assert settled(written) == scan_list(
        [moved(site.mount, "/d/c", "/d/b"), file(site.mount, "/d/a")]
    )


def test_a_name_that_xml_cannot_hold_is_no_move(cluster: Emulator, site: Site) -> None:
    mount = site.mount
    write_files(mount, "good", "bad\x01")
    older = site.snapshot_by_api(cluster)
    (mount / "bad\x01").rename(mount / "better")
    (mount / "good").rename(mount / "worse\x01")
    newer = site.snapshot_by_api(cluster)

    written = site.scan_list(older, newer, "--moves", "--deletes", "--verify", *REST, code=1)

    assert settled(written) == scan_list(
        [
            deleted("/worse%01", element="bad-dir"),
            deleted("/good"),
            file(mount, "/better"),
            deleted("/bad%01", element="bad-dir"),
        ]
    )


def test_what_the_live_share_shows_otherwise_is_not_told_to_be_moved(
    cluster: Emulator, site: Site
) -> None:
    write_files(site.mount, "a", "b")
    older = site.snapshot_by_api(cluster)
    (site.mount / "a").rename(site.mount / "a2")
    (site.mount / "b").rename(site.mount / "b2")
    newer = site.snapshot_by_api(cluster)
    write_files(site.mount, "b2", size=99)

    written = site.scan_list(older, newer, "--moves", "--deletes", "--transport=rest")

    assert settled(written) == scan_list(
        [file(site.mount, "/b2"), deleted("/b"), moved(site.mount, "/a2", "/a")]
    )


def test_directories_that_only_the_live_share_has_are_listed_and_end_no_run(
    cluster: Emulator, site: Site
) -> None:
    """Of what is in them, too, the cluster is asked for ids: it knows of none."""
    write_files(site.mount, "old")
    older = site.snapshot_by_api(cluster)
    (site.mount / "old").rename(site.mount / "same")
    write_files(site.mount, "new/a")
    newer = site.snapshot_by_api(cluster)
    write_files(site.mount, "new/live/b", "new/live/sub/c")

    # With several workers, directories are taken apart as the share has them.
    written = site.scan_list(older, newer, "--moves", "--deletes", "--workers=2")

    names = ("/new/live/sub/c", "/new/live/b", "/new/a")
    assert settled(written) == scan_list(
        [moved(site.mount, "/same", "/old"), *(file(site.mount, name) for name in names)]
    )


def test_a_moved_directory_costs_no_look_up_for_each_of_its_files(
    own_cluster: Emulator, own_site: Site
) -> None:
    own_cluster.settings(page_limit=1000)
    write_files(
        own_site.mount, *(f"d/{folder}/{number}" for folder in "abc" for number in range(100))
    )
    older = own_site.snapshot_by_api(own_cluster)
    (own_site.mount / "d").rename(own_site.mount / "e")
    newer = own_site.snapshot_by_api(own_cluster)
    before = len(own_cluster.requests())

    done = own_site.generate(older, newer, "--moves", "--deletes", *REST)

    assert "of these only moved: 300 files" in done.messages
    asked = [request["path"] for request in own_cluster.requests()[before:]]
    assert sum(path.endswith("/entries/") for path in asked) == 8  # a page a directory
    assert not [path for path in asked if path.endswith("/info/attributes")]
