"""A small project as an editing room has it, and a day's work on it."""

import os
import shutil
from pathlib import Path

CLIP = 1_000_000
STILL = 40_000


def make_project(project: Path) -> None:
    """Make the project's files; only their names and sizes matter here."""
    for name, size in {
        "reel1/A001_C001.mov": 4 * CLIP,
        "reel1/A001_C002.mov": 3 * CLIP,
        "reel2/A002_C001.mov": 5 * CLIP,
        "dailies/monday/A001_proxy.mp4": CLIP,
        "dailies/monday/A002_proxy.mp4": CLIP,
        "audio/Müller & Söhne - take 1.wav": 2 * CLIP,
        "stills/frame_0001.tif": STILL,
        "show1.prproj": 8_000,
    }.items():
        write(project / name, size)


def work_for_a_day(project: Path) -> list[str]:
    """Change the project as people do; return what was done, in words."""
    write(project / "show1.prproj", 9_500)
    write(project / "reel3/A003_C001.mov", 6 * CLIP)
    write(project / "reel3/retakes/A003_C002.mov", 2 * CLIP)
    os.rename(project / "audio", project / "sound")
    shutil.rmtree(project / "dailies")
    (project / "stills/frame_0001.tif").unlink()
    write(project / "stills/frame_0001 (graded).tif", STILL)
    (project / "latest.prproj").symlink_to("show1.prproj")
    return [
        "show1.prproj saved again",
        "reel3 arrived, with a folder of retakes",
        "audio renamed to sound",
        "dailies deleted",
        "a still replaced by a graded one of another name",
        "latest.prproj made, a link to show1.prproj",
    ]


def write(path: Path, size: int) -> None:
    """Make a file of ``size`` bytes, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size)


def work_for_another_day(project: Path) -> list[str]:
    """Change the project again; return what was done, in words."""
    write(project / "reel3/A003_C002.mov", 3 * CLIP)
    (project / "reel3/A003_C001.mov").unlink()
    return ["a clip came to reel3", "an earlier one was deleted"]
