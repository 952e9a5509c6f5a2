"""A command that this Python cannot run says why, and what to type."""

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.pythons import find_python
from tests.quick import REPOSITORY

find_once = cache(find_python)


@pytest.fixture(params=["qumulo_create_snap.py", "qumulo_generate_changelist.py"])
def script(request: pytest.FixtureRequest) -> str:
    """Each script in turn."""
    name: str = request.param
    return name


def refusal(script: str, *python: str | Path, path: Path | None = None) -> str:
    """Run a script that must exit with 2, with a PYTHONPATH; return the one line it prints."""
    variables = {**os.environ, "PYTHONPATH": str(path or "")}
    done = subprocess.run(
        [*python, REPOSITORY / script, "--help"], capture_output=True, text=True, env=variables
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{script}: ")
    return line


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.7", "3.8", "3.9"])
def test_a_python_that_is_too_old_is_named(version: str, script: str) -> None:
    python = find_once(version)
    if not python:
        pytest.skip(f"Python {version} was found neither in pyenv nor on the PATH")
    line = refusal(script, python)
    assert f"this is Python {version}, but 3.10 or later is needed" in line
    assert line.endswith(f"type, for example: python3.12 {script}")


def test_a_python_without_the_installation_gets_the_command_to_install_it(script: str) -> None:
    line = refusal(script, sys.executable, "-I", "-S")
    assert "(No module named 'qumulo_changelist')" in line
    command = f'cd "{REPOSITORY}" && "{sys.executable}" -m pip install -r requirements.txt'
    assert line.endswith(f"type: {command}")


def test_a_missing_dependency_is_named(script: str) -> None:
    line = refusal(script, sys.executable, "-S", path=REPOSITORY / "src")
    missing = re.search(r"\(No module named '(\w+)'\)", line)
    assert missing
    assert missing[1] not in ("qumulo_changelist", *sys.stdlib_module_names)


def test_a_dependency_that_lacks_something_is_named(tmp_path: Path, script: str) -> None:
    (tmp_path / "msgspec.py").touch()
    line = refusal(script, sys.executable, path=tmp_path)
    assert re.search(r"the installation is incomplete \(.*'msgspec\b.*\)", line)
