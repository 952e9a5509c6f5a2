"""A list and its receipt: in their places together or not at all, whoever else does the same."""

import errno
import fcntl
import hashlib
import itertools
import json
import os
import select
import signal
import stat
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qumulo_changelist.errors import OutputError, ResourceError
from qumulo_changelist.events import Listener, Silent
from qumulo_changelist.model import MODIFY, Attributes, Entry, Kind, State, Totals
from qumulo_changelist.output import publication
from qumulo_changelist.output.interface import PublishedList
from qumulo_changelist.output.list_file import scan_file
from qumulo_changelist.output.publication import publish
from qumulo_changelist.output.scan_xml import ScanXml

PAIR = ["1-files.json", "1-files.xml"]
PATIENCE = 30
LEFT = "0123456789abcdef"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "1-files.xml")


def receipt(published: PublishedList) -> bytes:
    return json.dumps(published._asdict()).encode()


def write(
    path: str,
    *names: str,
    make: Callable[[PublishedList], bytes] = receipt,
    listener: Listener | None = None,
) -> PublishedList:
    """Publish a list of some files, and its receipt."""
    entries = [Entry(State.PRESENT, name, Attributes(Kind.FILE), MODIFY) for name in names]
    with scan_file(path) as file:
        file.add(ScanXml("1", 0).piece([entries]))
        return publish(file, Totals(files=len(names)), make, listener or Silent())


def content(path: str) -> bytes:
    return Path(path).read_bytes()


def names_its_list(path: str) -> bool | None:
    """Whether the receipt is the list's; None where there is none."""
    try:
        told = json.loads(content(path.replace(".xml", ".json")))
    except FileNotFoundError:
        return None
    return told["sha256"] == hashlib.sha256(content(path)).hexdigest()


def folder(path: str) -> list[str]:
    return sorted(os.listdir(os.path.dirname(path)))


running: set[int] = set()
pipes: list[int] = []


def forked(work: Callable[[], object]) -> int:
    """Start a process that does some work, and ends with 0, or 1 if that fails."""
    child = os.fork()
    if child:
        running.add(child)
        return child
    signal.alarm(PATIENCE)
    try:
        work()
    except Exception:  # noqa: BLE001 - it ends here, whatever it is
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def ending(child: int) -> int:
    """Return the exit code of a process; minus the signal's number where one killed it."""
    running.discard(child)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Pipe(Silent):
    """Signals from one process to another that it has come to a point."""

    def __init__(self) -> None:
        self._out, self._into = os.pipe()
        pipes.extend((self._out, self._into))

    def warning(self, fact: str) -> None:
        if "waiting" in fact:
            self.signal()

    def signal(self) -> None:
        os.write(self._into, b"x")

    def wait(self) -> None:
        assert select.select([self._out], [], [], PATIENCE)[0]
        os.read(self._out, 1)


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """End the processes of a test that failed; see that no descriptor stays open."""
    before = os.listdir("/dev/fd")
    yield
    for child in tuple(running):
        os.kill(child, signal.SIGKILL)
        ending(child)
    for descriptor in pipes:
        os.close(descriptor)
    pipes.clear()
    assert os.listdir("/dev/fd") == before


# Whole or not at all


def test_a_list_and_its_receipt_lie_beside_each_other_and_nothing_else(path):
    published = write(path, "/b", "/a")

    assert folder(path) == PAIR
    assert published == (path, len(content(path)), hashlib.sha256(content(path)).hexdigest())
    assert names_its_list(path)


def test_they_take_the_places_of_earlier_ones(path):
    write(path, "/earlier")
    write(path, "/new")

    assert (b"/new" in content(path), b"/earlier" in content(path)) == (True, False)
    assert names_its_list(path)
    assert folder(path) == PAIR


def test_both_are_on_disk_before_the_earlier_receipt_goes_and_the_list_appears_first(
    path, monkeypatch
):
    write(path, "/earlier")
    done: list[str] = []

    def noting(name: str) -> None:
        usual = getattr(os, name)

        def noted(*given: object) -> object:
            done.append(f"{name} {os.path.basename(str(given[-1]))}".removesuffix(" 0"))
            return usual(*given)

        monkeypatch.setattr(os, name, noted)

    monkeypatch.setattr(os, "fsync", lambda _: done.append("fsync"))
    noting("unlink")
    noting("replace")
    write(path, "/new")

    assert done == [
        "fsync", "fsync", "unlink 1-files.json", "replace 1-files.xml", "replace 1-files.json",
        "unlink .1-files.lock",
    ]  # fmt: skip


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0, 0o666)])
def test_both_have_the_permissions_of_any_new_file(path, mask, mode):
    before = os.umask(mask)
    try:
        write(path, "/a")
    finally:
        os.umask(before)

    for name in PAIR:
        assert stat.S_IMODE(os.stat(os.path.join(os.path.dirname(path), name)).st_mode) == mode


