"""What several of these modules use: a fake ``qq``, and a listener that records events."""

import json
import os
import stat
import sys
from pathlib import Path
from typing import Any, TypeVar

import pytest

from qumulo_changelist.events import Event
from tests.parts.fake_time import time_passes

__all__ = ["time_passes"]

Kind = TypeVar("Kind")

# It ends on its own: if the code under test would wait for ever, its test fails instead.
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
        """Make it run a Python script; return its path."""
        path = self.folder / name
        path.write_text(PREAMBLE + script, encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def left(self, name: str) -> Any:
        """Return the value that the script left under a name."""
        return json.loads((self.folder / name).read_text(encoding="utf-8"))


class RecordingListener:
    """A listener that keeps the events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Return the events of one kind, in their order."""
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def qq(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeQq:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return FakeQq(folder)


@pytest.fixture
def listener() -> RecordingListener:
    return RecordingListener()


@pytest.fixture
def session_folder(tmp_path: Path) -> str:
    """A private folder for sessions."""
    folder = tmp_path / "state" / "sessions"
    folder.mkdir(parents=True, mode=stat.S_IRWXU)
    return os.fspath(folder)
