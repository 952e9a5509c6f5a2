"""`qumulo-emulator demo`: a tree in which something happens all the time, the same for a seed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from qumulo_emulator.cli import main
from qumulo_emulator.demo.disk import age_folders, perform
from qumulo_emulator.demo.steps import Delete, MakeFile, Rename, Step
from qumulo_emulator.demo.story import Story
from tests.emulator.process import PROGRAM

EVENTS = 300
KINDS = {
    "a shoot",
    "a cut",
    "an episode",
    "proxies were",
    "an old",
    "a reel",
    "a season",
    "an archived",
    "somebody opened",
}


def files_of(root: Path) -> dict[str, int]:
    """Return the sizes of all files below a root by their paths, as they are on the disk."""
    top = os.fsencode(root)
    return {
        os.path.relpath(os.path.join(folder, name), top).decode("utf-8", "surrogateescape"): (
            os.lstat(os.path.join(folder, name)).st_size
        )
        for folder, _, names in os.walk(top)
        for name in names
    }


def apply(step: Step, files: dict[str, int]) -> None:
    """Do a step in a dictionary of files; each must find what it is about."""
    if isinstance(step, MakeFile):
        files[step.path] = step.size
        return
    old = step.old if isinstance(step, Rename) else step.path
    moved = [path for path in files if path == old or path.startswith(f"{old}/")]
    assert moved, step
    for path in moved:
        size = files.pop(path)
        if isinstance(step, Rename):
            assert step.new + path[len(old) :] not in files
            files[step.new + path[len(old) :]] = size
        else:
            assert isinstance(step, Delete)


def test_with_the_same_seed_the_same_happens_in_the_same_order() -> None:
    def told(seed: int) -> list[object]:
        story = Story(seed)
        return [*story.beginning(), *islice(story.events(), EVENTS)]

    assert told(7) == told(7)
    assert told(7) != told(8)


def test_all_kinds_of_events_happen_to_what_is_there() -> None:
    story, files, kinds = Story(3), dict[str, int](), Counter[str]()
    for step in story.beginning():
        apply(step, files)
    for event in islice(story.events(), EVENTS):
        kinds[" ".join(event.words.split()[:2])] += 1
        for step in event.steps:
            apply(step, files)
    assert kinds.keys() >= KINDS
    assert sum(files.values()) > 10**12


def test_events_do_on_the_disk_what_they_say_and_use_no_space(tmp_path: Path) -> None:
    story, files = Story(3), dict[str, int]()
    first = list(story.beginning())
    perform(str(tmp_path), first)
    age_folders(str(tmp_path))
    for step in first:
        apply(step, files)
    oldest = min(os.lstat(tmp_path / path).st_mtime for path in files)
    assert os.lstat(tmp_path / "projects").st_mtime - oldest > 50 * 86_400
    for event in islice(story.events(), 80):
        perform(str(tmp_path), event.steps)
        for step in event.steps:
            apply(step, files)
    assert files_of(tmp_path) == files
    assert sum(os.lstat(tmp_path / path).st_blocks for path in files) * 512 < 10**7


def test_what_it_prints_can_be_typed_and_ctrl_c_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    story = Story(5)
    assert list(story.beginning())
    expected = [event.words for event in islice(story.events(), 5)]
    environment = {
        **os.environ,
        "PATH": f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    environment.pop("QUMULO_EMULATOR_PASSWORD", None)
    arguments = ["demo", "--seed", "5", "--pace", "240", "--port", "0"]
    with subprocess.Popen(
        [str(PROGRAM), *arguments], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        introduction: list[str] = []
        while not (introduction and introduction[-1].startswith("About")):
            introduction.append(process.stdout.readline())
            assert introduction[-1], "it ended"
        typed = "set -e\n" + "".join(line for line in introduction if line.startswith("    "))
        shell = subprocess.run(
            ["sh"], input=typed, capture_output=True, text=True, env=environment, timeout=300
        )
        assert shell.returncode == 0, shell.stderr
        assert process.stdout.readline() == "\n"
        lines = [process.stdout.readline().rstrip("\n") for _ in expected]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert lines == [words.replace("\n", "\\n") for words in expected]
    assert shell.stderr.count("/projects: committed") == 2
    assert "path,kind,change,size," in shell.stdout
    assert len(shell.stdout.splitlines()) < 20
    assert [name for name in os.listdir(tmp_path) if name != "state"] == []


def test_a_folder_that_has_files_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine").write_bytes(b"")
    assert main(["demo", "--folder", str(tmp_path)]) == 1
    assert "is not empty" in capfd.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["mine"]
