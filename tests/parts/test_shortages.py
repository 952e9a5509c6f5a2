"""What this machine lacks: it ends a run with one kind of error, wherever it is noticed.

Shortages while a mount is read are in ``test_tree_shortages.py``.
"""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from qumulo_changelist.changes.spill import Spill
from qumulo_changelist.cli import program
from qumulo_changelist.cluster.qq.hosts import answering_first
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.errors import ResourceError
from qumulo_changelist.events import ignore
from qumulo_changelist.output.list_file import list_file
from qumulo_changelist.output.scan_xml import ScanXml


def find_no_descriptor(*_given: object, **_options: object) -> None:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def make_qq(folder: str) -> QqProcess:
    path = Path(folder, "qq")
    path.touch(mode=0o755)
    return QqProcess("127.0.0.1", 1, ignore, str(path))


def make_list(folder: str) -> None:
    with list_file(f"{folder}/1-files.xml", ScanXml("1", 0)):
        pass


@pytest.mark.parametrize(
    ("call", "work"),
    [
        ("tempfile.mkstemp", Spill),
        ("tempfile.TemporaryFile", make_list),
        ("subprocess.Popen", lambda folder: make_qq(folder).run("", ["version"])),
        ("builtins.open", lambda folder: QqSession("a", 1, "b", folder=folder).token()),
        ("os.open", lambda folder: QqSession("a", 1, "b", folder=folder).renew("", print)),
        ("socket.create_connection", lambda _: answering_first(["one", "two"], 8000, ignore)),
    ],
    ids=["spill", "list", "qq", "session", "login", "hosts"],
)
def test_too_few_descriptors_end_the_run(tmp_path, monkeypatch, call, work):
    os.chmod(tmp_path, 0o700)
    monkeypatch.setattr(call, find_no_descriptor)

    with pytest.raises(ResourceError, match="Too many open files") as caught:
        work(str(tmp_path))
    assert (caught.value.exit_code, caught.value.number) == (71, errno.EMFILE)
    assert caught.value.transient


def test_too_many_processes_are_not_a_missing_qq(tmp_path, monkeypatch):
    def refuse(*_given: object, **_options: object) -> None:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr("subprocess.Popen", refuse)

    with pytest.raises(ResourceError) as caught:
        make_qq(str(tmp_path)).run("", ["version"])
    assert caught.value.number == errno.EAGAIN


def run_failing_command(error: Exception) -> int:
    """Run a command that fails with an error; return its exit code."""

    def fail(_arguments: Sequence[str] | None) -> int:
        raise error

    return program.run(fail, [], makes_list=True)


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
def test_a_command_ends_with_a_message_and_no_traceback(capfd, error):
    assert run_failing_command(error) == 71
    message = capfd.readouterr().err
    assert "Traceback" not in message
    assert "No list was published" in message


@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), RuntimeError("broken")], ids=repr)
def test_an_unexpected_error_is_not_a_shortage(error):
    with pytest.raises(type(error), match="broken"):
        run_failing_command(error)
