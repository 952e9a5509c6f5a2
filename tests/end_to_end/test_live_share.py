"""A live share that changes between the snapshot and the scan, at chosen points of a run.

The attributes of entries come from the share. So a list contains what exists when it is read, and
reports what does not.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from qumulo_emulator.running import Emulator
from tests.end_to_end.lists import deleted, file, folder, normalized, scan_list, unreadable
from tests.end_to_end.processes import wait_until
from tests.end_to_end.site import CommandResult, Site
from tests.quick import quick_command

QQ = ("--transport=qq", "--workers=1")
REST = ("--transport=rest", "--workers=2")

# Each point is a request that is stalled. The diff has 3 changes a page, so it has a second page.
SECOND_PAGE_OF_THE_DIFF = {"path": "*/changes-since/*", "skip": 1}
# Before it, the comparison of the mapped path takes two pages of a directory.
FIRST_READ_OF_AN_OLDER_FILE = {"path": "/v1/files/*", "skip": 2}


class Project(NamedTuple):
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
        """Generate a list, and change the share while the run is stalled at a point."""
        arguments = self.site.arguments(self.older, self.newer, "--deletes", *options, base=base)
        self.cluster.fault(method="GET", action="stall", times=1, **point)
        with subprocess.Popen(
            [quick_command("qumulo_generate_changelist.py"), *arguments],
            env=self.site.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running:
            try:
                wait_until(lambda: self._is_stalled() or running.poll() is not None)
                assert running.poll() is None, running.communicate()
                change(self.site.mounted(base or self.site.source))
                self.cluster.clear_faults()
                output, messages = running.communicate(timeout=60)
            finally:
                running.kill()
        return CommandResult(running.returncode, output.decode(), messages.decode())

    def _is_stalled(self) -> bool:
        # The emulator lists a fault until it has occurred.
        _, faults = self.cluster.request("GET", "/emulator/faults")
        return not faults["entries"]

    def list(self) -> bytes:
        return normalized(self.site.list_path.read_bytes())


def write(mount: Path, name: str, content: str = "x") -> None:
    (mount / name).parent.mkdir(parents=True, exist_ok=True)
    (mount / name).write_text(content)


# Changes of the share


def replace_by_link(path: Path) -> None:
    path.rename(f"{path} (moved)")
    path.symlink_to(f"{path.name} (moved)")


def replace_by_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def replace_by_folder(path: Path) -> None:
    path.unlink()
    write(path, "inside.mov")


def replace_by_file(path: Path) -> None:
    shutil.rmtree(path)
    path.write_text("x")


def write_beside_the_diff(mount: Path) -> None:
    write(mount, "same.mov", "longer")
    write(mount, "later/file")


# Lines of a list


Line = Callable[[Path, str], str]
"""Returns the line of a name, with the attributes of the moment."""


def gone(_mount: Path, name: str) -> str:
    return deleted(name)


def bad(_mount: Path, name: str) -> str:
    return unreadable(name)


def bad_folder(_mount: Path, name: str) -> str:
    return unreadable(name, "F_DIR")


LISTED: dict[str, Line] = {
    "/reel/z.mov": file,
    "/reel/sub/b.mov": file,
    "/reel/a.mov": file,
    "/kept/old.mov": gone,
    "/kept/new.mov": file,
    "/kept/clip.mov": file,
    "/kept": folder,
    "": folder,
}
"""What a case has in the list if nothing happened since the snapshot; "" is its own folder."""

KEPT_IS_BAD: dict[str, Line | None] = {
    **dict.fromkeys(("/kept/new.mov", "/kept/clip.mov"), bad),
    "/kept": bad_folder,
}
REEL_IS_BAD: dict[str, Line | None] = {
    "/reel": bad_folder,
    **dict.fromkeys(("/reel/z.mov", "/reel/sub/b.mov", "/reel/a.mov")),
}


class Case(NamedTuple):
    """A change of the share, and its consequences for the list."""

    change: Callable[[Path], object]
    changed_since: int
    """The number of entries that the summary reports as changed; a folder also counts if an entry
    in it came or went."""
    differs: dict[str, Line | None]
    """The lines that differ from ``LISTED``; None for no line."""
    left_out: int = 0


CASES = {
    "nothing": Case(lambda _: None, 0, {}),
    "something beside the diff": Case(write_beside_the_diff, 1, {}),
    "a file grows": Case(lambda mount: write(mount, "kept/clip.mov", "longer still"), 1, {}),
    "a file is touched": Case(lambda mount: os.utime(mount / "reel/a.mov", (1, 1)), 1, {}),
    "a file's mode changes": Case(lambda mount: (mount / "reel/a.mov").chmod(0o600), 1, {}),
    "a file is deleted": Case(
        lambda mount: (mount / "kept/clip.mov").unlink(), 2, {"/kept/clip.mov": bad}
    ),
    "a file becomes a folder": Case(
        lambda mount: replace_by_folder(mount / "kept/clip.mov"), 2, {"/kept/clip.mov": bad}
    ),
    "a file becomes a link": Case(
        lambda mount: replace_by_link(mount / "kept/clip.mov"), 2, {"/kept/clip.mov": None}, 1
    ),
    "a file becomes a pipe": Case(
        lambda mount: replace_by_pipe(mount / "kept/clip.mov"), 2, {"/kept/clip.mov": None}, 1
    ),
    "a deleted file comes back": Case(lambda mount: write(mount, "kept/old.mov"), 1, {}),
    "a modified folder is renamed": Case(
        lambda mount: (mount / "kept").rename(mount / "kept2"), 4, KEPT_IS_BAD
    ),
    "a modified folder becomes a link": Case(
        lambda mount: replace_by_link(mount / "kept"), 4, KEPT_IS_BAD
    ),
    "a created folder is deleted": Case(
        lambda mount: shutil.rmtree(mount / "reel"), 2, REEL_IS_BAD
    ),
    "a created folder is renamed": Case(
        lambda mount: (mount / "reel").rename(mount / "reel2"), 2, REEL_IS_BAD
    ),
    "a created folder becomes a file": Case(
        lambda mount: replace_by_file(mount / "reel"), 2, REEL_IS_BAD
    ),
    "a file appears in a created folder": Case(
        lambda mount: write(mount, "reel/c.mov"), 2, {"/reel/c.mov": file}
    ),
    "a folder appears in a created folder": Case(
        lambda mount: write(mount, "reel/takes/d.mov"), 3, {"/reel/takes/d.mov": file}
    ),
    "a file is deleted from a created folder": Case(
        lambda mount: (mount / "reel/a.mov").unlink(), 1, {"/reel/a.mov": None}
    ),
    "a file is deleted below a created folder": Case(
        lambda mount: (mount / "reel/sub/b.mov").unlink(), 1, {"/reel/sub/b.mov": None}
    ),
    "a folder is deleted from a created folder": Case(
        lambda mount: shutil.rmtree(mount / "reel/sub"), 1, {"/reel/sub/b.mov": None}
    ),
}

# The cases of a run have folders of their own, so that one run shows the list of many of them. The
# numbers in the summary are those of all its cases.
WITHOUT_CHANGES = ("nothing",)
OTHERS = tuple(name for name in CASES if name not in WITHOUT_CHANGES)
RUNS = {
    "rest, nothing": (REST, WITHOUT_CHANGES),
    "rest, first half": (REST, OTHERS[::2]),
    "rest, second half": (REST, OTHERS[1::2]),
    "qq": (QQ, OTHERS),
}


def make_project(cluster: Emulator, site: Site, *folders: str) -> Project:
    """In each folder: /reel is created; in /kept, files are modified, created and deleted."""
    mounts = [site.mount / name for name in folders]
    for mount in mounts:
        for name in ("kept/clip.mov", "kept/old.mov", "same.mov"):
            write(mount, name)
    older = site.snapshot()
    for mount in mounts:
        for name in ("reel/z.mov", "reel/sub/b.mov", "reel/a.mov", "kept/new.mov"):
            write(mount, name)
        write(mount, "kept/clip.mov", "longer")
        (mount / "kept/old.mov").unlink()
    return Project(cluster, site, older, site.snapshot())


def listed(mount: Path, cases: dict[str, dict[str, Line]]) -> bytes:
    """The list of cases: for each, its names and their lines."""
    lines = {
        f"/{case}{name}": line for case, names in cases.items() for name, line in names.items()
    }
    return scan_list(lines[name](mount, name) for name in sorted(lines, reverse=True))


def check(done: CommandResult, unread: int, left_out: int, changed_since: int) -> None:
    """Check the exit code and the summary of a run."""
    assert done.code == (1 if unread else 0), done.messages
    ending = (
        f"not readable or not nameable: {unread}; left out, as links, pipes, sockets or devices:"
    )
    ending += f" {left_out}"
    if changed_since:
        entries = "1 entry" if changed_since == 1 else f"{changed_since} entries"
        ending += (
            f"; on the live share since the snapshot: {entries} changed or disappeared "
            "(exact: --metadata snapshot or rest)"
        )
    (summary,) = [line for line in done.messages.splitlines() if line.startswith("show: ")]
    assert summary.endswith(f"; {ending}")
    assert done.messages.count("it is gone since the snapshot") == unread


@pytest.mark.parametrize(("way", "names"), RUNS.values(), ids=list(RUNS))
def test_a_list_contains_what_exists_when_it_is_read_and_reports_what_does_not(
    cluster: Emulator, site: Site, way: tuple[str, ...], names: tuple[str, ...]
) -> None:
    cases = {name: CASES[name] for name in names}
    project = make_project(cluster, site, *cases)

    def change(mount: Path) -> None:
        for name, case in cases.items():
            case.change(mount / name)

    done = project.run((*way, "--metadata=mount"), SECOND_PAGE_OF_THE_DIFF, change)

    expected = {
        case: {name: line for name, line in (LISTED | differs).items() if line}
        for case, (_, _, differs, _) in cases.items()
    }
    assert project.list() == listed(site.mount, expected)
    lines = [line for case in expected.values() for line in case.values()]
    check(
        done,
        lines.count(bad) + lines.count(bad_folder),
        sum(case.left_out for case in cases.values()),
        sum(case.changed_since for case in cases.values()),
    )


def change_everything(mount: Path) -> None:
    """All kinds of changes at once."""
    (mount / "kept/clip.mov").unlink()
    replace_by_link(mount / "kept/new.mov")
    write(mount, "kept/old.mov")
    (mount / "reel/sub").rename(mount / "reel/moved")
    replace_by_folder(mount / "reel/z.mov")
    write(mount, "reel/a.mov", "longer")
    write(mount, "reel/new.mov")
    os.utime(mount / "kept", (1, 1))


@pytest.mark.parametrize(
    ("way", "metadata"), [(QQ, "snapshot"), (REST, "snapshot"), (REST, "rest")], ids=str
)
def test_a_list_is_exact_if_it_is_read_from_the_snapshot(
    cluster: Emulator, site: Site, way: tuple[str, ...], metadata: str
) -> None:
    project = make_project(cluster, site, "show")
    as_in_the_snapshot = listed(site.mount, {"show": LISTED})

    done = project.run(
        (*way, f"--metadata={metadata}"),
        SECOND_PAGE_OF_THE_DIFF,
        lambda mount: change_everything(mount / "show"),
    )

    assert project.list() == as_in_the_snapshot
    check(done, 0, 0, 0)


# While the tree is read


@pytest.mark.parametrize("transport", ["qq", "rest"])
def test_entries_that_have_been_read_stay_and_only_later_changes_are_noticed(
    cluster: Emulator, site: Site, transport: str
) -> None:
    # Below the source, the mount does not show snapshots: the cluster is asked for the older tree.
    base = f"{site.source}/show"
    show = site.mounted(base)
    for name in ("z.mov", "gone.mov", "clip.mov", "a.mov"):
        write(show, name)
    older = site.snapshot()
    for name in ("z.mov", "clip.mov", "a.mov"):
        write(show, name, "longer")
    (show / "gone.mov").unlink()
    write(show, "b/x.mov")
    project = Project(cluster, site, older, site.snapshot())
    before = file(show, "/z.mov")

    def change(show: Path) -> None:
        for name in ("z.mov", "b/x.mov", "a.mov"):
            (show / name).unlink()
        write(show, "b/y.mov")

    # In slices of one change, /z.mov is read before /gone.mov is asked for.
    options = (f"--transport={transport}", "--workers=1", "--slice-size=1")
    # Over REST, the cluster has been asked for the weight of /b.
    first_read = FIRST_READ_OF_AN_OLDER_FILE | ({"skip": 3} if transport == "rest" else {})
    done = project.run(options, first_read, change, base)

    lines = [
        before,
        deleted("/gone.mov"),
        file(show, "/clip.mov"),
        file(show, "/b/y.mov"),
        unreadable("/a.mov"),
    ]
    assert project.list() == scan_list(lines)
    # /b, /b/y.mov and /a.mov
    check(done, 1, 0, 3)
