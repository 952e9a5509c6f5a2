"""Runs the quick tests and the end-to-end lists of one module on this machine's other Pythons.

`python -m tests.pythons` prints a line for each Python, and exits with 1 if one of them failed.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
ENVIRONMENTS = REPOSITORY / ".pythons"
LOCK = REPOSITORY / "requirements-dev.txt"
PROJECT = REPOSITORY / "pyproject.toml"
SUPPORTED = ("3.10", "3.11", "3.12", "3.13", "3.14")
# Some builds lack ssl or sqlite3, and Debian's lack ensurepip without python3-venv.
NEEDED_MODULES = ("ensurepip", "sqlite3", "ssl")
# The second makes the same list through qq and over REST.
TESTS = ("tests/parts", "tests/end_to_end/test_every_way.py")


def find_python(version: str, modules: Sequence[str] = ()) -> Path | None:
    """Return an interpreter of a version such as 3.12 from pyenv or the PATH.

    Returns:
        None if there is none that can import these modules.
    """
    # pyenv puts every version on the PATH, also those that are not active and do not start.
    on_path = shutil.which(f"python{version}")
    candidates = [*_installed_by_pyenv(version), *([Path(on_path)] if on_path else [])]
    return next((python for python in candidates if _works(python, version, modules)), None)


def _installed_by_pyenv(version: str) -> list[Path]:
    pyenv = shutil.which("pyenv")
    if pyenv is None:
        return []
    root = subprocess.run([pyenv, "root"], capture_output=True, text=True).stdout.strip()
    # Where HOME is not that of the user who installed it, pyenv names a folder that is not there.
    roots = {Path(root), Path(pyenv).parents[1]}
    return sorted(
        python for one in roots for python in one.glob(f"versions/{version}.*/bin/python")
    )


def _works(python: Path, version: str, modules: Sequence[str]) -> bool:
    script = f"import {', '.join(['sys', *modules])}; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", script], capture_output=True, text=True)
    return done.returncode == 0 and done.stdout.strip() == version


_OPTIONS = (
    *("-q", "-n", "3", "--dist", "worksteal"),
    *("-p", "no:cacheprovider", "--hypothesis-profile=others"),
)


def main() -> int:
    """Test every other Python that is found, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.pythons", description=__doc__)
    parser.add_argument(
        "--at-most", type=int, metavar="N", help="test only the oldest and the N-1 newest"
    )
    at_most = parser.parse_args().at_most
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    others = [version for version in SUPPORTED if version != own]
    found = {version: find_python(version, NEEDED_MODULES) for version in others}
    pythons = [(version, python) for version, python in found.items() if python]
    missing = [version for version, python in found.items() if not python]
    if missing:
        needed = ", ".join(NEEDED_MODULES)
        print(f"not found, or without one of {needed}: {', '.join(missing)}", flush=True)
    if at_most is not None:
        pythons = pythons[:1] + pythons[max(1, len(pythons) - at_most + 1) :]
    passed = [_test(version, python) for version, python in pythons]
    return 0 if all(passed) else 1


def _test(version: str, python: Path) -> bool:
    """Run the tests on a Python, print a line about it, and return whether they passed."""
    environment = ENVIRONMENTS / version
    start = time.monotonic()
    output = _prepare(environment, python)
    prepared = time.monotonic()
    if not output:
        pytest = environment / "bin" / "pytest"
        output = _output_of_failure(pytest, *_OPTIONS, *TESTS)
    end = time.monotonic()
    result = f"{output}{version}: {'failed' if output else 'passed'}"
    seconds = f"{end - prepared:.0f} s, environment {prepared - start:.0f} s"
    print(f"{result} ({seconds}; {python})", flush=True)
    return not output


def _prepare(environment: Path, python: Path) -> str:
    """Make a virtual environment, unless there is one for the same requirements.

    Returns:
        What was printed if this failed, else an empty text.
    """
    requirements = [LOCK.read_bytes(), PROJECT.read_bytes(), os.fsencode(python)]
    ready = environment / f"ready-{hashlib.sha256(b''.join(requirements)).hexdigest()[:16]}"
    if ready.exists():
        return ""
    shutil.rmtree(environment, ignore_errors=True)
    pip = (environment / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check")
    output = _output_of_failure(python, "-m", "venv", environment) or _output_of_failure(
        *pip, "--constraint", LOCK, "--editable", ".[test]"
    )
    if not output:
        ready.touch()
    return output


def _output_of_failure(*command: str | Path) -> str:
    """Run a command; return what it printed if it failed, else an empty text."""
    done = subprocess.run(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    return f"{done.stdout}\n" if done.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
