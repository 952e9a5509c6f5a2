"""With ``--moves``, a file that was only moved is listed with the name that it had."""

import os
import shutil
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import deleted, file, folder, normalized, scan_list
from tests.end_to_end.site import Site

# Transports, sources of attributes, and limits that are exceeded.
WAYS = [
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
def test_moved_files_are_found_among_all_other_changes(
    cluster: Emulator, site: Site, way: tuple[str, ...]
) -> None:
    mount = site.mount
    write_files(
        mount, "a", "b", "changed", "d/1", "d/2", "d/sub/3", "gone", "kept", "over", "x", "y"
    )
    older = site.snapshot()
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
    newer = site.snapshot()

    done = site.generate(older, newer, "--moves", "--deletes", "--verify", *way)

    assert "of these only moved: 6 files (60 bytes); deleted: 3 files, 1 dir" in done.messages
    assert normalized(site.list_path.read_bytes()) == scan_list(
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


def test_without_deletes_moves_are_listed_and_nothing_is_deleted(
    cluster: Emulator, site: Site
) -> None:
    write_files(site.mount, "a", "gone")
    older = site.snapshot()
    (site.mount / "a").rename(site.mount / "b")
    (site.mount / "gone").unlink()
    newer = site.snapshot()

    written = site.scan_list(older, newer, "--moves", *REST)

    assert normalized(written) == scan_list([moved(site.mount, "/b", "/a")])


def test_a_move_across_the_base_path_is_not_a_move(cluster: Emulator, site: Site) -> None:
    base = site.mount / "show"
    write_files(site.mount, "show/goes", "comes", "show/stays/1", "else/2")
    older = site.snapshot()
    (base / "goes").rename(site.mount / "went")
    (site.mount / "comes").rename(base / "came")
    (site.mount / "else").rename(base / "else")
    (base / "stays").rename(site.mount / "else")
    newer = site.snapshot()

    written = site.scan_list(
        older, newer, "--moves", "--deletes", "--verify", *REST, base=f"{site.source}/show"
    )

    assert normalized(written) == scan_list(
        [
            deleted("/stays/1"),
            deleted("/stays", "F_DIR"),
            deleted("/goes"),
            file(base, "/else/2"),
            file(base, "/came"),
        ]
    )


def test_the_changed_names_of_a_file_with_several_links_are_paired_in_their_order(
    cluster: Emulator, site: Site
) -> None:
    mount = site.mount
    write_files(mount, "d/a")
    for name in ("b", "c"):
        os.link(mount / "d/a", mount / "d" / name)
    older = site.snapshot()
    (mount / "d/a").rename(mount / "d/z")
    (mount / "d/b").rename(mount / "d/y")
    os.link(mount / "d/c", mount / "d/zz")
    newer = site.snapshot()

    written = site.scan_list(older, newer, "--moves", "--deletes", "--verify", *REST)

    assert normalized(written) == scan_list(
        [
            file(mount, "/d/zz"),
            moved(mount, "/d/z", "/d/b"),
            moved(mount, "/d/y", "/d/a"),
            file(mount, "/d/c"),
            folder(mount, "/d"),
        ]
    )


def test_a_file_that_kept_its_path_is_not_moved_although_its_folder_was_replaced(
    cluster: Emulator, site: Site
) -> None:
    write_files(site.mount, "d/a", "d/b")
    older = site.snapshot()
    (site.mount / "d").rename(site.mount / "old")
    (site.mount / "d").mkdir()
    (site.mount / "old/a").rename(site.mount / "d/a")
    (site.mount / "old/b").rename(site.mount / "d/c")
    shutil.rmtree(site.mount / "old")
    newer = site.snapshot()

    written = site.scan_list(older, newer, "--moves", "--deletes", "--verify", *REST)

    assert normalized(written) == scan_list(
        [moved(site.mount, "/d/c", "/d/b"), file(site.mount, "/d/a")]
    )


def test_a_move_from_or_to_a_name_that_xml_cannot_hold_is_not_a_move(
    cluster: Emulator, site: Site
) -> None:
    mount = site.mount
    write_files(mount, "good", "bad\x01")
    older = site.snapshot()
    (mount / "bad\x01").rename(mount / "better")
    (mount / "good").rename(mount / "worse\x01")
    newer = site.snapshot()

    written = site.scan_list(older, newer, "--moves", "--deletes", "--verify", *REST, code=1)

    assert normalized(written) == scan_list(
        [
            deleted("/worse%01", element="bad-dir"),
            deleted("/good"),
            file(mount, "/better"),
            deleted("/bad%01", element="bad-dir"),
        ]
    )


def test_a_file_that_changed_since_on_the_live_share_is_not_moved(
    cluster: Emulator, site: Site
) -> None:
    write_files(site.mount, "a", "b")
    older = site.snapshot()
    (site.mount / "a").rename(site.mount / "a2")
    (site.mount / "b").rename(site.mount / "b2")
    newer = site.snapshot()
    write_files(site.mount, "b2", size=99)

    written = site.scan_list(older, newer, "--moves", "--deletes", "--transport=rest")

    assert normalized(written) == scan_list(
        [file(site.mount, "/b2"), deleted("/b"), moved(site.mount, "/a2", "/a")]
    )


def test_directories_that_only_the_live_share_has_are_listed(cluster: Emulator, site: Site) -> None:
    """The cluster is asked for the ids of their entries, and does not have them."""
    write_files(site.mount, "old")
    older = site.snapshot()
    (site.mount / "old").rename(site.mount / "same")
    write_files(site.mount, "new/a")
    newer = site.snapshot()
    write_files(site.mount, "new/live/b", "new/live/sub/c")

    # Created directories are read as the share has them.
    written = site.scan_list(
        older, newer, "--moves", "--deletes", "--workers=2", "--transport=rest"
    )

    names = ("/new/live/sub/c", "/new/live/b", "/new/a")
    assert normalized(written) == scan_list(
        [moved(site.mount, "/same", "/old"), *(file(site.mount, name) for name in names)]
    )


def test_a_moved_directory_costs_one_request_and_not_one_for_each_file(
    cluster: Emulator, site: Site
) -> None:
    cluster.settings(page_limit=1000)
    write_files(site.mount, *(f"d/{folder}/{number}" for folder in "abc" for number in range(100)))
    older = site.snapshot()
    (site.mount / "d").rename(site.mount / "e")
    newer = site.snapshot()
    before = len(cluster.requests())

    done = site.generate(older, newer, "--moves", "--deletes", *REST)

    assert "of these only moved: 300 files" in done.messages
    asked = [request["path"] for request in cluster.requests()[before:]]
    assert sum(path.endswith("/entries/") for path in asked) == 8  # a page a directory
    assert not [path for path in asked if path.endswith("/info/attributes")]
