"""What this machine lacks: no property of a file, so it ends a run or goes unnoticed."""

import errno
import os
from pathlib import Path

import pytest

from qumulo_changelist.changes import spill
from qumulo_changelist.cli import command
from qumulo_changelist.cluster.qq.hosts import answering_first
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.errors import ResourceError
from qumulo_changelist.events import Silent


def failing(*_given: object, **_options: object) -> None:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.parametrize(
    ("where", "work"),
    [
        ("tempfile.mkstemp", lambda folder: spill.Spill(folder)),
        ("subprocess.Popen", lambda folder: qq(folder).run("", ["version"])),
        ("builtins.open", lambda folder: QqSession("a", 1, "b", folder=folder).token()),
        ("os.open", lambda folder: QqSession("a", 1, "b", folder=folder).renew("", print)),
    ],
    ids=["spill", "qq", "session", "login"],
)
def test_whatever_needs_a_descriptor_says_that_this_machine_has_none(
    tmp_path, monkeypatch, where, work
):
    os.chmod(tmp_path, 0o700)
    monkeypatch.setattr(where, failing)

    with pytest.raises(ResourceError, match="Too many open files"):
        work(str(tmp_path))


def qq(folder: str) -> QqProcess:
    path = Path(folder, "qq")
    path.touch(mode=0o755)
    return QqProcess("127.0.0.1", 1, Silent(), str(path))


def test_no_room_for_one_more_process_is_a_lack_and_no_missing_qq(tmp_path, monkeypatch):
    def refused(*_given: object, **_options: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr("subprocess.Popen", refused)

    with pytest.raises(ResourceError) as caught:
        qq(str(tmp_path)).run("", ["version"])

    assert "ulimit -u" in caught.value.hint


def test_too_few_descriptors_to_try_a_host_end_the_run(monkeypatch):
    monkeypatch.setattr("socket.create_connection", failing)

    with pytest.raises(ResourceError, match="Too many open files"):
        answering_first(["one", "two"], 8000, Silent())


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENFILE, "x"),
        RuntimeError("can't start new thread"),
        ResourceError("x"),
    ],
    ids=repr,
)
def test_a_command_ends_with_a_message_whatever_it_lacks(capfd, error):
    def run(_arguments: object) -> int:
        raise error

    assert command.run(run, []) == 71
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), RuntimeError("broken")], ids=repr)
def test_another_error_is_no_lack(error):
    def run(_arguments: object) -> int:
        raise error

    with pytest.raises(type(error), match="broken"):
        command.run(run, [])
