"""One run of a project at a time."""

import contextlib
import errno
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from qumulo_changelist.cycle.lock import lock_project
from qumulo_changelist.errors import ProjectBusyError, StateFileError
from qumulo_changelist.events import ProjectAwaited, ignore
from tests.parts.conftest import RecordingListener

HOLDER = """\
import sys
from qumulo_changelist.cycle.lock import lock_project
with lock_project(sys.argv[1], "show1", 0, print):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def state(tmp_path: Path) -> str:
    return str(tmp_path / "state" / "state.sqlite")


@contextlib.contextmanager
def held(state: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that holds the lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, state], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_lock_dies_with_its_process_and_until_then_it_is_said_who_holds_it(state: str) -> None:
    with held(state) as process:
        with pytest.raises(ProjectBusyError) as raised, lock_project(state, "show1", 0, ignore):
            pass
        words = r"the project show1 is being run by process (\d+) since \d{4}-.* \(\d+ seconds?\)"
        found = re.fullmatch(words, str(raised.value))
        assert found
        assert int(found[1]) == process.pid

        with lock_project(state, "show2", 0, ignore):
            pass  # a different project

        process.send_signal(signal.SIGKILL)
        process.wait()
        with lock_project(state, "show1", 0, ignore):
            pass


def test_a_run_waits_for_a_different_one_and_reports_it_once(
    state: str, listener: RecordingListener
) -> None:
    with held(state) as process:
        assert process.stdin
        release = threading.Timer(0.5, process.stdin.close)
        release.start()
        with lock_project(state, "show1", 30, listener):
            pass
        release.join()

    (awaited,) = listener.of(ProjectAwaited)
    assert awaited.project == "show1"
    assert f"process {process.pid} since" in awaited.holder


def test_a_run_waits_no_longer_than_it_is_told(state: str, listener: RecordingListener) -> None:
    with held(state), pytest.raises(ProjectBusyError), lock_project(state, "show1", 0.1, listener):
        pass
    assert len(listener.of(ProjectAwaited)) == 1


def test_the_state_file_has_the_same_locks_under_each_of_its_names(
    state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(state).parent
    folder.mkdir()
    Path(state).touch()
    (tmp_path / "link").symlink_to(state)
    (tmp_path / "folder").symlink_to(folder)
    monkeypatch.chdir(folder)

    with lock_project(state, "show1", 0, ignore):
        names = ("state.sqlite", "../state/state.sqlite", "../link", "../folder/state.sqlite")
        for name in names:
            with pytest.raises(ProjectBusyError), lock_project(name, "show1", 0, ignore):
                pass


def test_the_same_process_cannot_hold_it_twice_and_can_hold_it_again(state: str) -> None:
    with (
        lock_project(state, "show1", 0, ignore),
        pytest.raises(ProjectBusyError),
        lock_project(state, "show1", 0, ignore),
    ):
        pass
    with lock_project(state, "show1", 0, ignore):
        pass


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": 1}', b'{"pid": 1, "since": 1e99}',
                                     b'{"pid": 1, "since": "now"}', b"\xff" * 9000])  # fmt: skip
def test_an_unreadable_lock_file_does_not_matter(state: str, content: bytes) -> None:
    with lock_project(state, "show1", 0, ignore):
        (lock,) = Path(state).parent.iterdir()
        lock.write_bytes(content)
        with (
            pytest.raises(ProjectBusyError, match="by another process"),
            lock_project(state, "show1", 0, ignore),
        ):
            pass


@pytest.mark.parametrize("name", ["a/b", "A" * 200, "ä\n", "\udce4", "..", ""])
def test_any_name_of_a_project_has_a_lock(state: str, name: str) -> None:
    with lock_project(state, name, 0, ignore):
        pass
    assert len(os.listdir(os.path.dirname(state))) == 1


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(StateFileError, match=r"file/state\.sqlite"),
        lock_project(str(tmp_path / "file" / "state.sqlite"), "show1", 0, ignore),
    ):
        pass


def test_a_file_system_without_locks_is_an_error(
    state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_file: int, _kind: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(StateFileError, match="No locks"), lock_project(state, "a", 0, ignore):
        pass


def test_a_link_in_place_of_the_lock_is_not_followed(state: str, tmp_path: Path) -> None:
    with lock_project(state, "show1", 0, ignore):
        (lock,) = Path(state).parent.iterdir()
    lock.unlink()
    lock.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StateFileError), lock_project(state, "show1", 0, ignore):
        pass
    assert not (tmp_path / "elsewhere").exists()
