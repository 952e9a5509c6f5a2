"""A slow mount: each look below a folder waits and is counted, and nothing else."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bench.report import report
from bench.rounds import measure_scenario
from bench.scenario import MOUNT
from bench.scenarios import all_scenarios
from bench.slow_mount import CannotSlowDownError, Looks, SlowMount, compile_library

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("cc"), reason="needs Linux and a C compiler"
)

OPENED = "import os; top = os.open('below', os.O_PATH);"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> str:
    return compile_library(str(tmp_path_factory.mktemp("library")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Has the folders ``below`` and ``below-not``, each with 1,000 files. It is only read."""
    folder = tmp_path_factory.mktemp("folder")
    for name in ("below", "below-not"):
        (folder / name).mkdir()
        for number in range(1000):
            (folder / name / f"a file with a long name {number}").touch()
        (folder / name / "file").touch()
    return folder


def look(library: str, folder: Path, code: str, look_ms: float = 0) -> Looks:
    """Run code in ``folder``, whose subfolder ``below`` is slow, and return its looks."""
    mount = SlowMount(str(folder / "below"), library, str(folder / "counts"))
    environment = os.environ | mount.begin(look_ms)
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=folder, check=True)
    return mount.looks()


@pytest.mark.parametrize(
    ("code", "stats", "opens", "parts"),
    [
        ("import os; os.stat(os.path.abspath('below'))", 1, 0, 0),
        ("import os; os.stat('below/file')", 1, 0, 0),
        ("import os; os.lstat('below/file')", 1, 0, 0),
        ("import os; os.chdir('below'); os.stat('file')", 1, 0, 0),
        ("import os; os.path.exists('below/missing')", 1, 0, 0),
        ("import os; open('below/file').close()", 0, 1, 0),
        (OPENED, 0, 1, 0),
        (f"{OPENED} os.stat('file', dir_fd=top)", 1, 1, 0),
        (f"{OPENED} os.stat('file', dir_fd=top, follow_symlinks=False)", 1, 1, 0),
        (f"{OPENED} os.stat('file', dir_fd=os.dup(top))", 1, 1, 0),
        (f"{OPENED} os.open('file', os.O_RDONLY, dir_fd=top)", 0, 2, 0),
        (f"{OPENED} os.fstat(top)", 0, 1, 0),
        (f"{OPENED} os.stat(os.path.abspath('below-not/file'), dir_fd=top)", 0, 1, 0),
        ("import os; os.stat('below-not/file'); os.listdir('below-not'); os.listdir('.')", 0, 0, 0),
        # A descriptor that is used again for a folder which is not slow.
        (
            f"{OPENED} os.stat('file', dir_fd=top); os.close(top);"
            "assert os.open('below-not', os.O_PATH) == top; os.stat('file', dir_fd=top)",
            *(1, 1, 0),
        ),
        (
            f"{OPENED} os.stat('file', dir_fd=top); os.dup2(os.open('below-not', os.O_PATH), top);"
            "os.stat('file', dir_fd=top)",
            *(1, 1, 0),
        ),
        # 1,001 entries of 56 bytes, and two shorter ones: two parts of 32 KiB.
        ("import os; list(os.scandir('below'))", 0, 1, 2),
        ("import os; top = os.open('below', os.O_RDONLY); list(os.scandir(top))", 0, 1, 2),
        ("import os; top = os.open('below', os.O_RDONLY); os.listdir(top)", 0, 1, 2),
        ("import os; next(os.scandir('below')).stat()", 1, 1, 1),
    ],
)
def test_looks_below_the_folder_are_counted_and_no_others(
    library: str, folder: Path, code: str, stats: int, opens: int, parts: int
) -> None:
    assert look(library, folder, code)[:4] == (stats, opens, parts, 0)


def test_a_look_waits(library: str, folder: Path) -> None:
    code = """
import os, time
begin = time.monotonic()
os.stat("below/file")
assert time.monotonic() - begin >= 0.3
"""
    assert look(library, folder, code, look_ms=300).stats == 1


def test_a_failed_look_keeps_its_error(library: str, folder: Path) -> None:
    code = """
import errno, os
for path, expected in (("below/missing", errno.ENOENT), ("below/file/x", errno.ENOTDIR)):
    try:
        os.stat(path)
    except OSError as error:
        assert error.errno == expected
    else:
        assert False
"""
    assert look(library, folder, code, look_ms=1).stats == 2


def test_looks_of_several_threads_and_processes_are_in_flight_together(
    library: str, folder: Path
) -> None:
    code = """
import os, threading
child = os.fork()
threads = [threading.Thread(target=os.stat, args=["below/file"]) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
if child:
    os.wait()
"""
    looks = look(library, folder, code, look_ms=500)
    assert (looks.stats, looks.in_flight, looks.most_in_flight) == (6, 0, 6)


def test_a_missing_compiler_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotSlowDownError, match=r"a C compiler \(no-such-cc\) is needed"):
        compile_library(str(tmp_path), "no-such-cc")


def test_a_compiler_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotSlowDownError, match="false cannot compile"):
        compile_library(str(tmp_path), "false")


def test_without_a_compiler_ways_are_skipped_and_the_report_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    (complete,) = [one for one in all_scenarios([1000], 1000) if one.name == "million"]
    slow = MOUNT.with_looks_of(0.3)
    scenario = complete.without({*complete.ways} - {MOUNT})
    by_way = measure_scenario(scenario, str(tmp_path), 1, 1)
    assert by_way[MOUNT].usages
    text = report("bench", [scenario], {(scenario.name, way): by_way[way] for way in by_way})
    assert "peak memory | not measured: a C compiler (cc) is needed" in text
    assert f"million: {slow} was skipped: a C compiler (cc) is needed" in text
