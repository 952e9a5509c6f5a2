"""A shortage on this machine: it ends a run with 71, and the message says what helps.

What a mounted tree does about one is in ``test_tree_shortages.py``.
"""

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

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
from tests.parts.shares import count_open_descriptors, room_for

NO_LIST = "No list was published; an earlier one is unchanged."

# Work that needs descriptors


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A private folder with a program that could be qq."""
    tmp_path.chmod(0o700)
    (tmp_path / "qq").touch(mode=0o755)
    return str(tmp_path)


def make_list(folder: str) -> None:
    with list_file(f"{folder}/1-files.xml", ScanXml("1", 0)):
        pass


def run_qq(folder: str) -> bytes:
    return QqProcess("127.0.0.1", 1, ignore, f"{folder}/qq").run("", ["version"])


def session(folder: str) -> QqSession:
    return QqSession("127.0.0.1", 1, "archiver", folder=folder)


def log_in(folder: str) -> None:
    session(folder).renew("", lambda _: pytest.fail("qq was started without a lock"))


WORK: dict[str, Callable[[str], object]] = {
    "a spill": Spill,
    "a list": make_list,
    "a process of qq": run_qq,
    "a stored session": lambda folder: session(folder).token(),
    "a login": log_in,
    "a connection": lambda _: answering_first(["127.0.0.1", "127.0.0.2"], 1, ignore),
}


@pytest.mark.parametrize("work", WORK)
def test_without_a_free_descriptor_this_machine_is_blamed(folder: str, work: str) -> None:
    before = count_open_descriptors()

    with room_for(0), pytest.raises(ResourceError, match="Too many open files") as caught:
        WORK[work](folder)

    assert (caught.value.number, caught.value.transient) == (errno.EMFILE, True)
    assert count_open_descriptors() == before


@pytest.mark.parametrize("free", range(1, 7))
def test_so_it_is_if_a_process_needs_more_descriptors_than_are_free(folder: str, free: int) -> None:
    """Pipes take two each: none of those that could be opened stays open."""
    before = count_open_descriptors()

    with room_for(free), pytest.raises(ResourceError, match="Too many open files"):
        run_qq(folder)

    # Popen itself leaves pipes open in Python 3.10.
    assert count_open_descriptors() == before or sys.version_info < (3, 11)


def test_a_user_with_too_many_processes_is_not_told_that_qq_is_missing(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object, **_options: object) -> NoReturn:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr("subprocess.Popen", refuse)

    with pytest.raises(ResourceError) as caught:
        run_qq(folder)

    assert caught.value.number == errno.EAGAIN


# The end of a command


@pytest.fixture
def signals() -> Iterator[None]:
    """Keep the handlers that a command replaces."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def end_with(error: Exception, *, makes_list: bool = True) -> int:
    """Return the exit code of a command in which an error is raised."""

    def command(_arguments: Sequence[str] | None) -> NoReturn:
        raise error

    return program.run(command, [], makes_list=makes_list)


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (OSError(errno.EMFILE, "too many"), "ulimit -n"),
        (OSError(errno.ENFILE, "too many"), "the machine's limit of open files"),
        (OSError(errno.ENOMEM, "no memory"), "more memory"),
        (MemoryError(), "more memory"),
        (RuntimeError("can't start new thread"), "ulimit -u"),
        (ResourceError("this machine lacks processes", number=errno.EAGAIN), "ulimit -u"),
    ],
    ids=repr,
)
def test_a_shortage_ends_a_command_with_71_and_a_hint(
    capfd: pytest.CaptureFixture[str], error: Exception, hint: str
) -> None:
    assert end_with(error) == 71

    printed = capfd.readouterr()
    message, advice = printed.err.splitlines()
    assert "this machine lacks" in message
    assert advice.startswith(NO_LIST)
    assert hint in advice
    assert printed.out == ""


@pytest.mark.usefixtures("signals")
def test_a_command_that_makes_no_list_does_not_mention_one(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert end_with(MemoryError(), makes_list=False) == 71

    assert "list" not in capfd.readouterr().err


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), RuntimeError("broken")], ids=repr)
def test_any_other_error_of_the_system_is_a_fault_of_the_program(
    error: Exception, capfd: pytest.CaptureFixture[str]
) -> None:
    assert end_with(error) == 70

    printed = capfd.readouterr().err
    words = "OSError (Input/output error)" if isinstance(error, OSError) else "RuntimeError"
    assert f"this is a mistake in qumulo-changelist: {words} at line" in printed
    assert "broken" not in printed
    assert "No list was published" not in printed  # nobody knows
