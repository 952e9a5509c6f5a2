"""The man pages, as the programs that show them see them; a warning is an error."""

import shutil
import subprocess
from pathlib import Path

import pytest
from manual.__main__ import main

from tests.packages.conftest import PROGRAMS, Built, run
from tests.pythons import SUPPORTED, find_python

CHECKS = {
    "man": ("man", "--warnings", "--local-file"),
    "groff": ("groff", "-man", "-ww", "-Tutf8"),
    "mandoc": ("mandoc", "-T", "lint", "-W", "all"),
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("man")
    main(str(folder))
    return sorted(folder.iterdir())


@pytest.mark.parametrize("program", CHECKS)
def test_a_program_that_shows_pages_has_nothing_to_say_about_them(
    program: str, pages: list[Path]
) -> None:
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    assert len(pages) > 15
    for page in pages:
        done = subprocess.run([*CHECKS[program], page], capture_output=True, text=True)

        printed = done.stderr + (done.stdout if program == "mandoc" else "")
        assert (done.returncode, printed) == (0, ""), page.name


def test_the_oldest_and_the_newest_python_make_the_same_wheel(built: Built, tmp_path: Path) -> None:
    pythons = [found for one in SUPPORTED if (found := find_python(one))]
    for number, python in enumerate({pythons[0], pythons[-1]}):
        output = tmp_path / str(number)
        build = (PROGRAMS / "uv", "build", "--quiet", "--wheel", "--python", python)
        run(*build, "--out-dir", output, built.sdist)

        (wheel,) = output.glob("*.whl")
        assert wheel.read_bytes() == built.wheel.read_bytes()
