"""Deletions where only qq tells what was there: exact, side by side, and with nothing left over."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.lists import deleted, folder, scan_list, settled
from tests.end_to_end.refusals import check_refused, keep_earlier_list
from tests.end_to_end.site import Finished, Site
from tests.end_to_end.test_interruption import heed_interrupts

PATIENCE = 30


@pytest.fixture
def show(site: Site) -> Site:
    """A site whose snapshots are of a folder above the base path: its mount shows no .snapshot."""
    site.mounted(f"{site.source}/show").mkdir()
    return site


def write(site: Site, *names: str) -> None:
    for name in names:
        path = site.mounted(f"{site.source}/show/{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_what_was_in_deleted_folders_is_listed_as_it_was(cluster: Emulator, show: Site) -> None:
    write(show, "gone1/a", "gone1/sub/b", "gone3/c", "kept/d", "kept/e", "f")
    base = f"{show.source}/show"
    mount = show.mounted(base)
    (mount / "gone2").mkdir()
    (mount / "gone3" / "link").symlink_to("c")
    older = show.snapshot_by_api(cluster)
    for name in ("gone1", "gone2", "gone3"):
        shutil.rmtree(mount / name)
    (mount / "kept" / "d").unlink()
    (mount / "f").unlink()

    newer = show.snapshot_by_api(cluster)
    done = show.generate(older, newer, "-d", "--verbose", "--workers=1", base=base)

    assert done.code == 0, done.messages
    assert settled(show.list_path.read_bytes()) == scan_list(
        [
            deleted("/kept/d"),
            folder(mount, "/kept"),
            deleted("/gone3/c"),
            deleted("/gone3", "F_DIR"),
            deleted("/gone2", "F_DIR"),
            deleted("/gone1/sub/b"),
            deleted("/gone1/a"),
            deleted("/gone1", "F_DIR"),
            deleted("/f"),
        ]
    )
    assert "about 5 folders are asked for through qq" in done.messages
    assert "at most 2 at once" in done.messages
    assert done.messages.count(" fs_walk_tree ") == 3
    # One of them compares the base path with the mount.
    assert done.messages.count(" fs_read_dir ") == 3


# So many deleted folders are worth several processes.
@pytest.mark.parametrize(
    ("workers", "folders", "at_once", "number"),
    [(1, 3, 2, signal.SIGINT), (2, 40, 4, signal.SIGTERM)],
    ids=["in one process", "in several"],
)
def test_an_interrupted_run_leaves_no_qq_behind(
    cluster: Emulator, show: Site, workers: int, folders: int, at_once: int, number: signal.Signals
) -> None:
    names = [f"reel{at}" for at in range(folders)]
    write(show, *[f"{name}/clip.mov" for name in names])
    base = f"{show.source}/show"
    older = show.snapshot_by_command()
    for name in names:
        shutil.rmtree(show.mounted(f"{base}/{name}"))
    newer = show.snapshot_by_api(cluster)
    keep_earlier_list(show)
    cluster.fault(method="GET", path="*reel*attributes*", action="stall", times=1000)
    arguments = show.arguments(older, newer, "--deletes", f"--workers={workers}", base=base)
    with interrupted(show, arguments, at_once, number) as (done, walks):
        until(lambda: all(map(is_gone, walks)))
    cluster.clear_faults()
    check_refused(show, done, 128 + number)


@contextlib.contextmanager
def interrupted(
    site: Site, arguments: list[str], at_once: int, number: signal.Signals
) -> Iterator[tuple[Finished, list[int]]]:
    """Give how a run ended that was interrupted, and the qq's that it had under way."""
    with subprocess.Popen(
        site.command("qumulo_generate_changelist.py", *arguments),
        env=site.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=heed_interrupts,
    ) as process:
        try:
            until(lambda: len(walking(process.pid)) == at_once or process.poll() is not None)
            assert process.poll() is None, process.communicate()
            walks = walking(process.pid)
            process.send_signal(number)
            output, messages = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
        yield Finished(process.returncode, output.decode(), messages.decode()), walks


def walking(process: int) -> list[int]:
    """The processes below one that walk a tree."""
    found = []
    for child in children_of_all_threads(process):
        with contextlib.suppress(OSError):
            if b"fs_walk_tree" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(child)
            else:
                found += walking(child)
    return found


def children_of_all_threads(process: int) -> list[int]:
    found = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):
            with contextlib.suppress(OSError):
                text = Path(f"/proc/{process}/task/{thread}/children").read_text()
                found += [int(child) for child in text.split()]
    return found


def is_gone(process: int) -> bool:
    return not Path(f"/proc/{process}").exists()


def until(letters) -> None:
    end = time.monotonic() + PATIENCE
    while not letters():
        assert time.monotonic() < end
        time.sleep(0.01)
