"""What a dead process left is removed by the next one; what a living one uses stays."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from qumulo_changelist.changes.spill import Spill
from qumulo_changelist.errors import OutputError
from qumulo_changelist.machine.durable import make_folders, sync_folder
from qumulo_changelist.machine.scratch import scratch_folder
from qumulo_changelist.operations.lists.keeping.folder import KeptFolder, NoRoomError, kept_path
from qumulo_changelist.operations.setup.new_file import write_new_file
from qumulo_changelist.output.atomic import AtomicFile, remove_leftovers

# As NFS has them (flock(2)): none for one alone on a directory, or on a file opened for reading.
LOCKS_OF_NFS = """
import errno, fcntl, os
def flock(descriptor, operation, real=fcntl.flock):
    is_read_only = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    if operation & fcntl.LOCK_EX and is_read_only:
        raise OSError(errno.EBADF, "Bad file descriptor")
    real(descriptor, operation)
fcntl.flock = flock
"""
HOLDER = f"""
import sys
{LOCKS_OF_NFS}
from qumulo_changelist.output.atomic import AtomicFile
from qumulo_changelist.machine.scratch import scratch_folder
with AtomicFile(sys.argv[1] + "/page.html") as file, scratch_folder(sys.argv[1], "list-") as path:
    file.lock()
    file.file.write(b"half")
    file.file.flush()
    open(path + "/list", "w").close()
    print(flush=True)
    sys.stdin.read()
"""
LONG_AGO = time.time() - 1000


@contextmanager
def process(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process with a temporary file and a scratch folder, which were made long ago."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        assert started.stdout
        started.stdout.readline()
        for path in folder.iterdir():
            os.utime(path, (LONG_AGO, LONG_AGO))
        yield started


@pytest.fixture
def nfs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks as NFS has them, also in this process."""
    monkeypatch.setattr(fcntl, "flock", fcntl.flock)  # put back afterwards
    exec(LOCKS_OF_NFS, {})


def sweep(folder: Path) -> int:
    """Use the same names; return the number of files and folders that are left."""
    remove_leftovers(str(folder / "page.html"))
    with scratch_folder(str(folder), "list-"):
        pass
    return len(os.listdir(folder))


@pytest.mark.usefixtures("nfs")
def test_what_a_process_uses_stays_until_it_is_dead_and_then_goes_also_on_nfs(
    tmp_path: Path,
) -> None:
    with process(tmp_path) as living:
        assert sweep(tmp_path) == 2
        living.send_signal(signal.SIGKILL)
        living.wait()
        assert len(os.listdir(tmp_path)) == 2
        assert sweep(tmp_path) == 0


def test_what_others_made_or_what_is_new_or_named_differently_stays(tmp_path: Path) -> None:
    old, new, longer = (tmp_path / f"list-{name}" for name in ("aaaaaaaa", "bbbbbbbb", "longer"))
    shared, link, file = (tmp_path / f"list-{letter * 8}" for letter in "cde")
    for folder in (old, new, longer, shared):
        folder.mkdir(0o700)
    shared.chmod(0o777)
    link.symlink_to(old)
    file.touch(0o600)
    for path in (old, longer, shared, file):
        os.utime(path, (LONG_AGO, LONG_AGO))
    os.utime(link, (LONG_AGO, LONG_AGO), follow_symlinks=False)

    with scratch_folder(str(tmp_path), "list-"):
        pass

    assert {*tmp_path.iterdir()} == {new, longer, shared, link, file}


@pytest.mark.usefixtures("nfs")
def test_kept_pages_that_are_too_old_go_also_on_nfs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = Path(kept_path())
    folder.mkdir(parents=True, mode=0o700)
    used, unused = folder / "used.pages", folder / "unused.pages"
    for path in (used, unused):
        path.touch()
        os.utime(path, (0, 0))

    with used.open("r+b") as lock:
        fcntl.flock(lock.fileno(), fcntl.LOCK_EX)
        KeptFolder()

    assert [*folder.iterdir()] == [used]


def test_where_a_folder_cannot_be_made_private_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    kept = Path(kept_path())
    kept.mkdir(parents=True)
    kept.chmod(0o777)
    monkeypatch.setattr(os, "chmod", lambda *_: None)

    with pytest.raises(NoRoomError, match="others can reach into"):
        KeptFolder().take_room(1)


def test_a_spill_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    left = tmp_path / ".changes-abcdefgh"
    left.mkdir(0o700)
    (left / "keys").touch()
    os.utime(left, (LONG_AGO, LONG_AGO))

    with Spill(str(tmp_path)):
        assert os.listdir(tmp_path) == []


def test_a_temporary_file_that_was_never_written_goes_a_minute_later(tmp_path: Path) -> None:
    leftover = tmp_path / ".page.html.0123456789abcdef"
    leftover.touch()
    remove_leftovers(str(tmp_path / "page.html"))
    assert leftover.exists()

    os.utime(leftover, (LONG_AGO, LONG_AGO))
    remove_leftovers(str(tmp_path / "page.html"))
    assert not leftover.exists()


def test_a_new_file_removes_what_a_killed_one_left_which_may_be_a_secret(tmp_path: Path) -> None:
    (tmp_path / ".conf.0123456789abcdef").write_text("password")

    write_new_file(str(tmp_path / "conf"), b"new", 0o600)

    assert os.listdir(tmp_path) == ["conf"]
    assert (tmp_path / "conf").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("taken", [False, True])
def test_a_new_file_needs_no_second_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "conf"
    with ExitStack() as stack:
        if taken:
            path.write_text("earlier")
            stack.enter_context(pytest.raises(OutputError))
        write_new_file(str(path), b"new")

    assert path.read_text() == ("earlier" if taken else "new")
    assert os.listdir(tmp_path) == ["conf"]


@pytest.mark.parametrize("number", [22, 95, 38])
def test_a_file_system_that_cannot_synchronize_folders_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    sync_folder(str(tmp_path))
    make_folders(str(tmp_path / "a" / "b"))

    assert (tmp_path / "a" / "b").is_dir()


def test_a_folder_that_is_not_on_the_disk_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        sync_folder(str(tmp_path))
    for work in (AtomicFile.finish, AtomicFile.place_new):
        with AtomicFile(str(tmp_path / "a")) as file, pytest.raises(OSError, match="Input/output"):
            work(file)
    assert os.listdir(tmp_path) == []
