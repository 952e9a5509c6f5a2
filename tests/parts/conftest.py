"""What several of these modules stand on: a fake ``qq``, and a listener that remembers."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import Phase, settings

# How long an example takes says nothing on a machine that is busy with other tests.
settings.register_profile("parts", deadline=None)
settings.load_profile("parts")
# For `make mutants`: that a test fails is enough, and the first to find out is not to help others.
settings.register_profile(
    "mutants", deadline=None, phases=[Phase.explicit, Phase.generate], database=None
)

# It ends by itself: where the code under test would wait for ever, its test fails instead.
PREAMBLE = f"""\
#!{sys.executable} -IS
import fcntl, json, os, signal, subprocess, sys, time
signal.alarm(20)
HERE = os.path.dirname(os.path.abspath(__file__))


def leave(name, value):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump(value, file)


def say(text, *, on=1):
    data = text.encode("utf-8", "surrogatepass")
    while data:
        data = data[os.write(on, data):]


"""


class FakeQq:
    """A program named ``qq``, alone on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "qq"

    def does(self, script: str, *, name: str = "qq") -> str:
        """Make it do what a Python script says; return where it is."""
        path = self.folder / name
        path.write_text(PREAMBLE + script, encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def left(self, name: str) -> object:
        """Return what the script left under a name."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


class RecordingListener:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.details: list[str] = []
        self.warnings: list[str] = []

    def detail(self, fact: str) -> None:
        self.details.append(fact)

    def warning(self, fact: str) -> None:
        self.warnings.append(fact)


@pytest.fixture
def qq(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeQq:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return FakeQq(folder)


@pytest.fixture
def heard() -> RecordingListener:
    return RecordingListener()


@pytest.fixture
def private(tmp_path: Path) -> str:
    """A folder for sessions."""
    folder = tmp_path / "state" / "sessions"
    folder.mkdir(parents=True, mode=stat.S_IRWXU)
    return os.fspath(folder)
