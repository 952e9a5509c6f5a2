"""A share that goes on living between the snapshot and the scan, changed at points of a run."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.lists import deleted, file, folder, normalized, scan_list, unreadable
from tests.end_to_end.processes import wait_until
from tests.end_to_end.site import CommandResult, Site

QQ = ("--transport=qq", "--workers=1")
# Where there are two processes, created folders are taken apart at first.
REST = ("--transport=rest", "--workers=2")

# Each holds up one request. The diff comes by 3 changes, so that a second page has to be asked for.
SECOND_PAGE_OF_THE_DIFF = {"path": "*/changes-since/*", "skip": 1}
# Before it, whether the mount shows the base path takes two pages of a directory.
FIRST_LOOK_AT_AN_OLDER_FILE = {"path": "/v1/files/*", "skip": 2}


class Day(NamedTuple):
    """A project with two snapshots."""

    cluster: Emulator
    site: Site
    older: int
    newer: int

    def run(
        self,
        options: tuple[str, ...],
        point: dict[str, object],
        change: Callable[[Path], object],
        base: str | None = None,
    ) -> CommandResult:
        """Make a list, and change the share while the run waits for the cluster at a point."""
        arguments = self.site.arguments(self.older, self.newer, "--deletes", *options, base=base)
        self.cluster.fault(method="GET", action="stall", times=1, **point)
        with subprocess.Popen(
            self.site.command("qumulo_generate_changelist.py", *arguments),
            env=self.site.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running:
            try:
                wait_until(lambda: self._is_held_up() or running.poll() is not None)
                assert running.poll() is None, running.communicate()
                change(self.site.mounted(base or self.site.source))
                self.cluster.clear_faults()
                output, messages = running.communicate(timeout=60)
            finally:
                running.kill()
        return CommandResult(running.returncode, output.decode(), messages.decode())

    def _is_held_up(self) -> bool:
        # The emulator lists a fault until it has struck.
        _, faults = self.cluster.request("GET", "/emulator/faults")
        return not faults["entries"]

    def list(self) -> bytes:
        return normalized(self.site.list_path.read_bytes())


def write(mount: Path, name: str, content: str = "x") -> None:
    (mount / name).parent.mkdir(parents=True, exist_ok=True)
    (mount / name).write_text(content)


@pytest.fixture
def day(cluster: Emulator, site: Site) -> Iterator[Day]:
    """The diff: /reel created, in /kept one file modified, one created, one deleted."""
    for name in ("kept/clip.mov", "kept/old.mov", "same.mov"):
        write(site.mount, name)
    older = site.snapshot()
    for name in ("reel/z.mov", "reel/sub/b.mov", "reel/a.mov", "kept/new.mov"):
        write(site.mount, name)
    write(site.mount, "kept/clip.mov", "longer")
    (site.mount / "kept/old.mov").unlink()
    yield Day(cluster, site, older, site.snapshot())
    cluster.clear_faults()


def gone(_mount: Path, name: str) -> str:
    return deleted(name)


def bad(_mount: Path, name: str) -> str:
    return unreadable(name)


def bad_folder(_mount: Path, name: str) -> str:
    return unreadable(name, "F_DIR")


Line = Callable[[Path, str], str]
"""How the line of a name is written, as things are at the time."""

LISTED: dict[str, Line] = {
    "/reel/z.mov": file,
    "/reel/sub/b.mov": file,
    "/reel/a.mov": file,
    "/kept/old.mov": gone,
    "/kept/new.mov": file,
    "/kept/clip.mov": file,
    "/kept": folder,
}
"""What a list holds where nothing happened since the snapshot."""


def listed(mount: Path, names: dict[str, Line]) -> bytes:
    return scan_list(names[name](mount, name) for name in sorted(names, reverse=True))


def changed_since(entries: int) -> str:
    """How a summary ends."""
    if not entries:
        return ""
    told = "1 entry" if entries == 1 else f"{entries} entries"
    return (
        f"; on the live share since the snapshot: {told} changed or disappeared "
        "(exact: --metadata snapshot or rest)"
    )


def check(done: CommandResult, unread: int, left_out: int, entries: int) -> None:
    assert done.code == (1 if unread else 0), done.messages
    counts = (
        f"not readable or not nameable: {unread}; left out, as links, pipes, sockets or devices:"
    )
    (summary,) = [line for line in done.messages.splitlines() if line.startswith("show: ")]
    assert summary.endswith(f"; {counts} {left_out}{changed_since(entries)}")
    assert done.messages.count("it is gone since the snapshot") == unread


# What happens to the share


def a_link_instead(path: Path) -> None:
    path.rename(f"{path} (moved)")
    path.symlink_to(f"{path.name} (moved)")


def a_pipe_instead(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder_instead(path: Path) -> None:
    path.unlink()
    write(path, "inside.mov")


def a_file_instead(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("x")


class Case(NamedTuple):
    """What happens, and what becomes of the list by that."""

    change: Callable[[Path], object]
    entries: int
    """How many are known to have moved on: a folder does when an entry comes or goes."""
    differs: dict[str, Line | None]
    """What is listed otherwise than in ``LISTED``; None is not at all."""
    left_out: int = 0


KEPT_IS_BAD: dict[str, Line | None] = {
    **dict.fromkeys(("/kept/new.mov", "/kept/clip.mov"), bad),
    "/kept": bad_folder,
}
REEL_IS_BAD: dict[str, Line | None] = {
    "/reel": bad_folder,
    **dict.fromkeys(("/reel/z.mov", "/reel/sub/b.mov", "/reel/a.mov")),
}


def write_beside_the_diff(mount: Path) -> None:
    write(mount, "same.mov", "longer")
    write(mount, "later/file")


CASES = {
    "nothing": Case(lambda _: None, 0, {}),
    "something beside the diff": Case(write_beside_the_diff, 0, {}),
    "a file grows": Case(lambda mount: write(mount, "kept/clip.mov", "longer still"), 1, {}),
    "a file is touched": Case(lambda mount: os.utime(mount / "reel/a.mov", (1, 1)), 1, {}),
    "a file's mode changes": Case(lambda mount: (mount / "reel/a.mov").chmod(0o600), 1, {}),
    "a file vanishes": Case(
        lambda mount: (mount / "kept/clip.mov").unlink(), 2, {"/kept/clip.mov": bad}
    ),
    "a file becomes a folder": Case(
        lambda mount: a_folder_instead(mount / "kept/clip.mov"), 2, {"/kept/clip.mov": bad}
    ),
    "a file becomes a link": Case(
        lambda mount: a_link_instead(mount / "kept/clip.mov"), 2, {"/kept/clip.mov": None}, 1
    ),
    "a file becomes a pipe": Case(
        lambda mount: a_pipe_instead(mount / "kept/clip.mov"), 2, {"/kept/clip.mov": None}, 1
    ),
    "a deleted file comes back": Case(lambda mount: write(mount, "kept/old.mov"), 1, {}),
    "a modified folder is renamed": Case(
        lambda mount: (mount / "kept").rename(mount / "kept2"), 3, KEPT_IS_BAD
    ),
    "a modified folder becomes a link": Case(
        lambda mount: a_link_instead(mount / "kept"), 3, KEPT_IS_BAD
    ),
    "a created folder vanishes": Case(lambda mount: shutil.rmtree(mount / "reel"), 1, REEL_IS_BAD),
    "a created folder is renamed": Case(
        lambda mount: (mount / "reel").rename(mount / "reel2"), 1, REEL_IS_BAD
    ),
    "a created folder becomes a file": Case(
        lambda mount: a_file_instead(mount / "reel"), 1, REEL_IS_BAD
    ),
    "a file appears in a created folder": Case(
        lambda mount: write(mount, "reel/c.mov"), 2, {"/reel/c.mov": file}
    ),
    "a folder appears in a created folder": Case(
        lambda mount: write(mount, "reel/takes/d.mov"), 3, {"/reel/takes/d.mov": file}
    ),
    "a file vanishes from a created folder": Case(
        lambda mount: (mount / "reel/a.mov").unlink(), 1, {"/reel/a.mov": None}
    ),
    "a file vanishes below a created folder": Case(
        lambda mount: (mount / "reel/sub/b.mov").unlink(), 1, {"/reel/sub/b.mov": None}
    ),
    "a folder vanishes from a created folder": Case(
        lambda mount: shutil.rmtree(mount / "reel/sub"), 1, {"/reel/sub/b.mov": None}
    ),
}

# Reading the mount does not depend on who asks the cluster; and qq takes its time.
WITH_QQ = ("a modified folder is renamed", "a file vanishes from a created folder")
RUNS = [(name, REST) for name in CASES] + [(name, QQ) for name in WITH_QQ]


@pytest.mark.parametrize(("name", "way"), RUNS, ids=[f"{name} {way[0]}" for name, way in RUNS])
def test_the_list_holds_what_is_there_when_it_is_read_and_tells_what_is_not(
    day: Day, name: str, way: tuple[str, ...]
) -> None:
    case = CASES[name]

    done = day.run((*way, "--metadata=mount"), SECOND_PAGE_OF_THE_DIFF, case.change)

    names = {name: line for name, line in (LISTED | case.differs).items() if line}
    assert day.list() == listed(day.site.mount, names)
    unread = [name for name, line in names.items() if line in (bad, bad_folder)]
    check(done, len(unread), case.left_out, case.entries)


# The same day, otherwise


def everything(mount: Path) -> None:
    """All the kinds of change, at once."""
    (mount / "kept/clip.mov").unlink()
    a_link_instead(mount / "kept/new.mov")
    write(mount, "kept/old.mov")
    (mount / "reel/sub").rename(mount / "reel/moved")
    a_folder_instead(mount / "reel/z.mov")
    write(mount, "reel/a.mov", "longer")
    write(mount, "reel/new.mov")
    os.utime(mount / "kept", (1, 1))


@pytest.mark.parametrize("metadata", ["snapshot", "rest"])
@pytest.mark.parametrize("way", [QQ, REST], ids=" ".join)
def test_a_snapshot_is_exact_whatever_happens_on_the_share(
    day: Day, way: tuple[str, ...], metadata: str
) -> None:
    as_of_the_snapshot = listed(day.site.mount, LISTED)

    done = day.run((*way, f"--metadata={metadata}"), SECOND_PAGE_OF_THE_DIFF, everything)

    assert day.list() == as_of_the_snapshot
    check(done, 0, 0, 0)


# While the tree is read


@pytest.mark.parametrize("transport", ["qq", "rest"])
def test_what_was_read_already_stays_as_it_was_and_only_what_comes_later_is_noticed(
    cluster: Emulator, site: Site, transport: str
) -> None:
    # A mount shows no snapshot below their source: what the older one held, the cluster is asked.
    base = f"{site.source}/show"
    show = site.mounted(base)
    for name in ("z.mov", "gone.mov", "clip.mov", "a.mov"):
        write(show, name)
    older = site.snapshot()
    for name in ("z.mov", "clip.mov", "a.mov"):
        write(show, name, "longer")
    (show / "gone.mov").unlink()
    write(show, "b/x.mov")
    day = Day(cluster, site, older, site.snapshot())
    before = file(show, "/z.mov")

    def files_go_and_one_comes(show: Path) -> None:
        for name in ("z.mov", "b/x.mov", "a.mov"):
            (show / name).unlink()
        write(show, "b/y.mov")

    # In slices of one change, the list is made one by one: /z.mov before anyone asks for /gone.mov.
    options = (f"--transport={transport}", "--workers=1", "--slice-size=1")
    done = day.run(options, FIRST_LOOK_AT_AN_OLDER_FILE, files_go_and_one_comes, base)

    lines = [
        before,
        deleted("/gone.mov"),
        file(show, "/clip.mov"),
        file(show, "/b/y.mov"),
        unreadable("/a.mov"),
    ]
    assert day.list() == scan_list(lines)
    # /b, /b/y.mov and /a.mov
    check(done, 1, 0, 3)