def test_a_link_in_the_place_of_either_is_replaced_and_not_followed(tmp_path, path):
    theirs = tmp_path / "theirs"
    theirs.write_text("untouched")
    for name in PAIR:
        (tmp_path / name).symlink_to(theirs)

    write(path, "/a")

    assert theirs.read_text() == "untouched"
    assert names_its_list(path)


# Errors


@pytest.mark.parametrize("taken", PAIR)
def test_a_folder_in_the_place_of_either_is_an_error_and_leaves_nothing_else(tmp_path, path, taken):
    (tmp_path / taken / "inside").mkdir(parents=True)

    with pytest.raises(OutputError, match=f"{taken} cannot be written") as caught:
        write(path, "/a")

    assert caught.value.exit_code == 4
    assert "An earlier list is unchanged" in caught.value.hint
    assert folder(path) == [taken]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
@pytest.mark.parametrize("full", [".xml", ".json"])
def test_without_room_for_either_both_stay_as_they_were(path, monkeypatch, full):
    write(path, "/earlier")
    before = content(path)
    usual = os.open

    def opened(name: str, flags: int, *mode: int) -> int:
        if f"1-files{full}." in str(name):
            os.close(usual(name, flags, *mode))
            return usual("/dev/full", os.O_WRONLY)
        return usual(name, flags, *mode)

    monkeypatch.setattr(os, "open", opened)
    with pytest.raises(OutputError, match=f"{full} cannot be written: No space left on device"):
        write(path, "/new")

    assert content(path) == before
    assert names_its_list(path)
    assert folder(path) == PAIR


