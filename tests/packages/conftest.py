"""Everything is built from a copy of what git knows, and installed into environments of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PROGRAMS = Path(sys.executable).parent
COMMANDS = (
    "qumulo-changelist",
    "qumulo-create-snap",
    "qumulo-emulator",
    "qumulo-generate-changelist",
)
DEVELOPERS_EXTRAS = {"audit", "dev", "docs", "fuzz", "packages", "test"}


class Built(NamedTuple):
    """What was built."""

    source: Path
    """The copy that it was built from."""
    wheel: Path
    sdist: Path


def run(*command: str | Path, **changes: str) -> str:
    """Run a command that succeeds, with changes to the environment; return what it printed."""
    done = subprocess.run(
        command, env=outside_environment() | changes, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def outside_environment() -> dict[str, str]:
    """Return an environment in which neither this checkout nor its environment is known."""
    hidden = ("QUMULO_", "PYTHON", "VIRTUAL_ENV", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    # Like pip, uv shall trust whom the system trusts; older versions know the second name.
    trust = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}
    return kept | trust | {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def tracked_files() -> list[str]:
    """Return the files of the checkout that git knows, or would know."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this is no checkout, so nothing says what belongs to it")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(set(listed.stdout.split("\0")) - {""})
    return [name for name in names if (REPOSITORY / name).exists()]


def find_page(name: str, **changes: str) -> str:
    """Return where `man` finds a page, with changes to the environment."""
    man = shutil.which("man")
    if not man:
        pytest.skip("man is not installed")
    return run(man, "--where", name, **changes).strip()


def make_environment(folder: Path, *requirements: str | Path) -> Path:
    """Make an environment that has nothing but some requirements; return where its programs are."""
    uv = PROGRAMS / "uv"
    run(uv, "venv", "--quiet", "--python", sys.executable, folder)
    python = folder / "bin" / "python"
    run(uv, "pip", "install", "--quiet", "--python", python, *requirements)
    return folder / "bin"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The wheel and the sdist, each built from a clean copy of the checkout."""
    source, output = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    for name in tracked_files():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPOSITORY / name, source / name)
    # Both options, or the wheel would be made from the sdist.
    run(PROGRAMS / "uv", "build", "--quiet", "--sdist", "--wheel", "--out-dir", output, source)
    (wheel,), (sdist,) = output.glob("*.whl"), output.glob("*.tar.gz")
    return Built(source, wheel, sdist)


@pytest.fixture(scope="session")
def plain(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel without any extra."""
    return make_environment(tmp_path_factory.mktemp("environments") / "plain", built.wheel)


@pytest.fixture(scope="session")
def complete(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel with every extra for users."""
    return make_environment(
        tmp_path_factory.mktemp("environments") / "complete", f"{built.wheel}[all]"
    )
