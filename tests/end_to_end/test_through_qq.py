"""What only qq knows: what was there of deletions, and whether a snapshot was taken."""

import shutil
from pathlib import Path

from qumulo_emulator.running import Emulator
from tests.end_to_end.files import write_files
from tests.end_to_end.lists import deleted, folder, normalized, scan_list
from tests.end_to_end.site import Site


def test_deleted_folders_are_read_through_qq_if_the_mount_does_not_show_them(
    site: Site, any_qq: Path
) -> None:
    """The base path is below the source of the snapshots, so its mount has no ``.snapshot``."""
    site.qq = any_qq
    base = f"{site.source}/show"
    mount = site.mounted(base)
    write_files(
        mount,
        "gone1/a",
        "gone1/sub/b",
        "gone1/sub/\u2028 odd\x85",
        "gone3/c",
        "kept/d",
        "kept/e",
        "f",
    )
    (mount / "gone2").mkdir()
    (mount / "gone3" / "link").symlink_to("c")
    (mount / "old link").symlink_to("kept")
    older = site.snapshot()
    for name in ("gone1", "gone2", "gone3"):
        shutil.rmtree(mount / name)
    (mount / "kept" / "d").unlink()
    (mount / "f").unlink()
    (mount / "old link").unlink()

    newer = site.snapshot()
    done = site.generate(older, newer, "-d", "--verbose", "--workers=1", base=base)

    assert done.code == 0, done.messages
    assert normalized(site.list_path.read_bytes()) == scan_list(
        [
            deleted("/kept/d"),
            folder(mount, "/kept"),
            deleted("/gone3/c"),
            deleted("/gone3", "F_DIR"),
            deleted("/gone2", "F_DIR"),
            deleted("/gone1/sub/\u2028 odd\x85"),
            deleted("/gone1/sub/b"),
            deleted("/gone1/a"),
            deleted("/gone1", "F_DIR"),
            deleted("/f"),
        ]
    )
    assert "about 5 folders will be read through qq" in done.messages
    assert "at most 2 at once" in done.messages
    assert done.messages.count(" fs_walk_tree ") == 3
    # The third one compares the base path with the mount.
    assert done.messages.count(" fs_read_dir ") == 3


def test_a_snapshot_is_found_by_its_name_if_the_answer_to_its_creation_is_cut_short(
    cluster: Emulator, site: Site, any_qq: Path
) -> None:
    site.qq = any_qq
    cluster.fault(method="POST", path="/v?/snapshots/", action="truncate", times=1)

    number = site.snapshot_by_command()

    _, listed = cluster.request("GET", "/v3/snapshots/status/")
    source = f"{site.source}/"
    assert [one["id"] for one in listed["entries"] if one["source_file_path"] == source] == [number]