NO_ROOM = """
import resource, sys
from qumulo_changelist.errors import OutputError
from tests.parts.test_publication import write

path, room, files = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
try:
    write(path, *(f"/{number}" for number in range(files)))
except OutputError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.mark.parametrize(
    ("room", "files"),
    [(0, 1), (1_000_000, 10_000), (130, 1)],
    ids=["no room at all", "not for all entries", "not for the first line"],
)
def test_where_files_may_not_grow_both_stay_as_they_were(path, room, files):
    write(path, "/earlier")
    before = content(path)

    ended = subprocess.run(
        [sys.executable, "-c", NO_ROOM, path, str(room), str(files)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (4, "")
    assert ended.stdout.startswith(f"{path} cannot be written: File too large")
    assert content(path) == before
    assert names_its_list(path)
    assert folder(path) == PAIR


def test_a_receipt_that_cannot_take_its_place_is_an_error_that_says_that_the_list_did(
    path, monkeypatch
):
    usual = os.replace

    def broken(aside: str, place: str) -> None:
        if place.endswith(".json"):
            raise OSError(errno.EIO, "Input/output error")
        usual(aside, place)

    write(path, "/earlier")
    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(OutputError, match=r"json cannot be put in its place: Input") as caught:
        write(path, "/new")

    assert "The list itself is in its place" in caught.value.hint
    assert b"/new" in content(path)
    assert folder(path) == ["1-files.xml"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interruption_leaves_both_as_they_were(path, error):
    def interrupted(_published: PublishedList) -> bytes:
        raise error

    write(path, "/earlier")
    with pytest.raises(error):
        write(path, "/new", make=interrupted)

    assert b"/earlier" in content(path)
    assert names_its_list(path)
    assert folder(path) == PAIR


# Runs that are killed


def killed_before(step: int) -> Callable[[], None]:
    """Let this process die right before one of the calls that change something."""
    calls = itertools.count(1)

    def count(name: str) -> None:
        usual = getattr(os, name)

        def counted(*given: object) -> object:
            if next(calls) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return usual(*given)

        setattr(os, name, counted)

    def begin() -> None:
        for name in ("fsync", "unlink", "replace"):
            count(name)

    return begin


def test_wherever_a_run_is_killed_a_receipt_is_of_its_list_and_the_next_run_tidies_up(path):
    without_receipt = 0
    for step in itertools.count(1):
        write(path, "/earlier")

        def work(step: int = step) -> None:
            killed_before(step)()
            write(path, "/new")

        code = ending(forked(work))
        listed = content(path)
        assert (b"/earlier" in listed) != (b"/new" in listed)
        assert names_its_list(path) is not False
        without_receipt += names_its_list(path) is None
        if code == 0:
            break
        assert code == -signal.SIGKILL
        write(path, "/next")
        assert b"/next" in content(path)
        assert folder(path) == PAIR
    # Both on disk, the receipt removed, list and receipt in place, the lock removed; and the end.
    assert step == 7
    assert without_receipt == 2


def test_what_killed_runs_left_is_removed_but_nothing_else(tmp_path, path):
    gone = [f".1-files.xml.{LEFT}", f".1-files.json.{LEFT}", ".1-files.lock"]
    others = [
        f".11-files.xml.{LEFT}", f".2-files.json.{LEFT}", ".2-files.lock", f"1-files.xml.{LEFT}",
        f".1-files.xml.{LEFT}0", f".1-files.xml.{LEFT.upper()}", ".1-files.xml.mine",
        ".1-files.xml", f".1-filesxxml.{LEFT}",
    ]  # fmt: skip
    for name in (*gone, *others):
        (tmp_path / name).touch()

    write(path, "/a")

    assert folder(path) == sorted([*others, *PAIR])


def test_what_cannot_be_removed_keeps_no_list_from_its_place(tmp_path, path):
    (tmp_path / f".1-files.xml.{LEFT}").mkdir()

    write(path, "/a")

    assert names_its_list(path)


# Runs at the same time


def test_a_run_waits_for_another_one_and_takes_nothing_from_it(path):
    inside, waiting, go_on = Pipe(), Pipe(), Pipe()

    def paused(published: PublishedList) -> bytes:
        inside.signal()
        go_on.wait()
        return receipt(published)

    first = forked(lambda: write(path, "/first", make=paused))
    inside.wait()
    second = forked(lambda: write(path, "/second", listener=waiting))
    waiting.wait()
    assert [name[: len(".1-files.json")] for name in folder(path)] == [
        ".1-files.json", ".1-files.lock", ".1-files.xml.",
    ]  # fmt: skip
    go_on.signal()

    assert (ending(first), ending(second)) == (0, 0)
    assert b"/second" in content(path)
    assert names_its_list(path)
    assert folder(path) == PAIR


def test_a_run_that_is_killed_while_it_publishes_holds_up_no_other(path):
    inside, waiting = Pipe(), Pipe()

    def stuck(_published: PublishedList) -> bytes:
        inside.signal()
        signal.pause()
        return b""

    first = forked(lambda: write(path, "/first", make=stuck))
    inside.wait()
    second = forked(lambda: write(path, "/second", listener=waiting))
    waiting.wait()
    os.kill(first, signal.SIGKILL)

    assert (ending(first), ending(second)) == (-signal.SIGKILL, 0)
    assert b"/second" in content(path)
    assert folder(path) == PAIR


def test_of_any_number_of_runs_at_once_a_receipt_is_always_of_its_list(path):
    write(path, "/begin")

    def publish_often(number: int) -> None:
        for turn in range(8):
            write(path, f"/{number}", f"/{turn}")

    def look_often() -> None:
        for _ in range(20):
            with publication._alone(path, Silent()):
                assert names_its_list(path) is True

    runs = [forked(lambda number=number: publish_often(number)) for number in range(5)]
    runs.append(forked(look_often))

    assert [ending(run) for run in runs] == [0] * 6
    assert names_its_list(path)
    assert folder(path) == PAIR


# Where there are no locks


class RecordingListener(Silent):
    """Remembers warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, fact: str) -> None:
        self.warnings.append(fact)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_without_locks_a_list_is_published_with_a_warning_and_nothing_is_removed(
    path, tmp_path, monkeypatch, number
):
    def lock(*_given: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", lock)
    left = f".1-files.xml.{LEFT}"
    (tmp_path / left).touch()
    heard = RecordingListener()

    write(path, "/a", listener=heard)

    assert names_its_list(path)
    (warning,) = heard.warnings
    assert f".1-files.lock cannot be locked: {os.strerror(number)}" in warning
    assert left in folder(path)


def test_without_a_descriptor_for_the_lock_nothing_is_published(path, monkeypatch):
    def lacking(*_given: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(fcntl, "flock", lacking)

    with pytest.raises(ResourceError):
        write(path, "/a")
    assert not os.path.exists(path)
