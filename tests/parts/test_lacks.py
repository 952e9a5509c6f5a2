"""What this machine lacks: no property of a file, so it ends a run or goes unnoticed."""

import contextlib
import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from qumulo_changelist.changes import spill
from qumulo_changelist.cli import command
from qumulo_changelist.cluster.qq.hosts import answering_first
from qumulo_changelist.cluster.qq.process import QqProcess
from qumulo_changelist.cluster.qq.session import QqSession
from qumulo_changelist.errors import ResourceError
from qumulo_changelist.events import Silent
from qumulo_changelist.model import Kind, ReadFailure
from qumulo_changelist.trees import mounted, open_directories
from qumulo_changelist.trees.interface import NamedEntries, Subtree
from qumulo_changelist.trees.mounted import MountedTree

LACKS = [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS]
every_lack = pytest.mark.parametrize("number", LACKS, ids=errno.errorcode.get)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test meet the few directories that another left to be kept open."""
    monkeypatch.setattr(open_directories, "_kept", open_directories._Kept())


@pytest.fixture(scope="module")
def share(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """150 folders with a file each, and a snapshot of them."""
    root = tmp_path_factory.mktemp("share")
    for top in ("", ".snapshot/7_a/"):
        for number in range(150):
            folder = root / f"{top}new/{number:03}/sub"
            folder.mkdir(parents=True)
            (folder / "file").touch()
    return root


@contextlib.contextmanager
def room_for(descriptors: int) -> Iterator[None]:
    """Let this process open a number of files, and not one more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(descriptors)]
    for one in opened:
        os.close(one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (opened[-1] + 1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def found(tree: MountedTree, directory: str = "/") -> dict[str, object]:
    """Return all that is below a directory: of what kind it is, or why that is not known."""
    (answer,) = tree.read([Subtree(directory)])
    return {
        name: one.reason if isinstance(one, ReadFailure) else one.kind
        for part in answer
        for name, one in zip(part.names, part.described, strict=True)
    }


EVERYTHING = {"/new/": Kind.DIRECTORY} | {
    f"/new/{number:03}/{name}": kind
    for number in range(150)
    for name, kind in (("sub/file", Kind.FILE), ("sub/", Kind.DIRECTORY), ("", Kind.DIRECTORY))
}


# Where there is less than would be kept open


@pytest.mark.parametrize("room", [4, 5, 9, 30])
def test_with_few_descriptors_a_walk_finds_everything(share, room):
    with room_for(room), MountedTree(str(share)) as tree:
        assert found(tree) == EVERYTHING


def test_trees_of_one_process_take_nothing_away_from_each_other(share):
    with room_for(12), MountedTree(str(share)) as live:
        with MountedTree(live.snapshot(7)) as snapshot:
            walk = iter(next(live.read([Subtree("/")])))
            live_found = {}
            for name, kind in found(snapshot).items():
                assert kind is EVERYTHING[name]
                part = next(walk, None)
                live_found |= dict.fromkeys(part.names) if part else {}
            live_found |= {name: None for part in walk for name in part.names}
        assert live_found.keys() == EVERYTHING.keys()
        assert live.snapshot(7)
        assert live.names("/new/149/") == ["/new/149/sub/"]


def test_a_path_of_many_levels_needs_few_descriptors(tmp_path):
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("deep", dir_fd=here)
        below = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)

    with room_for(5), MountedTree(str(tmp_path)) as tree:
        assert len(found(tree)) == 300
        ((answer,),) = tree.read([NamedEntries(["/deep" * 300 + "/"])])
    assert answer.described[0].kind is Kind.DIRECTORY


def test_what_is_kept_open_leaves_most_of_what_a_process_may_open(share):
    before = len(os.listdir("/dev/fd"))
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before + 64, limits[1]))
    try:
        kept = open_directories._Kept()
        with pytest.MonkeyPatch.context() as patch, MountedTree(str(share)) as tree:
            patch.setattr(open_directories, "_kept", kept)
            assert found(tree) == EVERYTHING
            assert len(os.listdir("/dev/fd")) <= before + 1 + (before + 64) // 8
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


# Where the lack passes, and where it does not


def lacking(monkeypatch: pytest.MonkeyPatch, call: str, number: int, times: int) -> None:
    """Let a call of the system fail a number of times; before that, once not."""
    usual, calls = getattr(mounted.os, call), iter(range(times + 1))

    def fail(*given: object, **options: object) -> object:
        if next(calls, None) in (0, None):
            return usual(*given, **options)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(mounted.os, call, fail)


CALLS = {
    "open": lambda tree: found(tree, "/new/000/"),
    "scandir": lambda tree: [tree.names("/new/"), found(tree, "/new/000/")],
    "stat": lambda tree: list(tree.read([NamedEntries(["/new/001/", "/new/000/"])])),
    "fstat": lambda tree: [found(tree, "/new/000/"), list(tree.read([NamedEntries(["/"])]))],
    "listdir": lambda tree: [tree.snapshot(6), tree.snapshot(7)],
}


@every_lack
@pytest.mark.parametrize("call", CALLS)
def test_a_lack_that_passes_changes_nothing(share, monkeypatch, call, number):
    with MountedTree(str(share), 1) as tree:
        expected = CALLS[call](tree), tree.changed_since
    with MountedTree(str(share), 1) as tree:
        lacking(monkeypatch, call, number, 1)
        assert (CALLS[call](tree), tree.changed_since) == expected


@every_lack
@pytest.mark.parametrize("call", CALLS)
def test_a_lack_that_stays_ends_the_run_and_makes_nothing_unreadable(
    share, monkeypatch, call, number
):
    with MountedTree(str(share), 1) as tree, monkeypatch.context() as patch:
        lacking(patch, call, number, 1000)
        with pytest.raises(ResourceError, match=os.strerror(number)) as caught:
            CALLS[call](tree)
    assert caught.value.exit_code == 71
    assert "No list was published" in caught.value.hint


def test_too_few_descriptors_for_anything_end_the_run_with_what_to_do(share):
    with room_for(2), MountedTree(str(share)) as tree:
        with pytest.raises(ResourceError, match="Too many open files") as caught:
            found(tree)
        with MountedTree(str(share)), pytest.raises(ResourceError):
            MountedTree(str(share))
    assert "ulimit -n" in caught.value.hint


def test_no_descriptor_stays_open_after_a_lack(share, monkeypatch):
    before = len(os.listdir("/dev/fd"))

    with MountedTree(str(share)) as tree, monkeypatch.context() as patch:
        lacking(patch, "scandir", errno.EMFILE, 1000)
        with pytest.raises(ResourceError):
            found(tree)

    assert len(os.listdir("/dev/fd")) == before


# Elsewhere


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
