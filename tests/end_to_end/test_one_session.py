"""From the first snapshot to the list: everything that can happen to a file, with each qq."""

import os
import shutil
from pathlib import Path

import pytest

from tests.end_to_end.lists import deleted, file, folder, scan_list, settled
from tests.end_to_end.site import Site


def write(path: Path, content: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def a_project(mount: Path) -> None:
    for name in (
        "kept.mov",
        "grown.mov",
        "renamed.mov",
        "deleted.mov",
        "replaced.mov",
        "became a link.mov",
        "became a folder.mov",
        "linked.mov",
        "reel1/inside.mov",
        "old reel/a.mov",
        "old reel/sub/b.mov",
        "made anew/stays.mov",
        "made anew/goes.mov",
        "became a file/lost.mov",
    ):
        write(mount / name)
    (mount / "link").symlink_to("kept.mov")
    (mount / "old link").symlink_to("kept.mov")


def a_day_later(mount: Path) -> None:
    write(mount / "grown.mov", "longer")
    (mount / "renamed.mov").rename(mount / "new name.mov")
    (mount / "deleted.mov").unlink()
    replace(mount / "replaced.mov", "other")
    (mount / "became a link.mov").unlink()
    (mount / "became a link.mov").symlink_to("kept.mov")
    (mount / "became a folder.mov").unlink()
    write(mount / "became a folder.mov/clip.mov")
    os.link(mount / "linked.mov", mount / "second name.mov")
    write(mount / "reel1/new.mov")
    write(mount / "reel2/deep/er/new.mov")
    (mount / "reel2/link").symlink_to("/etc/passwd")
    os.mkfifo(mount / "reel2/pipe")
    shutil.rmtree(mount / "old reel")
    shutil.rmtree(mount / "made anew")
    write(mount / "made anew/stays.mov", "again")
    shutil.rmtree(mount / "became a file")
    write(mount / "became a file")
    (mount / "old link").unlink()


def replace(path: Path, content: str) -> None:
    """Put another file in the place of one, as programs do that save safely."""
    write(path.with_suffix(".new"), content)
    path.with_suffix(".new").replace(path)


EXISTS = (
    "/second name.mov",
    "/replaced.mov",
    "/reel2/deep/er/new.mov",
    "/reel1/new.mov",
    "/reel1",
    "/new name.mov",
    "/made anew/stays.mov",
    "/linked.mov",
    "/grown.mov",
    "/became a folder.mov/clip.mov",
    "/became a file",
)
GONE = (
    ("/renamed.mov", "F_REG"),
    ("/old reel/sub/b.mov", "F_REG"),
    ("/old reel/a.mov", "F_REG"),
    ("/old reel", "F_DIR"),
    ("/made anew/goes.mov", "F_REG"),
    ("/deleted.mov", "F_REG"),
    ("/became a link.mov", "F_REG"),
    ("/became a folder.mov", "F_REG"),
    ("/became a file/lost.mov", "F_REG"),
)


def expected(mount: Path, *, deletes: bool) -> bytes:
    lines = {
        name: folder(mount, name) if name == "/reel1" else file(mount, name) for name in EXISTS
    }
    if deletes:
        lines |= {name: deleted(name, kind) for name, kind in GONE}
    return scan_list(lines[name] for name in sorted(lines, key=str.encode, reverse=True))


@pytest.mark.parametrize("deletes", [True, False], ids=["with deletes", "without deletes"])
def test_a_list_holds_all_that_happened_between_two_snapshots(
    site: Site, any_qq: Path, *, deletes: bool
) -> None:
    site.qq = any_qq
    a_project(site.mount)
    older = site.snapshot()
    a_day_later(site.mount)
    newer = site.snapshot()
    made = site.scan_list(older, newer, *["--deletes"] * deletes)
    assert settled(made) == expected(site.mount, deletes=deletes)


def test_the_summary_counts_what_is_not_listed(site: Site) -> None:
    a_project(site.mount)
    older = site.snapshot()
    a_day_later(site.mount)
    done = site.generate(older, site.snapshot(), "--deletes")
    # "became a link.mov", "reel2/link", "reel2/pipe", and "old link", which was deleted.
    assert "left out, as links, pipes, sockets or devices: 4" in done.messages
    assert "changed: 10 files (" in done.messages


def test_nothing_changed_makes_an_empty_list(site: Site, any_qq: Path) -> None:
    site.qq = any_qq
    a_project(site.mount)
    older = site.snapshot()
    assert site.scan_list(older, site.snapshot(), "--deletes") == scan_list([])


def test_the_files_of_a_deleted_folder_come_from_the_cluster_where_the_mount_hides_snapshots(
    site: Site, any_qq: Path
) -> None:
    site.qq = any_qq
    write(site.mount / "show/reel/a.mov")
    write(site.mount / "show/reel/deep/b.mov")
    write(site.mount / "show/reel/deep/\u2028 odd\x85.mov")
    (site.mount / "show/reel/link").symlink_to("a.mov")
    (site.mount / "show/old link").symlink_to("reel")
    write(site.mount / "show/c.mov")
    older = site.snapshot()
    shutil.rmtree(site.mount / "show/reel")
    (site.mount / "show/old link").unlink()
    (site.mount / "show/c.mov").unlink()
    newer = site.snapshot()
    # The mapped path is below the snapshots' source, where nothing shows them.
    made = site.scan_list(older, newer, "--deletes", base=f"{site.source}/show")
    assert settled(made) == scan_list(
        [
            deleted("/reel/deep/\u2028 odd\x85.mov"),
            deleted("/reel/deep/b.mov"),
            deleted("/reel/a.mov"),
            deleted("/reel", "F_DIR"),
            deleted("/c.mov"),
        ]
    )


def test_the_snapshot_is_named_after_the_project_and_the_time(site: Site) -> None:
    number = site.snapshot_by_command()
    (name,) = os.listdir(site.mount / ".snapshot")
    assert name.startswith(f"{number}_show-1")


def test_creating_a_snapshot_prints_its_id_and_nothing_else(site: Site, any_qq: Path) -> None:
    site.qq = any_qq
    done = site.run("qumulo_create_snap.py", "-p", "show", "-s", site.source)
    assert done.code == 0
    assert done.messages == ""
    assert done.output == f"{int(done.output)}\n"
