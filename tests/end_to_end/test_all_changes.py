"""Everything that can happen to a file between two snapshots, with each generation of qq."""

import os
import shutil
from pathlib import Path

import pytest

from tests.end_to_end.lists import deleted, file, folder, normalized, scan_list
from tests.end_to_end.site import Site
from tests.qq import QQ


def write(path: Path, content: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def make_project(mount: Path) -> None:
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
        "replaced/stays.mov",
        "replaced/goes.mov",
        "became a file/lost.mov",
    ):
        write(mount / name)
    (mount / "link").symlink_to("kept.mov")
    (mount / "old link").symlink_to("kept.mov")


def change_project(mount: Path) -> None:
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
    shutil.rmtree(mount / "replaced")
    write(mount / "replaced/stays.mov", "again")
    shutil.rmtree(mount / "became a file")
    write(mount / "became a file")
    (mount / "old link").unlink()


def replace(path: Path, content: str) -> None:
    """Replace a file by a new one, as programs do that save safely."""
    write(path.with_suffix(".new"), content)
    path.with_suffix(".new").replace(path)


EXISTS = (
    "/second name.mov",
    "/replaced.mov",
    "/reel2/deep/er/new.mov",
    "/reel1/new.mov",
    "/reel1",
    "/new name.mov",
    "/replaced/stays.mov",
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
    ("/replaced/goes.mov", "F_REG"),
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


@pytest.mark.parametrize(
    ("transport", "qq", "deletes"),
    [
        ("qq", "qq of today", True),
        ("qq", "qq before 6.2.2", True),
        ("rest", "qq of today", True),
        ("rest", "qq of today", False),
    ],
)
def test_a_list_contains_everything_that_happened_between_two_snapshots(
    site: Site, transport: str, qq: str, *, deletes: bool
) -> None:
    site.qq = QQ[qq]
    make_project(site.mount)
    older = site.snapshot()
    change_project(site.mount)
    newer = site.snapshot()
    options = [f"--transport={transport}", *["--deletes"] * deletes]
    done = site.generate(older, newer, *options)
    assert (done.code, done.output) == (0, f"{site.list_path}\n")
    assert normalized(site.list_path.read_bytes()) == expected(site.mount, deletes=deletes)
    # "became a link.mov", "reel2/link", "reel2/pipe", and "old link", which was deleted.
    left_out = 4 if deletes else 3
    assert f"left out, as links, pipes, sockets or devices: {left_out}" in done.messages
    assert "changed: 10 files (" in done.messages


def test_a_list_without_changes_is_empty(site: Site) -> None:
    make_project(site.mount)
    older = site.snapshot()
    options = ("--transport=rest", "--deletes")
    assert site.scan_list(older, site.snapshot(), *options) == scan_list([])


def test_a_snapshot_is_named_after_project_and_time_and_only_its_id_is_printed(
    site: Site, any_qq: Path
) -> None:
    site.qq = any_qq
    done = site.run("qumulo_create_snap.py", "-p", "show", "-s", site.source)
    assert done.code == 0
    assert done.messages == ""
    assert done.output == f"{int(done.output)}\n"
    (name,) = os.listdir(site.mount / ".snapshot")
    assert name.startswith(f"{int(done.output)}_show-1")
