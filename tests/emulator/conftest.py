"""Running emulators for the tests of the API."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qumulo_emulator.cli import main
from qumulo_emulator.running import ThreadedEmulator, serve_in_thread
from qumulo_emulator.server import EmulatorServer
from tests.emulator.trees import lay_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreadedEmulator]:
    """One emulator for all tests of a module; the file beside its root must stay out of reach."""
    around = lay_out(tmp_path_factory.mktemp("around"), {"outside": 1, "root": {}})
    with serve_in_thread(around / "root", page_limit=3) as emulator:
        yield emulator


@pytest.fixture
def emulator(running: ThreadedEmulator) -> Iterator[ThreadedEmulator]:
    """The module's emulator; its settings, faults and clock are reset after the test."""
    settings = running.cluster.settings
    yield running
    running.cluster.settings = settings
    running.faults.clear()
    running.cluster.clock.ahead = 0


@pytest.fixture
def folder(emulator: ThreadedEmulator) -> Path:
    """A directory at the root of the cluster, for this test only."""
    return Path(tempfile.mkdtemp(prefix="test-", dir=emulator.root))


@pytest.fixture
def refused_start(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[str, str, int]]:
    """Run `qumulo-emulator serve`, which must fail; return its output, messages and exit code."""

    def start(*arguments: str) -> tuple[str, str, int]:
        try:
            code = main(["serve", *arguments])
        except SystemExit as ending:
            code = ending.code if isinstance(ending.code, int) else -1
        return (*capfd.readouterr(), code)

    def fail(*_: object) -> None:
        pytest.fail("the emulator started")

    monkeypatch.setattr(EmulatorServer, "run", fail)
    return start
